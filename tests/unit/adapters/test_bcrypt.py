import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limen.adapters.bcrypt import BcryptScheme

# Solar Designer's crypt_blowfish, wrapper.c; the last one cuts at 72 bytes.
BLOWFISH = [
    ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "U*U"),
    ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK", "U*U*"),
    ("$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a", "U*U*U"),
    ("$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy", ""),
    (
        "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui",
        f"{string.digits}{string.ascii_letters}0123456789chars after 72 are ignored",
    ),
]
# The manual of PHP, password_verify.
PHP = ("$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq", "rasmuslerdorf")
# The tests and the manual of passlib 1.7.3, bcrypt_sha256.
PASSLIB = [
    ("$bcrypt-sha256$v=2,t=2b,r=5$E/e/2AOhqM5W/KJTFQzLce$WFPIZKtDDTriqWwlmRFfHiOTeheAZWe", ""),
    (
        "$bcrypt-sha256$v=2,t=2b,r=5$5Hg1DKFqPE8C2aflZ5vVoe$wOK1VFFtS8IGTrGa7.h5fs0u84qyPbS",
        "password",
    ),
    (
        "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2",
        "password",
    ),
]
KNOWN = [*BLOWFISH, PHP, *PASSLIB]

SCHEME = BcryptScheme(4)


@pytest.mark.parametrize(("digest", "password"), KNOWN)
def test_hashes_of_the_original_libraries_verify(digest: str, password: str) -> None:
    assert SCHEME.recognises(digest)
    assert SCHEME.matches(password, digest)
    assert not SCHEME.matches(password + "x", digest) or len(password) > 72
    assert not SCHEME.matches("x" + password, digest)


def test_a_new_hash_has_limens_own_form_and_the_present_cost() -> None:
    digest = SCHEME.hash("correct horse")
    assert digest.startswith("$bcrypt-sha256$v=2,t=2b,r=4$")
    assert SCHEME.is_current(digest)
    assert SCHEME.matches("correct horse", digest)
    assert digest != SCHEME.hash("correct horse")


@settings(deadline=None)
@given(password=st.text(max_size=100), other=st.text(max_size=100))
def test_only_the_same_password_matches(password: str, other: str) -> None:
    digest = SCHEME.hash(password)
    assert SCHEME.matches(password, digest)
    assert SCHEME.matches(other, digest) is (password == other)


@pytest.mark.parametrize("tail", ["", "\0", "\0b", "\ud800"])
def test_every_byte_of_a_password_counts(tail: str) -> None:
    digest = SCHEME.hash("a" * 200 + tail)
    assert SCHEME.matches("a" * 200 + tail, digest)
    assert not SCHEME.matches("a" * 200 + tail + "b", digest)


def test_plain_hashes_and_other_costs_are_not_current() -> None:
    assert not SCHEME.is_current(BLOWFISH[0][0])
    assert not SCHEME.is_current(PASSLIB[0][0])
    assert BcryptScheme(5).is_current(PASSLIB[0][0])


SALT, SUM = "CCCCCCCCCCCCCCCCCCCCC.", "E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"


@pytest.mark.parametrize(
    "digest",
    [
        "",
        "password",
        f"$2x$05${SALT}{SUM}",
        f"$2$05${SALT}{SUM}",
        f"$2a$5${SALT}{SUM}",
        f"$2a$03${SALT}{SUM}",
        f"$2a$16${SALT}{SUM}",
        f"$2a$31${SALT}{SUM}",
        f"$2a$05${SALT}{SUM}\n",
        f" $2a$05${SALT}{SUM}",
        f"$2a$05${SALT}{SUM}A",
        f"$2a$05${SALT}{SUM[1:]}",
        f"$2a$05${SALT[:-1]}/{SUM}",
        f"$2a$05${SALT}{SUM[:-1]}/",
        f"$2a$0\u0665${SALT}{SUM}",
        f"$bcrypt-sha256$v=1,t=2b,r=5${SALT}${SUM}",
        f"$bcrypt-sha256$v=2,t=2a,r=5${SALT}${SUM}",
        f"$bcrypt-sha256$v=2,t=2b,r=05${SALT}${SUM}",
        f"$bcrypt-sha256$v=2,t=2b,r=16${SALT}${SUM}",
        f"$bcrypt-sha256$v=2,t=2b,r=5${SALT}{SUM}",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
    ],
)
def test_what_is_malformed_or_too_dear_is_not_recognised(digest: str) -> None:
    assert not SCHEME.recognises(digest)
    with pytest.raises(ValueError, match="not a bcrypt hash"):
        SCHEME.matches("password", digest)


@given(st.text())
def test_any_text_may_be_asked_about(text: str) -> None:
    assert not SCHEME.recognises(text)


def test_a_mismatch_with_a_cheaper_hash_does_the_work_of_a_present_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from limen.adapters import bcrypt as module  # noqa: PLC0415

    rounds = 0
    original = module._bcrypt_sum

    def counted(key: bytes, version: str, cost: int, salt: str) -> str:
        nonlocal rounds
        rounds += 2**cost
        return original(key, version, cost, salt)

    monkeypatch.setattr(module, "_bcrypt_sum", counted)
    cheap = BcryptScheme(4).hash("right")
    rounds = 0
    assert not BcryptScheme(7).matches("wrong", cheap)
    assert rounds == 2**7


@pytest.mark.parametrize("cost", [3, 16])
def test_a_cost_out_of_bounds_is_refused(cost: int) -> None:
    with pytest.raises(ValueError, match="4 to 15"):
        BcryptScheme(cost)

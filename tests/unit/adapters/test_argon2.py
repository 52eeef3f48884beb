import pytest
from argon2.exceptions import HashingError, VerificationError
from hypothesis import given
from hypothesis import strategies as st

from limen.adapters import argon2 as module
from limen.adapters.argon2 import Argon2Cost, Argon2Scheme

# The reference implementation, phc-winner-argon2, src/test.c.
KNOWN = [
    "$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ",
    "$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
    "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
]
TAG = "$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc"
SMALL = Argon2Cost(memory=64, time=1, lanes=1)
SCHEME = Argon2Scheme(SMALL)


@pytest.mark.parametrize("digest", KNOWN)
def test_hashes_of_the_reference_implementation_verify(digest: str) -> None:
    assert SCHEME.recognises(digest)
    assert SCHEME.matches("password", digest)
    assert not SCHEME.matches("passwore", digest)
    assert not SCHEME.is_current(digest)


def test_a_new_hash_is_argon2id_at_the_present_cost() -> None:
    digest = Argon2Scheme().hash("correct horse")
    assert digest.startswith("$argon2id$v=19$m=47104,t=1,p=1$")
    assert Argon2Scheme().is_current(digest)
    assert not SCHEME.is_current(digest)
    assert Argon2Scheme().matches("correct horse", digest)


@pytest.mark.parametrize("password", ["", "a" * 1000, "a\0b", "\ud800", "🔑"])
def test_every_password_is_hashed_whole(password: str) -> None:
    digest = SCHEME.hash(password)
    assert SCHEME.matches(password, digest)
    assert not SCHEME.matches(password + "b", digest)


@pytest.mark.parametrize(
    "digest",
    [
        "",
        f"$argon2$v=19$m=256,t=2,p=2{TAG}",
        f"$argon2id$v=18$m=256,t=2,p=2{TAG}",
        f"$argon2id$v=19$t=2,m=256,p=2{TAG}",
        f"$argon2id$v=19$m=0256,t=2,p=2{TAG}",
        f"$argon2id$v=19$m=256,t=0,p=2{TAG}",
        f"$argon2id$v=19$m=256,t=2,p=2,keyid=x{TAG}",
        f"$argon2id$v=19$m=256,t=2,p=2{TAG}\n",
        f"$argon2id$v=19$m=256,t=2,p=2{TAG}=",
        f"$argon2id$v=19$m=256,t=2,p=2{TAG[:-1]}d",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHR$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQAA$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "$argon2id$v=19$m=256,t=2,p=2$c2FsdA$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc",
        "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
    ],
)
def test_what_is_malformed_is_not_recognised(digest: str) -> None:
    assert not SCHEME.recognises(digest)


@pytest.mark.parametrize(
    "cost",
    [
        Argon2Cost(memory=262_145),
        Argon2Cost(memory=8, lanes=2),
        Argon2Cost(time=17),
        Argon2Cost(memory=200, lanes=17),
        Argon2Cost(memory=262_144, time=5),
    ],
)
def test_what_costs_too_much_is_neither_recognised_nor_made(cost: Argon2Cost) -> None:
    assert not SCHEME.recognises(
        f"$argon2id$v=19$m={cost.memory},t={cost.time},p={cost.lanes}{TAG}"
    )
    with pytest.raises(ValueError, match="out of bounds"):
        Argon2Scheme(cost)


@given(st.text())
def test_any_text_may_be_asked_about(text: str) -> None:
    assert not SCHEME.recognises(text)
    with pytest.raises(ValueError, match="not an argon2 hash"):
        SCHEME.matches("password", text)


def test_memory_that_cannot_be_had_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_to_verify(*_: object) -> bool:
        raise VerificationError("Memory allocation error")

    class Failing:
        def hash(self, _: bytes) -> str:
            raise HashingError("Memory allocation error")

    monkeypatch.setattr(module, "verify_secret", fail_to_verify)
    with pytest.raises(MemoryError, match="allocation"):
        SCHEME.matches("password", KNOWN[3])
    scheme = Argon2Scheme(SMALL)
    monkeypatch.setattr(scheme, "_hasher", Failing())
    with pytest.raises(MemoryError, match="allocation"):
        scheme.hash("password")

import time
from pathlib import Path

import pytest

from limen.adapters.bcrypt import BcryptScheme
from limen.adapters.former_http import HttpFormerPasswords
from limen.adapters.log_mail import LogMailer
from limen.adapters.smtp import SmtpMailer, SmtpSecurity
from limen.core.errors import PasswordHashUnknown, PasswordMismatch
from limen.core.passwords.former import AskingHasher
from limen.core.secret import Secret
from limen.testing.fakes import CountingIds, FrozenClock, PlainHasher
from limen.wiring.choices import ForeignHash
from limen.wiring.parts import make_hasher, make_mailer, make_verifying
from limen.wiring.settings import from_code
from tests.unit.adapters.foreign.samples import ALWAYS, CHEAP, Sample


async def test_the_chosen_scheme_hashes_and_the_other_verifies() -> None:
    bcrypt = make_hasher(from_code({"bcrypt_cost": 10}))
    argon2 = make_hasher(from_code({"bcrypt_cost": 10, "password_hash": "argon2id"}))
    password = Secret("correct horse")
    digests = [await hasher.hash(password) for hasher in (bcrypt, argon2)]
    assert [digest.reveal()[:8] for digest in digests] == ["$bcrypt-", "$argon2i"]
    for hasher, own, other in (
        (bcrypt, digests[0], digests[1]),
        (argon2, digests[1], digests[0]),
    ):
        await hasher.verify(password, own)
        await hasher.verify(password, other)
        assert not hasher.needs_upgrade(own)
        assert hasher.needs_upgrade(other)
        await hasher.close()


async def test_beside_argon2_refusing_an_old_hash_of_bcrypt_takes_no_present_one_of_bcrypt() -> (
    None
):
    hasher = make_hasher(from_code({"password_hash": "argon2id", "bcrypt_cost": 15}))
    cheap = BcryptScheme(4).hash("correct horse")
    with pytest.raises(PasswordMismatch):
        await hasher.verify(Secret("wrong"), Secret(cheap))
    begun = time.thread_time()
    verifier = next(scheme for scheme in hasher._schemes if scheme.recognises(cheap))
    assert not verifier.matches("wrong", cheap)
    assert time.thread_time() - begun < 0.2  # Cost 15 takes two seconds.
    await hasher.close()


@pytest.mark.parametrize("sample", CHEAP, ids=str)
async def test_only_what_is_switched_on_is_verified(sample: Sample) -> None:
    names = "none" if sample.scheme in ALWAYS else sample.scheme
    hasher = make_hasher(from_code({"bcrypt_cost": 10, "password_foreign": names}))
    digest = Secret(sample.digest)
    hasher.check_known(digest)
    assert hasher.needs_upgrade(digest)
    await hasher.close()
    others = [name for name in ForeignHash if name != sample.scheme]
    hasher = make_hasher(from_code({"password_foreign": others}))
    if sample.scheme not in ALWAYS:
        with pytest.raises(PasswordHashUnknown):
            hasher.check_known(digest)
    await hasher.close()


async def test_the_pool_is_as_large_as_set() -> None:
    hasher = make_hasher(from_code({"hashing_threads": 3, "hashing_queue": 9}))
    assert (hasher.load.threads, hasher.load.queue_limit) == (3, 9)
    await hasher.close()


@pytest.mark.parametrize(
    ("options", "seconds"),
    [
        ({"bcrypt_cost": 12, "hashing_threads": 2, "hashing_queue": 64}, 8),
        ({"bcrypt_cost": 10, "hashing_threads": 4, "hashing_queue": 4}, 1),
        ({"bcrypt_cost": 15, "hashing_threads": 1, "hashing_queue": 64}, 30),
    ],
)
async def test_the_wait_is_what_a_full_queue_takes(
    options: dict[str, object], seconds: float
) -> None:
    hasher = make_hasher(from_code(options))
    assert hasher._retry_after == seconds
    await hasher.close()


def test_services_hash_with_the_pool_itself_unless_a_former_system_is_named() -> None:
    hasher = PlainHasher()
    assert make_verifying(from_code({}), hasher) is hasher
    named = {
        "former_passwords_url": "https://old.example.org/check",
        "former_passwords_token": "a token",
    }
    asking = make_verifying(from_code(named), hasher)
    assert isinstance(asking, AskingHasher)
    assert isinstance(asking._former, HttpFormerPasswords)
    assert (asking._former._url, asking._former._token) == (
        "https://old.example.org/check",
        Secret("a token"),
    )


def test_mail_stays_here_unless_a_server_is_named(tmp_path: Path) -> None:
    settings = from_code({"data_dir": tmp_path})
    mailer = make_mailer(settings, FrozenClock(), CountingIds())
    assert isinstance(mailer, LogMailer)
    assert mailer._folder == tmp_path / "mail"


@pytest.mark.parametrize(
    ("scheme", "security", "port"),
    [
        ("smtps", SmtpSecurity.TLS, 465),
        ("smtp", SmtpSecurity.STARTTLS, 587),
        ("smtp+plain", SmtpSecurity.NONE, 25),
    ],
)
def test_mail_goes_to_the_server_that_is_named(
    scheme: str, security: SmtpSecurity, port: int
) -> None:
    settings = from_code(
        {"smtp_url": f"{scheme}://mail.example.org", "mail_from": "id@example.org"}
    )
    mailer = make_mailer(settings, FrozenClock(), CountingIds())
    assert isinstance(mailer, SmtpMailer)
    assert (mailer._server.security, mailer._server.port) == (security, port)
    assert mailer._server.host == "mail.example.org"
    assert mailer._sender == "id@example.org"

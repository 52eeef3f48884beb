"""What `catching.py` runs inside itself: the contracts of the smaller ports on broken adapters.

pytest does not collect it by itself, because of its name.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest
import pytest_asyncio

from limen.adapters.aesgcm import AesGcmCipher
from limen.adapters.bcrypt import BcryptScheme
from limen.adapters.breached.offline import OfflineBreachedPasswords
from limen.adapters.former_http import HttpFormerPasswords
from limen.adapters.hashing_pool import PooledHasher
from limen.adapters.log_mail import LogMailer
from limen.adapters.pyjwt import JwtSigner
from limen.adapters.segno import SegnoQrDrawer
from limen.adapters.system import SystemClock, SystemEntropy, SystemIds
from limen.adapters.webauthn import PyWebAuthn
from limen.core.secret import Secret
from limen.ports.mailer import Mail
from limen.ports.password_hasher import PasswordVerifier
from limen.testing.contracts.breached_passwords import BreachedPasswordsContract
from limen.testing.contracts.cipher import CipherContract
from limen.testing.contracts.clock import ClockContract
from limen.testing.contracts.entropy import EntropyContract
from limen.testing.contracts.former_passwords import (
    FormerPasswordsContract,
    UnreachableFormerPasswordsContract,
)
from limen.testing.contracts.ids import IdSourceContract
from limen.testing.contracts.mailer import Inbox, MailerContract, RefusedMailContract
from limen.testing.contracts.password_hasher import (
    PASSWORD,
    CeilingContract,
    CrowdedHasherContract,
    PasswordHasherContract,
    PasswordSchemeContract,
    PasswordVerifierContract,
    UpgradeContract,
)
from limen.testing.contracts.qr import QrDrawerContract
from limen.testing.contracts.token_signer import TokenSignerContract
from limen.testing.contracts.webauthn import WebAuthnContract
from limen.testing.passkeys import CredentialKey
from limen.wiring.choices import ForeignHash
from limen.wiring.parts import foreign_scheme
from tests.integration.contracts.test_former import NO_ANSWERS, TOKEN, honest, serving
from tests.integration.contracts.test_mail import read
from tests.integration.contracts.test_webauthn import EdDsa

pytestmark = pytest.mark.usefixtures("broken")


@pytest_asyncio.fixture
async def hasher() -> AsyncIterator[PooledHasher]:
    pool = PooledHasher(schemes=[BcryptScheme(4)], threads=2, queue_limit=8)
    yield pool
    await pool.close()


class TestSigner(TokenSignerContract):
    @pytest.fixture
    def signer(self) -> JwtSigner:
        return JwtSigner()


class TestDrawer(QrDrawerContract):
    @pytest.fixture
    def drawer(self) -> SegnoQrDrawer:
        return SegnoQrDrawer()


class TestWebAuthn(WebAuthnContract):
    @pytest.fixture
    def webauthn(self) -> PyWebAuthn:
        return PyWebAuthn()

    @pytest.fixture
    def make_key(self) -> Callable[[bytes], CredentialKey]:
        return EdDsa


class TestCipher(CipherContract):
    @pytest.fixture
    def cipher(self) -> AesGcmCipher:
        return AesGcmCipher(keys=[Secret(b"k" * 32)], entropy=SystemEntropy())


class TestScheme(PasswordSchemeContract):
    @pytest.fixture
    def scheme(self) -> BcryptScheme:
        return BcryptScheme(4)


class TestHasher(PasswordHasherContract):
    """On the cheapest hashes."""


class TestSlowHasher(PasswordHasherContract):
    """On hashes that take long enough to be missed by the event loop."""

    @pytest_asyncio.fixture
    async def hasher(self) -> AsyncIterator[PooledHasher]:
        pool = PooledHasher(schemes=[BcryptScheme(10)], threads=2, queue_limit=8)
        yield pool
        await pool.close()


class TestUpgrade(UpgradeContract):
    @pytest.fixture
    def older(self) -> Secret[str]:
        return Secret(BcryptScheme(5).hash(PASSWORD.reveal()))

    @pytest.fixture
    def too_costly(self) -> Secret[str]:
        return Secret(BcryptScheme(4).hash(PASSWORD.reveal()).replace("r=4$", "r=16$"))


class TestForeign(PasswordVerifierContract):
    @pytest.fixture
    def verifier(self) -> PasswordVerifier:
        return foreign_scheme(ForeignHash.PBKDF2)

    @pytest.fixture
    def password(self) -> str:
        return "correct horse battery"

    @pytest.fixture
    def digest(self) -> str:
        return "$pbkdf2-sha256$7$KiUEgNA6h/D.XysFoBSC0A$1gcV0wpy8IysUIpiYDKk1nUBJAhthnlSeuUKkF5NIEc"


class TestCeiling(CeilingContract):
    @pytest.fixture
    def verifier(self) -> PasswordVerifier:
        return foreign_scheme(ForeignHash.PBKDF2)

    @pytest.fixture
    def too_costly(self) -> str:
        return "$pbkdf2-sha256$3000001$KiUEgNA6h/D.XysFoBSC0A$" + "A" * 43


class TestFormer(FormerPasswordsContract):
    @pytest_asyncio.fixture
    async def former(self) -> AsyncIterator[HttpFormerPasswords]:
        async with serving(honest) as url:
            yield HttpFormerPasswords(url, Secret(TOKEN))

    @pytest.fixture
    def name(self) -> str:
        return "ada"

    @pytest.fixture
    def password(self) -> str:
        return "correct horse battery"


class TestFormerOut(UnreachableFormerPasswordsContract):
    @pytest_asyncio.fixture(params=["an error", "a number", "a redirect", "too long"])
    async def former(self, request: pytest.FixtureRequest) -> AsyncIterator[HttpFormerPasswords]:
        async with serving(NO_ANSWERS[request.param]) as url:
            yield HttpFormerPasswords(url, Secret(TOKEN))


class TestCrowdedHasher(CrowdedHasherContract):
    @pytest.fixture
    def digest(self) -> Secret[str]:
        return Secret(BcryptScheme(4).hash(PASSWORD.reveal()))


class TestClock(ClockContract):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()


class TestIds(IdSourceContract):
    @pytest.fixture
    def ids(self) -> SystemIds:
        return SystemIds()


class TestEntropy(EntropyContract):
    @pytest.fixture
    def entropy(self) -> SystemEntropy:
        return SystemEntropy()


class TestMailer(MailerContract):
    @pytest.fixture
    def mailer(self, tmp_path: Path) -> LogMailer:
        return LogMailer(folder=tmp_path / "mail", clock=SystemClock(), ids=SystemIds())

    @pytest.fixture
    def inbox(self, tmp_path: Path) -> Inbox:
        def look() -> Sequence[Mail]:
            return [read(path.read_bytes()) for path in sorted((tmp_path / "mail").glob("*.eml"))]

        return look


class TestRefusedMail(RefusedMailContract):
    @pytest.fixture
    def mailer(self, tmp_path: Path) -> LogMailer:
        (tmp_path / "mail").write_text("a file where the folder should be")
        return LogMailer(folder=tmp_path / "mail", clock=SystemClock(), ids=SystemIds())


class TestBreached(BreachedPasswordsContract):
    @pytest.fixture
    def breached(self) -> OfflineBreachedPasswords:
        return OfflineBreachedPasswords()

    @pytest.fixture
    def known(self) -> str:
        return "letmein"

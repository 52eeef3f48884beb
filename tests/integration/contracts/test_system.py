"""The machine's clock, chance and identifiers, and what is built on real cryptography."""

import pytest

from limen.adapters.aesgcm import AesGcmCipher
from limen.adapters.breached.offline import OfflineBreachedPasswords
from limen.adapters.pyjwt import JwtSigner
from limen.adapters.system import SystemClock, SystemEntropy, SystemIds
from limen.core.secret import Secret
from limen.testing.contracts.breached_passwords import BreachedPasswordsContract
from limen.testing.contracts.cipher import CipherContract
from limen.testing.contracts.clock import ClockContract
from limen.testing.contracts.entropy import EntropyContract
from limen.testing.contracts.ids import IdSourceContract
from limen.testing.contracts.token_signer import TokenSignerContract


class TestSystemClock(ClockContract):
    @pytest.fixture
    def clock(self) -> SystemClock:
        return SystemClock()


class TestSystemIds(IdSourceContract):
    @pytest.fixture
    def ids(self) -> SystemIds:
        return SystemIds()


class TestSystemEntropy(EntropyContract):
    @pytest.fixture
    def entropy(self) -> SystemEntropy:
        return SystemEntropy()


class TestAesGcmCipher(CipherContract):
    @pytest.fixture
    def cipher(self) -> AesGcmCipher:
        return AesGcmCipher(keys=[Secret(b"k" * 32)], entropy=SystemEntropy())


class TestAesGcmCipherAfterAChangeOfKeys(CipherContract):
    @pytest.fixture
    def cipher(self) -> AesGcmCipher:
        return AesGcmCipher(
            keys=[Secret(b"new" * 12), Secret(b"old" * 12)], entropy=SystemEntropy()
        )


class TestJwtSigner(TokenSignerContract):
    @pytest.fixture
    def signer(self) -> JwtSigner:
        return JwtSigner()


class TestOfflineBreachedPasswords(BreachedPasswordsContract):
    @pytest.fixture
    def breached(self) -> OfflineBreachedPasswords:
        return OfflineBreachedPasswords()

    @pytest.fixture(params=["Password1234", "qwertyuiop", "letmein"])
    def known(self, request: pytest.FixtureRequest) -> str:
        return str(request.param)

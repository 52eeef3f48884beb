"""Every scheme and the pool in front of them keep their promises; at low cost, for speed."""

from collections.abc import AsyncIterator

import bcrypt
import pytest

from limen.adapters.argon2 import Argon2Cost, Argon2Scheme
from limen.adapters.bcrypt import BcryptScheme
from limen.adapters.hashing_pool import PooledHasher
from limen.core.passwords.former import AskingHasher
from limen.core.secret import Secret
from limen.ports.password_hasher import PasswordScheme, PasswordVerifier
from limen.testing.contracts.password_hasher import (
    PASSWORD,
    CeilingContract,
    CrowdedHasherContract,
    PasswordHasherContract,
    PasswordSchemeContract,
    PasswordVerifierContract,
    UpgradeContract,
)
from limen.testing.fakes import FormerSystem
from limen.wiring.choices import ForeignHash
from limen.wiring.parts import foreign_scheme
from tests.unit.adapters.foreign import samples
from tests.unit.adapters.foreign.samples import Sample

CHEAP = Argon2Cost(memory=64, time=1, lanes=1)
SCHEMES: dict[str, PasswordScheme] = {"bcrypt": BcryptScheme(4), "argon2": Argon2Scheme(CHEAP)}


@pytest.fixture(params=sorted(SCHEMES))
def scheme(request: pytest.FixtureRequest) -> PasswordScheme:
    """Each scheme."""
    return SCHEMES[request.param]


@pytest.fixture
async def hasher(scheme: PasswordScheme) -> AsyncIterator[PooledHasher]:
    """A pool whose first scheme is `scheme`, and that verifies by the other one too."""
    others = [other for other in SCHEMES.values() if other is not scheme]
    foreign = [foreign_scheme(name) for name in ForeignHash]
    pool = PooledHasher(schemes=[scheme, *others], foreign=foreign, threads=2, queue_limit=8)
    yield pool
    await pool.close()


class TestScheme(PasswordSchemeContract):
    """Fixture: `scheme`."""


class TestPool(PasswordHasherContract):
    """Fixture: `hasher`."""


class TestPoolThatAsks(PasswordHasherContract):
    """The pool behind a question to a former system."""

    @pytest.fixture
    def hasher(self, hasher: PooledHasher) -> AskingHasher:
        return AskingHasher(hasher, FormerSystem())


class TestCrowdedPoolThatAsks(CrowdedHasherContract):
    """The same, and everybody's password is still elsewhere."""

    @pytest.fixture
    def hasher(self, hasher: PooledHasher) -> AskingHasher:
        return AskingHasher(hasher, FormerSystem({"ada": PASSWORD.reveal()}))

    @pytest.fixture
    def digest(self) -> Secret[str]:
        return Secret("$former$ada")


class TestCrowdedPool(CrowdedHasherContract):
    """Fixture: `hasher`."""

    @pytest.fixture
    def digest(self, scheme: PasswordScheme) -> Secret[str]:
        return Secret(scheme.hash(PASSWORD.reveal()))


def plain_bcrypt(version: str) -> str:
    """A hash as other systems make it."""
    made = bcrypt.hashpw(PASSWORD.reveal().encode(), bcrypt.gensalt(4)).decode()
    return made.replace("$2b$", f"${version}$")


OLDER = {
    "another cost of bcrypt": BcryptScheme(5).hash(PASSWORD.reveal()),
    "another cost of argon2": Argon2Scheme(Argon2Cost(memory=128)).hash(PASSWORD.reveal()),
    "plain 2a": plain_bcrypt("2a"),
    "plain 2b": plain_bcrypt("2b"),
    "plain 2y": plain_bcrypt("2y"),
    **{
        str(sample): sample.digest
        for sample in samples.CHEAP
        if sample.password == PASSWORD.reveal() and sample.scheme not in SCHEMES
    },
}
TOO_COSTLY = {
    "bcrypt": BcryptScheme(4).hash(PASSWORD.reveal()).replace("r=4$", "r=16$"),
    "plain bcrypt": plain_bcrypt("2b").replace("$04$", "$31$"),
    "argon2 memory": SCHEMES["argon2"].hash(PASSWORD.reveal()).replace("m=64", "m=262145"),
    "argon2 time": SCHEMES["argon2"].hash(PASSWORD.reveal()).replace("t=1", "t=17"),
    **{f"{scheme} of others": many[0] for scheme, many in samples.TOO_COSTLY.items()},
}


class TestUpgrade(UpgradeContract):
    """Every kind of older digest, and every kind that is beyond the ceiling."""

    @pytest.fixture(params=sorted(OLDER))
    def older(self, request: pytest.FixtureRequest) -> Secret[str]:
        return Secret(OLDER[request.param])

    @pytest.fixture(params=sorted(TOO_COSTLY))
    def too_costly(self, request: pytest.FixtureRequest) -> Secret[str]:
        return Secret(TOO_COSTLY[request.param])


class TestForeign(PasswordVerifierContract):
    """Every form of hash that others made."""

    @pytest.fixture(params=[one for one in samples.CHEAP if one.password.isascii()], ids=str)
    def sample(self, request: pytest.FixtureRequest) -> Sample:
        found: Sample = request.param
        return found

    @pytest.fixture
    def verifier(self, sample: Sample) -> PasswordVerifier:
        return samples.VERIFIERS[sample.scheme]

    @pytest.fixture
    def password(self, sample: Sample) -> str:
        return sample.password

    @pytest.fixture
    def digest(self, sample: Sample) -> str:
        return sample.digest


class TestCeiling(CeilingContract):
    """Every form of hash that one makes as costly as one likes."""

    @pytest.fixture(
        params=[(scheme, digest) for scheme, many in samples.TOO_COSTLY.items() for digest in many],
        ids=lambda case: f"{case[0]} {case[1][:24]}",
    )
    def case(self, request: pytest.FixtureRequest) -> tuple[str, str]:
        found: tuple[str, str] = request.param
        return found

    @pytest.fixture
    def verifier(self, case: tuple[str, str]) -> PasswordVerifier:
        return samples.VERIFIERS[case[0]]

    @pytest.fixture
    def too_costly(self, case: tuple[str, str]) -> str:
        return case[1]

"""The examples run, and their adapters keep what their ports promise."""

import pytest

from examples import library, own_adapters
from examples.own_adapters import HouseWords, ScryptHasher
from limen.adapters.system import SystemEntropy
from limen.core.secret import Secret
from limen.testing.contracts.breached_passwords import BreachedPasswordsContract
from limen.testing.contracts.password_hasher import (
    PASSWORD,
    CrowdedHasherContract,
    PasswordHasherContract,
)


async def test_the_library_example_says_what_happens(capsys: pytest.CaptureFixture[str]) -> None:
    await library.main()
    assert capsys.readouterr().out.splitlines() == [
        "registered ada@example.org, active",
        "signed in; the access token lives for 900 seconds",
        "access.permission_missing: You may not do this: it needs the permission users.read.",
        "users: ['ada@example.org']",
        "same session after a refresh: True",
        "session.ended: The session has ended. Sign in again.",
    ]


async def test_the_services_run_over_ones_own_adapters(capsys: pytest.CaptureFixture[str]) -> None:
    await own_adapters.main()
    assert capsys.readouterr().out.splitlines() == [
        "registered ada@example.org",
        "password.refused: The password is not acceptable.",
        "password.current_wrong: The current password is not right.",
        "password changed",
        "events: ['user.registered', 'password.changed']",
    ]


class TestScryptHasher(PasswordHasherContract):
    @pytest.fixture
    def hasher(self) -> ScryptHasher:
        return ScryptHasher(SystemEntropy())


class TestCrowdedScryptHasher(CrowdedHasherContract):
    @pytest.fixture
    def hasher(self) -> ScryptHasher:
        return ScryptHasher(SystemEntropy())

    @pytest.fixture
    async def digest(self, hasher: ScryptHasher) -> Secret[str]:
        return await hasher.hash(PASSWORD)


class TestHouseWords(BreachedPasswordsContract):
    @pytest.fixture
    def breached(self) -> HouseWords:
        return HouseWords()

    @pytest.fixture
    def known(self) -> str:
        return "Welcome to the Threshold"

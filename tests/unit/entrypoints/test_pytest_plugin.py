"""The fixtures that an application's tests find when limen is installed."""

import asyncio
import re
import subprocess
import sys
from datetime import timedelta
from importlib.metadata import entry_points
from pathlib import Path

import httpx
import pytest

import limen as package
from limen.core.errors import SessionEnded, TokenExpired
from limen.core.passwords.model import PasswordPolicy
from limen.testing import in_memory
from limen.testing.assembly import Assembly, tokens_of
from limen.testing.fakes import NOON, FrozenClock
from limen.testing.people import SignedInUser, registered, sign_up
from limen.testing.policies import Policies
from limen.testing.running import run_now
from tests.unit.docs.pages import page

ROOT = Path(__file__).parents[3]


def test_pytest_finds_the_plugin_by_itself() -> None:
    (found,) = entry_points(group="pytest11", name="limen")
    assert found.value == "limen.entrypoints.pytest_plugin"


async def test_limen_is_what_limen_open_gives(limen: package.Limen) -> None:
    assert isinstance(limen, package.Limen)
    made = await limen.users.register(email="ada@example.org", password="correct horse battery")
    assert registered(made).email.address == "ada@example.org"


async def test_every_test_has_a_limen_of_its_own(limen: package.Limen) -> None:
    # The test before registered her, too.
    await limen.users.register(email="ada@example.org", password="correct horse battery")


async def test_the_clock_moves_limen(
    limen: package.Limen, limen_clock: FrozenClock, signed_in_user: SignedInUser
) -> None:
    token = signed_in_user.tokens.access_token
    assert (await limen.tokens.authenticate(token)).user_id == signed_in_user.id
    limen_clock.advance(timedelta(minutes=16))
    with pytest.raises(TokenExpired):
        await limen.tokens.authenticate(token)


async def test_a_signed_in_user_speaks_http(
    limen_http_client: httpx.AsyncClient, signed_in_user: SignedInUser
) -> None:
    answer = await limen_http_client.get("/api/v1/me", headers=signed_in_user.headers)
    assert answer.json()["data"]["email"] == signed_in_user.email
    assert (await limen_http_client.get("/api/v1/me")).status_code == 401


async def test_http_and_library_are_one_limen(
    limen: package.Limen, limen_http_client: httpx.AsyncClient
) -> None:
    eve = {"email": "eve@example.org", "password": "correct horse battery"}
    assert (await limen_http_client.post("/api/v1/auth/register", json=eve)).status_code == 201
    tokens = tokens_of(
        await limen.sign_in.sign_in(identifier=eve["email"], password=eve["password"])
    )
    headers = {"Authorization": f"Bearer {tokens.access_token.reveal()}"}
    answer = await limen_http_client.post("/api/v1/auth/logout", headers=headers)
    assert answer.status_code == 204
    with pytest.raises(SessionEnded):
        await limen.tokens.authenticate(tokens.access_token)


async def test_people_get_the_roles_they_are_given(limen: package.Limen) -> None:
    eve = await sign_up(limen, "eve@example.org", roles=["editor", "admin"])
    bob = await sign_up(limen, "bob@example.org", roles=["editor"])
    for person, roles in ((eve, ("admin", "editor")), (bob, ("editor",))):
        claims = await limen.tokens.authenticate(person.tokens.access_token)
        assert claims.roles == roles
        assert (await limen.users.get(person.id, actor=person.actor)).id == person.id


def test_a_test_without_an_event_loop_can_ask_for_them(
    signed_in_user: SignedInUser, limen_http_client: httpx.AsyncClient
) -> None:
    answer = asyncio.run(limen_http_client.get("/api/v1/me", headers=signed_in_user.headers))
    assert answer.status_code == 200
    assert "correct horse" not in repr(signed_in_user)


class TestAnOperatorWhoDecidesOtherwise:
    @pytest.fixture
    def limen_policies(self) -> Policies:
        return Policies(passwords=PasswordPolicy(min_length=20))

    async def test_is_heard(self, limen: package.Limen) -> None:
        with pytest.raises(package.LimenError, match="not acceptable"):
            await limen.users.register(email="ada@example.org", password="short for twenty")


async def test_the_assembly_behind_limen_shows_its_events(
    limen_assembly: Assembly, signed_in_user: SignedInUser
) -> None:
    names = await limen_assembly.event_names(signed_in_user.id)
    assert names == ["user.registered", "signin.succeeded"]


# --- in memory, in one line ---


async def test_in_memory_is_ready_for_people() -> None:
    limen = in_memory()
    assert limen.clock.now() == NOON
    ada = await sign_up(limen)
    assert (await limen.tokens.authenticate(ada.tokens.access_token)).user_id == ada.id


def test_nothing_else_is_promised_by_limen_testing() -> None:
    with pytest.raises(AttributeError, match="no attribute 'in_a_dream'"):
        package.testing.in_a_dream  # noqa: B018 - asking is the test


def test_what_truly_waits_is_not_run_without_a_loop() -> None:
    async def wait() -> None:
        await asyncio.get_running_loop().create_future()

    async def wait_for_somebody() -> None:
        loop = asyncio.new_event_loop()
        try:
            await loop.create_future()
        finally:
            loop.close()

    with pytest.raises(RuntimeError, match="no running event loop"):
        run_now(wait())
    with pytest.raises(RuntimeError, match="waits for something"):
        run_now(wait_for_somebody())


# --- what it costs those who do not use it ---

COST = """
import sys
import pytest
before = set(sys.modules)
import limen.entrypoints.pytest_plugin
print(*sorted(name for name in set(sys.modules) - before))
"""


def test_who_asks_for_nothing_pays_for_nothing() -> None:
    answer = subprocess.run(
        [sys.executable, "-P", "-c", COST], capture_output=True, text=True, check=True, cwd="/"
    )
    loaded = set(answer.stdout.split())
    assert {name for name in loaded if name.startswith("limen")} == {
        "limen",
        "limen.entrypoints",
        "limen.entrypoints.pytest_plugin",
    }
    # What they import of the standard library, pytest has loaded already.
    assert {name for name in loaded if not name.startswith("limen")} <= {"importlib.metadata"}


TUTORIAL = page("docs/test-your-application.md")
TEST = """
async def test_with_http(limen_http_client, signed_in_user):
    answer = await limen_http_client.get("/api/v1/me", headers=signed_in_user.headers)
    assert answer.json()["data"]["email"] == "ada@example.org"

def test_without_a_loop(signed_in_user):
    assert signed_in_user.headers
"""


@pytest.mark.parametrize(("mode", "is_tutorial"), [("asyncio", True), ("anyio", False)])
def test_an_application_needs_no_conftest(
    tmp_path: Path, mode: str, *, is_tutorial: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    lines = ["[pytest]", f"{mode}_mode = auto", "filterwarnings = error"]
    if mode == "asyncio":
        lines.append("asyncio_default_fixture_loop_scope = function")
    (tmp_path / "pytest.ini").write_text("\n".join(lines))
    text = "\n".join(block.text for block in TUTORIAL.blocks("python")) if is_tutorial else TEST
    (tmp_path / "test_application.py").write_text(text)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:faker"]
    if mode == "anyio":
        options += ["-p", "no:asyncio"]
    program = (sys.executable, "-P", "-m", "pytest", *options)
    answer = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True, check=False)
    count = len(re.findall(r"^(?:async )?def test_", text, re.MULTILINE))
    assert f"{count} passed" in answer.stdout, answer.stdout + answer.stderr

"""The examples run, and their adapters keep what their ports promise."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import limen
from examples import library, litestar_app, own_adapters
from examples.json_store import __main__ as json_store
from examples.own_adapters import HouseWords, ScryptHasher
from limen.adapters.system import SystemEntropy
from limen.core.secret import Secret
from limen.testing.contracts.breached_passwords import BreachedPasswordsContract
from limen.testing.contracts.password_hasher import (
    PASSWORD,
    CrowdedHasherContract,
    PasswordHasherContract,
)
from tests.unit.docs.pages import page
from tests.unit.testing.running import run

OPERATOR = limen.Actor.system("test")


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
        "password.refused: is on the lists that attackers try first; choose another",
        "password.refused: must be at least 15 characters",
        "password set",
        "events: ['user.registered', 'password.set']",
    ]


async def test_limen_runs_over_a_foreign_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    await json_store.main(str(tmp_path))
    await json_store.main(str(tmp_path))
    readme = (Path(json_store.__file__).parent / "README.md").read_text()
    shown = re.findall(r"^```text\n(.*?)^```$", readme, re.DOTALL | re.MULTILINE)
    assert capsys.readouterr().out == "".join(shown)


def folder_with_secret(folder: Path, content: bytes) -> Path:
    (folder / "secret.key").write_bytes(content)
    return folder


@pytest.mark.parametrize("content", [b"", b"not whole"])
async def test_a_secret_that_is_not_whole_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = folder_with_secret(tmp_path, content)
    with pytest.raises(limen.LimenError) as refusal:
        await json_store.main(str(folder))
    assert refusal.value.code == "settings.invalid"


async def test_each_purpose_has_a_key_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Secret[bytes]] = []

    def sees(name: str, find_key: Callable[..., Secret[bytes]]) -> None:
        kind = getattr(json_store, name)

        def make(*args: Any, **named: Any) -> Any:
            seen.append(find_key(*args, **named))
            return kind(*args, **named)

        monkeypatch.setattr(json_store, name, make)

    sees("AesGcmCipher", lambda *, keys, entropy: keys[0])  # noqa: ARG005 - as it is called
    sees("RefreshTokens", lambda key, _grace: key)
    sees("Lists", lambda key: key)
    async with json_store.open_identity(tmp_path):
        pass
    assert len({key.reveal() for key in seen}) == 3


@pytest.mark.parametrize("kind", ["TestJsonStore", "TestSqliteStore"])
def test_the_stores_of_the_guide_keep_their_promises(tmp_path: Path, kind: str) -> None:
    blocks = page("docs/how-to/write-an-adapter.md").blocks("python")
    text = "\n".join(block.text for block in blocks if "StoreContract" in block.text)
    seen = run(tmp_path, text, "-k", f"{kind} and (TestView or TestLocks)")
    assert set(seen) == {"passed"}, seen.told
    assert len(seen.outcomes) > 10


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


async def test_limen_is_mounted_beside_the_routes_of_an_application(tmp_path: Path) -> None:
    app: Any = litestar_app.create(f"sqlite:///{tmp_path}/limen.db")
    transport = httpx.ASGITransport(app=app)
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        ada = {"email": "ada@example.org", "password": "correct horse battery"}
        assert (await client.post("/identity/auth/register", json=ada)).status_code == 201
        answer = await client.get("/invoices")
        assert (answer.status_code, answer.json()["code"]) == (401, "token.invalid")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="invoices"'
        answer = await client.get("/invoices", headers=await signed_in(client, ada))
        assert (answer.status_code, answer.json()["code"]) == (403, "invoices.not_an_accountant")
        async with limen.open(f"sqlite:///{tmp_path}/limen.db") as opened:
            user = await opened.users.find(ada["email"], actor=OPERATOR)
            await opened.roles.create(actor=OPERATOR, name="accountant")
            await opened.roles.grant(user.id, "accountant", actor=OPERATOR)
        answer = await client.get("/invoices", headers=await signed_in(client, ada))
        assert answer.json() == litestar_app.INVOICES


async def signed_in(client: httpx.AsyncClient, user: dict[str, str]) -> dict[str, str]:
    credentials = {"identifier": user["email"], "password": user["password"]}
    answer = await client.post("/identity/auth/login", json=credentials)
    return {"Authorization": f"Bearer {answer.json()['data']['access_token']}"}

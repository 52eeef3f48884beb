"""The whole life of an account at the command line, on each store that outlives a process.

Signing in and out and asking who one is are processes of their own.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pyotp
import pytest

from limen.entrypoints.cli.exits import Exit
from limen.testing.passkeys import Authenticator
from tests.integration.cli.programs import Place, Server
from tests.integration.contracts.test_webauthn import EdDsa
from tests.unit.entrypoints.cli.shell import Ended
from tests.waiting import PATIENCE, wait_until

ADA: Final = "ada@example.org"
PASSWORD: Final = "correct horse battery"
OTHER_PASSWORD: Final = "another long sentence"
A_STEP: Final = 30
PROCESSES: Final = ("login", "show", "logout")


class Person:
    """Somebody who types `limen account` in a place whose server sends the mail."""

    def __init__(self, place: Place, server: Server) -> None:
        self._place = place
        self._server = server
        self._device = Authenticator(make_key=EdDsa, origin="http://localhost:8000")

    def type(self, *words: str, given: tuple[str, ...] = ()) -> Ended:
        """Run one command; `given` is what it would ask for."""
        piped = ("--stdin",) if given else ()
        stdin = "".join(f"{line}\n" for line in given)
        run = self._place.run if words[0] in PROCESSES else self._place.type
        return run("account", *words, *piped, "--json", stdin=stdin)

    def do(self, *words: str, given: tuple[str, ...] = ()) -> Any:
        """Run one command that succeeds."""
        ended = self.type(*words, given=given)
        assert ended.code == Exit.DONE, (words, ended)
        return ended.data

    def mail(self, purpose: str) -> str:
        """Wait for the mail for this purpose, and return it."""
        found: list[str] = []

        def is_there() -> bool:
            told = self._place.type("mail", "show", "100", "--json").data
            found[:] = [mail["text"] for mail in told if f"limen_{purpose}_" in mail["text"]]
            return bool(found)

        wait_until(is_there, lambda: self._server.said)
        return found[-1]

    def answer(self, asked: Any, *, is_new: bool = False) -> str:
        """Have the authenticator answer, and return the name of the file with that."""
        make = self._device.create if is_new else self._device.get
        file: Path = self._place.folder / "answer.json"
        credential = make(asked["options"])
        file.write_text(json.dumps({"ceremony": asked["ceremony"], "credential": credential}))
        return file.name

    def call(self, key: str) -> httpx.Response:
        """Ask the server who holds an API key."""
        headers = {"authorization": f"Bearer {key}"}
        return httpx.get(f"{self._server.url}/api/v1/me", headers=headers, timeout=PATIENCE)


@pytest.fixture
def ada(place: Place) -> Iterator[Person]:
    """Somebody without an account, beside a running server."""
    server = Server(place).wait()
    yield Person(place, server)
    assert server.stop() == 0


def test_a_person_lives_a_whole_life_at_the_command_line(ada: Person) -> None:
    ada.do("register", ADA, "--name=Ada", given=(PASSWORD,))
    proved = ada.do("verify", given=(_link(ada.mail("verify-email")), PASSWORD))
    assert proved["user"]["email_verified"]
    assert ada.do("login", ADA, given=(PASSWORD,))["state"] == "full"

    ada.do("forgot", ADA)
    ada.do("reset", given=(_link(ada.mail("reset-password")), OTHER_PASSWORD))
    assert ada.type("show").code == Exit.UNAUTHENTICATED
    assert ada.type("login", ADA, given=(PASSWORD,)).code == Exit.UNAUTHENTICATED
    ada.do("login", ADA, given=(OTHER_PASSWORD,))

    app = pyotp.TOTP(ada.do("totp", "begin")["secret"])
    now = time.time()
    first, *codes = ada.do("totp", "confirm", given=(app.at(now),))["recovery_codes"]
    made = ada.do("passkeys", "enrol", ada.answer(ada.do("passkeys", "options"), is_new=True))
    assert [held["id"] for held in ada.do("passkeys", "list")] == [made["id"]]

    assert ada.do("login", ADA, given=(OTHER_PASSWORD,))["state"] == "partial"
    assert ada.type("show").document["error"]["code"] == "session.second_factor_needed"
    ada.do("factor", given=(app.at(now + A_STEP),))
    assert ada.do("show")["name"] == "Ada"
    ada.do("step-up", given=(OTHER_PASSWORD, first))
    key = ada.do("api-keys", "create", "Backup", "--scope=me.read")["key"]
    assert ada.call(key).json()["data"]["email"] == ADA

    ada.do("link", "ask", ADA)
    assert ada.do("link", "complete", given=(_link(ada.mail("sign-in")),))["state"] == "partial"
    ada.do("factor", given=(codes[0],))
    asked = ada.do("passkey", "options")
    assert ada.do("passkey", "complete", ada.answer(asked))["state"] == "full"

    live = ada.do("sessions", "list")
    assert len(live) == 4
    assert ada.do("sessions", "end", live[-1]["id"]) == {"ended": 1}
    assert ada.do("sessions", "end", "--others") == {"ended": 2}
    assert ada.do("change-password", given=(OTHER_PASSWORD, PASSWORD)) is None
    ada.do("logout")
    assert ada.type("show").code == Exit.UNAUTHENTICATED


def _link(mail: str) -> str:
    return next(line for line in mail.splitlines() if "limen_" in line)

"""The whole life of an account over HTTP: a server in a process of its own, mail in a folder."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pyotp
import pytest

from limen.testing.passkeys import Authenticator
from tests.integration.contracts.test_webauthn import EdDsa
from tests.integration.http.serving import PASSWORD, serving
from tests.integration.http.test_mail import arrived, token_in
from tests.waiting import PATIENCE, wait_until

ADA: Final = "ada@example.org"
OTHER_PASSWORD: Final = "another long sentence"
A_STEP: Final = 30
HERE: Final = "http://localhost:8000"
VERIFY: Final = "Confirm your e-mail address"
RESET: Final = "Set a new password"
SIGN_IN: Final = "Your link to sign in"


class Person:
    """Somebody with an authenticator, a mailbox and a client that keeps no cookies."""

    def __init__(self, base: str, mail: Path, said: Callable[[], str]) -> None:
        self._base = f"{base}/api/v1"
        self._mail = mail
        self._said = said
        self._device = Authenticator(make_key=EdDsa, origin=HERE)
        self.token: str | None = None

    def ask(self, method: str, path: str, **body: Any) -> httpx.Response:
        """Send a request, with the access token there is."""
        bearer = {} if self.token is None else {"authorization": f"Bearer {self.token}"}
        url, sent = f"{self._base}/{path}", body or None
        return httpx.request(method, url, json=sent, headers=bearer, timeout=PATIENCE)

    def do(self, method: str, path: str, **body: Any) -> Any:
        """Send a request that succeeds, and return its data."""
        answer = self.ask(method, path, **body)
        assert answer.is_success, (method, path, answer.text)
        return answer.json().get("data") if answer.content else None

    def refused(self, method: str, path: str, **body: Any) -> str:
        """Send a request that is refused, and return the code."""
        return str(self.ask(method, path, **body).json()["error"]["code"])

    def enter(self, path: str, **body: Any) -> Any:
        """Sign in, and keep the token if that was all."""
        self.token = None
        outcome = self.do("POST", path, **body)
        self.token = outcome.get("access_token")
        return outcome

    def link(self, subject: str) -> str:
        """Wait for a mail, and return the token of its link."""
        wait_until(lambda: arrived(self._mail, subject) is not None, self._said)
        return token_in(arrived(self._mail, subject) or "")

    def answer(self, asked: Any, *, is_new: bool = False) -> dict[str, Any]:
        """Let the authenticator answer."""
        make = self._device.create if is_new else self._device.get
        return {"ceremony": asked["ceremony"], "credential": make(asked["options"])}


@pytest.fixture
def ada(storage_url: str, tmp_path: Path) -> Iterator[Person]:
    """Somebody without an account, beside a running server."""
    with serving(tmp_path, storage_url, LIMEN_PUBLIC_URL=HERE) as server:
        yield Person(server.base, tmp_path / "mail", server.log.read_text)


def test_a_person_lives_a_whole_life_over_http(ada: Person) -> None:
    ada.do("POST", "auth/register", email=ADA, password=PASSWORD, name="Ada")
    proved = ada.do("POST", "auth/email/verify", token=ada.link(VERIFY), password=PASSWORD)
    assert proved["user"]["email_verified"]
    assert ada.enter("auth/login", identifier=ADA, password=PASSWORD)["state"] == "full"

    ada.do("POST", "auth/password/forgot", identifier=ADA)
    ada.do("POST", "auth/password/reset", token=ada.link(RESET), new_password=OTHER_PASSWORD)
    assert ada.refused("GET", "me") == "session.ended"
    wrong = ada.refused("POST", "auth/login", identifier=ADA, password=PASSWORD)
    assert wrong == "signin.invalid_credentials"
    ada.enter("auth/login", identifier=ADA, password=OTHER_PASSWORD)

    app, now = pyotp.TOTP(ada.do("POST", "me/factors/totp")["secret"]), time.time()
    confirmed = ada.do("POST", "me/factors/totp/confirm", code=app.at(now))
    first, *codes = confirmed["recovery_codes"]
    asked = ada.do("POST", "me/factors/passkeys/options")
    made = ada.do("POST", "me/factors/passkeys", **ada.answer(asked, is_new=True))
    assert [held["id"] for held in ada.do("GET", "me/factors/passkeys")] == [made["id"]]

    waiting = ada.enter("auth/login", identifier=ADA, password=OTHER_PASSWORD)
    assert waiting["state"] == "partial"
    ada.token = waiting["partial_token"]
    assert ada.refused("GET", "me") == "session.second_factor_needed"
    ada.enter("auth/factor", partial_token=waiting["partial_token"], code=app.at(now + A_STEP))
    assert ada.do("GET", "me")["name"] == "Ada"
    ada.token = ada.do("POST", "auth/step-up", password=OTHER_PASSWORD, code=first)["access_token"]
    key = ada.do("POST", "me/api-keys", name="Backup", scopes=["me.read"])["key"]

    browser = ada.do("POST", "auth/link", identifier=ADA)["browser_token"]
    proof = {"browser_token": browser, "token": ada.link(SIGN_IN)}
    waiting = ada.enter("auth/link/complete", **proof)
    assert waiting["state"] == "partial"
    ada.enter("auth/factor", partial_token=waiting["partial_token"], code=codes[0])
    asked = ada.do("POST", "auth/passkey/options")
    assert ada.enter("auth/passkey", **ada.answer(asked))["state"] == "full"

    live = ada.do("GET", "me/sessions")
    assert len(live) == 4
    other = next(session["id"] for session in live if not session["is_current"])
    ada.do("DELETE", f"me/sessions/{other}")
    ada.do("DELETE", "me/sessions")
    assert len(ada.do("GET", "me/sessions")) == 1
    change = {"current_password": OTHER_PASSWORD, "new_password": PASSWORD}
    ada.do("POST", "me/password", **change)
    ada.do("POST", "auth/logout")
    assert ada.refused("GET", "me") == "session.ended"
    ada.token = key
    assert ada.do("GET", "me")["email"] == ADA

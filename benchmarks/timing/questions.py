"""What strangers can ask limen about an account, and the states that must not show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from benchmarks.people import PASSWORD
from benchmarks.timing.crowd import BROWSER, State
from limen.core.proofs.model import Purpose

_WRONG: Final = "a wrong guess of somebody"
_CODE: Final = "BCDF-GHJK"
# With the right password they are still refused; with a wrong one they would be like all others.
_RIGHT_BUT_REFUSED: Final = frozenset({State.PENDING, State.SUSPENDED, State.UNVERIFIED})
_WHOSE_MAIL: Final = (State.UNKNOWN, State.KNOWN, State.SUSPENDED, State.UNVERIFIED)
_WHOSE_CODE: Final = (State.UNKNOWN, State.KNOWN, State.ASKED, State.SUSPENDED)
_WHOSE_PASSKEY: Final = (State.UNKNOWN, State.KNOWN, State.PASSKEY, State.SUSPENDED)

_Body: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One thing to ask, at a route of the API: about an address that is in some state.

    The first of `states` is what the others are compared with. `hashes`: it costs a hash, and so
    takes long and varies little. Codes are asked for `purpose` before.
    """

    name: str
    path: str
    states: tuple[State, ...]
    body: Callable[[State, str], _Body]
    hashes: bool = False
    purpose: Purpose | None = None


def _sign_in(state: State, email: str) -> _Body:
    password = PASSWORD if state in _RIGHT_BUT_REFUSED else _WRONG
    return {"identifier": email, "password": password}


def _register(_: State, email: str) -> _Body:
    return {"email": email, "password": _WRONG}


def _name(_: State, email: str) -> _Body:
    return {"identifier": email}


def _code(_: State, email: str) -> _Body:
    return {"identifier": email, "code": _CODE}


def _reset(state: State, email: str) -> _Body:
    return {**_code(state, email), "new_password": _WRONG}


def _complete(state: State, email: str) -> _Body:
    return {**_code(state, email), "browser_token": BROWSER.reveal()}


QUESTIONS: Final = (
    Question(
        name="sign-in",
        states=(
            State.KNOWN,
            State.UNKNOWN,
            State.NO_PASSWORD,
            State.PENDING,
            State.SUSPENDED,
            State.UNVERIFIED,
            State.FOREIGN,
        ),
        path="auth/login",
        body=_sign_in,
        hashes=True,
    ),
    Question(
        name="register",
        path="auth/register",
        states=(State.UNKNOWN, State.KNOWN, State.UNVERIFIED),
        body=_register,
        hashes=True,
    ),
    Question(name="forgot", states=_WHOSE_MAIL, path="auth/password/forgot", body=_name),
    Question(name="link", states=_WHOSE_MAIL, path="auth/link", body=_name),
    Question(name="resend", states=_WHOSE_MAIL, path="auth/email/verify/resend", body=_name),
    Question(name="passkey", states=_WHOSE_PASSKEY, path="auth/passkey/options", body=_name),
    Question(
        name="verify by code",
        states=_WHOSE_CODE,
        path="auth/email/verify",
        body=_code,
        purpose=Purpose.VERIFY_EMAIL,
    ),
    Question(
        name="reset by code",
        states=_WHOSE_CODE,
        path="auth/password/reset",
        body=_reset,
        purpose=Purpose.RESET_PASSWORD,
    ),
    Question(
        name="link by code",
        states=_WHOSE_CODE,
        path="auth/link/complete",
        body=_complete,
        purpose=Purpose.SIGN_IN,
    ),
)

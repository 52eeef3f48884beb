"""Telling how much was proved: sign-ins that waited, and the codes of apps that were used."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from limen.core.factors.totp import step_at
from limen.ports.outbox import StoredEvent
from limen.testing.invariants.history import History

# A code is read by one clock, and its event told by the same one a little later.
_BEFORE: Final = 2
_BEHIND: Final = 1


def waits(told: History, event: StoredEvent) -> None:
    """Tell that a sign-in waits."""
    told.user_of(event).waiting += 1


def stopped(told: History, event: StoredEvent) -> None:
    """Tell that a sign-in that waited was given up."""
    _no_more(told, event)


def finished(told: History, event: StoredEvent) -> None:
    """Tell what a session that began says of the proofs before it."""
    methods = _methods(event)
    if "mfa" in methods and "user" not in methods[:2]:
        finishes(told, event)
    code_used(told, event)


def finishes(told: History, event: StoredEvent) -> None:
    """Tell once that the session of an event is what a sign-in that waited became."""
    session_id = event.actor.session_id
    if session_id not in told.finished:
        told.finished.add(session_id)
        _no_more(told, event)


def code_used(told: History, event: StoredEvent) -> None:
    """Tell that a code of an app was used, if one was: each is good once (RFC 6238 5.2)."""
    if _methods(event)[-2:] == ("otp", "mfa"):
        step_used(told, event)


def step_used(told: History, event: StoredEvent) -> None:
    """Tell that a step of an app was used, the earliest that may have been free."""
    user, step = told.user_of(event), step_at(event.at)
    user.app_step = max(user.app_step + 1, step - _BEFORE)
    if user.app_step > step + _BEHIND:
        told.faults.append(f"{event.name} tells of {event.user_id} by a code that was used before")


def _no_more(told: History, event: StoredEvent) -> None:
    user = told.user_of(event)
    if user.waiting < 1:
        told.faults.append(f"{event.name} is told of {event.user_id}, where no sign-in waited")
    user.waiting = max(user.waiting - 1, 0)


def _methods(event: StoredEvent) -> tuple[str, ...]:
    methods = event.payload["methods"]
    return tuple(map(str, methods)) if isinstance(methods, list | tuple) else ()


TELLERS: Final[Mapping[str, Callable[[History, StoredEvent], Any]]] = {
    "signin.first_factor_proved": waits,
    "signin.stopped": stopped,
    "session.stepped_up": code_used,
}

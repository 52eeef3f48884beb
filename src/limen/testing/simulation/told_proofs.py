"""Proofs, factors and API keys: what of their changes is told, and by which events."""

from collections.abc import Iterator

from limen.core.events import (
    ApiKeyCreated,
    ApiKeyReported,
    ApiKeyRevoked,
    ApiKeyRotated,
    EmailVerified,
    Event,
    FactorEnrolled,
    FactorsReset,
    FirstFactorProved,
    PasskeyRemoved,
    RecoveryCodesMade,
    SessionSteppedUp,
    UserTakenOver,
)
from limen.testing.simulation import told_browsers
from limen.testing.simulation.journal import Change, Fact


def facts(change: Change) -> Iterator[Fact]:
    """Yield what of a change must be told."""
    match change.table:
        case "api_keys" if change.after is not None:
            yield from _of_api_key(change)
        case "remembered" if change.after is not None:
            yield ("browser", change.key)
        case "partial_sessions" if change.before is None:
            yield ("waits", change.after.user_id)


def _of_api_key(change: Change) -> Iterator[Fact]:
    before, after = change.before, change.after
    if before is None:
        yield ("api key added", after.owner_id, change.key)
    elif before.ended_at != after.ended_at:
        yield ("api key ended", after.owner_id, change.key)
    elif before.successor_id != after.successor_id:
        yield ("api key rotated", after.owner_id, change.key)


def told(event: Event) -> Iterator[Fact]:
    """Yield what an event tells."""
    match event:
        case EmailVerified():
            yield ("verified", event.user_id)
        case (
            UserTakenOver()
            | FactorEnrolled()
            | FactorsReset()
            | RecoveryCodesMade()
            | PasskeyRemoved()
        ):
            yield ("sessions ended", event.user_id)
        case SessionSteppedUp():
            yield ("risen", event.session_id)
        case FirstFactorProved():
            yield ("waits", event.user_id)
        case ApiKeyCreated():
            yield ("api key added", event.user_id, event.key_id)
        case ApiKeyRotated():
            yield ("api key rotated", event.user_id, event.key_id)
        case ApiKeyRevoked() | ApiKeyReported():
            yield ("api key ended", event.user_id, event.key_id)
        case _:
            yield from told_browsers.told(event)

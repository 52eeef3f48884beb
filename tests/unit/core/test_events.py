from dataclasses import is_dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest

from limen.core.actor import Actor
from limen.core.events import (
    Event,
    RoleGranted,
    SignInFailed,
    SignInFailure,
    UsersImported,
    UserUpdated,
    catalogue,
)
from limen.core.ids import UserId

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADA = UserId(UUID(int=1))
BY = Actor.system("test")


def test_names_are_unique_and_dotted() -> None:
    names = [kind.name for kind in catalogue()]
    assert len(names) == len(set(names)) >= 20
    assert all(name.count(".") == 1 for name in names)


@pytest.mark.parametrize("kind", catalogue(), ids=lambda kind: kind.name)
def test_every_event_is_a_documented_dataclass(kind: type[Event]) -> None:
    assert is_dataclass(kind)
    assert kind.__doc__


def test_a_payload_holds_only_json_values() -> None:
    granted = RoleGranted(at=NOW, actor=BY, user_id=ADA, role="editor", ends_at=NOW)
    assert granted.payload() == {"role": "editor", "ends_at": "2026-01-02T03:04:05+00:00"}
    failed = SignInFailed(at=NOW, actor=BY, reason=SignInFailure.UNKNOWN_USER)
    assert failed.payload() == {"reason": "unknown_user"}
    updated = UserUpdated(at=NOW, actor=BY, user_id=ADA, changed=("name", "email"))
    assert updated.payload() == {"changed": ["name", "email"]}
    imported = UsersImported(at=NOW, actor=BY, user_ids=(ADA,))
    assert imported.payload() == {"user_ids": [str(ADA)]}

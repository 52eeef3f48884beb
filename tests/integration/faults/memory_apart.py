"""Repositories in memory that keep apart from the unit of work they belong to."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from limen.adapters.memory.api_keys import MemoryApiKeys
from limen.adapters.memory.devices import MemoryDevices
from limen.adapters.memory.factor_resets import MemoryFactorResets
from limen.adapters.memory.factors import MemoryRecoveryCodes, MemoryTotps
from limen.adapters.memory.families import MemoryFamilies
from limen.adapters.memory.keys import MemoryKeys
from limen.adapters.memory.messages import MemoryMessages
from limen.adapters.memory.partial_sessions import MemoryPartialSessions
from limen.adapters.memory.passkeys import MemoryPasskeys
from limen.adapters.memory.proofs import MemoryProofs
from limen.adapters.memory.remembered import MemoryRemembered
from limen.adapters.memory.roles import MemoryRoles
from limen.adapters.memory.sessions import MemorySessions
from limen.adapters.memory.store import TABLES, Desk, Rows, Table
from limen.adapters.memory.users import MemoryUsers
from tests.integration.faults.fault import faults_of

fault = faults_of("memory")


# --- written at once, whatever becomes of the change ---------------------------------------------


class _Apart(Table[Any, Any]):
    """A table that waits for no commit."""

    def put(self, key: Any, value: Any) -> None:
        self._rows[key] = value

    def pop(self, key: Any) -> Any:
        return self._rows.pop(key, None)

    def values(self) -> Iterator[Any]:
        return iter(list(self._rows.values()))

    def items(self) -> Iterator[Any]:
        return iter(list(self._rows.items()))


class _ChangedApart(Table[Any, Any]):
    """A table whose rows wait for no commit once they are there."""

    def put(self, key: Any, value: Any) -> None:
        if key in self._rows:
            self._rows[key] = value
        else:
            super().put(key, value)


def set_apart(
    monkeypatch: pytest.MonkeyPatch, *tables: str, kind: type[Table[Any, Any]] = _Apart
) -> None:
    """Write tables at once."""
    draft = Rows.draft

    def draft_of_all_others(self: Rows) -> Rows:
        apart = {name: kind(getattr(self, name)._rows) for name in tables}
        return replace(draft(self), **apart)

    monkeypatch.setattr(Rows, "draft", draft_of_all_others)


_undone = fault(
    "TestUnitOfWork::test_leaving_without_commit_undoes_all_of_it",
    "TestUnitOfWork::test_leaving_by_an_error_undoes_all_of_it_and_lets_the_error_through",
)
_undone_and_unseen = fault(
    "TestUnitOfWork::test_leaving_without_commit_undoes_all_of_it",
    "TestUnitOfWork::test_nobody_else_sees_a_write_before_its_commit",
)


@_undone
def an_attempt_to_sign_in_is_counted_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "throttles")


@_undone
def a_request_is_claimed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "attempts")


@_undone
def a_ceremony_is_over_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "ceremonies")


@_undone_and_unseen
def a_message_is_queued_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "messages")


@_undone_and_unseen
def a_proof_is_spent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "proofs", "user_proofs")


@_undone_and_unseen
def a_partial_session_is_finished_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "partial_sessions")


@_undone_and_unseen
def a_passkey_is_enrolled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "passkeys")


@_undone_and_unseen
def a_secret_counts_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "totps")


@_undone_and_unseen
def a_secret_waits_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "waiting_totps")


@_undone_and_unseen
def a_recovery_code_is_used_up_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "recovery_codes")


@_undone_and_unseen
def a_key_ends_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "api_keys", kind=_ChangedApart)


@_undone_and_unseen
def a_browser_is_remembered_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "remembered")


@_undone_and_unseen
def a_device_is_known_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "devices")


@_undone_and_unseen
def a_reset_is_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    set_apart(monkeypatch, "factor_resets")


# --- own writes unseen ---------------------------------------------------------------------------


def read_behind(monkeypatch: pytest.MonkeyPatch, kind: type, method: str) -> None:
    """Let a method read what is committed, whatever its own unit of work has written since."""
    real = getattr(kind, method)

    async def read(self: Any, *args: Any, **named: Any) -> Any:
        rows = await self._desk.read()
        behind = Rows(**{name: Table(getattr(rows, name)._rows) for name in TABLES})
        return await real(kind(Desk(behind, is_writable=False)), *args, **named)

    monkeypatch.setattr(kind, method, read)


_own = fault("TestUnitOfWork::test_what_a_unit_of_work_sees_is_what_it_commits")


@_own
def a_list_of_users_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryUsers, "list")


@_own
def a_list_of_sessions_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemorySessions, "list_live")


@_own
def a_list_of_endings_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemorySessions, "list_endings")


@_own
def a_family_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryFamilies, "find_standing")


@_own
def a_list_of_signing_keys_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryKeys, "list")


@_own
def a_role_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryRoles, "get")


@_own
def a_message_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryMessages, "get")


@_own
def a_proof_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryProofs, "find_of")


@_own
def a_partial_session_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryPartialSessions, "find")


@_own
def a_list_of_passkeys_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryPasskeys, "list")


@_own
def a_secret_that_waits_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryTotps, "find_waiting")


@_own
def a_list_of_recovery_codes_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryRecoveryCodes, "list")


@_own
def a_count_of_keys_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryApiKeys, "count")


@_own
def a_remembered_browser_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryRemembered, "find")


@_own
def a_list_of_devices_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryDevices, "list")


@_own
def a_reset_of_factors_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    read_behind(monkeypatch, MemoryFactorResets, "find")

"""What holds in every store, whoever did what in which order."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from limen.core.ids import SessionId, UserId
from limen.core.roles.model import ADMIN
from limen.core.users.model import Status
from limen.ports.accounts import Account
from limen.ports.outbox import StoredEvent
from limen.ports.unit_of_work import View
from limen.testing.assembly import Assembly

_EVERYTHING: Final = 10_000


@dataclass(slots=True)
class Ledger:
    """The state that the events tell of, and nothing else."""

    status: dict[UserId, Status | None] = field(default_factory=dict)
    live: dict[UserId, set[UUID]] = field(default_factory=dict)
    generations: dict[UUID, int] = field(default_factory=dict)
    roles: set[str] = field(default_factory=lambda: {ADMIN})
    grants: set[tuple[UserId, str]] = field(default_factory=set)
    had_an_administrator: bool = False

    def take(self, event: StoredEvent, first_status: Status) -> None:
        """Enter one event; raise `AssertionError` if it tells what cannot have been."""
        if event.name in _MAKING:
            self._make(event, first_status if event.name == "user.registered" else None)
        enter = _ENTRIES.get(event.name)
        if enter is not None:
            enter(self, event)

    def _make(self, event: StoredEvent, status: Status | None) -> None:
        user_id = _user_of(event)
        assert user_id not in self.status, "a user is told to be made twice"
        self.status[user_id] = status
        self.live[user_id] = set()

    def _end(self, event: StoredEvent, ended: set[UUID]) -> None:
        for session_id in ended:
            assert session_id in self.live[_user_of(event)], f"{event.name}: it had ended before"
        self.live[_user_of(event)] -= ended


def _user_of(event: StoredEvent) -> UserId:
    assert event.user_id is not None, f"{event.name} names no user"
    return event.user_id


def _session_of(event: StoredEvent) -> UUID:
    return UUID(str(event.payload["session_id"]))


def _suspended(ledger: Ledger, event: StoredEvent) -> None:
    ledger.status[_user_of(event)] = Status.SUSPENDED
    ledger.live[_user_of(event)].clear()


def _reactivated(ledger: Ledger, event: StoredEvent) -> None:
    ledger.status[_user_of(event)] = Status.ACTIVE


def _deleted(ledger: Ledger, event: StoredEvent) -> None:
    del ledger.status[_user_of(event)], ledger.live[_user_of(event)]
    ledger.grants = {(user, role) for user, role in ledger.grants if user != event.user_id}


def _signed_in(ledger: Ledger, event: StoredEvent) -> None:
    assert _user_of(event) in ledger.live, "somebody signed in who is not there"
    ledger.live[_user_of(event)].add(_session_of(event))
    ledger.generations[_session_of(event)] = 1


def _ended_one(ledger: Ledger, event: StoredEvent) -> None:
    ledger._end(event, {_session_of(event)})  # noqa: SLF001 - the ledger's own table of entries.


def _ended_many(ledger: Ledger, event: StoredEvent) -> None:
    kept = event.payload["kept"]
    ended = ledger.live[_user_of(event)] - {UUID(str(kept)) if kept else None}
    assert len(ended) == event.payload["count"], "another number of sessions is told to have ended"
    ledger.live[_user_of(event)] -= ended


def _changed_password(ledger: Ledger, event: StoredEvent) -> None:
    ledger.live[_user_of(event)] &= {event.actor.session_id}


def _set_password(ledger: Ledger, event: StoredEvent) -> None:
    ledger.live[_user_of(event)].clear()


def _rotated(ledger: Ledger, event: StoredEvent) -> None:
    session_id = _session_of(event)
    assert session_id in ledger.live[_user_of(event)], "an ended session was refreshed"
    following = ledger.generations[session_id] + 1
    assert event.payload["generation"] == following, "a generation is told twice, or left out"
    ledger.generations[session_id] = following


def _made_role(ledger: Ledger, event: StoredEvent) -> None:
    ledger.roles.add(str(event.payload["role"]))


def _deleted_role(ledger: Ledger, event: StoredEvent) -> None:
    ledger.roles.remove(str(event.payload["role"]))


def _granted(ledger: Ledger, event: StoredEvent) -> None:
    role = str(event.payload["role"])
    ledger.grants.add((_user_of(event), role))
    ledger.had_an_administrator |= role == ADMIN and event.payload["ends_at"] is None


def _withdrawn(ledger: Ledger, event: StoredEvent) -> None:
    grant = (_user_of(event), str(event.payload["role"]))
    assert grant in ledger.grants, "a role is told to be withdrawn twice"
    ledger.grants.remove(grant)


_MAKING: Final = frozenset({"user.registered", "user.created"})
_ENTRIES: Final[dict[str, Callable[[Ledger, StoredEvent], None]]] = {
    "user.suspended": _suspended,
    "user.reactivated": _reactivated,
    "user.deleted": _deleted,
    "signin.succeeded": _signed_in,
    "session.revoked": _ended_one,
    "session.all_revoked": _ended_many,
    "token.reuse_detected": _ended_one,
    "password.changed": _changed_password,
    "password.set": _set_password,
    "token.refreshed": _rotated,
    "role.created": _made_role,
    "role.deleted": _deleted_role,
    "role.granted": _granted,
    "role.withdrawn": _withdrawn,
}


async def check_store(limen: Assembly) -> None:
    """Raise `AssertionError` unless the store is sound and is what its events say."""
    async with limen.unit_of_work.view() as view:
        accounts = await view.accounts.list(limit=_EVERYTHING)
        roles = {role.name for role in await view.roles.list()}
        _check_names(accounts, roles)
        ledger = Ledger()
        for event in await view.outbox.list(limit=_EVERYTHING):
            ledger.take(event, limen.policies.users.first_status)
        assert roles == ledger.roles, "the events tell of other roles"
        _check_accounts(accounts, ledger)
        for account in accounts:
            await _check_sessions(view, account, ledger, limen)
        stranger = UserId(UUID(int=0))
        if ledger.had_an_administrator:
            count = await view.grants.count_administrators(besides=stranger)
            assert count >= 1, "there is no administrator any more"


def _check_names(accounts: tuple[Account, ...], roles: set[str]) -> None:
    emails = Counter(account.user.email.key for account in accounts)
    assert all(count == 1 for count in emails.values()), "two users have one address"
    names = Counter(a.user.username.key for a in accounts if a.user.username is not None)
    assert all(count == 1 for count in names.values()), "two users have one username"
    granted = {grant.role for account in accounts for grant in account.grants}
    assert granted <= roles, "somebody has a role that is not there"


def _check_accounts(accounts: tuple[Account, ...], ledger: Ledger) -> None:
    assert {a.user.id for a in accounts} == set(ledger.status), "the events tell of other users"
    granted = {(grant.user_id, grant.role) for account in accounts for grant in account.grants}
    assert granted == ledger.grants, "the events tell of other grants"
    for account in accounts:
        told = ledger.status[account.user.id]
        assert told in {None, account.user.status}, "the events tell of another status"


async def _check_sessions(view: View, account: Account, ledger: Ledger, limen: Assembly) -> None:
    now = limen.clock.now()
    user_id = account.user.id
    live = {session.id for session in await view.sessions.list_live(user_id, now)}
    if account.user.status is not Status.ACTIVE:
        assert not live, "somebody who was shut out has a live session"
    assert live == ledger.live[user_id], "the events tell of other live sessions"
    for key, generation in ledger.generations.items():
        standing = await view.families.find_standing(SessionId(key), now)
        if standing is None or standing.user.id != user_id:
            continue
        assert standing.family.generation == generation, "the events tell of another generation"
        is_ended = standing.family.ended_at is not None
        assert is_ended == (standing.session.ended_at is not None), "a family outlives its session"

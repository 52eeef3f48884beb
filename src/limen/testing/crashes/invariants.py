"""What always holds in a store, however often its writers died.

- E-mail addresses and usernames are unique, and lead to their users.
- There is no credential, session, family, grant or role of a grant without what it belongs to.
- A session has one family, which has one living token and ends when its session does; every
  ended session stands in the list of endings.
- Each change has its event, each event its change: users, versions, statuses, passwords, sessions,
  generations, roles, grants and signing keys are exactly what all events together tell.

The last one needs the whole history: a store whose outbox, sessions and grants were not purged.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from limen.core.ids import SessionId, UserId
from limen.core.roles.model import ADMIN
from limen.ports.accounts import Account
from limen.ports.outbox import StoredEvent
from limen.ports.unit_of_work import UnitOfWorkFactory, View
from limen.testing.crashes.history import History, ToldSession, ToldUser

_BATCH: Final = 1000
_BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def violations(unit_of_work: UnitOfWorkFactory, now: datetime) -> list[str]:
    """Return a sentence for everything that should not be in the store, none if all is well."""
    async with unit_of_work.view() as view:
        told = History(await all_events(view))
        accounts = {account.user.id: account for account in await all_accounts(view)}
        found = [*told.faults, *_names_taken_twice(accounts), *_users_untold(accounts, told)]
        found += await _lost_names(view, accounts)
        for user_id, user in told.users.items():
            found += _account_untold(user_id, accounts.get(user_id), user)
            found += await _left_behind(view, user_id, accounts, now)
        endings = {e.session_id for e in await view.sessions.list_endings(_BEGINNING)}
        for session_id, session in told.sessions.items():
            is_there = session.user_id in accounts
            found += await _session_untold(view, session_id, session, now, is_there=is_there)
            if session.is_ended and session_id not in endings:
                found.append(f"session {session_id} ended, and no list says so")
        found += await _sessions_nobody_told(view, accounts, told, now)
        found += await _roles_untold(view, accounts, told)
    return found


async def all_events(view: View) -> list[StoredEvent]:
    """Return everything in the outbox, oldest first."""
    found: list[StoredEvent] = []
    while page := await view.outbox.list(after=found[-1].id if found else None, limit=_BATCH):
        found += page
    return found


async def all_accounts(view: View) -> list[Account]:
    """Return every account, in order of user id."""
    found: list[Account] = []
    while page := await view.accounts.list(
        after=found[-1].user.id if found else None, limit=_BATCH
    ):
        found += page
    return found


def _names_taken_twice(accounts: Mapping[UserId, Account]) -> Iterator[str]:
    users = [account.user for account in accounts.values()]
    names = Counter(name.key for user in users for name in (user.email, user.username) if name)
    yield from (f"{name} is taken {count} times" for name, count in names.items() if count > 1)


async def _lost_names(view: View, accounts: Mapping[UserId, Account]) -> list[str]:
    names = [
        (name, account.user)
        for account in accounts.values()
        for name in (account.user.email, account.user.username)
        if name is not None
    ]
    return [
        f"{name.key} does not lead to user {user.id}"
        for name, user in names
        if await view.users.find(name) != user
    ]


def _users_untold(accounts: Mapping[UserId, Account], told: History) -> Iterator[str]:
    yield from (f"user {user_id} is there, untold" for user_id in accounts.keys() - told.users)


def _account_untold(user_id: UserId, account: Account | None, told: ToldUser) -> Iterator[str]:
    if (account is not None) != told.is_there:
        yield f"user {user_id} is {'gone' if account is None else 'there'}, which no event tells"
    if account is None or not told.is_there:
        return
    user = account.user
    if user.version != told.version:
        yield f"user {user_id} has version {user.version}, the events tell {told.version}"
    if told.status is not None and user.status is not told.status:
        yield f"user {user_id} is {user.status}, the events tell {told.status}"
    roles = [grant.role for grant in account.grants]
    if sorted(roles) != sorted(told.roles):
        yield f"user {user_id} has roles {sorted(roles)}, the events tell {sorted(told.roles)}"
    if any(grant.user_id != user_id for grant in account.grants):
        yield f"user {user_id} has a grant of somebody else"
    yield from _password_untold(account, told)


def _password_untold(account: Account, told: ToldUser) -> Iterator[str]:
    """Compare versions; accounts made by others may have begun with a password or without."""
    version = 0 if account.credential is None else account.credential.version
    beginnings = (0,) if told.has_password else (0, 1)
    if version not in {told.password_version + beginning for beginning in beginnings}:
        yield (
            f"the password of {account.user.id} has version {version}, "
            f"the events tell {told.password_version}"
        )


async def _left_behind(
    view: View, user_id: UserId, accounts: Mapping[UserId, Account], now: datetime
) -> list[str]:
    if user_id in accounts:
        return []
    found = []
    if await view.passwords.find(user_id) is not None:
        found.append(f"the password of {user_id} has outlived its user")
    if await view.grants.list(user_id):
        found.append(f"grants of {user_id} have outlived their user")
    if await view.sessions.list_live(user_id, now):
        found.append(f"sessions of {user_id} have outlived their user")
    return found


async def _session_untold(
    view: View, session_id: SessionId, told: ToldSession, now: datetime, *, is_there: bool
) -> list[str]:
    session = await view.sessions.find(session_id)
    if not is_there:
        return [] if session is None else [f"session {session_id} has outlived its user"]
    if session is None:
        return [f"session {session_id} is lost"]
    standing = await view.families.find_standing(session_id, now)
    if standing is None:
        return [f"the family of session {session_id} is lost"]
    family, found = standing.family, []
    if session.user_id != told.user_id or standing.user.id != told.user_id:
        found.append(f"session {session_id} belongs to somebody else")
    if (session.ended_at is not None) != told.is_ended:
        found.append(f"session {session_id} ended at {session.ended_at}, the events differ")
    if (family.ended_at is None) != (session.ended_at is None):
        found.append(f"the family of session {session_id} did not end with it")
    if family.generation != told.generation:
        found.append(
            f"the family of session {session_id} has generation {family.generation}, "
            f"the events tell {told.generation}"
        )
    if (family.previous_digest is None) != (family.generation == 1) or (
        family.previous_digest == family.digest
    ):
        found.append(f"session {session_id} has not exactly one living refresh token")
    return found


async def _sessions_nobody_told(
    view: View, accounts: Mapping[UserId, Account], told: History, now: datetime
) -> list[str]:
    return [
        f"session {session.id} is there, untold"
        for user_id in accounts
        for session in await view.sessions.list_live(user_id, now)
        if session.id not in told.sessions
    ]


async def _roles_untold(view: View, accounts: Mapping[UserId, Account], told: History) -> list[str]:
    roles = {role.name: role for role in await view.roles.list()}
    found = [
        f"role {name} is {'there' if name in roles else 'gone'}, which no event tells"
        for name in (roles.keys() - {ADMIN}) ^ told.roles.keys()
    ]
    for name in roles.keys() & told.roles.keys():
        role, tale = roles[name], told.roles[name]
        if (role.permissions, role.version) != (tale.permissions, tale.version):
            found.append(f"role {name} has other permissions or another version than told")
    held = {grant.role for account in accounts.values() for grant in account.grants}
    found += [f"role {name} is granted and not there" for name in held - roles.keys()]
    keys = {key.id for key in await view.keys.list()}
    found += [f"key {key_id} is there, untold" for key_id in keys - told.keys.keys()]
    found += [f"key {key_id} is told {n} times" for key_id, n in told.keys.items() if n > 1]
    return found

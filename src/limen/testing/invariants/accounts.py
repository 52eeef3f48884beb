"""Accounts against each other, and against what is told of them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime

from limen.core.ids import UserId
from limen.ports.accounts import Account
from limen.ports.unit_of_work import View
from limen.testing.invariants.history import History, ToldUser


async def of_accounts(
    view: View, accounts: Mapping[UserId, Account], told: History, now: datetime
) -> list[str]:
    """Return what is wrong with users, their names, passwords and grants."""
    found = [*_names_taken_twice(accounts), *await _lost_names(view, accounts)]
    found += [
        f"user {user_id} is there, untold" for user_id in accounts if user_id not in told.users
    ]
    for user_id, user in told.users.items():
        found += _account_untold(user_id, accounts.get(user_id), user)
        if user_id not in accounts:
            found += await _left_behind(view, user_id, now)
    return found


def _names_taken_twice(accounts: Mapping[UserId, Account]) -> Iterator[str]:
    users = [account.user for account in accounts.values()]
    emails = Counter(user.email.key for user in users)
    usernames = Counter(user.username.key for user in users if user.username is not None)
    for names in (emails, usernames):
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
    if told.has_owner not in {None, user.has_owner}:
        owner = "an owner" if user.has_owner else "no owner"
        yield f"user {user_id} has {owner}, the events tell otherwise"
    yield from _grants_untold(account, told)
    yield from _password_untold(account, told)


def _grants_untold(account: Account, told: ToldUser) -> Iterator[str]:
    user_id, roles = account.user.id, sorted(grant.role for grant in account.grants)
    if roles != sorted(told.roles):
        yield f"user {user_id} has roles {roles}, the events tell {sorted(told.roles)}"
    elif {grant.role: grant.ends_at for grant in account.grants} != told.roles:
        yield f"a grant of user {user_id} ends at another instant than the events tell"
    if any(grant.user_id != user_id for grant in account.grants):
        yield f"user {user_id} has a grant of somebody else"


def _password_untold(account: Account, told: ToldUser) -> Iterator[str]:
    """Compare versions; accounts made by others may have begun with a password or without."""
    version = 0 if account.credential is None else account.credential.version
    beginnings = (0, 1) if told.has_password is None else (0,)
    if version not in {told.password_version + beginning for beginning in beginnings}:
        yield (
            f"the password of {account.user.id} has version {version}, "
            f"the events tell {told.password_version}"
        )


async def _left_behind(view: View, user_id: UserId, now: datetime) -> list[str]:
    found = []
    if await view.passwords.find(user_id) is not None:
        found.append(f"the password of {user_id} has outlived its user")
    if await view.grants.list(user_id):
        found.append(f"grants of {user_id} have outlived their user")
    if await view.sessions.list_live(user_id, now):
        found.append(f"sessions of {user_id} have outlived their user")
    return found

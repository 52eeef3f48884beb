"""Roles and administrators against what is told of them."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from limen.core.ids import UserId
from limen.core.roles.model import ADMIN
from limen.ports.accounts import Account
from limen.ports.unit_of_work import View
from limen.testing.invariants.history import History

_NOBODY: Final = UserId(UUID(int=0))


async def of_roles(view: View, accounts: Mapping[UserId, Account], told: History) -> list[str]:
    """Return what is wrong with roles, and whether the last administrator went."""
    roles = {role.name: role for role in await view.roles.list()}
    found = [
        f"role {name} is {'there' if name in roles else 'gone'}, which no event tells"
        for name in sorted(roles.keys() ^ (told.roles.keys() | {ADMIN}))
    ]
    for name in sorted(roles.keys() & told.roles.keys()):
        role, tale = roles[name], told.roles[name]
        if (role.permissions, role.version) != (tale.permissions, tale.version):
            found.append(f"role {name} has other permissions or another version than told")
    held = {grant.role for account in accounts.values() for grant in account.grants}
    found += [f"role {name} is granted and not there" for name in sorted(held - roles.keys())]
    if told.had_an_administrator and not await view.grants.count_administrators(besides=_NOBODY):
        found.append("there is no administrator any more")
    return found

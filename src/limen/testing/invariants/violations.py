"""Everything in a store that should not be there; `limen.testing.invariants` says what must."""

from datetime import datetime

from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.invariants.accounts import of_accounts
from limen.testing.invariants.api_keys import of_api_keys
from limen.testing.invariants.factors import of_factors
from limen.testing.invariants.keys import of_keys
from limen.testing.invariants.passkeys import of_passkeys
from limen.testing.invariants.proofs import of_proofs
from limen.testing.invariants.reading import all_accounts, all_events
from limen.testing.invariants.roles import of_roles
from limen.testing.invariants.sessions import of_sessions
from limen.testing.invariants.telling import tell
from limen.testing.policies import Policies


async def violations(
    unit_of_work: UnitOfWorkFactory, now: datetime, policies: Policies | None = None
) -> list[str]:
    """Return a sentence for everything that is wrong in the store, none if all is well.

    `policies` are those of the limens that wrote it.
    """
    policies = policies or Policies()
    async with unit_of_work.view() as view:
        told = tell(await all_events(view), policies.users.first_status)
        accounts = {account.user.id: account for account in await all_accounts(view)}
        return [
            *told.faults,
            *await of_accounts(view, accounts, told, now),
            *await of_sessions(view, accounts, told, now),
            *await of_factors(view, accounts, told, now),
            *await of_passkeys(view, accounts, told),
            *await of_proofs(view, accounts, told, now),
            *await of_api_keys(view, accounts, told, now),
            *await of_roles(view, accounts, told),
            *await of_keys(view, told, now, policies.keys.verifies),
        ]


async def check_store(
    unit_of_work: UnitOfWorkFactory, now: datetime, policies: Policies | None = None
) -> None:
    """Raise `AssertionError` with all violations if there are any."""
    found = await violations(unit_of_work, now, policies)
    if found:
        raise AssertionError("\n".join(found))

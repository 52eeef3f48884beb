"""Second factors shown by many at the same time, at two nodes."""

from datetime import timedelta
from typing import Final

import pyotp

from limen.core.actor import Actor
from limen.core.ids import UserId
from limen.core.throttles.model import ThrottlePolicy
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import Assembly, acting
from limen.testing.policies import Policies
from tests.integration.concurrency.together import MANY, UNTHROTTLED, kinds, together, two_nodes

STRANGER: Final = Actor.anonymous()
FREE: Final = 5


async def enrolled(limen: Assembly) -> tuple[UserId, pyotp.TOTP, list[str]]:
    """Ada has an app and recovery codes."""
    user = await limen.register()
    me = acting(await limen.enter())
    made = await limen.factors.begin_totp(actor=me)
    app = pyotp.TOTP(made.secret.reveal())
    codes = await limen.factors.confirm_totp(code=app.at(limen.clock.now()), actor=me)
    limen.clock.advance(timedelta(seconds=30))
    return user.id, app, [code.reveal() for code in codes]


async def test_of_a_hundred_who_show_one_code_one_is_taken(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    nodes = two_nodes(unit_of_work, UNTHROTTLED)
    user_id, app, _ = await enrolled(nodes[0])
    code = app.at(nodes[0].clock.now())
    outcomes = await together(
        *(nodes[n % 2].factor_prover.prove(user_id, code, actor=STRANGER) for n in range(MANY))
    )
    assert kinds(outcomes) == {"str": 1, "FactorInvalid": MANY - 1}
    assert (await nodes[0].event_names(user_id)).count("factor.refused") == MANY - 1


async def test_of_a_hundred_who_show_one_recovery_code_one_is_taken(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    nodes = two_nodes(unit_of_work, UNTHROTTLED)
    user_id, _, codes = await enrolled(nodes[0])
    outcomes = await together(
        *(nodes[n % 2].factor_prover.prove(user_id, codes[0], actor=STRANGER) for n in range(MANY))
    )
    assert kinds(outcomes) == {"str": 1, "FactorInvalid": MANY - 1}
    assert (await nodes[0].event_names(user_id)).count("recovery_code.used") == 1


async def test_of_ten_codes_shown_by_a_hundred_each_is_taken_once(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    nodes = two_nodes(unit_of_work, UNTHROTTLED)
    user_id, _, codes = await enrolled(nodes[0])
    outcomes = await together(
        *(
            nodes[n % 2].factor_prover.prove(user_id, codes[n % 10], actor=STRANGER)
            for n in range(MANY)
        )
    )
    assert kinds(outcomes) == {"str": 10, "FactorInvalid": MANY - 10}
    async with unit_of_work.view() as view:
        assert await view.recovery_codes.list(user_id) == ()


async def test_a_hundred_guesses_at_once_are_counted_as_a_hundred(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    nodes = two_nodes(unit_of_work, Policies(throttle=ThrottlePolicy(free_failures=FREE)))
    user_id, _, _ = await enrolled(nodes[0])
    outcomes = await together(
        *(nodes[n % 2].factor_prover.prove(user_id, f"{n:06}", actor=STRANGER) for n in range(MANY))
    )
    # The first one too many is let through and brings the wait.
    assert kinds(outcomes) == {"FactorInvalid": FREE + 1, "TooManyAttempts": MANY - FREE - 1}

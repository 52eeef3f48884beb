"""Counting when many come at the same time, at several nodes."""

from limen.core.actor import Actor
from limen.core.throttles.model import ThrottlePolicy
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.policies import Policies
from tests.integration.concurrency.together import MANY, kinds, together, two_nodes

HOME = Actor.anonymous(address="203.0.113.1")


async def test_of_a_hundred_failures_at_once_one_tells_of_stuffing(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    nodes = two_nodes(unit_of_work, Policies(throttle=ThrottlePolicy(many_accounts=MANY)))
    outcomes = await together(
        *(
            nodes[n % 2].sign_in.sign_in(
                identifier=f"user{n}",
                password="a wrong one",
                actor=HOME,
            )
            for n in range(MANY)
        )
    )
    assert kinds(outcomes) == {"InvalidCredentials": MANY}
    assert (await nodes[0].event_names()).count("signin.stuffing_suspected") == 1


async def test_a_hundred_failures_at_one_account_are_one_account(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    throttle = ThrottlePolicy(free_failures=MANY, many_accounts=2)
    nodes = two_nodes(unit_of_work, Policies(throttle=throttle))
    outcomes = await together(
        *(
            nodes[n % 2].sign_in.sign_in(
                identifier="ada",
                password="a wrong one",
                actor=HOME,
            )
            for n in range(MANY)
        )
    )
    assert kinds(outcomes) == {"InvalidCredentials": MANY}
    assert "signin.stuffing_suspected" not in await nodes[0].event_names()

"""API keys that are rotated, ended and reported at the same time."""

from typing import Final

from limen.core.api_keys.service import NewKey
from limen.core.ids import UserId
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR
from limen.testing.interleavings.nodes import Nodes, check_kinds, kind, refusal_or, two_nodes
from limen.testing.interleavings.stage import Outcomes, Stage

_LOST: Final = {"ConcurrentUpdate", "ApiKeyOver"}


async def a_rotation_and_a_revocation(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One gets through, or the rotation and then the end: a key that was ended never holds."""
    nodes, owner_id, key = await _owner(unit_of_work)

    async def check(outcomes: Outcomes) -> None:
        rotated, revoked = outcomes["rotate"], outcomes["revoke"]
        assert revoked is None or kind(revoked) in _LOST
        assert isinstance(rotated, NewKey) or kind(rotated) in _LOST
        assert revoked is None or isinstance(rotated, NewKey)
        assert await _holds(nodes, key) is (revoked is not None)
        if isinstance(rotated, NewKey):
            assert await _holds(nodes, rotated)

    return Stage(
        limen=nodes.here,
        use_cases={
            "rotate": nodes.here.api_keys.rotate(owner_id, key.key.id, actor=OPERATOR),
            "revoke": nodes.there.api_keys.revoke(key.key.id, actor=OPERATOR),
        },
        check=check,
    )


async def two_rotations_of_one_key(unit_of_work: UnitOfWorkFactory) -> Stage:
    """There is one successor."""
    nodes, owner_id, key = await _owner(unit_of_work)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"NewKey": 1, "ConcurrentUpdate": 1}, {"NewKey": 1, "ApiKeyOver": 1})

    return Stage(
        limen=nodes.here,
        use_cases={
            "rotate here": nodes.here.api_keys.rotate(owner_id, key.key.id, actor=OPERATOR),
            "rotate there": nodes.there.api_keys.rotate(owner_id, key.key.id, actor=OPERATOR),
        },
        check=check,
    )


async def a_rotation_and_a_report(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever has the key that was reported comes in no more."""
    nodes, owner_id, key = await _owner(unit_of_work)

    async def check(outcomes: Outcomes) -> None:
        assert outcomes["report"] is None
        assert isinstance(outcomes["rotate"], NewKey) or kind(outcomes["rotate"]) in _LOST
        assert not await _holds(nodes, key)

    return Stage(
        limen=nodes.here,
        use_cases={
            "rotate": nodes.here.api_keys.rotate(owner_id, key.key.id, actor=OPERATOR),
            "report": nodes.there.api_keys.report(key.text),
        },
        check=check,
    )


async def _owner(unit_of_work: UnitOfWorkFactory) -> tuple[Nodes, UserId, NewKey]:
    nodes = two_nodes(unit_of_work)
    await nodes.here.keys.ensure(actor=OPERATOR)
    account = await nodes.here.service_accounts.create(actor=OPERATOR, username="robot")
    key = await nodes.here.api_keys.create(account.id, actor=OPERATOR, name="key")
    return nodes, account.id, key


async def _holds(nodes: Nodes, key: NewKey) -> bool:
    """Tell whether a key lets its owner in."""
    claims = await refusal_or(nodes.there.api_keys.authenticate(key.text))
    await nodes.there.key_uses.settled()
    return kind(claims) == "KeyClaims"

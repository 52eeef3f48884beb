"""Second factors that are shown, set up and given up at the same time."""

from base64 import b32decode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from limen.core.actor import Actor
from limen.core.factors.holding import factors_of
from limen.core.factors.totp import code_at, step_at
from limen.core.ids import UserId
from limen.core.secret import Secret
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import acting
from limen.testing.interleavings.nodes import Nodes, check_kinds, kind, two_nodes
from limen.testing.interleavings.stage import Outcomes, Stage

_STRANGER: Final = Actor.anonymous()
_STEP: Final = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """Somebody with an app and recovery codes, who is signed in."""

    nodes: Nodes
    id: UserId
    me: Actor
    app: Secret[bytes]
    codes: Sequence[Secret[str]] = ()

    @property
    def code(self) -> str:
        """What the app shows."""
        return code_at(self.app, step_at(self.nodes.here.clock.now())).reveal()


async def _beginner(unit_of_work: UnitOfWorkFactory) -> _Owner:
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    me = acting(await nodes.here.enter())
    made = await nodes.here.factors.begin_totp(actor=me)
    app = Secret(b32decode(made.secret.reveal()))
    return _Owner(nodes=nodes, id=user.id, me=me, app=app)


async def _owner(unit_of_work: UnitOfWorkFactory) -> _Owner:
    begun = await _beginner(unit_of_work)
    limen = begun.nodes.here
    codes = await limen.factors.confirm_totp(code=begun.code, actor=begun.me)
    limen.clock.advance(_STEP)
    return _Owner(nodes=begun.nodes, id=begun.id, me=begun.me, app=begun.app, codes=codes)


async def two_proofs_by_one_code(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One is taken."""
    owner = await _owner(unit_of_work)
    return _two_proofs(owner, owner.code)


async def two_proofs_by_one_recovery_code(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One is taken, and one code is gone."""
    owner = await _owner(unit_of_work)
    return _two_proofs(owner, owner.codes[0].reveal(), left=9)


def _two_proofs(owner: _Owner, code: str, *, left: int = 10) -> Stage:
    here, there = owner.nodes.here, owner.nodes.there

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"str": 1, "FactorInvalid": 1})
        await _check_codes(owner, left)

    return Stage(
        limen=here,
        use_cases={
            "prove here": here.factor_prover.prove(owner.id, code, actor=_STRANGER),
            "prove there": there.factor_prover.prove(owner.id, code, actor=_STRANGER),
        },
        check=check,
    )


async def two_confirmations_of_one_app(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One is taken, and its recovery codes are the ones there are."""
    owner = await _beginner(unit_of_work)
    here, there = owner.nodes.here, owner.nodes.there

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"tuple": 1, "EnrolmentOver": 1})
        await _check_codes(owner, 10)
        given = next(codes for codes in outcomes.values() if isinstance(codes, tuple))
        await here.factor_prover.prove(owner.id, given[0], actor=_STRANGER)

    return Stage(
        limen=here,
        use_cases={
            "confirm here": here.factors.confirm_totp(code=owner.code, actor=owner.me),
            "confirm there": there.factors.confirm_totp(code=owner.code, actor=owner.me),
        },
        check=check,
    )


async def a_proof_and_a_removal(unit_of_work: UnitOfWorkFactory) -> Stage:
    """The app is gone, and so is everything that stood in for it."""
    owner = await _owner(unit_of_work)
    here, there = owner.nodes.here, owner.nodes.there

    async def check(outcomes: Outcomes) -> None:
        assert outcomes["remove"] is None
        assert kind(outcomes["prove"]) in {"str", "FactorInvalid"}
        await _check_codes(owner, 0)
        async with here.unit_of_work.view() as view:
            assert await factors_of(view, owner.id) == ()

    return Stage(
        limen=here,
        use_cases={
            "prove": here.factor_prover.prove(owner.id, owner.code, actor=_STRANGER),
            "remove": there.factors.remove_totp(actor=owner.me),
        },
        check=check,
    )


async def a_recovery_code_and_new_ones(unit_of_work: UnitOfWorkFactory) -> Stage:
    """All new ones are there, and no earlier one."""
    owner = await _owner(unit_of_work)
    here, there = owner.nodes.here, owner.nodes.there

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["prove"]) in {"str", "FactorInvalid"}
        assert kind(outcomes["make"]) == "tuple"
        await _check_codes(owner, 10)

    return Stage(
        limen=here,
        use_cases={
            "prove": here.factor_prover.prove(owner.id, owner.codes[0], actor=_STRANGER),
            "make": there.factors.make_recovery_codes(actor=owner.me),
        },
        check=check,
    )


async def _check_codes(owner: _Owner, left: int) -> None:
    async with owner.nodes.here.unit_of_work.view() as view:
        found = len(await view.recovery_codes.list(owner.id))
    assert found == left, f"{found} recovery codes are left"

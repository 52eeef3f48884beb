"""Resets of factors that wait for approval, while others decide on them or the account changes."""

from base64 import b32decode
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

from limen.core.actor import Actor
from limen.core.factors.holding import factors_of
from limen.core.factors.totp import code_at, step_at
from limen.core.ids import UserId
from limen.core.roles.model import Permission
from limen.core.secret import Secret
from limen.core.signin.levels import FactorPolicy
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.interleavings.nodes import Nodes, check_kinds, kind, two_nodes
from limen.testing.interleavings.stage import Outcomes, Stage

_HELPERS: Final = ("bob", "eve", "carol")
_APPROVED: Final = FactorPolicy(needs_approval=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """Somebody with an app, who is signed in, and three who may reset factors."""

    nodes: Nodes
    id: UserId
    me: Actor
    helpers: dict[str, Actor]

    def ask(self, limen: Assembly, who: str) -> Coroutine[Any, Any, object]:
        """Have one of the three ask for a reset."""
        return limen.factors.reset(self.id, actor=self.helpers[who])

    def approve(self, limen: Assembly, who: str) -> Coroutine[Any, Any, object]:
        """Have one of the three approve it."""
        return limen.factors.approve_reset(self.id, actor=self.helpers[who])

    async def check(self, *, has_app: bool, waits: bool = False) -> None:
        """Check what there is of factors, and of requests."""
        async with self.nodes.here.unit_of_work.view() as view:
            assert bool(await factors_of(view, self.id)) is has_app
            assert (await view.factor_resets.find(self.id) is not None) is waits


async def _scene(unit_of_work: UnitOfWorkFactory) -> _Scene:
    nodes = two_nodes(unit_of_work, factors=_APPROVED)
    here = nodes.here
    user = await here.register()
    me = acting(await here.enter())
    made = await here.factors.begin_totp(actor=me)
    app = Secret(b32decode(made.secret.reveal()))
    code = code_at(app, step_at(here.clock.now()))
    await here.factors.confirm_totp(code=code, actor=me)
    permissions = [Permission.FACTORS_RESET]
    await here.roles.create(actor=OPERATOR, name="support", permissions=permissions)
    helpers = {}
    for name in _HELPERS:
        helper = await here.register(f"{name}@example.org")
        await here.roles.grant(helper.id, "support", actor=OPERATOR)
        helpers[name] = acting(await here.enter(f"{name}@example.org"))
    return _Scene(nodes=nodes, id=user.id, me=me, helpers=helpers)


async def _asked(unit_of_work: UnitOfWorkFactory) -> _Scene:
    scene = await _scene(unit_of_work)
    await scene.ask(scene.nodes.here, "bob")
    return scene


async def two_approvals_of_one_reset(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One counts."""
    scene = await _asked(unit_of_work)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"FactorReset": 1, "FactorResetNotFound": 1})
        await scene.check(has_app=False)

    here, there = scene.nodes.here, scene.nodes.there
    return Stage(
        limen=here,
        use_cases={
            "approve here": scene.approve(here, "eve"),
            "approve there": scene.approve(there, "carol"),
        },
        check=check,
    )


async def an_approval_and_a_withdrawal(unit_of_work: UnitOfWorkFactory) -> Stage:
    """It is done or taken back, never both."""
    scene = await _asked(unit_of_work)
    here, there = scene.nodes.here, scene.nodes.there
    return Stage(
        limen=here,
        use_cases={
            "approve": scene.approve(here, "eve"),
            "withdraw": there.factors.withdraw_reset(scene.id, actor=scene.me),
        },
        check=lambda outcomes: _check_either(scene, outcomes, "FactorResetNotFound", has_app=True),
    )


async def an_approval_and_the_removal_of_the_app(unit_of_work: UnitOfWorkFactory) -> Stage:
    """The app goes once: who gives it up is not put out for that, too."""
    scene = await _asked(unit_of_work)
    here, there = scene.nodes.here, scene.nodes.there
    return Stage(
        limen=here,
        use_cases={
            "approve": scene.approve(here, "eve"),
            "remove": there.factors.remove_totp(actor=scene.me),
        },
        check=lambda outcomes: _check_either(scene, outcomes, "SessionEnded", has_app=False),
    )


async def an_approval_and_another_password(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever changes the password keeps the app, or is put out before."""
    scene = await _asked(unit_of_work)
    here, there = scene.nodes.here, scene.nodes.there
    change = there.passwords.change(current=PASSWORD, new="another horse battery", actor=scene.me)
    return Stage(
        limen=here,
        use_cases={"approve": scene.approve(here, "eve"), "change": change},
        check=lambda outcomes: _check_either(scene, outcomes, "SessionEnded", has_app=True),
    )


async def two_requests_for_one_reset(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One waits, and both are told of the same."""
    scene = await _scene(unit_of_work)
    here, there = scene.nodes.here, scene.nodes.there

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"FactorReset": 2})
        assert outcomes["ask here"] == outcomes["ask there"], "two requests were told of"
        names = await here.event_names(scene.id)
        assert names.count("factor.reset_requested") == 1
        await scene.approve(here, "carol")
        await scene.check(has_app=False)

    return Stage(
        limen=here,
        use_cases={"ask here": scene.ask(here, "bob"), "ask there": scene.ask(there, "eve")},
        check=check,
    )


async def _check_either(scene: _Scene, outcomes: Outcomes, refusal: str, *, has_app: bool) -> None:
    """Check that the approval or the other one came through; `has_app` after the other one."""
    (other,) = outcomes.keys() - {"approve"}
    came = (kind(outcomes["approve"]), kind(outcomes[other]))
    allowed = {("FactorReset", refusal), ("FactorResetNotFound", "NoneType")}
    assert came in allowed, f"the outcomes are {came}"
    await scene.check(has_app=has_app and outcomes[other] is None)

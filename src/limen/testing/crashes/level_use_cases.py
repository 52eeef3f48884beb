"""Use cases about levels: the second step of a sign-in, a factor that must be, step-up."""

from base64 import b32decode
from datetime import timedelta
from typing import Final

from limen.core.factors.service import FactorService
from limen.core.factors.totp import code_at, step_at
from limen.core.secret import Secret
from limen.core.signin.entering import PartialSignIn
from limen.core.signin.levels import FactorPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.crashes.scene import ROLE, SOMEWHERE, Scene, UseCase, enrol, next_to, shown
from limen.testing.policies import Policies

_EMAIL: Final = "ada@example.org"
_STEP: Final = timedelta(seconds=30)


async def _wait(limen: Assembly) -> Secret[str]:
    """Sign in; return the token of the sign-in that waits."""
    use_case = limen.sign_in.sign_in(identifier=_EMAIL, password=PASSWORD, actor=SOMEWHERE)
    waiting = await use_case
    assert isinstance(waiting, PartialSignIn)  # noqa: S101 - she has an app, or must have one
    return waiting.partial_token


async def _finish(scene: Scene) -> None:
    """Finish a sign-in by an app."""
    limen = scene.limen
    secret, _ = await enrol(scene)
    limen.clock.advance(_STEP)
    token = await _wait(limen)
    await limen.second_step.finish(partial_token=token, code=shown(limen, secret), actor=SOMEWHERE)


async def _finish_in_a_browser(scene: Scene) -> None:
    """Finish a sign-in by a recovery code."""
    _, codes = await enrol(scene)
    await scene.limen.second_step.finish_by_cookie(
        partial_token=await _wait(scene.limen),
        code=codes[0] if codes else "000000",
        actor=SOMEWHERE,
    )


async def _stop(scene: Scene) -> None:
    """Give up a sign-in that waits."""
    await enrol(scene)
    await scene.limen.second_step.stop(partial_token=await _wait(scene.limen), actor=SOMEWHERE)


async def _set_up(scene: Scene) -> None:
    """Set up the app that Ada's role asks for, within a sign-in."""
    policies = Policies(factors=FactorPolicy(required_for=frozenset({ROLE})))
    limen = next_to(scene.limen, policies=policies)
    token = await _wait(limen)
    made = await limen.required_factor.begin(partial_token=token, actor=SOMEWHERE)
    app = Secret(b32decode(made.secret.reveal()))
    code = code_at(app, step_at(limen.clock.now()))
    await limen.required_factor.confirm(partial_token=token, code=code, actor=SOMEWHERE)


async def _step_up(scene: Scene) -> None:
    """Prove oneself again by the password and an app."""
    secret, _ = await enrol(scene)
    limen = scene.limen
    limen.clock.advance(_STEP)
    await limen.step_up.step_up(
        password=PASSWORD, code=shown(limen, secret), actor=acting(scene.first)
    )


async def _ask_for_reset(scene: Scene) -> FactorService:
    """Have somebody ask to reset Ada's app, where another one has to approve it."""
    await enrol(scene)
    limen = next_to(scene.limen, policies=Policies(factors=FactorPolicy(needs_approval=True)))
    await limen.factors.reset(scene.ada.id, actor=scene.operator)
    return limen.factors


async def _approve_reset(scene: Scene) -> None:
    factors = await _ask_for_reset(scene)
    await factors.approve_reset(scene.ada.id, actor=OPERATOR)


async def _withdraw_reset(scene: Scene) -> None:
    factors = await _ask_for_reset(scene)
    await factors.withdraw_reset(scene.ada.id, actor=scene.operator)


USE_CASES: Final[dict[str, UseCase]] = {
    "factors.approve_reset": _approve_reset,
    "factors.withdraw_reset": _withdraw_reset,
    "second_step.finish": _finish,
    "second_step.finish_by_cookie": _finish_in_a_browser,
    "second_step.stop": _stop,
    "required_factor.begin": _set_up,
    "required_factor.confirm": _set_up,
    "step_up.step_up": _step_up,
    "step_up.step_up: without a factor": lambda s: s.limen.step_up.step_up(
        password=PASSWORD, actor=acting(s.first)
    ),
}

"""Every use case that writes, each ready to be run on the same scene and killed on its way."""

from contextlib import suppress
from copy import deepcopy
from datetime import timedelta
from typing import Final

from limen.core.cookies.carrying import CookieSession
from limen.core.errors import RememberedReused
from limen.core.idempotency.model import StoredAnswer
from limen.core.imports.model import AccountRow
from limen.core.passkeys.model import Passkey
from limen.core.roles.model import ADMIN
from limen.core.signin.entering import PartialSignIn
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.assembly import OPERATOR, PASSWORD, acting, tokens_of
from limen.testing.crashes import key_use_cases, level_use_cases, mail_use_cases
from limen.testing.crashes.scene import (
    NEW_PASSWORD,
    ROLE,
    SOMEWHERE,
    UNUSED_ROLE,
    Scene,
    UseCase,
    enrol,
    next_to,
    shown,
)
from limen.testing.fakes import PlainHasher
from limen.testing.passkeys import Authenticator


def _rows(*emails: str) -> list[AccountRow]:
    return [
        AccountRow(line=line, email=email, roles=(ROLE,), password=PASSWORD)
        for line, email in enumerate(emails, start=1)
    ]


async def _reuse(scene: Scene) -> None:
    """Present a token that was used before, when its grace is over."""
    await scene.limen.tokens.refresh(refresh_token=scene.first.refresh_token)
    scene.limen.clock.advance(timedelta(minutes=2))
    await scene.limen.tokens.refresh(refresh_token=scene.first.refresh_token)


async def _refresh_later(scene: Scene) -> IssuedTokens:
    """Refresh so late that it is stored when the session was last used."""
    scene.limen.clock.advance(timedelta(minutes=5))
    return await scene.limen.tokens.refresh(refresh_token=scene.first.refresh_token)


async def _sign_in_with_upgrade(scene: Scene) -> IssuedTokens:
    """Sign in somebody whose password hash is of an earlier cost."""
    limen = next_to(scene.limen, hasher=PlainHasher(cost=5))
    use_case = limen.sign_in.sign_in(
        identifier="ada@example.org", password=PASSWORD, actor=SOMEWHERE
    )
    return tokens_of(await use_case)


async def _sign_in_while_busy(scene: Scene) -> None:
    """Try to sign in when nobody can hash: the attempt is taken back."""
    hasher = PlainHasher()
    hasher.is_busy = True
    limen = next_to(scene.limen, hasher=hasher)
    await limen.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)


async def _give_up(scene: Scene) -> None:
    await enrol(scene)
    await scene.limen.factors.remove_totp(actor=acting(scene.first))


async def _make_codes(scene: Scene) -> None:
    await enrol(scene)
    await scene.limen.factors.make_recovery_codes(actor=acting(scene.first))


async def _reset_factors(scene: Scene) -> None:
    await enrol(scene)
    await scene.limen.factors.reset(scene.ada.id, actor=OPERATOR)


async def _show_codes(scene: Scene) -> None:
    """Show a code of the app, a recovery code, and a wrong one."""
    limen = scene.limen
    secret, _ = await enrol(scene)
    codes = await limen.factors.make_recovery_codes(actor=acting(scene.first))
    limen.clock.advance(timedelta(seconds=30))
    for code in (shown(limen, secret), codes[0], codes[0]):
        await limen.factor_prover.prove(scene.ada.id, code, actor=SOMEWHERE)


async def _enrol_passkey(scene: Scene) -> tuple[Passkey, Authenticator]:
    """Enrol a passkey; return it, and its authenticator."""
    passkeys, me, device = scene.limen.passkeys, acting(scene.first), Authenticator()
    asked = await passkeys.begin_enrolment(actor=me)
    answer = device.create(asked.options)
    return await passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=me), device


async def _change_passkey(scene: Scene) -> None:
    """Rename a passkey and remove it."""
    passkeys, me = scene.limen.passkeys, acting(scene.first)
    passkey, _ = await _enrol_passkey(scene)
    await passkeys.rename(passkey.id, name="Telephone", actor=me)
    await passkeys.remove(scene.ada.id, passkey.id, actor=me)


async def _sign_in_by_passkey(scene: Scene) -> None:
    """Sign in by a passkey, and then by a copy of it."""
    way_in, (_, device) = scene.limen.passkey_sign_in, await _enrol_passkey(scene)
    copy = deepcopy(device)
    for each in (device, copy):
        asked = await way_in.ask(identifier="ada@example.org", actor=SOMEWHERE)
        answer = each.get(asked.options)
        await way_in.complete(ceremony=asked.ceremony, answer=answer, actor=SOMEWHERE)


async def _step_up_by_passkey(scene: Scene) -> None:
    steps, (_, device) = scene.limen.passkey_steps, await _enrol_passkey(scene)
    asked = await steps.ask_to_step_up(actor=acting(scene.first))
    answer = device.get(asked.options)
    await steps.step_up(ceremony=asked.ceremony, answer=answer, actor=acting(scene.first))


async def _finish_by_passkey(scene: Scene) -> None:
    """Wait for a second factor, and show a passkey."""
    steps, (_, device) = scene.limen.passkey_steps, await _enrol_passkey(scene)
    await enrol(scene)
    waiting = await scene.limen.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)
    assert isinstance(waiting, PartialSignIn)  # noqa: S101 - she has an app
    token = waiting.partial_token
    asked = await steps.ask_to_finish(partial_token=token)
    answer = device.get(asked.options)
    await steps.finish(partial_token=token, ceremony=asked.ceremony, answer=answer)


async def _use_cookie(scene: Scene) -> None:
    """Exchange a refresh token for a cookie, come by it later, and step up."""
    limen, token = scene.limen, scene.first.refresh_token
    begun = await limen.cookie_sessions.exchange(refresh_token=token, actor=SOMEWHERE)
    limen.clock.advance(timedelta(minutes=2))
    await limen.cookie_sessions.authenticate(begun.cookie)
    await limen.step_up.step_up(password=PASSWORD, cookie=begun.cookie, actor=acting(scene.first))


async def _remembered(scene: Scene) -> CookieSession:
    """Have a browser remember Ada."""
    return await scene.limen.cookie_sessions.exchange(
        refresh_token=scene.first.refresh_token, is_remembered=True, actor=SOMEWHERE
    )


async def _come_back(scene: Scene) -> None:
    """Come back to a browser that remembers, and rise there."""
    limen, begun = scene.limen, await _remembered(scene)
    assert begun.kept is not None  # noqa: S101 - it was asked for
    back = await limen.remembered.exchange(credential=begun.kept.credential, actor=SOMEWHERE)
    actor = SOMEWHERE.as_identified(back.user.id, back.session.id)
    await limen.step_up.step_up(password=PASSWORD, cookie=back.cookie, actor=actor)


async def _come_back_twice(scene: Scene) -> None:
    """Use what remembers a browser again, after its grace."""
    limen, begun = scene.limen, await _remembered(scene)
    assert begun.kept is not None  # noqa: S101 - it was asked for
    credential = begun.kept.credential
    await limen.remembered.exchange(credential=credential, actor=SOMEWHERE)
    limen.clock.advance(timedelta(minutes=1))
    with suppress(RememberedReused):
        await limen.remembered.exchange(credential=credential, actor=SOMEWHERE)


async def _forget(scene: Scene) -> None:
    """Have a browser forget."""
    begun = await _remembered(scene)
    assert begun.kept is not None  # noqa: S101 - it was asked for
    known = begun.kept.remembered
    await scene.limen.remembered.revoke(scene.ada.id, known.id, actor=scene.operator)


async def _purge(scene: Scene) -> None:
    """Purge when all that is over has had its time."""
    await scene.limen.sessions.revoke_all(scene.ada.id, actor=OPERATOR)
    scene.limen.clock.advance(timedelta(days=60))
    await scene.limen.maintenance.purge(actor=OPERATOR)


async def _finish(scene: Scene) -> None:
    answer = StoredAnswer(status=201, headers=(), body=b"{}")
    await scene.limen.idempotency.finish(scene.claim.attempt, answer)


# The name is that of the service's method; behind it, which of its courses.
USE_CASES: Final[dict[str, UseCase]] = {
    "users.register": lambda s: s.limen.users.register(
        email="new@example.org",
        password=PASSWORD,
        username="newcomer",
        locale="de",
        actor=SOMEWHERE,
    ),
    "users.register: a taken address": lambda s: s.limen.users.register(
        email="ADA@example.org", password=PASSWORD, actor=SOMEWHERE
    ),
    "users.create": lambda s: s.limen.users.create(
        email="new@example.org", password=PASSWORD, actor=s.operator
    ),
    "users.update": lambda s: s.limen.users.update(
        s.ada.id,
        actor=s.operator,
        name="Ada L.",
        username="ada",
        locale="de-AT",
        attributes={"team": ["x"]},
    ),
    "users.replace": lambda s: s.limen.users.replace(
        s.ada.id, actor=s.operator, email="lovelace@example.org"
    ),
    "users.suspend": lambda s: s.limen.users.suspend(s.ada.id, actor=s.operator),
    "users.suspend: the last administrator": lambda s: s.limen.users.suspend(
        s.root.id, actor=OPERATOR
    ),
    "users.reactivate": lambda s: s.limen.users.reactivate(s.shut_out.id, actor=s.operator),
    "users.delete": lambda s: s.limen.users.delete(s.ada.id, actor=s.operator),
    "passwords.set": lambda s: s.limen.passwords.set(s.ada.id, new=NEW_PASSWORD, actor=s.operator),
    "passwords.change": lambda s: s.limen.passwords.change(
        current=PASSWORD, new=NEW_PASSWORD, actor=acting(s.first)
    ),
    "passwords.change: a wrong one": lambda s: s.limen.passwords.change(
        current=NEW_PASSWORD, new=NEW_PASSWORD, actor=acting(s.first)
    ),
    "factors.begin_totp": lambda s: s.limen.factors.begin_totp(actor=acting(s.first)),
    "factors.confirm_totp": enrol,
    "factors.remove_totp": _give_up,
    "factors.make_recovery_codes": _make_codes,
    "factors.reset": _reset_factors,
    "factor_prover.prove": _show_codes,
    "passkeys.enrol": _enrol_passkey,
    "passkeys.begin_enrolment": lambda s: s.limen.passkeys.begin_enrolment(actor=acting(s.first)),
    "passkeys.rename": _change_passkey,
    "passkeys.remove": _change_passkey,
    "passkey_sign_in.ask": lambda s: s.limen.passkey_sign_in.ask(actor=SOMEWHERE),
    "passkey_sign_in.complete": _sign_in_by_passkey,
    "passkey_steps.ask_to_finish": _finish_by_passkey,
    "passkey_steps.finish": _finish_by_passkey,
    "passkey_steps.ask_to_step_up": _step_up_by_passkey,
    "passkey_steps.step_up": _step_up_by_passkey,
    "sessions.sign_out": lambda s: s.limen.sessions.sign_out(actor=acting(s.first)),
    "sessions.revoke": lambda s: s.limen.sessions.revoke(
        s.ada.id, s.second.session_id, actor=s.operator
    ),
    "sessions.revoke_others": lambda s: s.limen.sessions.revoke_others(actor=acting(s.first)),
    "sessions.revoke_all": lambda s: s.limen.sessions.revoke_all(s.ada.id, actor=s.operator),
    "tokens.refresh": lambda s: s.limen.tokens.refresh(refresh_token=s.first.refresh_token),
    "tokens.refresh: after a while": _refresh_later,
    "tokens.refresh: a used token": _reuse,
    "sign_in.sign_in": lambda s: s.limen.sign_in.sign_in(
        identifier="ada@example.org", password=PASSWORD, actor=SOMEWHERE
    ),
    "sign_in.sign_in_by_cookie": lambda s: s.limen.sign_in.sign_in_by_cookie(
        identifier="ada@example.org", password=PASSWORD, actor=SOMEWHERE
    ),
    "cookie_sessions.exchange": lambda s: s.limen.cookie_sessions.exchange(
        refresh_token=s.first.refresh_token, actor=SOMEWHERE
    ),
    "cookie_sessions.authenticate": _use_cookie,
    "remembered.exchange": _come_back,
    "remembered.exchange: a used one": _come_back_twice,
    "remembered.revoke": _forget,
    "sign_in.sign_in: a wrong password": lambda s: s.limen.sign_in.sign_in(
        identifier="ada@example.org", password=NEW_PASSWORD, actor=SOMEWHERE
    ),
    "sign_in.sign_in: somebody shut out": lambda s: s.limen.enter("eve@example.org"),
    "sign_in.sign_in: an old hash": _sign_in_with_upgrade,
    "sign_in.sign_in: too busy": _sign_in_while_busy,
    "roles.create": lambda s: s.limen.roles.create(
        name="helper", permissions=["users.read"], actor=s.operator
    ),
    "roles.replace": lambda s: s.limen.roles.replace(
        ROLE, permissions=["roles.read"], actor=s.operator
    ),
    "roles.delete": lambda s: s.limen.roles.delete(UNUSED_ROLE, actor=s.operator),
    "roles.grant": lambda s: s.limen.roles.grant(s.ada.id, ADMIN, actor=s.operator),
    "roles.withdraw": lambda s: s.limen.roles.withdraw(s.ada.id, ROLE, actor=s.operator),
    "keys.ensure": lambda s: s.limen.keys.ensure(actor=OPERATOR),
    "keys.rotate": lambda s: s.limen.keys.rotate(actor=s.operator),
    "idempotency.begin": lambda s: s.limen.idempotency.begin("b", owner="ada", request=[b"r"]),
    "idempotency.finish": _finish,
    "idempotency.abandon": lambda s: s.limen.idempotency.abandon(s.claim.attempt),
    "imports.add": lambda s: s.limen.imports.add(
        _rows("one@example.org", "two@example.org", "ada@example.org"), actor=s.operator
    ),
    "maintenance.purge": _purge,
    **mail_use_cases.USE_CASES,
    **level_use_cases.USE_CASES,
    **key_use_cases.USE_CASES,
}

"""What events tell of second factors, to the last field."""

from datetime import timedelta

import pyotp
import pytest

from limen.core.actor import Actor
from limen.core.errors import FactorInvalid, StepUpNeeded
from limen.ports.outbox import StoredEvent
from limen.testing.assembly import OPERATOR, Assembly, acting

STEP = timedelta(seconds=30)


async def told(limen: Assembly, names: set[str]) -> list[StoredEvent]:
    async with limen.unit_of_work.view() as view:
        return [event for event in await view.outbox.list(limit=1000) if event.name in names]


async def test_each_change_is_told_with_its_instant_its_user_and_its_factor() -> None:
    limen = Assembly()
    ada = await limen.register()
    me = acting(await limen.enter())
    began = limen.clock.now()
    app = pyotp.TOTP((await limen.factors.begin_totp(actor=me)).secret.reveal())
    codes = await limen.factors.confirm_totp(code=app.at(limen.clock.now()), actor=me)
    limen.clock.advance(STEP)
    shown = limen.clock.now()
    for code in (codes[0].reveal(), "000000"):
        try:
            await limen.factor_prover.prove(ada.id, code, actor=OPERATOR)
        except FactorInvalid:
            continue
    await limen.factors.remove_totp(actor=me)
    names = {
        *("factor.enrolment_begun", "factor.enrolled", "factor.refused", "factor.removed"),
        *("recovery_code.all_made", "recovery_code.used"),
    }
    found = [
        (event.name, event.at, event.user_id, event.actor.user_id, dict(event.payload))
        for event in await told(limen, names)
    ]
    assert found == [
        ("factor.enrolment_begun", began, ada.id, ada.id, {"factor": "totp"}),
        ("recovery_code.all_made", began, ada.id, ada.id, {}),
        ("factor.enrolled", began, ada.id, ada.id, {"factor": "totp"}),
        ("recovery_code.used", shown, ada.id, None, {"left": 9}),
        ("factor.refused", shown, ada.id, None, {"factor": "totp"}),
        ("factor.removed", shown, ada.id, ada.id, {"factor": "totp"}),
    ]


async def test_whose_factor_is_guessed_at_is_told() -> None:
    limen = Assembly()
    ada = await limen.register()
    me = acting(await limen.enter())
    await limen.factors.begin_totp(actor=me)
    for _ in range(12):
        for guess in (
            limen.factor_prover.prove(ada.id, "000000", actor=Actor.anonymous()),
            limen.factors.confirm_totp(code="no code", actor=me),
        ):
            with pytest.raises(FactorInvalid):
                await guess
        limen.clock.advance(timedelta(seconds=32))
    found = await told(limen, {"signin.throttled"})
    assert [(event.user_id, event.payload["attempts"]) for event in found] == [(ada.id, 12)] * 2


async def test_what_is_not_fresh_is_not_counted() -> None:
    limen = Assembly()
    await limen.register()
    me = acting(await limen.enter())
    app = pyotp.TOTP((await limen.factors.begin_totp(actor=me)).secret.reveal())
    limen.clock.advance(timedelta(minutes=11))
    for _ in range(10):
        with pytest.raises(StepUpNeeded):
            await limen.factors.confirm_totp(code="000000", actor=me)
    fresh = acting(await limen.enter())
    code = app.at(limen.clock.now())
    assert len(await limen.factors.confirm_totp(code=code, actor=fresh)) == 10

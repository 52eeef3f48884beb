"""Finishing a sign-in by a passkey, and proving oneself again by one."""

from datetime import timedelta
from typing import Any

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    CeremonyOver,
    NotSignedIn,
    PartialSessionInvalid,
    PasskeyRefused,
    SessionEnded,
    TooManyAttempts,
)
from limen.core.factors.model import FactorKind
from limen.core.passkeys.asking import Asked
from limen.core.passkeys.model import Passkey
from limen.core.passkeys.proving import PasskeyProver
from limen.core.signin.entering import PartialSignIn
from limen.core.signin.levels import FactorPolicy
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.passkey_holder import ADA, PasskeyHolder, a_passkey_holder
from limen.testing.policies import Policies

HOME = Actor.anonymous(address="192.0.2.7", user_agent="Firefox")


async def waiting() -> tuple[PasskeyHolder, PartialSignIn]:
    """Ada has a passkey and must show a second factor: her password alone makes her wait."""
    policy = FactorPolicy(required_for=frozenset({"auditors"}))
    limen = Assembly(policies=Policies(factors=policy))
    user = await limen.register(ADA)
    ada = PasskeyHolder(limen, acting(await limen.enter(ADA)))
    await ada.enrol()
    await limen.roles.create(name="auditors", actor=OPERATOR)
    await limen.roles.grant(user.id, "auditors", actor=OPERATOR)
    outcome = await limen.sign_in.sign_in(identifier=ADA, password=PASSWORD, label="Laptop")
    assert isinstance(outcome, PartialSignIn)
    return ada, outcome


@pytest.fixture
def deleted_amid_proofs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever proves themselves by a passkey is deleted before that is good for anything."""
    prove = PasskeyProver.prove

    async def prove_and_delete(prover: PasskeyProver, *args: Any, **others: Any) -> Passkey:
        used = await prove(prover, *args, **others)
        async with prover.unit_of_work() as uow:
            await uow.users.lock(used.user_id)
            await uow.users.remove(used.user_id)
            await uow.commit()
        return used

    monkeypatch.setattr(PasskeyProver, "prove", prove_and_delete)


async def answered(ada: PasskeyHolder, partial: PartialSignIn) -> dict[str, Any]:
    asked = await ada.limen.passkey_steps.ask_to_finish(partial_token=partial.partial_token)
    answer = ada.device.get(asked.options)
    return {
        "partial_token": partial.partial_token,
        "ceremony": asked.ceremony,
        "answer": answer,
    }


def shown(ada: PasskeyHolder, asked: Asked) -> dict[str, Any]:
    return {"ceremony": asked.ceremony, "answer": ada.device.get(asked.options)}


# --- finishing -------------------------------------------------------------------------------


async def test_a_passkey_finishes_what_a_password_began() -> None:
    ada, partial = await waiting()
    assert partial.factors == (FactorKind.PASSKEY,)
    tokens = await ada.limen.passkey_steps.finish(**await answered(ada, partial), actor=HOME)
    claims = await ada.limen.tokens.authenticate(tokens.access_token)
    assert claims.methods == ("pwd", "hwk", "user", "mfa")
    session = (await ada.limen.sessions.list(tokens.user.id, actor=acting(tokens)))[0]
    assert (session.label, session.methods) == ("Laptop", claims.methods)
    assert (session.address, session.user_agent) == (HOME.address, HOME.user_agent)


async def test_token_and_ceremony_may_come_as_plain_text() -> None:
    ada, partial = await waiting()
    known = await answered(ada, partial)
    plain = {name: known[name].reveal() for name in ("partial_token", "ceremony")}
    await ada.limen.passkey_steps.finish(**known | plain)


async def test_from_one_address_so_many_questions_are_asked_and_no_more() -> None:
    ada, partial = await waiting()
    ask = ada.limen.passkey_steps.ask_to_finish
    for _ in range(100):
        await ask(partial_token=partial.partial_token, actor=HOME)
    with pytest.raises(TooManyAttempts):
        await ask(partial_token=partial.partial_token, actor=HOME)
    await ask(partial_token=partial.partial_token)


async def test_a_whole_sign_in_by_passkey_waits_for_nothing() -> None:
    ada, _ = await waiting()
    await ada.sign_in()


async def test_what_is_finished_is_over() -> None:
    ada, partial = await waiting()
    once, again = await answered(ada, partial), await answered(ada, partial)
    await ada.limen.passkey_steps.finish(**once)
    with pytest.raises(PartialSessionInvalid):
        await ada.limen.passkey_steps.finish(**again)


async def test_a_refused_answer_leaves_the_sign_in_open() -> None:
    ada, partial = await waiting()
    wrong = await answered(ada, partial)
    wrong["answer"]["response"]["signature"] = "AA"
    with pytest.raises(PasskeyRefused):
        await ada.limen.passkey_steps.finish(**wrong)
    await ada.limen.passkey_steps.finish(**await answered(ada, partial))


async def test_a_question_of_another_sign_in_is_of_no_use() -> None:
    ada, partial = await waiting()
    other = await ada.limen.sign_in.sign_in(identifier=ADA, password=PASSWORD)
    assert isinstance(other, PartialSignIn)
    crossed = await answered(ada, other) | {"partial_token": partial.partial_token}
    with pytest.raises(PasskeyRefused):
        await ada.limen.passkey_steps.finish(**crossed)


async def test_nor_is_one_to_sign_in() -> None:
    ada, partial = await waiting()
    asked = await ada.limen.passkey_sign_in.ask(identifier=ADA)
    with pytest.raises(CeremonyOver):
        await ada.limen.passkey_steps.finish(
            partial_token=partial.partial_token, **shown(ada, asked)
        )


async def test_a_copied_passkey_finishes_nothing() -> None:
    ada, partial = await waiting()
    await ada.sign_in()
    ada.device.credentials[0].sign_count = 0
    with pytest.raises(PasskeyRefused):
        await ada.limen.passkey_steps.finish(**await answered(ada, partial))
    assert "passkey.cloned" in await ada.limen.event_names()
    await ada.limen.passkey_steps.finish(**await answered(ada, partial))


async def test_who_is_shut_out_finishes_nothing() -> None:
    ada, partial = await waiting()
    question = await answered(ada, partial)
    assert ada.ada.user_id is not None
    await ada.limen.users.suspend(ada.ada.user_id, actor=OPERATOR)
    with pytest.raises(PartialSessionInvalid):
        await ada.limen.passkey_steps.finish(**question)
    with pytest.raises(PartialSessionInvalid):
        await ada.limen.passkey_steps.ask_to_finish(partial_token="limen_ps_none")


async def test_nor_does_who_is_not_let_in_any_more_and_why_is_told() -> None:
    ada, partial = await waiting()
    question = await answered(ada, partial)
    assert ada.ada.user_id is not None
    async with ada.limen.unit_of_work() as uow:
        user = await uow.users.lock(ada.ada.user_id)
        await uow.users.save(user.suspend(ada.limen.clock.now()))
        await uow.commit()
    with pytest.raises(PartialSessionInvalid):
        await ada.limen.passkey_steps.finish(**question, actor=HOME)
    event = await ada.limen.last_event()
    assert (event.name, event.user_id, event.actor) == ("signin.failed", user.id, HOME)
    assert event.payload == {"reason": "suspended"}


@pytest.mark.usefixtures("deleted_amid_proofs")
async def test_nor_does_who_is_deleted_meanwhile() -> None:
    ada, partial = await waiting()
    with pytest.raises(PartialSessionInvalid):
        await ada.limen.passkey_steps.finish(**await answered(ada, partial))


@pytest.mark.usefixtures("deleted_amid_proofs")
async def test_who_is_deleted_meanwhile_does_not_come_in_by_a_passkey_alone_either() -> None:
    ada, _ = await waiting()
    with pytest.raises(PasskeyRefused):
        await ada.sign_in()


# --- stepping up -----------------------------------------------------------------------------


async def test_a_passkey_makes_a_session_fresh() -> None:
    ada = await a_passkey_holder()
    await ada.enrol()
    ada.limen.clock.advance(timedelta(minutes=11))
    asked = await ada.limen.passkey_steps.ask_to_step_up(actor=ada.ada)
    risen = await ada.limen.passkey_steps.step_up(
        ceremony=asked.ceremony.reveal(), answer=ada.device.get(asked.options), actor=ada.ada
    )
    claims = await ada.limen.tokens.authenticate(risen.access_token)
    assert (claims.session_id, claims.methods) == (ada.ada.session_id, ("hwk", "user", "mfa"))
    await ada.limen.passkeys.begin_enrolment(actor=ada.ada)


async def test_a_question_of_one_session_makes_no_other_fresh() -> None:
    ada = await a_passkey_holder()
    await ada.enrol()
    elsewhere = acting(await ada.limen.enter(ADA))
    asked = await ada.limen.passkey_steps.ask_to_step_up(actor=ada.ada)
    with pytest.raises(PasskeyRefused):
        await ada.limen.passkey_steps.step_up(**shown(ada, asked), actor=elsewhere)


async def test_the_passkey_of_somebody_else_makes_nothing_fresh() -> None:
    ada = await a_passkey_holder()
    await ada.enrol()
    await ada.limen.register("eve@example.org")
    eve = acting(await ada.limen.enter("eve@example.org"))
    asked = await ada.limen.passkey_steps.ask_to_step_up(actor=eve)
    answer = ada.device.get({**asked.options, "allowCredentials": []})
    with pytest.raises(PasskeyRefused):
        await ada.limen.passkey_steps.step_up(ceremony=asked.ceremony, answer=answer, actor=eve)


async def test_nor_does_a_copy() -> None:
    ada = await a_passkey_holder()
    await ada.enrol()
    await ada.sign_in()
    ada.device.credentials[0].sign_count = 0
    ada.limen.clock.advance(timedelta(minutes=11))
    asked = await ada.limen.passkey_steps.ask_to_step_up(actor=ada.ada)
    with pytest.raises(PasskeyRefused):
        await ada.limen.passkey_steps.step_up(**shown(ada, asked), actor=ada.ada)
    async with ada.limen.unit_of_work.view() as view:
        assert ada.ada.session_id is not None
        session = await view.sessions.find(ada.ada.session_id)
    assert session is not None
    assert not session.is_fresh(ada.limen.clock.now())


@pytest.mark.usefixtures("deleted_amid_proofs")
async def test_the_session_of_who_is_deleted_meanwhile_is_over() -> None:
    ada = await a_passkey_holder()
    await ada.enrol()
    asked = await ada.limen.passkey_steps.ask_to_step_up(actor=ada.ada)
    with pytest.raises(SessionEnded):
        await ada.limen.passkey_steps.step_up(**shown(ada, asked), actor=ada.ada)


async def test_there_is_nothing_to_make_fresh_without_a_session() -> None:
    ada = await a_passkey_holder()
    await ada.enrol()
    steps = ada.limen.passkey_steps
    asked = await steps.ask_to_step_up(actor=ada.ada)
    answer = shown(ada, asked)
    with pytest.raises(NotSignedIn):
        await steps.ask_to_step_up(actor=Actor.anonymous())
    with pytest.raises(NotSignedIn):
        await steps.step_up(**answer, actor=Actor.anonymous())
    await ada.limen.sessions.sign_out(actor=ada.ada)
    with pytest.raises(SessionEnded):
        await steps.step_up(**answer, actor=ada.ada)

"""Answering by passkeys at the same time as others, on every store."""

from copy import deepcopy

from limen.core.passkeys.model import MOST_PASSKEYS
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.passkey_holder import ADA, PasskeyHolder
from tests.integration.concurrency.together import MANY, UNTHROTTLED, kinds, together, two_nodes


async def holder(limen: Assembly) -> PasskeyHolder:
    await limen.register(ADA)
    return PasskeyHolder(limen, acting(await limen.enter(ADA)))


async def test_of_a_hundred_who_answer_one_question_one_comes_in(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    nodes = two_nodes(unit_of_work, UNTHROTTLED)
    ada = await holder(nodes[0])
    await ada.enrol()
    asked = await nodes[0].passkey_sign_in.ask()
    answer = ada.device.get(asked.options)
    outcomes = await together(
        *(
            nodes[n % 2].passkey_sign_in.complete(ceremony=asked.ceremony, answer=answer)
            for n in range(MANY)
        )
    )
    assert kinds(outcomes) == {"IssuedTokens": 1, "CeremonyOver": MANY - 1}


async def test_of_a_hundred_copies_of_one_passkey_one_comes_in_and_all_others_are_told(
    unit_of_work: UnitOfWorkFactory,
) -> None:
    nodes = two_nodes(unit_of_work, UNTHROTTLED)
    ada = await holder(nodes[0])
    await ada.enrol()
    copies = [deepcopy(ada.device) for _ in range(MANY)]
    calls = []
    for n, device in enumerate(copies):
        asked = await nodes[0].passkey_sign_in.ask()
        answer = device.get(asked.options)
        complete = nodes[n % 2].passkey_sign_in.complete
        calls.append(complete(ceremony=asked.ceremony, answer=answer))
    assert kinds(await together(*calls)) == {"IssuedTokens": 1, "PasskeyRefused": MANY - 1}
    assert (await nodes[0].event_names()).count("passkey.cloned") == MANY - 1


async def test_nobody_enrols_more_than_there_may_be(unit_of_work: UnitOfWorkFactory) -> None:
    nodes = two_nodes(unit_of_work, UNTHROTTLED)
    ada = await holder(nodes[0])
    calls = []
    for n in range(MOST_PASSKEYS + 10):
        asked = await nodes[0].passkeys.begin_enrolment(actor=ada.ada)
        answer = ada.device.create(asked.options)
        enrol = nodes[n % 2].passkeys.enrol
        calls.append(enrol(ceremony=asked.ceremony, answer=answer, actor=ada.ada))
    outcomes = kinds(await together(*calls))
    assert outcomes == {"Passkey": MOST_PASSKEYS, "TooManyPasskeys": 10}
    assert ada.ada.user_id is not None
    found = await nodes[1].passkeys.list(ada.ada.user_id, actor=OPERATOR)
    assert len(found) == MOST_PASSKEYS

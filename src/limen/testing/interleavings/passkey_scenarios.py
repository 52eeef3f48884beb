"""Answering by passkeys while others answer, or take them away."""

from copy import deepcopy
from typing import Any, Final

from limen.core.passkeys.model import Passkey
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, acting
from limen.testing.interleavings.nodes import Nodes, check_kinds, kind, two_nodes
from limen.testing.interleavings.stage import Outcomes, Stage
from limen.testing.passkeys import Authenticator

_EVE: Final = "eve@example.org"


async def two_answers_to_one_question(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One comes in."""
    nodes, device = two_nodes(unit_of_work), Authenticator()
    await _enrol(nodes, device)
    asked = await _ask(nodes, device)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"IssuedTokens": 1, "CeremonyOver": 1})

    return Stage(
        limen=nodes.here,
        use_cases={
            "answer here": nodes.here.passkey_sign_in.complete(**asked),
            "answer there": nodes.there.passkey_sign_in.complete(**asked),
        },
        check=check,
    )


async def a_passkey_and_its_copy(unit_of_work: UnitOfWorkFactory) -> Stage:
    """With one counter, one comes in, and the other is told of."""
    nodes, device = two_nodes(unit_of_work), Authenticator()
    passkey = await _enrol(nodes, device)
    copy = deepcopy(device)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"IssuedTokens": 1, "PasskeyRefused": 1})
        assert (await nodes.here.event_names(passkey.user_id)).count("passkey.cloned") == 1

    return Stage(
        limen=nodes.here,
        use_cases={
            "original": nodes.here.passkey_sign_in.complete(**await _ask(nodes, device)),
            "copy": nodes.there.passkey_sign_in.complete(**await _ask(nodes, copy)),
        },
        check=check,
    )


async def an_answer_and_the_removal_of_its_passkey(unit_of_work: UnitOfWorkFactory) -> Stage:
    """It comes in before and is put out, or does not come in at all."""
    nodes, device = two_nodes(unit_of_work), Authenticator()
    passkey = await _enrol(nodes, device)

    async def check(outcomes: Outcomes) -> None:
        assert outcomes["remove"] is None
        assert kind(outcomes["answer"]) in {"IssuedTokens", "PasskeyRefused"}
        assert await nodes.here.passkeys.list(passkey.user_id, actor=OPERATOR) == ()
        assert await nodes.live_sessions(passkey.user_id) == 0
        await nodes.check_dead(outcomes["answer"])

    remove = nodes.there.passkeys.remove(passkey.user_id, passkey.id, actor=OPERATOR)
    return Stage(
        limen=nodes.here,
        use_cases={
            "answer": nodes.here.passkey_sign_in.complete(**await _ask(nodes, device)),
            "remove": remove,
        },
        check=check,
    )


async def an_answer_and_a_suspension(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Nobody who was shut out is in."""
    nodes, device = two_nodes(unit_of_work), Authenticator()
    passkey = await _enrol(nodes, device)

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["suspend"]) == "User"
        assert kind(outcomes["answer"]) in {"IssuedTokens", "PasskeyRefused"}
        assert await nodes.live_sessions(passkey.user_id) == 0
        await nodes.check_dead(outcomes["answer"])

    return Stage(
        limen=nodes.here,
        use_cases={
            "answer": nodes.here.passkey_sign_in.complete(**await _ask(nodes, device)),
            "suspend": nodes.there.users.suspend(passkey.user_id, actor=OPERATOR),
        },
        check=check,
    )


async def two_enrolments_of_one_authenticator(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One user gets it."""
    nodes = two_nodes(unit_of_work)
    await nodes.here.register()
    await nodes.here.register(_EVE)
    answers = [await _enrolment(nodes, Authenticator(), email) for email in ("", _EVE)]

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"Passkey": 1, "PasskeyTaken": 1})

    return Stage(
        limen=nodes.here,
        use_cases={
            "enrol here": nodes.here.passkeys.enrol(**answers[0]),
            "enrol there": nodes.there.passkeys.enrol(**answers[1]),
        },
        check=check,
    )


async def _enrol(nodes: Nodes, device: Authenticator) -> Passkey:
    await nodes.here.register()
    return await nodes.here.passkeys.enrol(**await _enrolment(nodes, device))


async def _enrolment(nodes: Nodes, device: Authenticator, email: str = "") -> dict[str, Any]:
    """Ask for a passkey of somebody's, and return the answer of their device."""
    tokens = await (nodes.here.enter(email) if email else nodes.here.enter())
    actor = acting(tokens)
    asked = await nodes.here.passkeys.begin_enrolment(actor=actor)
    answer = device.create(asked.options)
    return {"ceremony": asked.ceremony, "answer": answer, "actor": actor}


async def _ask(nodes: Nodes, device: Authenticator) -> dict[str, Any]:
    """Ask for a proof, and return the answer of the device."""
    asked = await nodes.here.passkey_sign_in.ask()
    return {"ceremony": asked.ceremony, "answer": device.get(asked.options)}

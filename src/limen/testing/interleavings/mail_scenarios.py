"""Links that are opened by two at once, and what ends meanwhile."""

from typing import Final

from limen.core.emails.service import VerifiedEmail
from limen.core.ids import UserId
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, PASSWORD, acting
from limen.testing.interleavings.nodes import Nodes, check_kinds, kind, refusal_or, two_nodes
from limen.testing.interleavings.stage import Outcomes, Stage

_EMAIL: Final = "ada@example.org"
_NEW_EMAIL: Final = "new@example.org"
_NEW: Final = "another horse battery"
_NEWER: Final = "a third horse battery"


async def two_proofs_of_one_address(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One is taken, and the account falls to its owner once."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    tokens = await nodes.here.enter()
    token = await _token(nodes)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"VerifiedEmail": 1, "ProofInvalid": 1})
        names = await nodes.here.event_names(user.id)
        assert [names.count(name) for name in ("email.verified", "user.taken_over")] == [1, 1]
        assert await nodes.live_sessions(user.id) == 0
        await nodes.check_dead(tokens)

    return Stage(
        limen=nodes.here,
        use_cases={
            "verify here": nodes.here.emails.verify(token=token),
            "verify there": nodes.there.emails.verify(token=token),
        },
        check=check,
    )


async def a_proof_by_the_maker_and_one_by_a_stranger(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever is first decides whose account it is."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    mine = await nodes.here.enter()
    token = await _token(nodes)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"VerifiedEmail": 1, "ProofInvalid": 1})
        is_mine = isinstance(outcomes["maker"], VerifiedEmail)
        assert await nodes.live_sessions(user.id) == is_mine
        again = await refusal_or(nodes.here.enter())
        assert kind(again) == ("IssuedTokens" if is_mine else "InvalidCredentials")

    return Stage(
        limen=nodes.here,
        use_cases={
            "maker": nodes.here.emails.verify(token=token, actor=acting(mine)),
            "stranger": nodes.there.emails.verify(token=token),
        },
        check=check,
    )


async def both_ends_of_one_change(unit_of_work: UnitOfWorkFactory) -> Stage:
    """The address changes once, by whichever end is last."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    await nodes.here.assistance.verify_email(user.id, actor=OPERATOR)
    mine = acting(await nodes.here.enter())
    await nodes.here.emails.request_change(new_email=_NEW_EMAIL, actor=mine)
    approve, confirm = await _token(nodes), await _token(nodes, _NEW_EMAIL)

    async def check(outcomes: Outcomes) -> None:
        came = [one for one in outcomes.values() if isinstance(one, VerifiedEmail)]
        assert sorted(one.is_waiting for one in came) == [False, True]
        changed = await nodes.here.users.get(user.id, actor=OPERATOR)
        assert changed.email.address == _NEW_EMAIL

    return Stage(
        limen=nodes.here,
        use_cases={
            "approve": nodes.here.emails.verify(token=approve, actor=mine),
            "confirm": nodes.there.emails.verify(token=confirm, actor=mine),
        },
        check=check,
    )


async def two_resets_by_one_link(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One gets through, and its password is the one that counts."""
    nodes, user_id, token = await _forgetful(unit_of_work)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"User": 1, "ProofInvalid": 1})
        is_here = kind(outcomes["reset here"]) == "User"
        password = _NEW if is_here else _NEWER
        await nodes.here.sign_in.sign_in(identifier=_EMAIL, password=password)
        assert (await nodes.here.event_names(user_id)).count("password.reset") == 1

    return Stage(
        limen=nodes.here,
        use_cases={
            "reset here": nodes.here.recovery.reset(new=_NEW, token=token),
            "reset there": nodes.there.recovery.reset(new=_NEWER, token=token),
        },
        check=check,
    )


async def a_reset_and_a_sign_in(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever came in by the former password is out."""
    nodes, user_id, token = await _forgetful(unit_of_work)
    before = await nodes.here.enter()

    async def check(outcomes: Outcomes) -> None:
        assert kind(outcomes["reset"]) == "User"
        assert kind(outcomes["sign in"]) in {"IssuedTokens", "InvalidCredentials"}
        assert await nodes.live_sessions(user_id) == 0
        await nodes.check_dead(before, outcomes["sign in"])

    return Stage(
        limen=nodes.here,
        use_cases={
            "reset": nodes.here.recovery.reset(new=_NEW, token=token),
            "sign in": nodes.there.sign_in.sign_in(identifier=_EMAIL, password=PASSWORD),
        },
        check=check,
    )


async def two_sign_ins_by_one_link(unit_of_work: UnitOfWorkFactory) -> Stage:
    """One comes in."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    await nodes.here.assistance.verify_email(user.id, actor=OPERATOR)
    browser = await nodes.here.links.ask(identifier=_EMAIL)
    token = await _token(nodes)

    async def check(outcomes: Outcomes) -> None:
        check_kinds(outcomes, {"IssuedTokens": 1, "ProofInvalid": 1})
        assert await nodes.live_sessions(user.id) == 1

    return Stage(
        limen=nodes.here,
        use_cases={
            "here": nodes.here.links.complete(browser=browser, token=token),
            "there": nodes.there.links.complete(browser=browser, token=token),
        },
        check=check,
    )


async def _forgetful(unit_of_work: UnitOfWorkFactory) -> tuple[Nodes, UserId, str]:
    """Return somebody whose address is proved, and a link to set a new password."""
    nodes = two_nodes(unit_of_work)
    user = await nodes.here.register()
    await nodes.here.assistance.verify_email(user.id, actor=OPERATOR)
    await nodes.here.recovery.forgot(identifier=_EMAIL)
    return nodes, user.id, await _token(nodes)


async def _token(nodes: Nodes, address: str = _EMAIL) -> str:
    """Return the token of the newest link that was sent to an address."""
    return (await nodes.here.read_mail(address))["link"].partition("#")[2]

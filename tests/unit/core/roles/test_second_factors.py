"""A role that asks for a second factor is of no use to a session without one."""

from datetime import timedelta

import pytest

from limen.adapters.memory.grants import MemoryGrants
from limen.adapters.memory.users import MemoryUsers
from limen.core.errors import RefreshTokenInvalid
from limen.core.ids import UserId
from limen.core.roles.model import Grant
from limen.core.sessions.model import EndReason
from limen.core.signin.entering import PartialSignIn
from limen.core.signin.levels import EVERYBODY, FactorPolicy
from limen.core.users.model import User
from limen.ports.outbox import StoredEvent
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.policies import Policies
from limen.testing.telephone import Telephone

EMAIL = "ada@example.org"


async def _assembly(policy: FactorPolicy) -> Assembly:
    limen = Assembly(policies=Policies(factors=policy))
    for name in ("keeper", "reader"):
        await limen.roles.create(actor=OPERATOR, name=name)
    return limen


async def told(limen: Assembly, count: int) -> tuple[StoredEvent, ...]:
    """Return the newest events."""
    async with limen.unit_of_work.view() as view:
        return (await view.outbox.list(limit=10_000))[-count:]


async def test_whoever_signs_in_meanwhile_waits_until_the_role_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limen = await _assembly(FactorPolicy(required_for=frozenset({"keeper"})))
    user = await limen.register(EMAIL)
    lock, put, called = MemoryUsers.lock, MemoryGrants.put, list[str]()

    async def noting_lock(self: MemoryUsers, user_id: UserId) -> User:
        called.append("lock")
        return await lock(self, user_id)

    async def noting_put(self: MemoryGrants, grant: Grant) -> None:
        called.append("put")
        await put(self, grant)

    monkeypatch.setattr(MemoryUsers, "lock", noting_lock)
    monkeypatch.setattr(MemoryGrants, "put", noting_put)
    await limen.roles.grant(user.id, "keeper", actor=OPERATOR)
    assert called == ["lock", "put"]


async def test_whoever_is_given_such_a_role_signs_in_again_and_sets_up_a_factor() -> None:
    limen = await _assembly(FactorPolicy(required_for=frozenset({"keeper"})))
    user = await limen.register(EMAIL)
    tokens, other = await limen.enter(EMAIL), await limen.enter(EMAIL)
    await limen.roles.grant(user.id, "keeper", actor=OPERATOR)
    assert await limen.sessions.list(user.id, actor=OPERATOR) == ()
    for ended in (tokens, other):
        with pytest.raises(RefreshTokenInvalid):
            await limen.tokens.refresh(refresh_token=ended.refresh_token)
    async with limen.unit_of_work.view() as view:
        session = await view.sessions.find(tokens.session_id)
    assert session is not None
    assert session.end_reason is EndReason.FACTOR_REQUIRED
    granted, *revoked = await told(limen, 3)
    assert granted.name == "role.granted"
    assert [dict(event.payload) for event in revoked] == [
        {"session_id": str(ended.session_id), "reason": "factor_required"}
        for ended in (other, tokens)
    ]
    whose = {(event.name, event.at, event.actor, event.user_id) for event in revoked}
    assert whose == {("session.revoked", limen.clock.now(), OPERATOR, user.id)}
    again = await limen.sign_in.sign_in(identifier=EMAIL, password=PASSWORD)
    assert isinstance(again, PartialSignIn)


async def test_more_sessions_than_a_list_holds_all_end() -> None:
    limen = await _assembly(FactorPolicy(required_for=frozenset({"keeper"})))
    user = await limen.register(EMAIL)
    for _ in range(201):
        limen.clock.advance(timedelta(seconds=1))
        await limen.enter(EMAIL)
    await limen.roles.grant(user.id, "keeper", actor=OPERATOR)
    assert await limen.sessions.list(user.id, actor=OPERATOR) == ()
    (ended,) = await told(limen, 1)
    assert (ended.name, ended.payload) == ("session.all_revoked", {"count": 201, "kept": None})
    assert (ended.at, ended.actor, ended.user_id) == (limen.clock.now(), OPERATOR, user.id)


async def test_a_session_that_proved_a_second_factor_goes_on() -> None:
    limen = await _assembly(FactorPolicy(required_for=frozenset({"keeper"})))
    ada = await Telephone.enrol(limen)
    without = acting(ada.tokens).session_id
    partial = await ada.wait_at_the_door()
    proved = await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())
    await limen.roles.grant(ada.tokens.user.id, "keeper", actor=OPERATOR)
    living = await limen.sessions.list(ada.tokens.user.id, actor=OPERATOR)
    assert without not in {session.id for session in living}
    assert [session.id for session in living] == [proved.session_id]


async def test_a_factor_that_is_gone_since_counts_for_nothing() -> None:
    limen = await _assembly(FactorPolicy(required_for=frozenset({"keeper"})))
    ada = await Telephone.enrol(limen)
    partial = await ada.wait_at_the_door()
    proved = await limen.second_step.finish(partial_token=partial.partial_token, code=ada.code())
    await limen.factors.remove_totp(actor=acting(proved))
    await limen.roles.grant(ada.tokens.user.id, "keeper", actor=OPERATOR)
    assert await limen.sessions.list(ada.tokens.user.id, actor=OPERATOR) == ()


@pytest.mark.parametrize(
    ("policy", "role"),
    [
        (FactorPolicy(required_for=frozenset({"keeper"})), "reader"),
        (FactorPolicy(is_on=False, required_for=frozenset({"keeper"})), "keeper"),
        (FactorPolicy(is_on=False, required_for=frozenset({EVERYBODY})), "keeper"),
    ],
)
async def test_other_roles_end_nothing(policy: FactorPolicy, role: str) -> None:
    limen = await _assembly(policy)
    user = await limen.register(EMAIL)
    tokens = await limen.enter(EMAIL)
    await limen.roles.grant(user.id, role, actor=OPERATOR)
    await limen.tokens.refresh(refresh_token=tokens.refresh_token)

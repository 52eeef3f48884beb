"""Setting up second factors and giving them up."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

import pyotp
import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    BeyondOwnPermissions,
    EnrolmentOver,
    FactorInvalid,
    FactorMissing,
    FactorNotFound,
    FactorRequired,
    FactorsOff,
    NotSignedIn,
    PermissionMissing,
    SessionEnded,
    StepUpNeeded,
    TooManyAttempts,
    UserNotFound,
)
from limen.core.factors.holding import factors_of
from limen.core.factors.making import NewTotp
from limen.core.factors.model import FactorKind
from limen.core.factors.service import FactorReset
from limen.core.signin.entering import PartialSignIn
from limen.core.signin.levels import EVERYBODY, FactorPolicy
from limen.core.users.model import User
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.builders import a_user_id
from limen.testing.contracts.steps import look
from limen.testing.passkeys import Authenticator
from limen.testing.policies import Policies

STEP = timedelta(seconds=30)


@dataclass
class Person:
    """Somebody who is signed in, and the app on their telephone."""

    limen: Assembly
    user: User
    actor: Actor
    app: pyotp.TOTP | None = None

    @classmethod
    async def come(cls, limen: Assembly, email: str = "ada@example.org") -> Self:
        user = await limen.register(email)
        return cls(limen, user, acting(await limen.enter(email)))

    def scan(self, made: NewTotp) -> None:
        app = pyotp.parse_uri(made.uri.reveal())
        assert isinstance(app, pyotp.TOTP)
        self.app = app

    def code(self) -> str:
        assert self.app is not None
        return self.app.at(self.limen.clock.now())

    async def begin(self) -> None:
        self.scan(await self.limen.factors.begin_totp(actor=self.actor))

    async def confirm(self) -> list[str]:
        codes = await self.limen.factors.confirm_totp(code=self.code(), actor=self.actor)
        self.limen.clock.advance(STEP)
        return [code.reveal() for code in codes]

    async def enrol(self) -> list[str]:
        await self.begin()
        return await self.confirm()

    async def sign_in_by_both(self) -> None:
        partial = await self.limen.sign_in.sign_in(
            identifier=self.user.email.address, password=PASSWORD
        )
        assert isinstance(partial, PartialSignIn)
        finished = await self.limen.second_step.finish(
            partial_token=partial.partial_token, code=self.code()
        )
        self.actor = acting(finished)

    async def prove(self, code: str) -> str:
        return await self.limen.factor_prover.prove(self.user.id, code, actor=self.actor)

    async def factors(self) -> tuple[FactorKind, ...]:
        return await look(self.limen.unit_of_work, lambda view: factors_of(view, self.user.id))


async def ada() -> Person:
    return await Person.come(Assembly())


async def prove_address(person: Person) -> None:
    limen = person.limen
    await limen.emails.send_verification(identifier=person.user.email.address)
    token = (await limen.read_mail(person.user.email.address))["link"].partition("#")[2]
    await limen.emails.verify(token=token, actor=person.actor)


def subjects(limen: Assembly) -> list[str]:
    return [mail.subject for mail in limen.mail.mails]


# --- setting up an app ---------------------------------------------------------------------------


async def test_an_app_counts_once_a_code_of_it_was_confirmed() -> None:
    person = await ada()
    made = await person.limen.factors.begin_totp(actor=person.actor)
    person.scan(made)
    assert made.uri.reveal() in made.svg.reveal().replace("&amp;", "&")
    assert made.uri.reveal() == made.text.reveal().replace("\n", "").strip()
    assert person.app is not None
    assert person.app.secret == made.secret.reveal()
    assert (person.app.issuer, person.app.name) == ("limen", "ada@example.org")
    assert await person.factors() == ()
    with pytest.raises(FactorInvalid):
        await person.prove(person.code())
    codes = await person.confirm()
    assert len(codes) == 10
    assert await person.factors() == (FactorKind.TOTP, FactorKind.RECOVERY_CODE)
    assert await person.prove(person.code()) == "otp"
    assert await person.prove(codes[0]) == "rc"


async def test_a_code_may_be_typed_with_a_space() -> None:
    person = await ada()
    await person.begin()
    typed = f"{person.code()[:3]} {person.code()[3:]}"
    codes = await person.limen.factors.confirm_totp(code=typed, actor=person.actor)
    assert len(codes) == 10


async def test_the_code_that_confirmed_an_app_is_used_up() -> None:
    person = await ada()
    await person.begin()
    code = person.code()
    await person.limen.factors.confirm_totp(code=code, actor=person.actor)
    with pytest.raises(FactorInvalid):
        await person.prove(code)


async def test_a_secret_is_shown_once_and_kept_encrypted() -> None:
    person = await ada()
    made = await person.limen.factors.begin_totp(actor=person.actor)
    waiting = await look(person.limen.unit_of_work, lambda v: v.totps.find_waiting(person.user.id))
    person.scan(made)
    assert waiting is not None
    assert waiting.expires_at == made.expires_at
    assert person.app is not None
    assert person.app.byte_secret() not in waiting.sealed
    assert made.secret.reveal() not in repr(made)


async def test_a_new_beginning_makes_the_earlier_one_worthless() -> None:
    person = await ada()
    await person.begin()
    earlier = person.app
    await person.begin()
    assert earlier is not None
    with pytest.raises(FactorInvalid):
        await person.limen.factors.confirm_totp(
            code=earlier.at(person.limen.clock.now()), actor=person.actor
        )
    assert len(await person.confirm()) == 10


async def test_a_beginning_runs_out() -> None:
    person = await ada()
    await person.begin()
    person.limen.clock.advance(timedelta(minutes=15))
    person.actor = acting(await person.limen.enter())
    with pytest.raises(EnrolmentOver):
        await person.confirm()
    assert (await person.limen.maintenance.purge(actor=OPERATOR)).factors == 0
    person.limen.clock.advance(timedelta(seconds=1))
    assert (await person.limen.maintenance.purge(actor=OPERATOR)).factors == 1


async def test_without_a_beginning_there_is_nothing_to_confirm() -> None:
    person = await ada()
    with pytest.raises(EnrolmentOver):
        await person.limen.factors.confirm_totp(code="123456", actor=person.actor)


async def test_wrong_codes_are_counted_and_not_against_the_app_that_counts() -> None:
    person = await ada()
    await person.enrol()
    present = person.app
    await person.begin()
    for _ in range(6):
        with pytest.raises(FactorInvalid):
            await person.limen.factors.confirm_totp(code="no code", actor=person.actor)
    with pytest.raises(TooManyAttempts):
        await person.confirm()
    person.app = present
    assert await person.prove(person.code()) == "otp"


async def test_another_app_takes_the_place_of_the_present_one_when_it_is_confirmed() -> None:
    person = await ada()
    await person.enrol()
    former = person.app
    await person.begin()
    assert former is not None
    assert await person.prove(former.at(person.limen.clock.now())) == "otp"
    assert await person.confirm() == []
    with pytest.raises(FactorInvalid):
        await person.prove(former.at(person.limen.clock.now()))
    assert await person.prove(person.code()) == "otp"


async def test_setting_up_ends_other_sessions_and_links_and_is_told() -> None:
    person = await ada()
    await prove_address(person)
    limen = person.limen
    other = await limen.enter()
    await limen.recovery.forgot(identifier="ada@example.org")
    await limen.delivery.deliver()
    await person.enrol()
    await limen.delivery.deliver()
    live = await limen.sessions.list(person.user.id, actor=person.actor)
    assert [session.id for session in live] == [person.actor.session_id]
    with pytest.raises(SessionEnded):
        await limen.factors.begin_totp(actor=acting(other))
    events = (await limen.event_names(person.user.id))[-3:]
    assert events == ["factor.enrolment_begun", "recovery_code.all_made", "factor.enrolled"]
    assert subjects(limen)[-1] == "totp_enrolled"


async def test_where_second_factors_are_switched_off_none_is_set_up_and_one_is_still_given_up() -> (
    None
):
    person = await ada()
    await person.enrol()
    off = Assembly(
        person.limen.unit_of_work,
        clock=person.limen.clock,
        policies=Policies(factors=FactorPolicy(is_on=False, required_for=frozenset({EVERYBODY}))),
        seed=1,
    )
    with pytest.raises(FactorsOff):
        await off.factors.begin_totp(actor=person.actor)
    await off.factors.remove_totp(actor=person.actor)
    assert await person.factors() == ()


# --- giving it up --------------------------------------------------------------------------------


async def test_without_the_app_the_recovery_codes_go_too() -> None:
    person = await ada()
    await prove_address(person)
    codes = await person.enrol()
    await person.limen.factors.remove_totp(actor=person.actor)
    assert await person.factors() == ()
    for code in (person.code(), codes[0]):
        with pytest.raises(FactorInvalid):
            await person.prove(code)
    await person.limen.delivery.deliver()
    assert subjects(person.limen)[-1] == "totp_removed"
    assert "factor.removed" in await person.limen.event_names(person.user.id)


async def test_who_has_no_app_cannot_remove_one() -> None:
    person = await ada()
    with pytest.raises(FactorNotFound):
        await person.limen.factors.remove_totp(actor=person.actor)
    await person.begin()
    with pytest.raises(FactorNotFound):
        await person.limen.factors.remove_totp(actor=person.actor)


async def test_deleted_users_leave_nothing_behind() -> None:
    person = await ada()
    await person.enrol()
    await person.limen.users.delete(person.user.id, actor=OPERATOR)
    async with person.limen.unit_of_work.view() as view:
        assert await view.totps.find(person.user.id) is None
        assert await view.recovery_codes.list(person.user.id) == ()


# --- recovery codes ------------------------------------------------------------------------------


async def test_new_recovery_codes_make_the_earlier_ones_worthless() -> None:
    person = await ada()
    earlier = await person.enrol()
    await person.prove(earlier[0])
    made = await person.limen.factors.make_recovery_codes(actor=person.actor)
    assert len(made) == 10
    with pytest.raises(FactorInvalid):
        await person.prove(earlier[1])
    assert await person.prove(made[0].reveal()) == "rc"
    found = await person.limen.factors.get(person.user.id, actor=person.actor)
    assert len(found.recovery_codes) == 9
    assert person.limen.policies is not None


async def test_there_are_no_recovery_codes_without_another_factor() -> None:
    person = await ada()
    with pytest.raises(FactorMissing):
        await person.limen.factors.make_recovery_codes(actor=person.actor)
    await person.begin()
    with pytest.raises(FactorMissing):
        await person.limen.factors.make_recovery_codes(actor=person.actor)


# --- who may -------------------------------------------------------------------------------------


async def test_what_changes_factors_needs_a_fresh_sign_in() -> None:
    person = await ada()
    await person.enrol()
    person.limen.clock.advance(timedelta(hours=1))
    factors, actor = person.limen.factors, person.actor
    for use_case in (
        factors.begin_totp(actor=actor),
        factors.confirm_totp(code="123456", actor=actor),
        factors.remove_totp(actor=actor),
        factors.make_recovery_codes(actor=actor),
    ):
        with pytest.raises(StepUpNeeded):
            await use_case


@pytest.mark.parametrize("actor", [Actor.anonymous(), OPERATOR])
async def test_only_users_have_factors_of_their_own(actor: Actor) -> None:
    factors = Assembly().factors
    for use_case in (
        factors.begin_totp(actor=actor),
        factors.confirm_totp(code="123456", actor=actor),
        factors.remove_totp(actor=actor),
        factors.make_recovery_codes(actor=actor),
    ):
        with pytest.raises(NotSignedIn):
            await use_case


async def test_one_sees_ones_own_factors_and_administrators_those_of_others() -> None:
    person = await ada()
    limen = person.limen
    eve = await Person.come(limen, "eve@example.org")
    await person.enrol()
    own = await limen.factors.get(person.user.id, actor=person.actor)
    assert own.totp is not None
    assert own.totp.confirmed_at is not None
    assert len(own.recovery_codes) == 10
    assert await limen.factors.get(person.user.id, actor=OPERATOR) == own
    with pytest.raises(PermissionMissing):
        await limen.factors.get(person.user.id, actor=eve.actor)
    with pytest.raises(UserNotFound):
        await limen.factors.get(a_user_id(), actor=OPERATOR)


async def test_to_see_factors_is_a_permission_of_its_own() -> None:
    person = await ada()
    limen = person.limen
    for name, may in (("resetter", False), ("reader", True)):
        other = await Person.come(limen, f"{name}@example.org")
        permission = "factors.read" if may else "factors.reset"
        await limen.roles.create(actor=OPERATOR, name=name, permissions=[permission])
        await limen.roles.grant(other.user.id, name, actor=OPERATOR)
        if may:
            assert (await limen.factors.get(person.user.id, actor=other.actor)).totp is None
        else:
            with pytest.raises(PermissionMissing):
                await limen.factors.get(person.user.id, actor=other.actor)


async def test_a_reset_takes_all_factors_and_ends_all_sessions() -> None:
    person = await ada()
    await prove_address(person)
    limen = person.limen
    codes = await person.enrol()
    root = await limen.administrator()
    await limen.factors.reset(person.user.id, actor=acting(await limen.enter("root@example.org")))
    assert await person.factors() == ()
    for code in (person.code(), codes[0]):
        with pytest.raises(FactorInvalid):
            await person.prove(code)
    assert await limen.sessions.list(person.user.id, actor=person.actor) == ()
    await limen.delivery.deliver()
    assert subjects(limen)[-1] == "factors_reset"
    async with limen.unit_of_work.view() as view:
        told = [
            event for event in await view.outbox.list(limit=100) if event.name == "factor.all_reset"
        ]
    assert [(event.user_id, event.actor.user_id) for event in told] == [(person.user.id, root.id)]
    assert told[0].payload == {"factors": ["totp", "recovery_code"]}


async def test_a_reset_of_somebody_without_factors_changes_nothing_but_what_waits() -> None:
    person = await ada()
    await person.begin()
    await person.limen.factors.reset(person.user.id, actor=OPERATOR)
    assert "factor.all_reset" not in await person.limen.event_names(person.user.id)
    assert len(await person.limen.sessions.list(person.user.id, actor=person.actor)) == 1
    with pytest.raises(EnrolmentOver):
        await person.confirm()


async def test_a_reset_needs_its_permission_a_fresh_sign_in_and_no_less_than_the_user_may() -> None:
    person = await ada()
    limen = person.limen
    root = await limen.administrator()
    eve = await Person.come(limen, "eve@example.org")
    with pytest.raises(PermissionMissing):
        await limen.factors.reset(person.user.id, actor=eve.actor)
    await limen.roles.create(actor=OPERATOR, name="support", permissions=["factors.reset"])
    await limen.roles.grant(eve.user.id, "support", actor=OPERATOR)
    await limen.factors.reset(person.user.id, actor=eve.actor)
    with pytest.raises(BeyondOwnPermissions):
        await limen.factors.reset(root.id, actor=eve.actor)
    with pytest.raises(UserNotFound):
        await limen.factors.reset(a_user_id(), actor=eve.actor)
    limen.clock.advance(timedelta(hours=1))
    with pytest.raises(StepUpNeeded):
        await limen.factors.reset(person.user.id, actor=eve.actor)


async def test_from_one_address_only_so_many_apps_are_begun() -> None:
    limen = Assembly()
    ada = await Person.come(limen)
    here = replace(ada.actor, address="192.0.2.1")
    for _ in range(30):
        await limen.factors.begin_totp(actor=here)
    told = await limen.event_names()
    with pytest.raises(TooManyAttempts):
        await limen.factors.begin_totp(actor=here)
    assert await limen.event_names() == told
    await limen.factors.begin_totp(actor=replace(here, address="192.0.2.2"))


# --- a factor that must be there ---


async def required() -> Person:
    """Ada was given a role whose holders must have a second factor, and proved hers."""
    policies = Policies(factors=FactorPolicy(required_for=frozenset({"guarded"})))
    person = await Person.come(Assembly(policies=policies))
    await person.enrol()
    await person.limen.roles.create(
        actor=OPERATOR, name="guarded", permissions=["factors.reset", "passkeys.remove"]
    )
    await person.limen.roles.grant(person.user.id, "guarded", actor=OPERATOR)
    await person.sign_in_by_both()
    return person


async def test_the_last_factor_of_who_must_have_one_stays() -> None:
    person = await required()
    for giving_up in (
        person.limen.factors.remove_totp(actor=person.actor),
        person.limen.factors.reset(person.user.id, actor=person.actor),
    ):
        with pytest.raises(FactorRequired):
            await giving_up
    assert await person.factors() == (FactorKind.TOTP, FactorKind.RECOVERY_CODE)
    await person.limen.roles.withdraw(person.user.id, "guarded", actor=OPERATOR)
    await person.limen.factors.remove_totp(actor=person.actor)


async def test_with_another_one_it_may_go_and_then_the_other_stays() -> None:
    person = await required()
    limen, me = person.limen, person.actor
    asked = await limen.passkeys.begin_enrolment(actor=me)
    answer = Authenticator().create(asked.options)
    passkey = await limen.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=me)
    await limen.factors.remove_totp(actor=me)
    with pytest.raises(FactorRequired):
        await limen.passkeys.remove(person.user.id, passkey.id, actor=me)
    await limen.passkeys.remove(person.user.id, passkey.id, actor=OPERATOR)


async def test_a_reset_takes_passkeys_too_and_tells_which() -> None:
    person = await required()
    limen, me = person.limen, person.actor
    asked = await limen.passkeys.begin_enrolment(actor=me)
    answer = Authenticator().create(asked.options)
    await limen.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=me)
    taken = (await limen.factors.reset(person.user.id, actor=OPERATOR)).taken
    assert taken == (FactorKind.TOTP, FactorKind.RECOVERY_CODE, FactorKind.PASSKEY)
    assert await limen.passkeys.list(person.user.id, actor=OPERATOR) == ()
    assert (await limen.last_event()).payload == {"factors": list(map(str, taken))}
    assert await limen.factors.reset(person.user.id, actor=OPERATOR) == FactorReset()

"""Enrolling, seeing, naming and removing passkeys."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from limen.core.actor import Actor
from limen.core.encoding import read_base64url, write_base64url
from limen.core.errors import (
    BeyondOwnPermissions,
    CeremonyOver,
    InvalidInput,
    NotByKey,
    NotSignedIn,
    PasskeyNotFound,
    PasskeyRefused,
    PasskeyTaken,
    PermissionMissing,
    RefreshTokenInvalid,
    SessionEnded,
    StepUpNeeded,
    TooManyAttempts,
    TooManyPasskeys,
    UserNotFound,
    VersionMismatch,
)
from limen.core.ids import PasskeyId, UserId
from limen.core.passkeys.model import MOST_PASSKEYS
from limen.testing.assembly import OPERATOR, acting
from limen.testing.passkey_holder import ADA, a_passkey_holder
from limen.testing.passkeys import BACKED_UP, BACKUP_ELIGIBLE, PRESENT, VERIFIED, Authenticator


async def test_a_passkey_is_asked_for_by_the_standard() -> None:
    scene = await a_passkey_holder()
    await scene.enrol()
    options = dict((await scene.limen.passkeys.begin_enrolment(actor=scene.ada)).options)
    (known,) = scene.device.credentials
    assert len(read_base64url(str(options.pop("challenge")))) == 32
    assert options == {
        "rp": {"id": "id.example.org", "name": "Example"},
        "user": {
            "id": write_base64url((scene.ada.user_id or uuid4()).bytes),
            "name": ADA,
            "displayName": ADA,
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-8, -7, -257)],
        "timeout": 300_000,
        "excludeCredentials": [
            {
                "type": "public-key",
                "id": write_base64url(known.credential_id),
                "transports": ["hybrid", "internal"],
            }
        ],
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": "required",
        },
        "attestation": "none",
    }


async def test_an_enrolled_passkey_is_seen_told_of_and_written_to_its_owner() -> None:
    scene = await a_passkey_holder()
    scene.device.flags = PRESENT | VERIFIED | BACKUP_ELIGIBLE | BACKED_UP
    passkey = await scene.enrol()
    assert (passkey.name, passkey.is_backup_eligible, passkey.is_backed_up) == (
        "Laptop",
        True,
        True,
    )
    assert passkey.created_at == scene.limen.clock.now()
    assert passkey.last_used_at is None
    user_id = passkey.user_id
    assert await scene.limen.passkeys.list(user_id, actor=scene.ada) == (passkey,)
    event = await scene.limen.last_event()
    assert (event.name, event.payload) == ("passkey.enrolled", {"passkey_id": str(passkey.id)})


async def test_mail_tells_the_proved_address_of_an_enrolment_and_a_removal() -> None:
    scene = await a_passkey_holder()
    verify = await scene.limen.read_mail()
    await scene.limen.emails.verify(token=verify["link"].partition("#")[2], actor=scene.ada)
    passkey = await scene.enrol()
    assert (await scene.limen.read_mail())["passkey"] == "Laptop"
    await scene.limen.passkeys.remove(passkey.user_id, passkey.id, actor=scene.ada)
    await scene.limen.read_mail()
    kinds = [mail.text for mail in scene.limen.mail.to(ADA)]
    assert len(kinds) == 3


async def test_an_answer_is_good_once() -> None:
    scene = await a_passkey_holder()
    asked = await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
    for _ in range(2):
        answer = scene.device.create(asked.options)
        if _ == 0:
            await scene.limen.passkeys.enrol(
                ceremony=asked.ceremony, answer=answer, actor=scene.ada
            )
            continue
        with pytest.raises(CeremonyOver):
            await scene.limen.passkeys.enrol(
                ceremony=asked.ceremony, answer=answer, actor=scene.ada
            )


async def test_a_bad_answer_spends_its_question_too() -> None:
    scene = await a_passkey_holder()
    asked = await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
    wrong = scene.device.create(asked.options, challenge=write_base64url(bytes(32)))
    with pytest.raises(PasskeyRefused):
        await scene.limen.passkeys.enrol(ceremony=asked.ceremony, answer=wrong, actor=scene.ada)
    good = scene.device.create(asked.options)
    with pytest.raises(CeremonyOver):
        await scene.limen.passkeys.enrol(ceremony=asked.ceremony, answer=good, actor=scene.ada)


async def test_after_five_minutes_it_is_too_late() -> None:
    scene = await a_passkey_holder()
    asked = await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
    answer = scene.device.create(asked.options)
    scene.limen.clock.advance(timedelta(minutes=5))
    with pytest.raises(CeremonyOver):
        await scene.limen.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=scene.ada)


async def test_nobody_else_and_no_other_session_can_answer() -> None:
    scene = await a_passkey_holder()
    await scene.limen.register("eve@example.org")
    eve = acting(await scene.limen.enter("eve@example.org"))
    elsewhere = acting(await scene.limen.enter(ADA))
    for other in (eve, elsewhere):
        asked = await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
        answer = scene.device.create(asked.options)
        with pytest.raises(PasskeyRefused):
            await scene.limen.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=other)
    user_id = scene.ada.user_id or UserId(uuid4())
    assert await scene.limen.passkeys.list(user_id, actor=scene.ada) == ()


async def test_a_question_to_sign_in_enrols_nothing() -> None:
    scene = await a_passkey_holder()
    options = (await scene.limen.passkeys.begin_enrolment(actor=scene.ada)).options
    asked = await scene.limen.passkey_sign_in.ask()
    answer = scene.device.create(options, challenge=str(asked.options["challenge"]))
    with pytest.raises(CeremonyOver):
        await scene.limen.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=scene.ada)


async def test_one_must_be_signed_in_and_that_lately() -> None:
    scene = await a_passkey_holder()
    with pytest.raises(NotSignedIn):
        await scene.limen.passkeys.begin_enrolment(actor=Actor.anonymous())
    passkey = await scene.enrol()
    asked = await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
    scene.limen.clock.advance(timedelta(minutes=4))
    answer = scene.device.create(asked.options)
    scene.limen.clock.advance(timedelta(seconds=59))
    await scene.limen.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=scene.ada)
    scene.limen.clock.advance(timedelta(minutes=6))
    with pytest.raises(StepUpNeeded):
        await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
    with pytest.raises(StepUpNeeded):
        await scene.limen.passkeys.remove(passkey.user_id, passkey.id, actor=scene.ada)


async def test_a_session_that_ended_meanwhile_enrols_nothing() -> None:
    scene = await a_passkey_holder()
    asked = await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
    answer = scene.device.create(asked.options)
    await scene.limen.sessions.sign_out(actor=scene.ada)
    with pytest.raises(SessionEnded):
        await scene.limen.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=scene.ada)


async def test_every_fault_of_an_answer_and_a_name_is_told_at_once() -> None:
    scene = await a_passkey_holder()
    with pytest.raises(InvalidInput) as refused:
        await scene.limen.passkeys.enrol(
            ceremony="x", answer={"type": "public-key"}, name="a\nb", actor=scene.ada
        )
    fields = [fault.field for fault in refused.value.details]
    assert fields[0] == "name"
    assert "credential.response" in fields


async def test_one_authenticator_is_for_one_user() -> None:
    scene = await a_passkey_holder()
    await scene.enrol()
    await scene.limen.register("eve@example.org")
    eve = replace(scene, ada=acting(await scene.limen.enter("eve@example.org")))
    with pytest.raises(PasskeyTaken):
        await eve.enrol(Authenticator())


async def test_there_are_twenty_at_most() -> None:
    scene = await a_passkey_holder()
    for _ in range(MOST_PASSKEYS - 1):
        await scene.enrol()
    asked = await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
    await scene.enrol()
    with pytest.raises(TooManyPasskeys):
        await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
    with pytest.raises(TooManyPasskeys):
        await scene.limen.passkeys.enrol(
            ceremony=asked.ceremony, answer=scene.device.create(asked.options), actor=scene.ada
        )


async def test_questions_are_bounded_by_network_address() -> None:
    scene = await a_passkey_holder()
    here = replace(scene.ada, address="198.51.100.1")
    for _ in range(100):
        await scene.limen.passkeys.begin_enrolment(actor=here)
    with pytest.raises(TooManyAttempts):
        await scene.limen.passkeys.begin_enrolment(actor=here)
    with pytest.raises(TooManyAttempts):
        await scene.limen.passkey_sign_in.ask(actor=Actor.anonymous(address="198.51.100.1"))


async def test_a_key_gives_no_passkey_a_name() -> None:
    scene = await a_passkey_holder()
    passkey = await scene.enrol()
    assert scene.ada.user_id is not None
    key = Actor.anonymous().as_key(scene.ada.user_id, "limen_ak_x", frozenset({"me.read"}))
    with pytest.raises(NotByKey):
        await scene.limen.passkeys.rename(passkey.id, name="Mine", actor=key)


async def test_a_passkey_gets_another_name() -> None:
    scene = await a_passkey_holder()
    passkey = await scene.enrol()
    rename = scene.limen.passkeys.rename
    renamed = await rename(passkey.id, name="Phone", actor=scene.ada, expected_version=1)
    assert renamed == replace(passkey, name="Phone", version=2)
    assert await rename(passkey.id, name="Phone", actor=scene.ada) == renamed
    assert (await scene.limen.event_names())[-1:] == ["passkey.renamed"]
    with pytest.raises(VersionMismatch):
        await rename(passkey.id, name="Tablet", actor=scene.ada, expected_version=1)
    with pytest.raises(InvalidInput):
        await rename(passkey.id, name="a\nb", actor=scene.ada)
    with pytest.raises(PasskeyNotFound):
        await rename(PasskeyId(uuid4()), name="Tablet", actor=scene.ada)
    with pytest.raises(NotSignedIn):
        await rename(passkey.id, name="Tablet", actor=Actor.anonymous())


async def test_a_removed_passkey_is_gone() -> None:
    scene = await a_passkey_holder()
    passkey = await scene.enrol()
    with pytest.raises(VersionMismatch):
        await scene.limen.passkeys.remove(
            passkey.user_id, passkey.id, actor=scene.ada, expected_version=2
        )
    await scene.limen.passkeys.remove(passkey.user_id, passkey.id, actor=scene.ada)
    assert (await scene.limen.last_event()).name == "passkey.removed"
    with pytest.raises(PasskeyNotFound):
        await scene.limen.passkeys.remove(passkey.user_id, passkey.id, actor=scene.ada)
    with pytest.raises(PasskeyRefused):
        await scene.sign_in()


async def test_what_a_removed_passkey_opened_is_shut() -> None:
    scene = await a_passkey_holder()
    passkey = await scene.enrol()
    thief = await scene.sign_in()
    await scene.limen.passkeys.remove(passkey.user_id, passkey.id, actor=scene.ada)
    with pytest.raises(RefreshTokenInvalid):
        await scene.limen.tokens.refresh(refresh_token=thief.refresh_token)
    (own,) = await scene.limen.sessions.list(passkey.user_id, actor=scene.ada)
    assert own.id == scene.ada.session_id


async def test_others_need_permission_and_never_reach_who_may_do_more() -> None:
    scene = await a_passkey_holder()
    passkey = await scene.enrol()
    limen = scene.limen
    await limen.register("eve@example.org")
    eve = acting(await limen.enter("eve@example.org"))
    with pytest.raises(PermissionMissing):
        await limen.passkeys.list(passkey.user_id, actor=eve)
    with pytest.raises(PermissionMissing):
        await limen.passkeys.remove(passkey.user_id, passkey.id, actor=eve)
    for name, permissions in (
        ("helpers", ["passkeys.read", "passkeys.remove"]),
        ("bosses", ["users.delete"]),
    ):
        await limen.roles.create(name=name, permissions=permissions, actor=OPERATOR)
    await limen.roles.grant(eve.user_id or passkey.user_id, "helpers", actor=OPERATOR)
    assert await limen.passkeys.get(passkey.user_id, passkey.id, actor=eve) == passkey
    with pytest.raises(UserNotFound):
        await limen.passkeys.list(UserId(uuid4()), actor=eve)
    await limen.roles.grant(passkey.user_id, "bosses", actor=OPERATOR)
    with pytest.raises(BeyondOwnPermissions):
        await limen.passkeys.remove(passkey.user_id, passkey.id, actor=eve)
    await limen.roles.withdraw(passkey.user_id, "bosses", actor=OPERATOR)
    limen.clock.advance(timedelta(minutes=11))
    with pytest.raises(StepUpNeeded):
        await limen.passkeys.remove(passkey.user_id, passkey.id, actor=eve)
    later = acting(await limen.enter("eve@example.org"))
    await limen.passkeys.remove(passkey.user_id, passkey.id, actor=later)
    assert await limen.passkeys.list(passkey.user_id, actor=eve) == ()


async def test_who_proves_an_address_gets_the_account_without_the_passkeys_of_its_maker() -> None:
    scene = await a_passkey_holder()
    await scene.enrol()
    verify = await scene.limen.read_mail()
    await scene.limen.emails.verify(token=verify["link"].partition("#")[2])
    with pytest.raises(PasskeyRefused):
        await scene.sign_in()

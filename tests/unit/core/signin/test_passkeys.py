"""Signing in by a passkey."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from limen.core.actor import Actor
from limen.core.encoding import write_base64url
from limen.core.errors import (
    CeremonyOver,
    InvalidCredentials,
    InvalidInput,
    PasskeyRefused,
    TooManyAttempts,
)
from limen.core.passkeys.model import CeremonyPurpose
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.passkey_holder import ADA, PasskeyHolder, a_passkey_holder
from limen.testing.passkeys import BACKUP_ELIGIBLE, PRESENT, VERIFIED, Authenticator
from limen.testing.telephone import Telephone


async def enrolled() -> PasskeyHolder:
    scene = await a_passkey_holder()
    await scene.enrol()
    return scene


async def reason(scene: PasskeyHolder) -> object:
    """Return why the last sign-in was refused."""
    event = await scene.limen.last_event()
    assert event.name == "signin.failed"
    return event.payload["reason"]


async def test_a_passkey_lets_its_owner_in_without_a_name() -> None:
    scene = await enrolled()
    tokens = await scene.sign_in()
    claims = await scene.limen.tokens.authenticate(tokens.access_token)
    assert (tokens.user.id, claims.methods) == (scene.ada.user_id, ("hwk", "user", "mfa"))
    session = (await scene.limen.sessions.list(tokens.user.id, actor=acting(tokens)))[0]
    assert (session.id, session.label) == (tokens.session_id, "")
    (passkey,) = await scene.limen.passkeys.list(tokens.user.id, actor=scene.ada)
    assert (passkey.sign_count, passkey.last_used_at) == (1, scene.limen.clock.now())


async def test_it_waits_for_no_code_of_an_app() -> None:
    ada = await Telephone.enrol(Assembly())
    scene = PasskeyHolder(ada.limen, acting(ada.tokens))
    await scene.enrol()
    assert (await scene.sign_in()).user.id == ada.tokens.user.id


async def test_and_with_one_however_it_is_spelt() -> None:
    scene = await enrolled()
    asked = await scene.limen.passkey_sign_in.ask(identifier=" ADA@example.org ")
    (known,) = scene.device.credentials
    assert asked.options["allowCredentials"] == [
        {
            "type": "public-key",
            "id": write_base64url(known.credential_id),
            "transports": ["hybrid", "internal"],
        }
    ]
    tokens = await scene.sign_in("ADA@example.org")
    assert tokens.user.id == scene.ada.user_id


async def test_a_passkey_without_a_counter_or_a_user_handle_is_good_for_a_name() -> None:
    scene = await a_passkey_holder()
    scene.device.counts = False
    await scene.enrol()
    for _ in range(2):
        asked = await scene.limen.passkey_sign_in.ask(identifier=ADA)
        answer = scene.device.get(asked.options)
        answer["response"]["userHandle"] = None
        await scene.limen.passkey_sign_in.complete(ceremony=asked.ceremony, answer=answer)
    asked = await scene.limen.passkey_sign_in.ask()
    answer = scene.device.get(asked.options)
    answer["response"]["userHandle"] = None
    with pytest.raises(PasskeyRefused):
        await scene.limen.passkey_sign_in.complete(ceremony=asked.ceremony, answer=answer)


async def test_names_that_nobody_has_get_an_answer_of_the_same_form() -> None:
    scene = await enrolled()
    await scene.limen.register("bare@example.org")
    ask = scene.limen.passkey_sign_in.ask
    for name in (ADA, "bare@example.org", "nobody@example.org", "no name at all", ""):
        one, other = (await ask(identifier=name)).options, (await ask(identifier=name)).options
        assert one.keys() == {
            "challenge",
            "timeout",
            "rpId",
            "allowCredentials",
            "userVerification",
        }
        assert one["allowCredentials"] == other["allowCredentials"] != []
        assert one["challenge"] != other["challenge"]
    unknown, spelt = await ask(identifier="x@example.org"), await ask(identifier="X@Example.org")
    assert unknown.options["allowCredentials"] == spelt.options["allowCredentials"]


async def test_an_account_that_comes_to_a_name_changes_nothing_of_the_answer() -> None:
    scene = await a_passkey_holder()
    ask = scene.limen.passkey_sign_in.ask
    before = await ask(identifier="eve@example.org")
    await scene.limen.register("eve@example.org")
    after = await ask(identifier="eve@example.org")
    assert before.options["allowCredentials"] == after.options["allowCredentials"]


async def test_an_unknown_name_lets_nobody_in() -> None:
    scene = await enrolled()
    asked = await scene.limen.passkey_sign_in.ask(identifier="nobody@example.org")
    answer = scene.device.get({**asked.options, "allowCredentials": []})
    with pytest.raises(PasskeyRefused):
        await scene.limen.passkey_sign_in.complete(ceremony=asked.ceremony, answer=answer)
    assert await reason(scene) == "wrong_passkey"


async def test_nor_does_a_passkey_of_somebody_else() -> None:
    scene = await enrolled()
    await scene.limen.register("eve@example.org")
    asked = await scene.limen.passkey_sign_in.ask(identifier="eve@example.org")
    answer = scene.device.get({**asked.options, "allowCredentials": []})
    with pytest.raises(PasskeyRefused):
        await scene.limen.passkey_sign_in.complete(ceremony=asked.ceremony, answer=answer)


async def test_nor_one_that_takes_its_user_for_another() -> None:
    scene = await enrolled()
    asked = await scene.limen.passkey_sign_in.ask()
    scene.device.credentials[0].user_handle = b"somebody else"
    with pytest.raises(PasskeyRefused):
        await scene.limen.passkey_sign_in.complete(
            ceremony=asked.ceremony, answer=scene.device.get(asked.options)
        )


async def test_nor_one_that_nobody_enrolled() -> None:
    scene = await enrolled()
    stranger = Authenticator(seed=1)
    asked = await scene.limen.passkeys.begin_enrolment(actor=scene.ada)
    stranger.create(asked.options)
    with pytest.raises(PasskeyRefused):
        await replace(scene, device=stranger).sign_in()


@pytest.mark.parametrize(
    "lies",
    [
        {"kind": "webauthn.create"},
        {"challenge": write_base64url(bytes(32))},
        {"rp_id": "evil.example.org"},
        {"origin": "https://evil.example.org"},
        {"origin": "https://id.example.org."},
        {"origin": "https://ID.example.org"},
        {"crossOrigin": True},
    ],
)
async def test_a_lie_is_refused(lies: dict[str, Any]) -> None:
    scene = await enrolled()
    with pytest.raises(PasskeyRefused):
        await scene.sign_in(**lies)
    assert await reason(scene) == "wrong_passkey"


@pytest.mark.parametrize("flags", [0, PRESENT, VERIFIED, PRESENT | VERIFIED | BACKUP_ELIGIBLE])
async def test_the_user_is_present_and_verified_and_the_key_as_it_was_enrolled(flags: int) -> None:
    scene = await enrolled()
    scene.device.flags = flags
    with pytest.raises(PasskeyRefused):
        await scene.sign_in()


async def test_another_signature_is_refused() -> None:
    scene = await enrolled()
    asked = await scene.limen.passkey_sign_in.ask()
    answer = scene.device.get(asked.options)
    answer["response"]["signature"] = write_base64url(bytes(32))
    with pytest.raises(PasskeyRefused):
        await scene.limen.passkey_sign_in.complete(ceremony=asked.ceremony, answer=answer)
    event = await scene.limen.last_event()
    assert event.user_id == scene.ada.user_id


async def test_an_answer_is_good_once_and_for_five_minutes() -> None:
    scene = await enrolled()
    asked = await scene.limen.passkey_sign_in.ask()
    answer = scene.device.get(asked.options)
    complete = scene.limen.passkey_sign_in.complete
    await complete(ceremony=asked.ceremony, answer=answer)
    with pytest.raises(CeremonyOver):
        await complete(ceremony=asked.ceremony, answer=answer)
    late = await scene.limen.passkey_sign_in.ask()
    scene.limen.clock.advance(timedelta(minutes=5))
    with pytest.raises(CeremonyOver):
        await complete(ceremony=late.ceremony, answer=scene.device.get(late.options))


async def test_the_ceremony_may_come_as_plain_text() -> None:
    scene = await enrolled()
    asked = await scene.limen.passkey_sign_in.ask()
    await scene.limen.passkey_sign_in.complete(
        ceremony=asked.ceremony.reveal(), answer=scene.device.get(asked.options)
    )


async def test_an_answer_to_another_question_is_refused() -> None:
    scene = await enrolled()
    one, other = [await scene.limen.passkey_sign_in.ask() for _ in range(2)]
    with pytest.raises(PasskeyRefused):
        await scene.limen.passkey_sign_in.complete(
            ceremony=one.ceremony, answer=scene.device.get(other.options)
        )


async def test_what_has_no_form_spends_nothing() -> None:
    scene = await enrolled()
    asked = await scene.limen.passkey_sign_in.ask()
    with pytest.raises(InvalidInput):
        await scene.limen.passkey_sign_in.complete(ceremony=asked.ceremony, answer={})
    await scene.limen.passkey_sign_in.complete(
        ceremony=asked.ceremony, answer=scene.device.get(asked.options)
    )


async def test_a_counter_that_falls_back_is_refused_and_told() -> None:
    scene = await enrolled()
    await scene.sign_in()
    scene.device.credentials[0].sign_count = 0
    with pytest.raises(PasskeyRefused):
        await scene.sign_in()
    assert (await scene.limen.event_names())[-2:] == ["passkey.cloned", "signin.failed"]
    assert await reason(scene) == "passkey_cloned"
    scene.device.credentials[0].sign_count = 1
    await scene.sign_in()


async def test_who_is_shut_out_stays_out() -> None:
    scene = await enrolled()
    user_id = scene.device.credentials[0].user_handle
    assert scene.ada.user_id is not None
    assert user_id == scene.ada.user_id.bytes
    await scene.limen.users.suspend(scene.ada.user_id, actor=OPERATOR)
    with pytest.raises(PasskeyRefused):
        await scene.sign_in()
    assert await reason(scene) == "suspended"


async def test_who_comes_in_by_a_passkey_may_try_passwords_again() -> None:
    scene = await enrolled()
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await scene.limen.sign_in.sign_in(identifier=ADA, password="wrong")
    with pytest.raises(TooManyAttempts):
        await scene.limen.enter(ADA)
    await scene.sign_in()
    await scene.limen.enter(ADA)


async def test_a_proof_for_one_purpose_is_good_for_no_other() -> None:
    scene = await enrolled()
    asked = await scene.limen.passkey_sign_in.ask()
    answer = scene.device.get(asked.options)
    prove = scene.limen.passkey_prover.prove
    for purpose in (CeremonyPurpose.STEP_UP, CeremonyPurpose.SECOND_FACTOR):
        with pytest.raises(CeremonyOver):
            await prove(asked.ceremony, answer, purpose, actor=Actor.anonymous())

"""The verifier of passkeys, broken on purpose."""

from typing import Any

import pytest

from limen.adapters import webauthn
from limen.adapters.webauthn import PyWebAuthn
from limen.core.errors import PasskeyRefused
from limen.core.passkeys.model import AuthenticatorState, NewCredential
from limen.core.passkeys.responses import Assertion, Attestation
from tests.integration.faults.fault import faults_of

verifier = faults_of("webauthn")

_ANY = AuthenticatorState(sign_count=0, is_backup_eligible=False, is_backed_up=False)


@verifier(
    "TestWebAuthn::test_check_attestation_refuses_a_lie",
    "TestWebAuthn::test_check_attestation_refuses_an_assertion",
    "TestWebAuthn::test_check_attestation_refuses_what_is_not_whole",
)
def whatever_calls_itself_a_passkey_is_enrolled(monkeypatch: pytest.MonkeyPatch) -> None:
    def believe(_self: PyWebAuthn, attestation: Attestation, *_: object) -> NewCredential:
        return NewCredential(public_key=attestation.credential_id, state=_ANY)

    monkeypatch.setattr(PyWebAuthn, "check_attestation", believe)


@verifier(
    "TestWebAuthn::test_check_assertion_refuses_a_lie",
    "TestWebAuthn::test_check_assertion_refuses_an_attestation",
    "TestWebAuthn::test_check_assertion_refuses_the_signature_of_another_key",
    "TestWebAuthn::test_check_assertion_refuses_what_was_changed_after_it_was_signed",
    "TestWebAuthn::test_check_assertion_refuses_what_is_not_whole",
)
def no_signature_is_verified(monkeypatch: pytest.MonkeyPatch) -> None:
    def believe(_self: PyWebAuthn, _assertion: Assertion, *_: object) -> AuthenticatorState:
        return _ANY

    monkeypatch.setattr(PyWebAuthn, "check_assertion", believe)


def loosen(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the library not ask whether the user was verified."""
    verify = getattr(webauthn, name)

    def verify_less(**named: Any) -> object:
        return verify(**named | {"require_user_verification": False})

    monkeypatch.setattr(webauthn, name, verify_less)


@verifier("TestWebAuthn::test_check_attestation_refuses_a_user_who_is_absent_or_unverified")
def anybody_enrols_the_passkey_of_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    loosen(monkeypatch, "verify_registration_response")


@verifier("TestWebAuthn::test_check_assertion_refuses_a_user_who_is_absent_or_unverified")
def anybody_signs_by_the_passkey_of_a_device(monkeypatch: pytest.MonkeyPatch) -> None:
    loosen(monkeypatch, "verify_authentication_response")


def forget(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Let the adapter not refuse something."""
    monkeypatch.setattr(webauthn, name, lambda _: None)


@verifier("TestWebAuthn::test_check_attestation_refuses_a_lie[a frame in another page]")
def a_page_may_ask_from_within_another(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, "_refuse_frames")


@verifier("TestWebAuthn::test_check_attestation_refuses_a_key_that_is_of_no_use")
def keys_are_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, "_refuse_unusable")


@verifier("TestWebAuthn::test_check_attestation_refuses_statements_by_others")
def certificates_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    forget(monkeypatch, "_refuse_certificates")
    verify = getattr(webauthn, "verify_registration_response")  # noqa: B009 - not exported

    def verify_as_none(**named: Any) -> object:
        attested = named["credential"].response
        raw, start = attested.attestation_object, b"\x68authData"
        none = b"\xa3\x63fmt\x64none\x67attStmt\xa0" + start
        attested.attestation_object = none + raw.partition(start)[2]
        return verify(**named)

    monkeypatch.setattr(webauthn, "verify_registration_response", verify_as_none)


@verifier("TestWebAuthn::test_check_attestation_refuses_another_id_than_the_one_shown")
def a_passkey_takes_the_name_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    verify = getattr(webauthn, "verify_registration_response")  # noqa: B009 - not exported

    def verify_and_rename(**named: Any) -> object:
        verified = verify(**named)
        verified.credential_id = named["credential"].raw_id
        return verified

    monkeypatch.setattr(webauthn, "verify_registration_response", verify_and_rename)


@verifier(
    "TestWebAuthn::test_check_attestation_returns_the_new_credential",
    "TestWebAuthn::test_check_assertion_returns_what_the_authenticator_tells",
)
def nobody_hears_of_backups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webauthn, "_state", lambda _: _ANY)


@verifier("TestWebAuthn::test_check_assertion_leaves_the_counter_to_others")
def a_device_without_a_counter_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    check = PyWebAuthn.check_assertion

    def check_counter(self: PyWebAuthn, *given: Any) -> AuthenticatorState:
        state = check(self, *given)
        if state.sign_count == 0:
            raise PasskeyRefused
        return state

    monkeypatch.setattr(PyWebAuthn, "check_assertion", check_counter)

"""WebAuthn by py_webauthn.

The library takes any attestation, looks at no enclosing page and at no size. That is closed here:
nothing of a certificate is ever read.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_authenticator_data,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSECRV, COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import (
    DecodedEC2PublicKey,
    DecodedRSAPublicKey,
)
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    AuthenticatorData,
    RegistrationCredential,
)

from limen.core.errors import PasskeyRefused
from limen.core.passkeys.model import AuthenticatorState, NewCredential, PasskeyPolicy
from limen.core.passkeys.options import ALGORITHMS
from limen.core.passkeys.responses import Assertion, Attestation
from limen.ports.webauthn import WebAuthn

_ALGORITHMS: Final = [COSEAlgorithmIdentifier(number) for number in ALGORITHMS]
# In bytes; beyond both a signature costs far more to verify.
_LARGEST_MODULUS: Final = 512
_LARGEST_EXPONENT: Final = 8


class PyWebAuthn:
    """Verifies what authenticators answer."""

    def check_attestation(
        self, attestation: Attestation, challenge: bytes, policy: PasskeyPolicy
    ) -> NewCredential:
        """Return the new credential, or raise `PasskeyRefused`."""
        with _refusing():
            _refuse_frames(attestation.client_data)
            _refuse_certificates(attestation.attestation_object)
            verified = verify_registration_response(
                credential=_registration(attestation),
                expected_challenge=challenge,
                expected_rp_id=policy.rp_id,
                expected_origin=list(policy.origins),
                require_user_verification=True,
                supported_pub_key_algs=_ALGORITHMS,
            )
            if verified.credential_id != attestation.credential_id:
                raise PasskeyRefused
            _refuse_unusable(verified.credential_public_key)
            told = parse_attestation_object(attestation.attestation_object).auth_data
            return NewCredential(public_key=verified.credential_public_key, state=_state(told))

    def check_assertion(
        self, assertion: Assertion, public_key: bytes, challenge: bytes, policy: PasskeyPolicy
    ) -> AuthenticatorState:
        """Return what the authenticator tells, or raise `PasskeyRefused`."""
        with _refusing():
            _refuse_frames(assertion.client_data)
            verify_authentication_response(
                credential=_authentication(assertion),
                expected_challenge=challenge,
                expected_rp_id=policy.rp_id,
                expected_origin=list(policy.origins),
                credential_public_key=public_key,
                # Which counter may follow is for the store to decide, in one write.
                credential_current_sign_count=0,
                require_user_verification=True,
            )
            return _state(parse_authenticator_data(assertion.authenticator_data))


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever an answer makes the parsers raise, it is refused."""
    try:
        yield
    except PasskeyRefused:
        raise
    except Exception as error:
        raise PasskeyRefused from error


def _refuse_frames(client_data: bytes) -> None:
    """Refuse what was asked for within a page of another site."""
    if parse_client_data_json(client_data).cross_origin:
        raise PasskeyRefused


def _refuse_certificates(attestation_object: bytes) -> None:
    attested = parse_attestation_object(attestation_object)
    is_own = attested.fmt == AttestationFormat.PACKED and attested.att_stmt.x5c is None
    if attested.fmt != AttestationFormat.NONE and not is_own:
        raise PasskeyRefused


def _refuse_unusable(public_key: bytes) -> None:
    """Refuse a key now that could never verify anything, or at too high a cost."""
    decoded = decode_credential_public_key(public_key)
    match decoded:
        case DecodedEC2PublicKey() if decoded.crv != COSECRV.P256:
            raise PasskeyRefused
        case DecodedRSAPublicKey() if len(decoded.n) > _LARGEST_MODULUS:
            raise PasskeyRefused
        case DecodedRSAPublicKey() if len(decoded.e) > _LARGEST_EXPONENT:
            raise PasskeyRefused
    decoded_public_key_to_cryptography(decoded)


def _state(told: AuthenticatorData) -> AuthenticatorState:
    return AuthenticatorState(
        sign_count=told.sign_count,
        is_backup_eligible=told.flags.be,
        is_backed_up=told.flags.bs,
    )


def _registration(attestation: Attestation) -> RegistrationCredential:
    return RegistrationCredential(
        id=bytes_to_base64url(attestation.credential_id),
        raw_id=attestation.credential_id,
        response=AuthenticatorAttestationResponse(
            client_data_json=attestation.client_data,
            attestation_object=attestation.attestation_object,
        ),
    )


def _authentication(assertion: Assertion) -> AuthenticationCredential:
    return AuthenticationCredential(
        id=bytes_to_base64url(assertion.credential_id),
        raw_id=assertion.credential_id,
        response=AuthenticatorAssertionResponse(
            client_data_json=assertion.client_data,
            authenticator_data=assertion.authenticator_data,
            signature=assertion.signature,
            user_handle=assertion.user_handle,
        ),
    )


_conforms: type[WebAuthn] = PyWebAuthn

"""How the answers of authenticators are verified."""

from typing import Protocol

from limen.core.passkeys.model import AuthenticatorState, NewCredential, PasskeyPolicy
from limen.core.passkeys.responses import Assertion, Attestation


class WebAuthn(Protocol):
    """Verifies answers by WebAuthn level 3, sections 7.1 and 7.2; what is stored is not its affair.

    Both methods raise `PasskeyRefused`, and nothing else, for an answer that is not whole, is of
    the other kind of ceremony, is not over `challenge`, comes from another origin than one of
    `policy` exactly or from a frame within another site, is for another RP id, or tells that the
    user was not present or not verified.
    """

    def check_attestation(
        self, attestation: Attestation, challenge: bytes, policy: PasskeyPolicy
    ) -> NewCredential:
        """Return the new credential.

        Raises `PasskeyRefused` also if its id is not the one shown, if its key is not whole, of
        another algorithm than EdDSA, ES256 or RS256, or larger than RSA keys of 4096 bits are, and
        for any attestation statement but none or one by the key itself.
        """
        ...

    def check_assertion(
        self, assertion: Assertion, public_key: bytes, challenge: bytes, policy: PasskeyPolicy
    ) -> AuthenticatorState:
        """Return what the authenticator tells; its counter is any.

        Raises `PasskeyRefused` also if the signature is not by the other half of `public_key`.
        """
        ...

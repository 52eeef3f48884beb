"""What authenticators are asked, in the JSON that browsers read (WebAuthn level 3, 5.1.8-5.1.9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from limen.core.encoding import write_base64url
from limen.core.passkeys.model import CEREMONY_LIFETIME, Passkey, PasskeyPolicy
from limen.core.users.model import User

# COSE algorithms, the preferred first: EdDSA, ES256, RS256.
ALGORITHMS: Final = (-8, -7, -257)
_TYPE: Final = "public-key"
_MILLISECONDS: Final = round(CEREMONY_LIFETIME.total_seconds() * 1000)
_VERIFICATION: Final = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """A credential as browsers are told of it."""

    credential_id: bytes
    transports: tuple[str, ...]

    @classmethod
    def of(cls, passkey: Passkey) -> "Descriptor":
        """Describe a passkey."""
        return cls(credential_id=passkey.credential_id, transports=passkey.transports)

    def as_json(self) -> Mapping[str, object]:
        """Return a `PublicKeyCredentialDescriptorJSON`."""
        return {
            "type": _TYPE,
            "id": write_base64url(self.credential_id),
            "transports": list(self.transports),
        }


def user_handle(user: User) -> bytes:
    """Return what authenticators know a user by: the bytes of the id, which say nothing of them."""
    return user.id.bytes


def creation_options(
    policy: PasskeyPolicy, challenge: bytes, user: User, enrolled: Iterable[Passkey]
) -> Mapping[str, object]:
    """Return `PublicKeyCredentialCreationOptionsJSON` for one more passkey of a user.

    An authenticator that has room keeps it to be found without a name; one that has none may be
    used with the name.
    """
    name = user.email.address
    return {
        "rp": {"id": policy.rp_id, "name": policy.rp_name},
        "user": {
            "id": write_base64url(user_handle(user)),
            "name": name,
            "displayName": user.name or name,
        },
        "challenge": write_base64url(challenge),
        "pubKeyCredParams": [{"type": _TYPE, "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": _MILLISECONDS,
        "excludeCredentials": [Descriptor.of(passkey).as_json() for passkey in enrolled],
        "authenticatorSelection": {
            "residentKey": "preferred",
            "requireResidentKey": False,
            "userVerification": _VERIFICATION,
        },
        "attestation": "none",
    }


def request_options(
    policy: PasskeyPolicy, challenge: bytes, allowed: Iterable[Descriptor]
) -> Mapping[str, object]:
    """Return `PublicKeyCredentialRequestOptionsJSON`; with none `allowed`, any will do."""
    return {
        "challenge": write_base64url(challenge),
        "timeout": _MILLISECONDS,
        "rpId": policy.rp_id,
        "allowCredentials": [descriptor.as_json() for descriptor in allowed],
        "userVerification": _VERIFICATION,
    }

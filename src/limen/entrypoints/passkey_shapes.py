"""The shapes of passkeys."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

from msgspec import Struct

from limen.core.encoding import write_base64url
from limen.core.passkeys.asking import Asked
from limen.core.passkeys.model import Passkey


class PasskeyAskedOut(Struct, frozen=True, kw_only=True):
    """What a browser hands to its authenticators, and what comes back with their answer.

    `options` are as `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` reads them.
    """

    ceremony: str
    options: dict[str, Any]

    @classmethod
    def of(cls, asked: Asked) -> Self:
        """Map the result."""
        return cls(ceremony=asked.ceremony.reveal(), options=dict(asked.options))


class PasskeyOut(Struct, frozen=True, kw_only=True):
    """A passkey of a user. If it is backup eligible, several devices may have it.

    `credential_id` is what authenticators call it, in base64url.
    """

    id: UUID
    user_id: UUID
    name: str
    credential_id: str
    transports: tuple[str, ...]
    is_backup_eligible: bool
    is_backed_up: bool
    created_at: datetime
    last_used_at: datetime | None
    version: int

    @classmethod
    def of(cls, passkey: Passkey) -> Self:
        """Map the model."""
        return cls(
            id=passkey.id,
            user_id=passkey.user_id,
            name=passkey.name,
            credential_id=write_base64url(passkey.credential_id),
            transports=passkey.transports,
            is_backup_eligible=passkey.is_backup_eligible,
            is_backed_up=passkey.is_backed_up,
            created_at=passkey.created_at,
            last_used_at=passkey.last_used_at,
            version=passkey.version,
        )

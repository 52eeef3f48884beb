"""Identifiers shared by all concepts: UUIDs that carry their meaning in their type."""

from typing import Final, NewType
from uuid import UUID

UserId = NewType("UserId", UUID)
SessionId = NewType("SessionId", UUID)
EventId = NewType("EventId", UUID)
MessageId = NewType("MessageId", UUID)
ProofId = NewType("ProofId", UUID)
PartialSessionId = NewType("PartialSessionId", UUID)
PasskeyId = NewType("PasskeyId", UUID)
TotpId = NewType("TotpId", UUID)
ApiKeyId = NewType("ApiKeyId", UUID)
RememberedId = NewType("RememberedId", UUID)

# Whom the store is asked about where there is nobody, so that it has as much to do.
NOBODY: Final = UserId(UUID(int=0))

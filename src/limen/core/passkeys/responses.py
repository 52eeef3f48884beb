"""What authenticators answer, in the JSON that browsers make of it (WebAuthn level 3, 5.1.8).

Everything is read strictly and within bounds before any of it is decoded. Members that limen does
not need are not looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from limen.core.encoding import read_base64url
from limen.core.reading import Reader

LONGEST_CREDENTIAL_ID: Final = 1023
_LONGEST_CLIENT_DATA: Final = 4096
_LONGEST_ATTESTATION: Final = 8192
_LONGEST_AUTHENTICATOR_DATA: Final = 4096
_LONGEST_SIGNATURE: Final = 1024
_LONGEST_USER_HANDLE: Final = 64
_MOST_TRANSPORTS: Final = 16
_TRANSPORTS: Final = frozenset({"ble", "hybrid", "internal", "nfc", "smart-card", "usb"})
_FIELD: Final = "credential"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """A new credential as it came in, not yet believed."""

    credential_id: bytes
    client_data: bytes
    attestation_object: bytes
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A signature over a challenge as it came in, not yet believed."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None = None


def read_attestation(answer: Mapping[str, object]) -> Attestation:
    """Read what `navigator.credentials.create()` gave; raise `InvalidInput` with every fault."""
    page = _Page(answer)
    read = Attestation(
        credential_id=page.credential_id(),
        client_data=page.take("clientDataJSON", _LONGEST_CLIENT_DATA),
        attestation_object=page.take("attestationObject", _LONGEST_ATTESTATION),
        transports=page.transports(),
    )
    page.reader.refuse_faults()
    return read


def read_assertion(answer: Mapping[str, object]) -> Assertion:
    """Read what `navigator.credentials.get()` gave; raise `InvalidInput` with every fault."""
    page = _Page(answer)
    read = Assertion(
        credential_id=page.credential_id(),
        client_data=page.take("clientDataJSON", _LONGEST_CLIENT_DATA),
        authenticator_data=page.take("authenticatorData", _LONGEST_AUTHENTICATOR_DATA),
        signature=page.take("signature", _LONGEST_SIGNATURE),
        user_handle=page.user_handle(),
    )
    page.reader.refuse_faults()
    return read


class _Page:
    """An answer that is being read; what is wrong with it is noted."""

    def __init__(self, answer: Mapping[str, object]) -> None:
        self.reader = Reader()
        self._answer = answer
        inner = answer.get("response")
        self._response: Mapping[str, object] = inner if isinstance(inner, dict) else {}
        if answer.get("type") != "public-key":
            self.reader.fault(f"{_FIELD}.type", "invalid", "must be public-key")
        if not isinstance(inner, dict):
            self.reader.fault(f"{_FIELD}.response", "invalid", "must be an object")

    def credential_id(self) -> bytes:
        """Return the id, which stands there twice."""
        if self._answer.get("id") != self._answer.get("rawId"):
            self.reader.fault(f"{_FIELD}.rawId", "invalid", "must be the same as id")
        return self._bytes("id", self._answer.get("id"), LONGEST_CREDENTIAL_ID)

    def take(self, name: str, longest: int) -> bytes:
        """Return the bytes of a member of the response."""
        return self._bytes(f"response.{name}", self._response.get(name), longest)

    def user_handle(self) -> bytes | None:
        """Return whom the authenticator takes its user for, if it says so."""
        if self._response.get("userHandle") is None:
            return None
        return self.take("userHandle", _LONGEST_USER_HANDLE)

    def transports(self) -> tuple[str, ...]:
        """Return the ways to the authenticator that limen knows, each once and in order."""
        given = self._response.get("transports")
        if given is None:
            return ()
        if not isinstance(given, list) or len(given) > _MOST_TRANSPORTS:
            message = f"must be a list of at most {_MOST_TRANSPORTS} names"
            self.reader.fault(f"{_FIELD}.response.transports", "invalid", message)
            return ()
        return tuple(sorted(_TRANSPORTS.intersection(one for one in given if type(one) is str)))

    def _bytes(self, name: str, text: object, longest: int) -> bytes:
        message = f"must be base64url without padding, of 1 to {longest} bytes"
        # Four characters stand for three bytes, and nothing is decoded that is longer.
        if isinstance(text, str) and text and len(text) <= (longest * 4 + 2) // 3:
            try:
                return read_base64url(text)
            except ValueError:
                pass
        self.reader.fault(f"{_FIELD}.{name}", "invalid", message)
        return b""

"""What browsers write of an answer, read strictly."""

from typing import Any

import pytest

from limen.core.encoding import write_base64url
from limen.core.errors import InvalidInput
from limen.core.passkeys.responses import read_assertion, read_attestation


def attestation(**response: object) -> dict[str, Any]:
    return {
        "id": "aWQ",
        "rawId": "aWQ",
        "type": "public-key",
        "clientExtensionResults": {"credProps": {"rk": True}},
        "response": {"clientDataJSON": "Y2xpZW50", "attestationObject": "YXR0ZXN0"} | response,
    }


def assertion(**response: object) -> dict[str, Any]:
    given = {"clientDataJSON": "Y2xpZW50", "authenticatorData": "YXV0aA", "signature": "c2ln"}
    return attestation() | {"response": given | response}


def faults(answer: dict[str, Any], read: Any = read_attestation) -> list[str]:
    with pytest.raises(InvalidInput) as refused:
        read(answer)
    return [fault.field for fault in refused.value.details]


def test_a_new_credential_is_read_and_the_ways_to_it_that_are_known() -> None:
    read = read_attestation(attestation(transports=["usb", "telepathy", "nfc", "usb", 7]))
    assert (read.credential_id, read.client_data, read.attestation_object) == (
        b"id",
        b"client",
        b"attest",
    )
    assert read.transports == ("nfc", "usb")
    assert read_attestation(attestation()).transports == ()


def test_a_signature_is_read_with_or_without_whose_it_is() -> None:
    read = read_assertion(assertion(userHandle="dXNlcg"))
    assert (read.authenticator_data, read.signature, read.user_handle) == (b"auth", b"sig", b"user")
    assert read_assertion(assertion(userHandle=None)).user_handle is None


def test_every_fault_is_told_at_once() -> None:
    assert faults({}) == [
        "credential.type",
        "credential.response",
        "credential.id",
        "credential.response.clientDataJSON",
        "credential.response.attestationObject",
    ]


@pytest.mark.parametrize("text", [None, 7, "", "a", "YQ==", "YR", "Y Q", "Y+/Q", "ö", ["YQ"]])
def test_bytes_have_one_spelling_and_are_never_none(text: object) -> None:
    assert faults(attestation(clientDataJSON=text)) == ["credential.response.clientDataJSON"]


@pytest.mark.parametrize(
    ("name", "longest"),
    [("clientDataJSON", 4096), ("attestationObject", 8192)],
)
def test_what_is_too_long_is_not_decoded(name: str, longest: int) -> None:
    read_attestation(attestation(**{name: write_base64url(bytes(longest))}))
    too_long = attestation(**{name: write_base64url(bytes(longest + 1))})
    assert faults(too_long) == [f"credential.response.{name}"]


@pytest.mark.parametrize(
    ("name", "longest"),
    [("authenticatorData", 4096), ("signature", 1024), ("userHandle", 64)],
)
def test_nor_is_it_in_a_signature(name: str, longest: int) -> None:
    read_assertion(assertion(**{name: write_base64url(bytes(longest))}))
    too_long = assertion(**{name: write_base64url(bytes(longest + 1))})
    assert faults(too_long, read_assertion) == [f"credential.response.{name}"]


def test_an_id_is_bounded_and_the_same_twice() -> None:
    longest = write_base64url(bytes(1023))
    read_attestation(attestation() | {"id": longest, "rawId": longest})
    beyond = write_base64url(bytes(1024))
    assert faults(attestation() | {"id": beyond, "rawId": beyond}) == ["credential.id"]
    assert faults(attestation() | {"rawId": "YW5vdGhlcg"}) == ["credential.rawId"]


@pytest.mark.parametrize("given", ["usb", {}, ["usb"] * 17])
def test_the_ways_to_an_authenticator_are_a_short_list(given: object) -> None:
    assert faults(attestation(transports=given)) == ["credential.response.transports"]


def test_another_kind_of_credential_is_refused() -> None:
    assert faults(attestation() | {"type": "password"}) == ["credential.type"]

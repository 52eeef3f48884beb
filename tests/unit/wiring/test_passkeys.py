"""Where passkeys are good follows from where limen is reached."""

import pytest

from limen.core.errors import SettingsInvalid
from limen.core.passkeys.model import PasskeyPolicy
from limen.wiring.settings import from_code


def policy(**options: object) -> PasskeyPolicy:
    return from_code(options).passkey.policy


def faults(**options: object) -> list[str]:
    with pytest.raises(SettingsInvalid) as refused:
        from_code(options)
    return [fault.field for fault in refused.value.details]


@pytest.mark.parametrize(
    ("url", "domain", "origin"),
    [
        ("https://id.example.org", "id.example.org", "https://id.example.org"),
        ("https://id.example.org:443/limen", "id.example.org", "https://id.example.org"),
        ("https://ID.example.org:8443", "id.example.org", "https://id.example.org:8443"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:80", "localhost", "http://localhost"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
        ("http://192.0.2.7", "192.0.2.7", "http://192.0.2.7"),
    ],
)
def test_they_are_for_the_host_of_the_public_url(url: str, domain: str, origin: str) -> None:
    expected = PasskeyPolicy(rp_id=domain, rp_name=domain, origins=(origin,))
    assert policy(public_url=url) == expected


def test_they_may_be_for_a_domain_above_it_and_for_further_origins() -> None:
    chosen = policy(
        public_url="https://id.example.org",
        passkey_rp_id="example.org",
        passkey_rp_name="Example",
        passkey_origins="https://app.example.org,https://id.example.org",
    )
    assert (chosen.rp_id, chosen.rp_name) == ("example.org", "Example")
    assert chosen.origins == ("https://id.example.org", "https://app.example.org")


@pytest.mark.parametrize(
    "domain", ["example.com", "d.example.org", "ample.org", "x.id.example.org"]
)
def test_never_for_a_domain_elsewhere(domain: str) -> None:
    assert faults(public_url="https://id.example.org", passkey_rp_id=domain) == [
        "LIMEN_PASSKEY_RP_ID"
    ]


@pytest.mark.parametrize("domain", ["Example.org", "127.0.0.1", "a b", "https://example.org", ""])
def test_a_domain_is_a_name_in_lower_case(domain: str) -> None:
    assert faults(public_url="https://id.example.org", passkey_rp_id=domain) == [
        "LIMEN_PASSKEY_RP_ID"
    ]


@pytest.mark.parametrize("origin", ["https://example.org", "https://id.example.org.evil.example"])
def test_nor_for_origins_elsewhere(origin: str) -> None:
    assert faults(public_url="https://id.example.org", passkey_origins=origin) == [
        "LIMEN_PASSKEY_ORIGINS"
    ]

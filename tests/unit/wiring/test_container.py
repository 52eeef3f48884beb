from collections.abc import Iterator
from typing import Any

import pytest
from dependency_injector.providers import Dependency, Provider, Singleton

from limen.adapters.hashing_pool import PooledHasher
from limen.core.secret import Secret
from limen.core.sessions.denial import WatchedUnits
from limen.testing.fakes import FrozenClock
from limen.wiring.container import Container
from limen.wiring.foundation import Foundation
from limen.wiring.secret_key import SecretKeys
from limen.wiring.settings import Settings, from_code
from limen.wiring.storage import MemoryStorage

URLS = ("memory://", "sqlite:///var/limen.db", "postgresql://limen:x@localhost/limen")
KEYS = SecretKeys(current=Secret(b"n" * 32), old=(Secret(b"o" * 32),))


def make(**options: object) -> Container:
    return Container(settings=from_code(options), secret_keys=KEYS)


def parts(container: Container) -> Iterator[tuple[str, Provider[Any]]]:
    yield from container.providers.items()


@pytest.mark.parametrize("url", URLS)
def test_every_part_is_made_for_every_store(url: str) -> None:
    """Neither mypy nor the library sees a misspelt keyword in a provider; this does."""
    container = make(database_url=url)
    for name, provider in parts(container):
        assert provider() is not None, name
        assert provider() is provider(), name


def test_a_misspelt_keyword_is_caught() -> None:
    container = make(database_url="memory://")
    container.users.add_kwargs(ambiend=container.ambient)
    with pytest.raises(TypeError, match="ambiend"):
        container.users()


def test_parts_are_made_when_asked_for_and_no_resource_waits() -> None:
    kinds = {type(provider) for _, provider in parts(make(database_url="memory://"))}
    assert kinds <= {Singleton, Dependency}


def test_the_container_declares_services_and_the_foundation_their_parts() -> None:
    def are_services(declared: dict[str, Provider[Any]]) -> set[bool]:
        made = (provider for provider in declared.values() if isinstance(provider, Singleton))
        return {provider.cls.__name__.endswith("Service") for provider in made}

    assert are_services(Container.cls_providers) == {True}
    assert are_services(Foundation.cls_providers) == {False}


def test_settings_are_checked() -> None:
    with pytest.raises(Exception, match="is not an instance of"):
        Container(settings="memory://", secret_keys=KEYS).settings()


def test_services_share_the_units_that_outdate_the_denial_list() -> None:
    container = make(database_url="memory://")
    units = container.unit_of_work()
    assert isinstance(units, WatchedUnits)
    for service in (container.users(), container.sessions(), container.tokens()):
        assert service._unit_of_work is units
    storage = container.storage()
    assert isinstance(storage, MemoryStorage)
    assert units._inner is storage.units
    assert container.denials()._unit_of_work is storage.units


def test_settings_become_policies() -> None:
    container = make(
        database_url="memory://",
        password_min_length=15,
        access_token_seconds=300,
        token_issuer="https://id.example.org",
        registration="closed",
        sign_in_per_address=7,
        session_idle_days=2,
        hashing_threads=3,
    )
    assert container.preparation()._policy.min_length == 15
    assert container.issuer()._policy.issuer == "https://id.example.org"
    assert container.verifier()._policy.access_lifetime.total_seconds() == 300
    assert not container.users()._policy.is_registration_open
    assert container.sign_in()._policy.throttle.per_address == 7
    assert container.sign_in()._policy.sessions.idle.days == 2
    hasher = container.hasher()
    assert isinstance(hasher, PooledHasher)
    assert hasher.load.threads == 3


def test_each_purpose_has_a_key_of_its_own() -> None:
    container = make(database_url="memory://")
    keys = {container.refresh_tokens()._key.reveal(), container.lists()._key.reveal()}
    assert len(keys) == 2
    assert not keys & {key.reveal() for key in KEYS.all}


def test_codes_are_checked_with_former_keys_too() -> None:
    assert len(make(database_url="memory://").proof_maker().keys) == len(KEYS.all)


def test_a_part_can_be_replaced_in_tests() -> None:
    container = make(database_url="memory://")
    clock = FrozenClock()
    with container.clock.override(clock):
        assert container.ambient().clock is clock


def test_two_containers_share_nothing() -> None:
    one, other = make(database_url="memory://"), make(database_url="memory://")
    assert one.storage() is not other.storage()
    settings = one.settings()
    assert isinstance(settings, Settings)

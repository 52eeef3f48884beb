"""The machines find nothing, on any store."""

from limen.testing.machines.machine import OpenStore, prove
from limen.testing.machines.refresh_families import FamilyMachine
from limen.testing.machines.users import UserMachine


def test_users(open_store: OpenStore) -> None:
    prove(UserMachine, open_store)


def test_refresh_families(open_store: OpenStore) -> None:
    prove(FamilyMachine, open_store)

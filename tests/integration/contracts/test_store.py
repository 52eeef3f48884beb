"""Every store keeps every promise."""

from limen.testing.contracts.store import StoreContract


class TestStore(StoreContract):
    """`unit_of_work` comes from conftest, once for each store."""

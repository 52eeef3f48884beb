"""What `test_contracts_catch.py` runs inside itself: all contracts on a store broken on purpose.

pytest does not collect it by itself, because of its name.
"""

from limen.testing.contracts.store import StoreContract


class TestStore(StoreContract):
    """`unit_of_work` comes from the plug-in that the outer test registers."""

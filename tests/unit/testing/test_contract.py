"""No promise of a contract can be dropped in silence."""

from collections.abc import Callable
from inspect import signature

import pytest

from limen.testing.contract import BrokenPromise, Contract
from limen.testing.contracts.concurrency import ConcurrencyContract
from limen.testing.contracts.locks import LocksContract
from limen.testing.contracts.outage import OutageContract
from limen.testing.contracts.store import (
    PlainStoreContract,
    StoreContract,
    TransactionalStoreContract,
)
from limen.testing.contracts.unit_of_work import UnitOfWorkContract
from limen.testing.contracts.view import ViewContract
from tests.unit.testing.promises import contract_classes


class Example(Contract):
    """A contract to try things on."""

    __test__ = True

    def test_one(self) -> None: ...

    async def test_two(self) -> None: ...


def test_a_subclass_that_adds_nothing_keeps_every_test() -> None:
    class Kept(Example):
        """As it should be."""

    assert set(Kept.__contract__) == {"test_one", "test_two"}


def test_a_subclass_may_add_tests_fixtures_and_steps() -> None:
    class More(Example):
        def test_three(self) -> None: ...

        def prepare(self) -> None: ...

    assert set(More.__contract__) == {"test_one", "test_two", "test_three"}


def test_asynchronous_tests_run_without_any_setting_of_the_author() -> None:
    marks = [mark.name for mark in Example.test_two.pytestmark]  # type: ignore[attr-defined]
    assert marks == ["asyncio"]
    assert not hasattr(Example.test_one, "pytestmark")


def test_an_override_is_refused() -> None:
    with pytest.raises(BrokenPromise, match=r"Silent\.test_one overrides a contract"):

        class Silent(Example):
            def test_one(self) -> None: ...


def test_a_removal_is_refused() -> None:
    with pytest.raises(BrokenPromise, match="test_two"):

        class Removed(Example):
            test_two = None  # type: ignore[assignment]


def test_an_override_further_down_is_refused() -> None:
    class Between(Example):
        """A class between."""

    with pytest.raises(BrokenPromise):

        class Below(Between):
            def test_one(self) -> None: ...


@pytest.mark.parametrize(
    "mark",
    [
        pytest.mark.skip(reason="no time"),
        pytest.mark.skipif(True, reason="no time"),  # noqa: FBT003 - as it is written.
        pytest.mark.xfail,
        pytest.mark.xfail(reason="known"),
        pytest.mark.xfail(strict=True),
        pytest.mark.xfail(reason="known", strict=False),
        pytest.mark.usefixtures("tmp_path"),
    ],
    ids=lambda mark: f"{mark.name} {sorted(mark.kwargs)}",
)
def test_an_override_under_any_other_mark_is_refused(mark: pytest.MarkDecorator) -> None:
    with pytest.raises(BrokenPromise):

        class Excused(Example):
            @mark
            def test_one(self) -> None: ...


def test_a_strict_xfail_with_a_reason_is_said_aloud_and_accepted() -> None:
    class Honest(Example):
        @pytest.mark.xfail(reason="our store has no collations yet", strict=True)
        def test_one(self) -> None:
            super().test_one()

    assert Honest.__contract__["test_one"] is vars(Honest)["test_one"]


@pytest.mark.parametrize("name", ["skip", "skipif", "xfail"])
def test_a_whole_contract_cannot_be_marked_away(name: str) -> None:
    with pytest.raises(BrokenPromise, match=name):

        class Skipped(Example):
            pytestmark = getattr(pytest.mark, name)(reason="no time")


def test_a_whole_contract_cannot_be_switched_off() -> None:
    with pytest.raises(BrokenPromise, match="__test__"):

        class Off(Example):
            __test__ = False


def test_two_contracts_with_a_test_of_the_same_name_cannot_be_mixed() -> None:
    class Other(Contract):
        def test_one(self) -> None: ...

    with pytest.raises(BrokenPromise, match="two of its bases have a test_one"):

        class Mixed(Example, Other):
            """One of the two would never run."""


def test_a_contract_inside_another_can_only_be_replaced_by_its_subclass() -> None:
    class Refined(StoreContract):
        class TestUsers(StoreContract.TestUsers):
            """Where a promise may be marked."""

    assert Refined.__contract__["TestUsers"] is Refined.TestUsers
    with pytest.raises(BrokenPromise, match="TestUsers"):

        class Emptied(StoreContract):
            class TestUsers:
                """Promises nothing."""


def test_the_contracts_of_the_store_are_all_there() -> None:
    about_the_store = {
        contract
        for contract in contract_classes()
        if any("unit_of_work" in signature(test).parameters for test in _tests(contract))
    }
    # An outage is not for every store, nor for the same `unit_of_work`.
    assert about_the_store - {OutageContract} == _parts(StoreContract)


def test_a_stronger_contract_of_the_store_holds_the_weaker_ones() -> None:
    plain, transactional, concurrent = map(
        _parts, (PlainStoreContract, TransactionalStoreContract, StoreContract)
    )
    assert transactional - plain == {UnitOfWorkContract, ViewContract}
    assert concurrent - transactional == {ConcurrencyContract, LocksContract}
    assert plain < transactional < concurrent


def _parts(store: type[Contract]) -> set[type[Contract]]:
    return {part.__bases__[0] for part in store.__contract__.values()}


def _tests(contract: type[Contract]) -> list[Callable[..., object]]:
    return [test for test in contract.__contract__.values() if not isinstance(test, type)]

"""No promise of a contract can be dropped in silence."""

from collections.abc import Callable
from inspect import signature
from typing import ClassVar

import pytest

from limen.testing.contract import BrokenPromise, Contract, refuse_losses
from limen.testing.contracts.concurrency import ConcurrencyContract
from limen.testing.contracts.locks import LocksContract
from limen.testing.contracts.one_time import OneTimeContract
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

    def test_one(self) -> None: ...

    async def test_two(self) -> None: ...


class TestExample(Example):
    """An adapter keeps it."""


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
        pytest.mark.xfail(reason="known", strict=True),
        pytest.mark.usefixtures("tmp_path"),
    ],
    ids=lambda mark: f"{mark.name} {sorted(mark.kwargs)}",
)
def test_an_override_is_refused_under_every_mark(mark: pytest.MarkDecorator) -> None:
    with pytest.raises(BrokenPromise, match="name it in broken_promises"):

        class Excused(Example):
            @mark
            def test_one(self) -> None:
                super().test_one()


def test_an_override_under_a_skip_and_a_strict_xfail_is_refused() -> None:
    with pytest.raises(BrokenPromise):

        class Excused(Example):
            @pytest.mark.skip(reason="no time")
            @pytest.mark.xfail(reason="known", strict=True)
            def test_one(self) -> None:
                super().test_one()


@pytest.mark.parametrize("other", [None, lambda _self: None, 7], ids=["none", "a test", "a value"])
def test_nothing_may_stand_before_a_contract(other: object) -> None:
    mixin = type("Mixin", (), {"test_one": other})
    with pytest.raises(BrokenPromise, match=r"Mixed: something else is in the way of test_one"):
        type("Mixed", (mixin, Example), {})


def test_what_stands_behind_a_contract_is_harmless() -> None:
    class Mixin:
        test_one = None

    class Kept(Example, Mixin):  # type: ignore[misc]
        """pytest finds the contract's."""

    assert set(Kept.__contract__) == {"test_one", "test_two"}


def test_a_fixture_that_a_contract_brings_is_part_of_it() -> None:
    class FullContract(Contract):
        @pytest.fixture
        def things(self) -> list[int]:
            return [1]

        def test_things(self, things: list[int]) -> None: ...

    with pytest.raises(BrokenPromise, match="things is FullContract's own fixture"):

        class Emptied(FullContract):
            @pytest.fixture
            def things(self) -> list[int]:
                return []


def test_a_fixture_that_is_only_called_like_one_that_a_contract_brings_is_refused() -> None:
    class NamedContract(Contract):
        @pytest.fixture(name="things")
        def make_things(self) -> list[int]:
            return [1]

        def test_things(self, things: list[int]) -> None: ...

    with pytest.raises(BrokenPromise, match="things is NamedContract's own fixture"):

        class Renamed(NamedContract):
            @pytest.fixture(name="things")
            def zzz(self) -> list[int]:
                return []

    with pytest.raises(BrokenPromise, match="things is NamedContract's own fixture"):

        class Called(NamedContract):
            @pytest.fixture
            def things(self) -> list[int]:
                return []

    with pytest.raises(BrokenPromise, match="things is NamedContract's own fixture"):

        class Gone(NamedContract):
            make_things = None  # type: ignore[assignment]


def test_a_fixture_of_an_authors_own_may_be_another_below() -> None:
    class TestFirst(Example):
        @pytest.fixture
        def thing(self) -> int:
            return 1

        def test_mine(self) -> None: ...

    class TestSecond(TestFirst):
        @pytest.fixture
        def thing(self) -> int:
            return 2

    assert set(TestSecond.__contract__) == {"test_one", "test_two", "test_mine"}


@pytest.mark.parametrize("name", ["__init__", "__new__"])
def test_a_class_that_pytest_would_not_collect_is_refused(name: str) -> None:
    mixin = type("Mixin", (), {name: lambda *_: None})
    with pytest.raises(BrokenPromise, match="pytest collects no class with"):
        type("Made", (mixin, Example), {})


def test_a_mixin_cannot_switch_a_contract_off() -> None:
    with pytest.raises(BrokenPromise, match="__test__"):
        type("Off", (type("Mixin", (), {"__test__": False}), Example), {})
    with pytest.raises(BrokenPromise, match="skip on the class"):
        type("Off", (type("Mixin", (), {"pytestmark": pytest.mark.skip}), Example), {})


def test_what_is_done_to_a_class_afterwards_is_seen_when_pytest_collects_it() -> None:
    @pytest.mark.skip(reason="no time")
    class Skipped(Example):
        """A decorator comes after the making."""

    with pytest.raises(BrokenPromise, match="skip on the class"):
        refuse_losses(Skipped)

    class Emptied(Example):
        """So does an assignment."""

    Emptied.test_one = None  # type: ignore[method-assign, assignment]
    with pytest.raises(BrokenPromise, match=r"Emptied\.test_one overrides a contract"):
        refuse_losses(Emptied)


# --- promises that are broken, and said to be ----------------------------------------------------


def test_a_broken_promise_is_named_with_its_reason() -> None:
    class Honest(StoreContract):
        broken_promises: ClassVar = {
            "TestUsers::test_get_raises_user_not_found": "we have no errors",
        }

    assert Honest.__contract__ == StoreContract.__contract__


@pytest.mark.parametrize("reason", ["", "  ", None])
def test_a_broken_promise_without_a_reason_is_refused(reason: str) -> None:
    with pytest.raises(BrokenPromise, match="no reason for 'test_one'"):

        class Shy(Example):
            broken_promises: ClassVar = {"test_one": reason}


@pytest.mark.parametrize(
    "name", ["test_three", "", "TestUsers::test_one", "test_one::test_one", "prepare"]
)
def test_a_broken_promise_that_nobody_gave_is_refused(name: str) -> None:
    with pytest.raises(BrokenPromise, match="which is no test"):

        class Mistaken(Example):
            broken_promises: ClassVar = {name: "misspelt"}


def test_a_whole_contract_cannot_be_named_a_broken_promise() -> None:
    with pytest.raises(BrokenPromise, match="'TestUsers', which is no test"):

        class Lazy(StoreContract):
            broken_promises: ClassVar = {"TestUsers": "no users here"}


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
            """Where a fixture may be given."""

    assert Refined.__contract__["TestUsers"] is Refined.TestUsers
    with pytest.raises(BrokenPromise, match=r"Emptied\.TestUsers overrides"):

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
    assert concurrent - transactional == {ConcurrencyContract, OneTimeContract, LocksContract}
    assert plain < transactional < concurrent


def _parts(store: type[Contract]) -> set[type[Contract]]:
    return {part.__bases__[0] for part in store.__contract__.values()}


def _tests(contract: type[Contract]) -> list[Callable[..., object]]:
    return [test for test in contract.__contract__.values() if not isinstance(test, type)]

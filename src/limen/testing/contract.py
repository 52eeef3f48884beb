"""What every contract class is made of, and why none of its promises can be dropped in silence."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings


def examples(count: int) -> settings:
    """Return the settings of a contract that holds for every example: try `count` of them.

    The fixtures are shared by all examples of a test, and its code by all adapters; contracts are
    written for that.
    """
    return settings(
        max_examples=count,
        deadline=None,
        suppress_health_check=[
            HealthCheck.differing_executors,
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
        ],
    )


_REFUSED_MARKS = frozenset({"skip", "skipif", "xfail"})
_FIXTURE = type(pytest.fixture(lambda: None))


class BrokenPromise(TypeError):
    """A contract class was subclassed in a way that leaves a promise untested."""


class Contract:
    """The tests that every adapter of one port passes.

    An adapter author subclasses a contract, gives it the fixture its docstring names, and adds
    nothing else:

    ```python
    class TestMyUsers(UsersContract):
        @pytest.fixture
        def unit_of_work(self) -> UnitOfWorkFactory:
            return MyUnitOfWorkFactory(...)  # on an empty store
    ```

    A promise that an adapter cannot keep is named, with the reason. Its test runs unchanged, is
    expected to fail, and fails the run on the day the promise is kept after all:

    ```python
        broken_promises = {
            "test_names_are_sorted_by_code_point": "our store has no collations yet",
        }
    ```

    Anything else that would drop a test (an override, a `None`, `__test__`, a skip, an `__init__`,
    another base with something of the same name, another fixture in place of one that the contract
    brings) raises `BrokenPromise` when the class is made.
    What can only be seen by pytest, limen's plug-in makes a failure: a skip, a class or a test that
    is not collected, cases in place of a fixture that the contract brings.
    """

    # What cannot be kept, and why: a test as pytest names it behind the class. A name with a case,
    # `test_...[case]`, is that case alone; a test of a contract inside is `TestUsers::test_...`.
    broken_promises: ClassVar[Mapping[str, str]] = {}

    # The tests, and the contracts nested inside, by name.
    __contract__: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        """Refuse to lose a test, and mark the asynchronous ones for pytest-asyncio."""
        super().__init_subclass__()
        for name, test in _tests_of(cls):
            if _is_asynchronous(test):
                setattr(cls, name, pytest.mark.asyncio(test))
        cls.__contract__ = _promised(cls)
        refuse_losses(cls)


def refuse_losses(cls: type[Contract]) -> None:
    """Raise `BrokenPromise` if a test of a contract would not run because of the class.

    Asked when the class is made, and again when pytest collects it: decorators come in between.
    """
    for name, test in _promised(cls).items():
        if inspect.getattr_static(cls, name) is not test:
            raise BrokenPromise(f"{cls.__name__}: something else is in the way of {name}")
    _refuse_other_fixtures(cls)
    if getattr(cls, "__test__", True) is not True:
        raise BrokenPromise(f"{cls.__name__}: __test__ would switch a whole contract off")
    if cls.__init__ is not object.__init__ or cls.__new__ is not object.__new__:
        raise BrokenPromise(f"{cls.__name__}: pytest collects no class with __init__ or __new__")
    _refuse_marks(cls)
    _refuse_odd_excuses(cls)


def is_promise(cls: object, name: str) -> bool:
    """Tell whether `name` is a test that a class has from a contract, not one of its own."""
    return name in getattr(cls, "__contract__", {}) and name not in vars(cls)


def _tests_of(cls: type) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in vars(cls).items() if name.lower().startswith("test")]


def _promised(cls: type[Contract]) -> dict[str, Any]:
    """Return the tests of a class and of the contracts below it; none may stand before another."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        for name, test in _tests_of(base) if issubclass(base, Contract) else ():
            if name in found and not _refines(test, found[name]):
                raise BrokenPromise(_override(cls, base, name))
            if name in found or callable(test):
                found[name] = test
    return found


def _refines(test: object, inherited: object) -> bool:
    return isinstance(test, type) and isinstance(inherited, type) and issubclass(test, inherited)


def _override(cls: type, base: type, name: str) -> str:
    if base is not cls:
        return f"{cls.__name__}: two of its bases have a {name}; one is lost"
    return (
        f"{cls.__name__}.{name} overrides a contract; "
        "if it cannot be kept, name it in broken_promises, with the reason"
    )


def brought_by(cls: type[Contract]) -> Iterator[tuple[str, str, object, type]]:
    """Yield the fixtures that contracts bring: attribute, name, fixture, contract."""
    for base in cls.__mro__:
        if not base.__name__.startswith("Test") and _tests_of(base):
            for attribute, value in vars(base).items():
                if isinstance(value, _FIXTURE):
                    yield attribute, value.name, value, base


def _refuse_other_fixtures(cls: type[Contract]) -> None:
    """Keep the fixtures that a contract brings with its tests: they are part of what it asks."""
    found = {attribute: inspect.getattr_static(cls, attribute) for attribute in dir(cls)}
    fixtures = [value for value in found.values() if isinstance(value, _FIXTURE)]
    for attribute, name, fixture, base in brought_by(cls):
        others = [other for other in fixtures if other is not fixture and other.name == name]
        if others or found[attribute] is not fixture:
            raise BrokenPromise(f"{cls.__name__}: {name} is {base.__name__}'s own fixture")


def _refuse_marks(cls: type[Contract]) -> None:
    for name in _marks(cls):
        if name in _REFUSED_MARKS:
            raise BrokenPromise(
                f"{cls.__name__}: {name} on the class would switch a whole contract off; "
                "name single tests in broken_promises, with the reason"
            )


def _marks(cls: type) -> Iterator[str]:
    for base in cls.__mro__:
        marks = vars(base).get("pytestmark", [])
        yield from (mark.name for mark in (marks if isinstance(marks, list | tuple) else [marks]))


def _refuse_odd_excuses(cls: type[Contract]) -> None:
    for name, reason in cls.broken_promises.items():
        if not _is_test(cls, name):
            raise BrokenPromise(f"{cls.__name__}: broken_promises has {name!r}, which is no test")
        if not str(reason or "").strip():
            raise BrokenPromise(f"{cls.__name__}: broken_promises has no reason for {name!r}")


def _is_test(cls: type[Contract], name: str) -> bool:
    found: Any = cls
    for part in name.partition("[")[0].split("::"):
        found = getattr(found, "__contract__", {}).get(part)
    return found is not None and not isinstance(found, type)


def _is_asynchronous(test: Any) -> bool:
    handle = getattr(test, "hypothesis", None)
    return inspect.iscoroutinefunction(test if handle is None else handle.inner_test)

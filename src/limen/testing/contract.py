"""What every contract class is made of, and why none of its promises can be dropped in silence."""

import inspect
from collections.abc import Mapping
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

    A promise that an adapter cannot keep is said aloud, with the reason, and the run fails on the
    day it is kept after all:

    ```python
        @pytest.mark.xfail(reason="our store has no collations yet", strict=True)
        async def test_names_are_sorted_by_code_point(self, unit_of_work):
            await super().test_names_are_sorted_by_code_point(unit_of_work)
    ```

    Anything else that would drop a test (an override, a `None`, `__test__`, a skip, a second base
    with a test of the same name) raises `BrokenPromise` when the class is made.
    """

    # The tests, and the contracts nested inside, by name.
    __contract__: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        """Refuse to lose a test, and mark the asynchronous ones for pytest-asyncio."""
        super().__init_subclass__()
        _refuse_marks_and_switches(cls)
        inherited = _inherited(cls)
        own = {name: value for name, value in vars(cls).items() if name.lower().startswith("test")}
        for name in sorted(own.keys() & inherited.keys()):
            _refuse_silent_override(cls, name, inherited[name])
        for name, test in own.items():
            if _is_asynchronous(test):
                setattr(cls, name, pytest.mark.asyncio(test))
        cls.__contract__ = {**inherited, **own}


def _inherited(cls: type[Contract]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for base in cls.__bases__:
        for name, value in getattr(base, "__contract__", {}).items():
            if found.setdefault(name, value) is not value:
                raise BrokenPromise(f"{cls.__name__}: two of its bases have a {name}; one is lost")
    return found


def _refuse_marks_and_switches(cls: type[Contract]) -> None:
    if vars(cls).get("__test__", True) is not True:
        raise BrokenPromise(f"{cls.__name__}: __test__ would switch a whole contract off")
    marks = vars(cls).get("pytestmark", [])
    for mark in marks if isinstance(marks, list | tuple) else [marks]:
        if mark.name in _REFUSED_MARKS:
            raise BrokenPromise(
                f"{cls.__name__}: {mark.name} on the class would switch a whole contract off; "
                "mark single tests with xfail(reason=..., strict=True)"
            )


def _refuse_silent_override(cls: type[Contract], name: str, inherited: object) -> None:
    own = vars(cls)[name]
    if isinstance(own, type) and isinstance(inherited, type) and issubclass(own, inherited):
        return
    for mark in getattr(own, "pytestmark", []):
        if mark.name == "xfail" and mark.kwargs.get("reason") and mark.kwargs.get("strict") is True:
            return
    raise BrokenPromise(
        f"{cls.__name__}.{name} overrides a contract; only "
        "@pytest.mark.xfail(reason=..., strict=True) around a call of super() is allowed"
    )


def _is_asynchronous(test: Any) -> bool:
    handle = getattr(test, "hypothesis", None)
    return inspect.iscoroutinefunction(test if handle is None else handle.inner_test)

"""What every contract class is made of, and why none of its promises can be dropped in silence."""

import asyncio
import inspect
from collections.abc import Callable
from typing import Any, ClassVar

import pytest

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

    Anything else that would drop a test (an override, a `None`, `__test__`, a skip) raises
    `BrokenPromise` when the class is made.
    """

    __contract_tests__: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls) -> None:
        """Refuse to lose a test, and mark the asynchronous ones for pytest-asyncio."""
        super().__init_subclass__()
        _refuse_marks_and_switches(cls)
        own = {name for name in vars(cls) if name.startswith("test_")}
        for name in sorted(own & cls.__contract_tests__):
            _refuse_silent_override(cls, name)
        for name in own:
            if _is_asynchronous(vars(cls)[name]):
                setattr(cls, name, pytest.mark.asyncio(vars(cls)[name]))
        cls.__contract_tests__ = cls.__contract_tests__.union(
            own, *(getattr(base, "__contract_tests__", ()) for base in cls.__bases__)
        )


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


def _refuse_silent_override(cls: type[Contract], name: str) -> None:
    marks = getattr(vars(cls)[name], "pytestmark", [])
    for mark in marks:
        if mark.name == "xfail" and mark.kwargs.get("reason") and mark.kwargs.get("strict") is True:
            return
    raise BrokenPromise(
        f"{cls.__name__}.{name} overrides a contract; only "
        "@pytest.mark.xfail(reason=..., strict=True) around a call of super() is allowed"
    )


def _is_asynchronous(test: Callable[..., Any]) -> bool:
    handle = getattr(test, "hypothesis", None)
    return inspect.iscoroutinefunction(test if handle is None else handle.inner_test)


async def at_once(*callers: Callable[[], Any]) -> list[Any]:
    """Call all of them at the same time; return their results or errors, in order.

    Errors that nobody foresaw (not `LimenError`s) are for the test to look at: they come back
    like the others.
    """
    return await asyncio.gather(*(caller() for caller in callers), return_exceptions=True)

"""What pytest would drop of a contract in silence, and how limen's plug-in tells it aloud.

A class refuses by itself what can be seen when it is made (`limen.testing.contract`); here is the
rest: what is not collected, what is skipped, and what a broken promise may fail with.
"""

from typing import Any, Final

import pytest

from limen.core.errors import LimenError
from limen.testing.contract import BrokenPromise, Contract, brought_by, is_promise, refuse_losses

# How an adapter that does not keep a promise shows it. Anything else is a slip, and says nothing
# about the promise.
EXPECTED: Final = (
    AssertionError,
    LimenError,
    NotImplementedError,
    TimeoutError,
    pytest.fail.Exception,
)
_BROKEN: Final = pytest.StashKey[bool]()
_NEVER_SKIPPED: Final = (
    "A contract is never skipped: mend the adapter or its fixture. If the promise cannot be kept, "
    "name this test in `broken_promises`, with the reason."
)
_SOMETHING_ELSE: Final = (
    "This test is named in `broken_promises`, but that is not why it failed: "
    "mend the fixture or the adapter, so that the promise itself is tried."
)


def collect(collector: pytest.Collector, name: str, found: object, made: object) -> None:
    """Look at what pytest `made` of something it `found` in a module or a class."""
    try:
        if isinstance(found, type) and issubclass(found, Contract):
            _collect_class(collector, name, found, is_made=bool(made))
        elif isinstance(collector, pytest.Class) and is_promise(collector.obj, name):
            _collect_test(collector, name, made)
    except BrokenPromise as refusal:
        raise collector.CollectError(str(refusal)) from refusal


def _collect_class(
    collector: pytest.Collector, name: str, contract: type[Contract], *, is_made: bool
) -> None:
    if is_made:
        refuse_losses(contract)
    elif _is_expected_to_run(collector, name, contract):
        raise BrokenPromise(
            f"{name} is a contract that pytest does not collect: name it Test... "
            "(or as python_classes says)"
        )


def _is_expected_to_run(collector: pytest.Collector, name: str, contract: type[Contract]) -> bool:
    """Tell a part of a contract, or a class at home here that others do not inherit from."""
    if name in getattr(getattr(collector, "obj", None), "__contract__", {}):
        return True
    module = collector.getparent(pytest.Module)
    is_at_home = module is not None and contract.__module__ == module.obj.__name__
    return is_at_home and not contract.__subclasses__()


def _collect_test(collector: pytest.Class, name: str, made: Any) -> None:
    if not made:
        raise BrokenPromise(
            f"{collector.name}.{name} is a contract that pytest does not collect: "
            "let python_functions begin with test"
        )
    excuses = _excuses(collector, name)
    _refuse_cases(collector)
    for item in made if isinstance(made, list) else [made]:
        reason = excuses.get(item.name, excuses.get(name))
        if reason:
            item.stash[_BROKEN] = True
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True), append=False)


def _refuse_cases(collector: pytest.Class) -> None:
    """Refuse what would hand out something else than the fixtures that a contract brings."""
    given = {name for mark in collector.iter_markers("parametrize") for name in _names(mark)}
    for _, name, _, contract in brought_by(collector.obj):
        if name in given:
            raise BrokenPromise(
                f"{collector.name}: parametrize would take the place of {name}, "
                f"{contract.__name__}'s own fixture"
            )


def _names(mark: pytest.Mark) -> list[str]:
    names = mark.args[0] if mark.args else mark.kwargs["argnames"]
    return [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)


def _excuses(collector: pytest.Class, name: str) -> dict[str, str]:
    """Return what the classes around a test say of it and of its cases."""
    found, path = {}, name
    for node in reversed(collector.listchain()):
        if isinstance(node, pytest.Class):
            for excused, reason in getattr(node.obj, "broken_promises", {}).items():
                test, bracket, case = excused.partition("[")
                if test == path:
                    found[f"{name}{bracket}{case}"] = reason
            path = f"{node.name}::{path}"
    return found


def judge(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Turn a skip of a contract, of whatever kind, into a failure that says what to do."""
    is_passed_over = report.skipped or hasattr(report, "wasxfail")
    if not is_passed_over or not isinstance(item, pytest.Function):
        return
    if not is_promise(item.cls, item.originalname):
        return
    is_broken = item.stash.get(_BROKEN, False)
    error = call.excinfo.value if call.excinfo else None
    if is_broken and call.when == "call" and _is_expected(error):
        return
    is_told = error is not None and hasattr(report, "wasxfail")
    advice = _SOMETHING_ELSE if is_broken and is_told else _NEVER_SKIPPED
    report.longrepr = f"{advice}\n\n{report.longreprtext if is_told else error}"
    report.outcome = "failed"
    vars(report).pop("wasxfail", None)


def _is_expected(error: BaseException | None) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(_is_expected(part) for part in error.exceptions)
    return isinstance(error, EXPECTED) and not isinstance(error, pytest.xfail.Exception)

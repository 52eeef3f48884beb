"""Blocks of the reference about testing one's own application."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from docs.markdown import code, one_line, table
from limen.entrypoints import pytest_plugin
from limen.testing import builders, fakes, people, strategies


def fixtures() -> str:
    """Return the table of fixtures that pytest finds by itself."""
    rows = [(code(name), code(_returns(made)), _sentence(made)) for name, made in _fixtures()]
    return table(("fixture", "gives", "what it is"), rows)


def strategies_() -> str:
    """Return the table of strategies."""
    return _functions(strategies)


def builders_() -> str:
    """Return the table of builders."""
    return _functions(builders)


def people_() -> str:
    """Return the table of what makes people."""
    return _functions(people)


def fakes_() -> str:
    """Return the table of fakes."""
    kinds = [kind for kind in _own(fakes, inspect.isclass) if not kind.__name__.startswith("_")]
    return table(("fake", "what it is"), [(code(kind.__name__), _sentence(kind)) for kind in kinds])


def _fixtures() -> Iterator[tuple[str, Any]]:
    for name, value in vars(pytest_plugin).items():
        made = getattr(value, "_fixture_function", None)
        if made is not None:
            yield name, made


def _returns(made: Any) -> str:
    """Return the type that a fixture gives, without the iterator around it."""
    told = str(inspect.get_annotations(made)["return"])
    return told.removeprefix("Iterator[").removesuffix("]")


def _functions(module: ModuleType) -> str:
    rows = [(code(f"{made.__name__}({_names(made)})"), _sentence(made)) for made in _public(module)]
    return table(("function", "what it does"), rows)


def _public(module: ModuleType) -> list[Any]:
    return [made for made in _own(module, callable) if made.__name__.islower()]


def _own(module: ModuleType, is_wanted: Any) -> list[Any]:
    return [
        value
        for name, value in vars(module).items()
        if is_wanted(value)
        and not name.startswith("_")
        and getattr(value, "__module__", None) == module.__name__
    ]


def _names(made: Any) -> str:
    shown = [
        f"**{one.name}" if one.kind is one.VAR_KEYWORD else one.name
        for one in inspect.signature(made).parameters.values()
    ]
    return ", ".join(shown)


def _sentence(value: Any) -> str:
    """Return the first sentence of a docstring."""
    return one_line((inspect.getdoc(value) or "").partition("\n\n")[0])

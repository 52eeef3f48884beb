"""How the SQL stores are broken: other statements in the place of limen's."""

from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import ColumnElement, Table, delete, false

from limen.adapters.sql import selection
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Element, Statement
from limen.adapters.sql.tables import SORT_KEYS


def say(monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, element: Element) -> None:
    """Put `element` in the place of the statement `name` of a module."""
    monkeypatch.setattr(module, name, Statement(element))


def say_nothing(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, table: Table
) -> None:
    """Let the statement `name` of a module change nothing."""
    say(monkeypatch, module, name, delete(table).where(false()))


def forget_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compile the statements of lists anew: those kept so far do not know the lie."""
    for name in ("_list_statement", "_count_statement"):
        monkeypatch.setattr(selection, name, getattr(selection, name).__wrapped__)


def sort_by(monkeypatch: pytest.MonkeyPatch, field: str, key: ColumnElement[Any]) -> None:
    """Sort lists by `key` when they are asked for `field`."""
    forget_lists(monkeypatch)
    monkeypatch.setitem(SORT_KEYS, field, key)


def outside(desk: Desk) -> Desk:
    """Return a desk that sees what is committed, and not what its neighbour does."""
    engine = desk._channel._engine  # type: ignore[attr-defined]
    return Desk(engine.reading(), desk.dialect, is_writable=False)

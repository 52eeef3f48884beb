"""Where a program may be changed: every node that says something when it runs, and where it is."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

_UNSAID: Final = {"annotation", "returns", "decorator_list", "bases", "type_comment"}
_SILENT: Final = (ast.Import, ast.ImportFrom, ast.JoinedStr, ast.Pass)
_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a node is: in which function, on which lines of its statement.

    `is_at_import` means that it runs when the module is imported, outside every test. `rebound`
    names the variables of the function that get a value more than once.
    """

    where: str = ""
    first_line: int = 1
    last_line: int = 1
    is_at_import: bool = True
    rebound: frozenset[str] = frozenset()


def places(tree: ast.Module) -> Iterator[tuple[ast.AST, Place]]:
    """Walk over what runs: no annotations, decorators, imports, docstrings."""
    yield from _walk(tree, Place())


def _walk(node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Place]]:
    if isinstance(node, _SILENT) or _is_bare_text(node):
        if isinstance(node, ast.JoinedStr):
            yield node, place
        return
    here = _narrow(node, place)
    yield node, here
    for field, value in ast.iter_fields(node):
        if field not in _UNSAID and not _is_of_class(node, field):
            inside = _inside(node, field, here)
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_cast_type(node, child):
                    yield from _walk(child, inside)


def _narrow(node: ast.AST, place: Place) -> Place:
    """Move on to the lines of a statement; an expression belongs to the one around it."""
    if isinstance(node, ast.stmt | ast.ExceptHandler):
        last = node.lineno if hasattr(node, "body") else node.end_lineno or node.lineno
        return replace(place, first_line=node.lineno, last_line=last)
    if isinstance(node, ast.expr):
        return replace(place, last_line=max(place.last_line, node.end_lineno or node.lineno))
    return place


def _inside(node: ast.AST, field: str, place: Place) -> Place:
    if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
        where = f"{place.where}.{node.name}".lstrip(".")
        if isinstance(node, _FUNCTIONS) and field == "body":
            return replace(place, where=where, is_at_import=False, rebound=_rebound(node))
        return replace(place, where=where)
    return place


def _rebound(function: ast.FunctionDef | ast.AsyncFunctionDef) -> frozenset[str]:
    arguments = function.args
    bound = [one.arg for one in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    bound += [
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    return frozenset(name for name in bound if bound.count(name) > 1)


def _is_bare_text(node: ast.AST) -> bool:
    """Tell whether this is a docstring, or the dots of an empty body."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_of_class(node: ast.AST, field: str) -> bool:
    return isinstance(node, ast.ClassDef) and field == "keywords"


def _is_cast_type(node: ast.AST, child: ast.AST) -> bool:
    is_cast = isinstance(node, ast.Call) and ast.unparse(node.func) == "cast"
    return is_cast and isinstance(child, ast.Constant)

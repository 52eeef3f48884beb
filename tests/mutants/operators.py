"""Small lies about a program: each operator knows one kind, and says the place in other words."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tests.mutants.places import Place

_OTHER_COMPARISON: Final[Mapping[type[ast.cmpop], tuple[str, str]]] = {
    ast.Lt: (r"<", "<="),
    ast.LtE: (r"<=", "<"),
    ast.Gt: (r">", ">="),
    ast.GtE: (r">=", ">"),
    ast.Eq: (r"==", "!="),
    ast.NotEq: (r"!=", "=="),
    ast.Is: (r"\bis\b", "is not"),
    ast.IsNot: (r"\bis\s+not\b", "is"),
    ast.In: (r"\bin\b", "not in"),
    ast.NotIn: (r"\bnot\s+in\b", "in"),
}
_OTHER_ARITHMETIC: Final[Mapping[type[ast.operator], tuple[str, str]]] = {
    ast.Add: (r"\+", "-"),
    ast.Sub: (r"-", "+"),
    ast.Mult: (r"\*", "//"),
    ast.Div: (r"/", "*"),
    ast.FloorDiv: (r"//", "*"),
    ast.Mod: (r"%", "*"),
    ast.Pow: (r"\*\*", "*"),
    ast.LShift: (r"<<", ">>"),
    ast.RShift: (r">>", "<<"),
    ast.BitAnd: (r"&", "|"),
    ast.BitOr: (r"\|", "&"),
    ast.BitXor: (r"\^", "&"),
}
_OTHER_TEXT: Final = {
    (str, True): '""',
    (str, False): '"XX"',
    (bytes, True): 'b""',
    (bytes, False): 'b"XX"',
}
_OTHER_FUNCTION: Final = {"min": "max", "max": "min", "any": "all", "all": "any"}
_ORDER: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


_Located = ast.expr | ast.stmt | ast.keyword


@dataclass(frozen=True, slots=True)
class Edit:
    """Other words for the bytes from `start` to `end`."""

    start: int
    end: int
    words: str

    def apply(self, source: bytes) -> bytes:
        """Return the text with these words in it."""
        return source[: self.start] + self.words.encode() + source[self.end :]


class Text:
    """A source text, and where its nodes lie in it."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.tree = ast.parse(source)
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    def start(self, node: _Located) -> int:
        return self._starts[node.lineno - 1] + node.col_offset

    def end(self, node: _Located) -> int:
        return self._starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)

    def words(self, node: _Located) -> str:
        return self.source[self.start(node) : self.end(node)].decode()

    def instead(self, node: _Located, words: str) -> Edit:
        """Say something else in the place of a node."""
        return Edit(self.start(node), self.end(node), words)

    def between(self, left: ast.expr, right: ast.expr, pattern: str, words: str) -> Edit:
        """Say something else in the place of an operator between two nodes."""
        start = self.end(left)
        found = re.search(pattern, self.source[start : self.start(right)].decode())
        if found is None:
            raise ValueError(f"{pattern} is not before line {right.lineno}")
        return Edit(start + found.start(), start + found.end(), words)

    @cached_property
    def names(self) -> dict[str, list[str]]:
        """The names that this text takes from each enumeration."""
        found: dict[str, set[str]] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Attribute) and _is_of_enumeration(node):
                found.setdefault(self.words(node.value), set()).add(node.attr)
        return {name: sorted(attributes) for name, attributes in found.items()}


Operator = Callable[[ast.AST, Place, Text], Iterator[Edit]]


def compares_otherwise(node: ast.AST, _place: Place, text: Text) -> Iterator[Edit]:
    """`<` becomes `<=`, `is` becomes `is not`."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        for operator, left, right in zip(node.ops, sides, sides[1:], strict=False):
            yield text.between(left, right, *_OTHER_COMPARISON[type(operator)])


def joins_otherwise(node: ast.AST, _place: Place, text: Text) -> Iterator[Edit]:
    """`a and b` becomes `a or b`, `a`, `b`."""
    if isinstance(node, ast.BoolOp):
        parts = [f"({text.words(value)})" for value in node.values]
        this, other = (" and ", " or ") if isinstance(node.op, ast.And) else (" or ", " and ")
        yield text.instead(node, f"({other.join(parts)})")
        for at in range(len(parts)):
            yield text.instead(node, f"({this.join(parts[:at] + parts[at + 1 :])})")


def decides_otherwise(node: ast.AST, _place: Place, text: Text) -> Iterator[Edit]:
    """`not a` becomes `a`; a condition becomes its contrary."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield text.instead(node, f"({text.words(node.operand)})")
    tests = [node.test] if isinstance(node, ast.If | ast.While | ast.IfExp | ast.Assert) else []
    for test in tests + (node.ifs if isinstance(node, ast.comprehension) else []):
        if not _is_turned_round_already(test):
            yield text.instead(test, f"(not ({text.words(test)}))")


def calculates_otherwise(node: ast.AST, _place: Place, text: Text) -> Iterator[Edit]:
    """`+` becomes `-`."""
    if isinstance(node, ast.BinOp):
        yield text.between(node.left, node.right, *_OTHER_ARITHMETIC[type(node.op)])


def knows_otherwise(node: ast.AST, _place: Place, text: Text) -> Iterator[Edit]:
    """A number becomes the next one, a text none, `True` becomes `False`."""
    if isinstance(node, ast.JoinedStr):
        yield text.instead(node, '""')
    elif isinstance(node, ast.Constant):
        match node.value:
            case bool():
                yield text.instead(node, str(not node.value))
            case int() | float():
                yield text.instead(node, repr(node.value + 1))
            case str() | bytes():
                yield text.instead(node, _OTHER_TEXT[type(node.value), bool(node.value)])


def names_another(node: ast.AST, _place: Place, text: Text) -> Iterator[Edit]:
    """`Permission.ROLES_READ` becomes `Permission.ROLES_MANAGE`, `min` becomes `max`."""
    if isinstance(node, ast.Attribute) and _is_of_enumeration(node):
        names = text.names[text.words(node.value)]
        other = names[(names.index(node.attr) + 1) % len(names)]
        if other != node.attr:
            yield text.instead(node, f"{text.words(node.value)}.{other}")
    elif isinstance(node, ast.Name) and node.id in _OTHER_FUNCTION:
        yield text.instead(node, _OTHER_FUNCTION[node.id])


def gives_nothing(node: ast.AST, place: Place, text: Text) -> Iterator[Edit]:
    """What is returned, or given under a name, becomes `None`."""
    given: ast.expr | None = None
    if isinstance(node, ast.Return):
        given = node.value
    elif isinstance(node, ast.keyword) and node.arg is not None and not place.is_at_import:
        given = None if isinstance(node.value, ast.Constant) else node.value
    if given is not None and not _is_none(given):
        yield text.instead(given, "None")


def skips_a_call(node: ast.AST, place: Place, text: Text) -> Iterator[Edit]:
    """`fold(word)` becomes `word`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not place.is_at_import:
        is_of_one = len(node.args) == 1 and not node.keywords and node.func.id[0].islower()
        if is_of_one and not isinstance(node.args[0], ast.Starred | ast.GeneratorExp):
            yield text.instead(node, f"({text.words(node.args[0])})")


def leaves_out(node: ast.AST, place: Place, text: Text) -> Iterator[Edit]:
    """A statement is gone."""
    if place.is_at_import or not isinstance(node, ast.stmt):
        return
    is_action = isinstance(node, ast.Raise | ast.Delete | ast.AugAssign | ast.Continue | ast.Break)
    if isinstance(node, ast.Expr):
        is_action = not isinstance(node.value, ast.Yield | ast.YieldFrom | ast.Constant)
    elif isinstance(node, ast.Assign):
        is_action = all(_outlives(target, place) for target in node.targets)
    if is_action:
        yield text.instead(node, "pass")


def catches_less(node: ast.AST, _place: Place, text: Text) -> Iterator[Edit]:
    """A handler of several errors forgets one of them, a handler of one is gone."""
    if isinstance(node, ast.ExceptHandler) and node.type is not None:
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        for at in range(len(kinds)):
            rest = "".join(f"{text.words(kind)}, " for kind in kinds[:at] + kinds[at + 1 :])
            yield text.instead(node.type, f"({rest})")


OPERATORS: Final[tuple[Operator, ...]] = (
    compares_otherwise,
    joins_otherwise,
    decides_otherwise,
    calculates_otherwise,
    knows_otherwise,
    names_another,
    gives_nothing,
    skips_a_call,
    leaves_out,
    catches_less,
)


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _is_turned_round_already(test: ast.expr) -> bool:
    """Tell whether another operator makes the contrary of this condition."""
    if isinstance(test, ast.Compare):
        return len(test.ops) == 1 and not isinstance(test.ops[0], _ORDER)
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)


def _outlives(target: ast.expr, place: Place) -> bool:
    """Tell whether an assignment that is left out would not merely be a missing name."""
    if isinstance(target, ast.Name):
        return target.id in place.rebound
    return isinstance(target, ast.Attribute | ast.Subscript)


def _is_of_enumeration(node: ast.Attribute) -> bool:
    is_of_class = isinstance(node.value, ast.Name) and node.value.id[0].isupper()
    return is_of_class and node.attr.isupper()

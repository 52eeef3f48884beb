"""Blocks of the reference about HTTP: every route, and what lists can be asked for."""

import inspect
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import msgspec
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute
from litestar.types import Method
from msgspec import Struct

from docs.markdown import code, one_line, paragraphs, table
from limen.core.users.directory import FIELDS
from limen.entrypoints.http.app import create_app
from limen.entrypoints.http.rules import rules_of
from limen.wiring.settings import from_code

_METHODS: Final[tuple[Method, ...]] = ("GET", "POST", "PUT", "PATCH", "DELETE")
_TITLES: Final = {
    "Sign-in": "Signing in",
    "Me": "Oneself",
    "Users": "Users",
    "Roles": "Roles and permissions",
    "Keys": "Keys",
    "Operation": "Operation",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, and what handles it."""

    method: str
    path: str
    handler: HTTPRouteHandler

    @property
    def name(self) -> str:
        """Return what people call it."""
        return f"{self.method} {self.path}"

    @property
    def tag(self) -> str:
        """Return the group it belongs to."""
        return str(next(iter(self.handler.resolve_tags() or ()), ""))


def found() -> list[Route]:
    """Return every route of the server."""
    app = create_app(_never, from_code({}).http)
    return [
        Route(method, route.path_format.rstrip("/"), route.route_handler_map[method][0])
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in _METHODS
        if method in route.route_handler_map
    ]


def _never() -> AbstractAsyncContextManager[NoReturn]:
    raise NotImplementedError


def routes() -> str:
    """Return every route, by group."""
    all_routes = found()
    groups = dict.fromkeys(route.tag for route in all_routes)
    ordered = [*(tag for tag in _TITLES if tag in groups), *(t for t in groups if t not in _TITLES)]
    return "\n\n".join(
        paragraphs(
            f"### {_TITLES.get(tag, tag)}",
            *(_described(route) for route in all_routes if route.tag == tag),
        )
        for tag in ordered
    )


def _described(route: Route) -> str:
    handler = route.handler
    rules = rules_of(handler, route.method)
    about = one_line(inspect.getdoc(handler.fn))
    notes = [
        "" if rules.is_public else "Needs an access token.",
        "Takes an `Idempotency-Key`." if rules.is_repeatable else "",
        "Gives or heeds entity tags." if handler.opt.get("is_versioned") else "",
    ]
    statuses = sorted({handler.status_code, *(handler.responses or {})} - set(_ALWAYS))
    return paragraphs(
        f"#### `{route.name}`",
        " ".join(filter(None, [about, *notes])),
        _body(handler),
        f"Answers {', '.join(map(str, statuses))}.",
    )


# These follow from the form of a request, or can befall any.
_ALWAYS: Final = (400, 406, 413, 415, 431, 500, 503)


def _body(handler: HTTPRouteHandler) -> str:
    field = handler.parsed_data_field
    if field is None or not issubclass(field.annotation, Struct):
        return ""
    return table(
        ["field", "type", "required"],
        [
            [code(name), kind, "yes" if is_required else ""]
            for name, kind, is_required in _fields(field.annotation)
        ],
    )


def _fields(shape: type[Struct]) -> Iterator[tuple[str, str, bool]]:
    schema = msgspec.json.schema(shape)["$defs"][shape.__name__]
    for name, about in schema["properties"].items():
        kind = _kind(about)
        is_instant = name.endswith("_at")
        yield (
            name,
            kind.replace("text", "instant") if is_instant else kind,
            name in schema["required"],
        )


def _kind(about: dict[str, Any]) -> str:
    if "anyOf" in about:
        return " or ".join(_kind(option) for option in about["anyOf"])
    if "enum" in about:
        return ", ".join(code(option) for option in about["enum"])
    if about.get("format") == "date-time":
        return "instant"
    if about["type"] == "array":
        return f"list of {_kind(about['items'])}"
    kind = str(about["type"])
    return {"string": "text", "boolean": "true or false"}.get(kind, kind)


def fields() -> str:
    """Return the fields by which users can be filtered and sorted."""
    return table(
        ["field", "operators", "sorts"],
        [
            [
                code(field.name),
                ", ".join(code(operator.value) for operator in sorted(field.operators)),
                "yes" if field.is_sortable else "",
            ]
            for field in FIELDS.values()
        ],
    )

"""Blocks of the reference about HTTP, from the OpenAPI document: routes, shapes, filters."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from docs.markdown import code, one_line, paragraphs, table
from limen.core.users.directory import FIELDS
from limen.entrypoints.http.document import openapi_document

_METHODS: Final = ("get", "post", "put", "patch", "delete")
# These follow from the form of a request, or can befall any.
_ALWAYS: Final = frozenset({"400", "406", "413", "415", "431", "500", "503"})
_OUTPUT: Final = ("UserOut", "SessionOut", "RoleOut", "GrantOut", "TokensOut")
_PLAIN: Final = {"string": "text", "boolean": "true or false", "integer": "whole number"}
_FORMATS: Final = {"date-time": "instant", "uuid": "UUID"}


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path, and what the document says of it."""

    method: str
    path: str
    about: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return what people call it."""
        return f"{self.method.upper()} {self.path}"


def published() -> list[Route]:
    """Return every route of the document."""
    return [
        Route(method, path, methods[method])
        for path, methods in openapi_document()["paths"].items()
        for method in _METHODS
        if method in methods
    ]


def routes() -> str:
    """Return every route, by group."""
    document = openapi_document()
    every = published()
    return "\n\n".join(
        paragraphs(
            f"### {tag['name']}",
            f"{tag['description']}.",
            *(
                _described(route, document)
                for route in every
                if route.about["tags"] == [tag["name"]]
            ),
        )
        for tag in document["tags"]
    )


def _described(route: Route, document: Mapping[str, Any]) -> str:
    about = route.about
    headers = {parameter.get("name") for parameter in _parameters(about, document)}
    notes = [
        "" if about.get("security") else "For everybody.",
        "Heeds `Idempotency-Key`." if "Idempotency-Key" in headers else "",
        "Heeds `If-Match`." if "If-Match" in headers else "",
        "Heeds `If-None-Match`." if "If-None-Match" in headers else "",
        _counted(about),
    ]
    statuses = sorted(about["responses"].keys() - _ALWAYS)
    return paragraphs(
        f"#### `{route.name}`",
        " ".join(filter(None, [one_line(about["description"]), *notes])),
        _body(about, document),
        f"Answers {', '.join(statuses)}.",
    )


def _counted(about: Mapping[str, Any]) -> str:
    limits = " and ".join(map(code, about.get("x-rate-limits", ())))
    return f"Counts as {limits}." if limits else ""


def _parameters(about: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Any]:
    for parameter in about.get("parameters", ()):
        yield _followed(parameter, document)


def _followed(part: Mapping[str, Any], document: Mapping[str, Any]) -> Any:
    """Return the part itself, or what it refers to."""
    found: Any = document
    if "$ref" not in part:
        return part
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def _body(about: Mapping[str, Any], document: Mapping[str, Any]) -> str:
    content = about.get("requestBody", {}).get("content", {})
    for media in content.values():
        return _table_of(_followed(media["schema"], document), is_input=True)
    return ""


def shapes() -> str:
    """Return what users, sessions, roles, grants and tokens look like."""
    schemas = openapi_document()["components"]["schemas"]
    return "\n\n".join(
        paragraphs(
            f"### {code(name.removesuffix('Out'))}",
            one_line(schemas[name]["description"]),
            _table_of(schemas[name], is_input=False),
        )
        for name in _OUTPUT
    )


def _table_of(schema: Mapping[str, Any], *, is_input: bool) -> str:
    rows = [
        [code(name), _kind(about), "yes" if is_input and name in schema["required"] else ""]
        for name, about in schema.get("properties", {}).items()
    ]
    if not rows:
        return ""
    if is_input:
        return table(["field", "type", "required"], rows)
    return table(["field", "type"], [row[:2] for row in rows])


def _kind(about: Mapping[str, Any]) -> str:
    if "$ref" in about:
        return code(about["$ref"].rpartition("/")[2].removesuffix("Out"))
    if "oneOf" in about:
        return " or ".join(_kind(option) for option in about["oneOf"])
    if "const" in about or "enum" in about:
        return ", ".join(code(option) for option in about.get("enum", [about.get("const")]))
    if about.get("format") in _FORMATS:
        return _FORMATS[about["format"]]
    if about["type"] == "array":
        return f"list of {_kind(about['items'])}"
    kind = str(about["type"])
    return _PLAIN.get(kind, kind)


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

"""The OpenAPI 3.1 document, made from the routes themselves."""

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig

from limen.core.api_keys.form import PATTERN
from limen.entrypoints.http.api_keys import LIST as API_KEYS
from limen.entrypoints.http.describing import API_KEY, BEARER, COOKIE, is_versioned, when
from limen.entrypoints.http.errors import ProblemOut
from limen.entrypoints.http.examples import EXAMPLES
from limen.entrypoints.http.figures import Figures
from limen.entrypoints.http.media import JSON, MERGE_PATCH, PROBLEM
from limen.entrypoints.http.messages import LIST as MESSAGES
from limen.entrypoints.http.metrics import Metrics
from limen.entrypoints.http.particulars import (
    HEADER_NAMES,
    IDEMPOTENCY_KEY,
    IF_MATCH,
    IF_NONE_MATCH,
    RESPONSE_HEADERS,
    list_parameters,
)
from limen.entrypoints.http.routing import routes
from limen.entrypoints.http.rules import Query, rules_of
from limen.entrypoints.http.service_accounts import LIST as ACCOUNTS
from limen.entrypoints.http.services import Reception
from limen.entrypoints.http.users import LIST as USERS

_SCHEMAS: Final = "#/components/schemas/"
_ENVELOPE: Final = re.compile(r"^Success_(list_)?(.+?)_+$")
_SPARSE: Final = re.compile(r"Sparse\w+Out")
_PRECONDITION_FAILED: Final = "412"
# What tells of no one thing: accepted, and without content.
_UNVERSIONED: Final = frozenset({"202", "204"})
_NO_CONTENT: Final = "204"
_CONFLICT: Final = "409"
_FIRST_REFUSAL: Final = 400
_HEADERS_OF_STATUS: Final = {
    "201": ("Location",),
    "401": ("WWWAuthenticate",),
    "429": ("RetryAfter",),
    "503": ("RetryAfter",),
}
_COUNTED: Final = ("RateLimit", "RateLimitPolicy")
# What may be refused after it was counted.
_COUNTED_REFUSALS: Final = frozenset({"400", "401", "403", "409", "422", "429", "503"})
_ABOUT: Final = """\
Users, sign-in, sessions, tokens and roles.

Get an account at `/auth/register`, sign in at `/auth/login`, and send the access token as
`Authorization: Bearer …`; browsers may sign in at `/auth/cookie` instead. Answers are
`{"success": true, "data": …}`, refusals `{"success": false, "error": …}` or, to those who accept
`application/problem+json`, problem documents (RFC 9457). The codes of refusals are stable.
"""
_IDENTIFIED: Final = " An identified session is enough."
_FRESH: Final = "needs a fresh sign-in: one of the last ten minutes, or a step-up since (`stepUp`)."
_TAGS: Final = {
    "Sign-in": "Getting an account, signing in and out, refreshing, checking",
    "Me": "The signed-in user's own account",
    "Users": "All users, for administrators",
    "Roles": "Roles and what they allow",
    "API keys": "Keys that act for people and service accounts",
    "Service accounts": "Accounts without people",
    "Messages": "What limen writes to people",
    "Keys": "The public signing keys",
    "Operation": "Health and numbers",
}


def openapi_document() -> dict[str, Any]:
    """Return the document as plain JSON values; the same at every call."""
    reception = Reception()
    app = Litestar(
        routes(reception, Figures(Metrics(), reception)),
        openapi_config=OpenAPIConfig(
            title="limen", version=version("limen"), use_handler_docstrings=True
        ),
        logging_config=None,
    )
    document: dict[str, Any] = app.openapi_schema.to_schema()
    _introduce(document)
    handlers = {handler.operation_id: handler for handler in _handlers(app)}
    for methods in document["paths"].values():
        for method, operation in methods.items():
            handler = handlers[operation["operationId"]]
            _complete(operation, method, handler)
            if rules_of(handler).is_fresh:
                operation["description"] += f"\n\nIt {_FRESH}"
            if rules_of(handler).is_fresh_at_times:
                operation["description"] += f" Only that {_FRESH}"
            if rules_of(handler).is_open_to_identified:
                operation["description"] += _IDENTIFIED
            if rules_of(handler).limits:
                operation["x-rate-limits"] = [limit.value for limit in rules_of(handler).limits]
            _share(operation, document["components"])
    _complete_schemas(document)
    plain: dict[str, Any] = _renamed(document, dict(_names(document["components"]["schemas"])))
    return plain


def _handlers(app: Litestar) -> Iterator[HTTPRouteHandler]:
    for route in app.routes:
        yield from (h for h in getattr(route, "route_handlers", ()) if h.operation_id)


def _introduce(document: dict[str, Any]) -> None:
    document["info"] |= {
        "description": _ABOUT,
        "license": {"name": "MIT", "identifier": "MIT"},
    }
    document["tags"] = [{"name": name, "description": text} for name, text in _TAGS.items()]
    components = document["components"]
    components["headers"] = {name: dict(header) for name, header in RESPONSE_HEADERS.items()}
    components["securitySchemes"] = {
        BEARER: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "The access token that a sign-in or a refresh gave.",
        },
        COOKIE: {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-limen_session",
            "description": (
                "The cookie that `/auth/cookie` set in a browser. All but GET and HEAD need an "
                "`Origin` that is listed, and the CSRF token of the session as `X-CSRF-Token`."
            ),
        },
        API_KEY: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": PATTERN,
            "description": "An API key, which may do no more than its scopes and its owner.",
        },
    }


def _complete(operation: dict[str, Any], method: str, handler: HTTPRouteHandler) -> None:
    """Tell of the headers and parameters that follow from the rules of a route."""
    rules, responses = rules_of(handler), operation["responses"]
    parameters = operation.setdefault("parameters", [])
    if is_versioned(handler) and method == "get":
        parameters.append(IF_NONE_MATCH)
        responses["304"] = {"description": "The caller has this version already"}
    elif _PRECONDITION_FAILED in responses:
        parameters.append(IF_MATCH)
    if rules.is_repeatable:
        parameters.append(IDEMPOTENCY_KEY)
    if rules.lists is not None:
        parameters.extend(list_parameters(rules.lists))
        answer = f"{_SCHEMAS}{rules.lists.name}ListAnswer"
        responses["200"]["content"][JSON]["schema"] = {"$ref": answer}
    if method == "patch":
        content = operation["requestBody"]["content"]
        content[MERGE_PATCH] = content[JSON]
    if method != "get":
        # Whoever writes may meet somebody who writes the same.
        responses.setdefault(_CONFLICT, {**responses["400"], "description": when(409)})
    responses.get(_NO_CONTENT, {}).pop("content", None)
    for status, response in responses.items():
        names = sorted(_headers(handler, status))
        response["headers"] = {
            HEADER_NAMES.get(name, name): {"$ref": f"#/components/headers/{name}"} for name in names
        }
        if int(status) >= _FIRST_REFUSAL and _is_failure(response):
            response["content"][PROBLEM] = {"schema": {"$ref": f"{_SCHEMAS}ProblemOut"}}
    operation["responses"] = dict(sorted(responses.items()))
    for empty in [key for key in ("parameters", "deprecated") if not operation.get(key)]:
        operation.pop(empty, None)


def _share(operation: dict[str, Any], components: dict[str, Any]) -> None:
    """Say once what many operations have: refusals, and parameters in headers."""
    for status, response in operation["responses"].items():
        if int(status) >= _FIRST_REFUSAL and _is_failure(response):
            name = f"Refusal{status}"
            components.setdefault("responses", {})[name] = response
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    for place, parameter in enumerate(operation.get("parameters", [])):
        if parameter["in"] == "header":
            name = parameter["name"].replace("-", "")
            components.setdefault("parameters", {})[name] = parameter
            operation["parameters"][place] = {"$ref": f"#/components/parameters/{name}"}


def _headers(handler: HTTPRouteHandler, status: str) -> Iterator[str]:
    rules = rules_of(handler)
    yield "XRequestId"
    yield from _HEADERS_OF_STATUS.get(status, ())
    if status in _COUNTED_REFUSALS or (rules.limits and int(status) < _FIRST_REFUSAL):
        yield from _COUNTED
    if int(status) >= _FIRST_REFUSAL:
        return
    if is_versioned(handler) and status not in _UNVERSIONED:
        yield "ETag"
    if rules.is_repeatable:
        yield "IdempotencyReplayed"
    if rules.query is Query.LIST:
        yield "Link"
    if rules.answer is not None:
        yield from (
            *("XLimenUserId", "XLimenSessionId", "XLimenRoles"),
            *("XLimenKeyId", "XLimenScopes"),
        )


def _is_failure(response: dict[str, Any]) -> bool:
    schema = response.get("content", {}).get(JSON, {}).get("schema", {})
    return bool(schema.get("$ref") == f"{_SCHEMAS}Failure")


def _complete_schemas(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    _, problem = msgspec.json.schema_components([ProblemOut], ref_template=_SCHEMAS + "{name}")
    schemas["ProblemOut"] = problem["ProblemOut"]
    for name in (USERS.name, MESSAGES.name, ACCOUNTS.name, API_KEYS.name):
        _make_sparse(schemas, name)
    shapes = {shape.__name__: shape for shape in _shapes(msgspec.Struct)}
    for name, schema in schemas.items():
        shape = shapes.get(name)
        if shape is not None:
            schema["description"] = inspect.cleandoc(shape.__doc__ or "")
        if shape is not None and shape.__struct_config__.forbid_unknown_fields:
            schema["additionalProperties"] = False
        if name in EXAMPLES:
            schema["examples"] = [EXAMPLES[name]]
        if not name.endswith("In"):
            _say_what_is_always_there(name, schema)
    names = dict(_names(schemas))
    for name, schema in schemas.items():
        schema["title"] = names.get(name, name)
    by_name = sorted(schemas.items(), key=lambda item: str(item[1]["title"]))
    document["components"]["schemas"] = dict(by_name)


def _say_what_is_always_there(name: str, schema: dict[str, Any]) -> None:
    """Say that every field is in every answer, defaults too; only lists have something beside."""
    properties = schema["properties"]
    if name.startswith("Success_"):
        properties.pop("meta", None)
    for inner in properties.values():
        inner.pop("default", None)
    if not _SPARSE.fullmatch(name):
        schema["required"] = sorted(properties)


def _make_sparse(schemas: dict[str, Any], name: str) -> None:
    """Let the items of a list be sparse, for those who asked for a few fields."""
    whole, sparse = f"{name}Out", f"Sparse{name}Out"
    made = next(key for key in schemas if key.startswith("Success_list_") and whole in key)
    listed = schemas.pop(made)
    items = {"anyOf": [{"$ref": f"{_SCHEMAS}{shape}"} for shape in (whole, sparse)]}
    properties = {**listed["properties"], "data": {"type": "array", "items": items}}
    schemas[f"{name}ListAnswer"] = {**listed, "properties": properties}
    schemas[sparse] = {
        "type": "object",
        "description": f"Those fields of a {name.lower()} that were asked for.",
        "properties": schemas[whole]["properties"],
        "additionalProperties": False,
    }


def _shapes(shape: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    for below in shape.__subclasses__():
        if below.__module__.startswith("limen."):
            yield below
        yield from _shapes(below)


def _names(schemas: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the names that Litestar made of generic shapes, and those that people can read."""
    for name in schemas:
        match = _ENVELOPE.match(name)
        if match:
            shapes = (shape.rpartition(".")[2] for shape in match[2].split("_limen."))
            kind = "Or".join(shape.removesuffix("Out") for shape in shapes)
            kind = {"str": "Text"}.get(kind, kind)
            yield name, f"{kind}{'List' if match[1] else ''}Answer"


def _renamed(value: Any, names: dict[str, str]) -> Any:
    """Rename the shapes, wherever they are named; leave choices of one out."""
    match value:
        case {"oneOf": [only], **rest}:
            return _renamed({**only, **rest}, names)
        case dict():
            return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
        case list() | tuple():
            return [_renamed(item, names) for item in value]
        case str() if value.startswith(_SCHEMAS):
            name = value.removeprefix(_SCHEMAS)
            return _SCHEMAS + names.get(name, name)
        case _:
            return value

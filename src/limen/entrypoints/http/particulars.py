"""The headers and parameters that the OpenAPI document tells of beside what handlers take."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from limen.core.page import DEEPEST_ROW, DEFAULT_LIMIT, LARGEST_LIMIT, Count, Operator
from limen.core.query import Field
from limen.entrypoints.http.rules import ListOf

_TEXT: Final[Mapping[str, Any]] = {"type": "string"}
_SECONDS: Final[Mapping[str, Any]] = {"type": "integer", "minimum": 1}


def _header(description: str, schema: Mapping[str, Any] = _TEXT) -> dict[str, Any]:
    return {"description": description, "schema": dict(schema)}


RESPONSE_HEADERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "XRequestId": _header("The name of this request in the log, as it came or as it was made."),
    "ETag": _header('The version of what is shown, such as "3".'),
    "Location": _header("Where the new thing is, as a path."),
    "WWWAuthenticate": _header("What was wrong with the access token (RFC 6750 section 3)."),
    "RetryAfter": _header("How many seconds to wait.", _SECONDS),
    "RateLimit": _header(
        "What is left (`r`) of each limit that the request counted against, and for how many "
        "seconds (`t`)."
    ),
    "RateLimitPolicy": _header(
        "How much those limits allow (`q`) to a network in how many seconds (`w`)."
    ),
    "Link": _header("Where the `first`, `prev` and `next` pages are (RFC 8288)."),
    "IdempotencyReplayed": _header("`true` on an answer that was given before."),
    "XLimenUserId": _header("Who asks.", {"type": "string", "format": "uuid"}),
    "XLimenSessionId": _header("In which session, if in one."),
    "XLimenRoles": _header("The names of their roles, with commas between; none for a key."),
    "XLimenKeyId": _header("By which API key, if by one."),
    "XLimenScopes": _header("What the key may do now, with commas between."),
}

HEADER_NAMES: Final[Mapping[str, str]] = {
    "XRequestId": "X-Request-ID",
    "WWWAuthenticate": "WWW-Authenticate",
    "RetryAfter": "Retry-After",
    "RateLimitPolicy": "RateLimit-Policy",
    "IdempotencyReplayed": "Idempotency-Replayed",
    "XLimenUserId": "X-Limen-User-Id",
    "XLimenSessionId": "X-Limen-Session-Id",
    "XLimenRoles": "X-Limen-Roles",
    "XLimenKeyId": "X-Limen-Key-Id",
    "XLimenScopes": "X-Limen-Scopes",
}

IF_MATCH: Final = {
    "name": "If-Match",
    "in": "header",
    "description": 'Only if this is the present version: one entity tag such as "3", or `*`.',
    "schema": dict(_TEXT),
}
IF_NONE_MATCH: Final = {
    "name": "If-None-Match",
    "in": "header",
    "description": "Only if none of these is the present version; otherwise 304.",
    "schema": dict(_TEXT),
}
IDEMPOTENCY_KEY: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "Do this once: for 24 hours the same request under the same key gets the first answer "
        "again. Answers with 401, 403, 409, 429 or 5xx are not kept."
    ),
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
}


def list_parameters(lists: ListOf) -> Iterator[dict[str, Any]]:
    """Yield the parameters of a list."""
    if lists.has_pages:
        yield _query(
            "page",
            f"Which page, from 1; pages reach {DEEPEST_ROW} rows deep. Not with `cursor`.",
            {"type": "integer", "minimum": 1},
        )
    yield _query(
        "limit",
        "How many at once.",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT},
    )
    yield _query("cursor", "Where to go on: `meta.next_cursor` of the page before.", _TEXT)
    yield {
        **_query("filter", _about_filters(lists.fields), {"type": "object"}),
        "style": "deepObject",
        "explode": True,
    }
    shown = ", ".join(lists.shape.__struct_fields__)
    yield _query("fields", f"Show only these, with commas between: {shown}.", _TEXT)
    if lists.has_pages:
        yield from _page_parameters(lists)


def _page_parameters(lists: ListOf) -> Iterator[dict[str, Any]]:
    sortable = [name for name, field in lists.fields.items() if field.is_sortable]
    yield _query(
        "sort",
        f"By which fields, with commas between, `-` for descending: {', '.join(sortable)}.",
        {"type": "string", "default": lists.default_sort},
    )
    yield _query("q", "Text to find in e-mail address, name and username.", _TEXT)
    yield _query(
        "count",
        "Whether to count all that fit; `exact` with `page`, otherwise `none`.",
        {"type": "string", "enum": [count.value for count in Count]},
    )


def _query(name: str, description: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": description, "schema": dict(schema)}


_EXAMPLES: Final = {
    "status": "`filter[status]=active`",
    "created_at": "`filter[created_at][gte]=2026-01-01T00:00:00Z`",
    "role": "`filter[role][in]=admin,support`",
    "state": "`filter[state]=undeliverable`",
}


def _about_filters(fields: Mapping[str, Field]) -> str:
    known = {name: field.operators for name, field in fields.items() if field.operators}
    lines = [
        f"- `{name}`: {', '.join(op.value for op in Operator if op in operators)}"
        for name, operators in known.items()
    ]
    examples = ", ".join(text for name, text in _EXAMPLES.items() if name in fields)
    return (
        f"Only those for which all hold: {examples}. "
        "Fields and their operators (`eq` if none is said):\n\n" + "\n".join(lines)
    )

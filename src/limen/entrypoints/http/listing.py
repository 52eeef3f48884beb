"""Lists: the query string as the core wants it, the page as people get it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

from msgspec import Struct

from limen.core.errors import Fault, InvalidQuery
from limen.core.page import DEEPEST_ROW, DEFAULT_LIMIT, Listing, ListQuery, Operator
from limen.entrypoints.http.answers import Answered
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.parameters import pairs_of
from limen.entrypoints.shapes import ListMetaOut, Success, read_fields, sparse

S = TypeVar("S", bound=Struct)

_PARAMETERS: Final = ("page", "limit", "cursor", "sort", "filter", "q", "fields", "count")
_FILTER: Final = re.compile(r"filter\[([^\[\]]{1,64})\](?:\[([^\[\]]{1,16})\])?")
_NUMBER: Final = re.compile(r"-?[0-9]{1,9}")
_LONGEST_ECHO: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadQuery:
    """A list query: what the core is asked, which fields are shown, and how it was asked."""

    core: ListQuery
    fields: tuple[str, ...] | None
    pairs: tuple[tuple[str, str], ...]


def read_list(request: CallRequest, shape: type[Struct]) -> ReadQuery:
    """Read the query string; what is wrong with its form is told by the core, with all else."""
    pairs = pairs_of(request.scope["query_string"])
    faults = list(_misnamed(pairs))
    plain = {name: value for name, value in pairs if name in _PARAMETERS}
    filters = dict(_filters(pairs))
    page = _number("page", plain.get("page"), faults)
    limit = _number("limit", plain.get("limit"), faults)
    fields = None
    try:
        fields = read_fields(plain.get("fields"), shape)
    except InvalidQuery as error:
        faults.extend(error.details)
    core = ListQuery(
        filters=filters,
        search=plain.get("q"),
        sort=plain.get("sort"),
        page=page,
        cursor=plain.get("cursor"),
        limit=DEFAULT_LIMIT if limit is None else limit,
        count=plain.get("count"),
        faults=tuple(faults),
    )
    return ReadQuery(core=core, fields=fields, pairs=tuple(pairs))


def listed(
    request: CallRequest, query: ReadQuery, listing: Listing[Any], items: list[S]
) -> Answered[Success[list[S]]]:
    """Answer with a page, its place in the whole, and links to others (RFC 8288)."""
    data: Any = items
    if query.fields is not None:
        data = [sparse(item, query.fields) for item in items]
    path = request.call.base + request.scope["path"]
    links = ", ".join(
        f'<{path}?{urlencode(pairs, safe="[],")}>; rel="{rel}"'
        for rel, pairs in _links(query, listing)
    )
    return Answered(Success(data=data, meta=ListMetaOut.of(listing)), headers={"Link": links})


def _misnamed(pairs: list[tuple[str, str]]) -> Iterator[Fault]:
    seen: set[object] = set()
    for name, _ in pairs:
        place = name[:_LONGEST_ECHO]
        match = _FILTER.fullmatch(name)
        if match is None and name.startswith("filter"):
            form = "must be written filter[field] or filter[field][operator]"
            yield Fault(place, "invalid", form)
        elif match is None and name not in _PARAMETERS:
            known = ", ".join(_PARAMETERS)
            yield Fault(place, "unknown_parameter", f"is not known here; may be {known}")
        same = _condition(match) if match else name
        if same in seen:
            yield Fault(place, "repeated", "stands more than once")
        seen.add(same)


def _filters(pairs: list[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], str]]:
    for name, value in pairs:
        match = _FILTER.fullmatch(name)
        if match is not None:
            yield _condition(match), value


def _condition(match: re.Match[str]) -> tuple[str, str]:
    return match[1], match[2] or Operator.EQ.value


def _number(name: str, text: str | None, faults: list[Fault]) -> int | None:
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        faults.append(Fault(name, "invalid", "must be a whole number"))
        return None
    return int(text)


def _links(query: ReadQuery, listing: Listing[Any]) -> Iterator[tuple[str, dict[str, str]]]:
    kept = {name: value for name, value in query.pairs if name not in {"page", "cursor"}}
    page = listing.page
    if page is None:
        yield "first", kept
        if listing.next_cursor is not None:
            yield "next", {**kept, "cursor": listing.next_cursor}
        return
    yield "first", {**kept, "page": "1"}
    if page > 1:
        yield "prev", {**kept, "page": str(page - 1)}
    if listing.next_cursor is None:
        return
    if (page + 1) * listing.limit <= DEEPEST_ROW:
        yield "next", {**kept, "page": str(page + 1)}
    else:
        yield "next", {**kept, "cursor": listing.next_cursor}

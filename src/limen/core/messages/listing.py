"""How messages are listed: the newest first, of one state if asked."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from limen.core.errors import Fault
from limen.core.messages.model import MessageState
from limen.core.page import ListQuery, Operator
from limen.core.query import Field

NEWEST_FIRST: Final = "-id"


def _state(text: str) -> MessageState:
    try:
        return MessageState(text)
    except ValueError:
        names = ", ".join(state.value for state in MessageState)
        raise ValueError(f"must be one of {names}") from None


FIELDS: Final[Mapping[str, Field]] = {
    "id": Field(name="id", parse=UUID, operators=frozenset()),
    "state": Field(
        name="state", parse=_state, operators=frozenset({Operator.EQ}), is_sortable=False
    ),
}


def bounded(query: ListQuery) -> ListQuery:
    """Return the query with a fault for everything that this list does not do."""
    return replace(query, faults=(*query.faults, *_faults(query)))


def _faults(query: ListQuery) -> Iterator[Fault]:
    if query.sort not in {None, NEWEST_FIRST}:
        yield Fault("sort", "unknown_field", "messages come newest first; leave it out")
    if query.search is not None:
        yield Fault("q", "unknown_parameter", "messages cannot be searched")
    if query.page is not None:
        yield Fault("page", "unknown_parameter", "messages have no pages; use the cursor")
    if query.count not in {None, "none"}:
        yield Fault("count", "unknown_parameter", "messages are not counted")

"""Reading what is asked for when a key is made, rotated or listed."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from limen.core.api_keys.model import ApiKeyPolicy, parse_key_name
from limen.core.errors import Fault, InvalidInput
from limen.core.page import ListQuery
from limen.core.query import Field
from limen.core.reading import Reader
from limen.core.roles.model import parse_scopes

NEWEST_FIRST: Final = "-id"
FIELDS: Final[Mapping[str, Field]] = {"id": Field(name="id", parse=UUID, operators=frozenset())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A key as it is asked for, read and possible."""

    name: str
    scopes: frozenset[str]
    expires_at: datetime | None


def read_wanted(
    policy: ApiKeyPolicy,
    now: datetime,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None,
) -> Wanted:
    """Read what a key is to be; raise `InvalidInput` naming every fault."""
    reader = Reader()
    read_name = reader.read("name", parse_key_name, name)
    read_scopes = reader.read("scopes", parse_scopes, scopes)
    end = None if expires_at is None else _read_end(reader, policy, expires_at, now)
    if read_name is None or read_scopes is None or reader.faults:
        raise InvalidInput(details=reader.faults)
    return Wanted(name=read_name, scopes=read_scopes, expires_at=policy.end_of(now, end))


def read_overlap(policy: ApiKeyPolicy, overlap: timedelta | None) -> timedelta:
    """Read how long a rotated key is to hold; raise `InvalidInput`."""
    if overlap is None:
        return policy.overlap
    if not timedelta(0) <= overlap <= policy.longest_overlap:
        most = int(policy.longest_overlap.total_seconds())
        raise InvalidInput(
            details=(Fault("overlap_seconds", "invalid", f"must be 0 to {most} seconds"),)
        )
    return overlap


def bounded(query: ListQuery) -> ListQuery:
    """Return the query with a fault for everything that lists of keys do not do."""
    return replace(query, faults=(*query.faults, *_faults(query)))


def _faults(query: ListQuery) -> Iterator[Fault]:
    if query.sort not in {None, NEWEST_FIRST}:
        yield Fault("sort", "unknown_field", "keys come newest first; leave it out")
    if query.search is not None:
        yield Fault("q", "unknown_parameter", "keys cannot be searched")
    if query.page is not None:
        yield Fault("page", "unknown_parameter", "keys have no pages; use the cursor")
    if query.count not in {None, "none"}:
        yield Fault("count", "unknown_parameter", "keys are not counted")


def _read_end(
    reader: Reader, policy: ApiKeyPolicy, expires_at: datetime, now: datetime
) -> datetime | None:
    if expires_at.tzinfo is None or expires_at <= now:
        reader.fault("expires_at", "invalid", "must lie in the future, and have an offset")
        return None
    if policy.longest_life is not None and expires_at > now + policy.longest_life:
        most = policy.longest_life.days
        reader.fault("expires_at", "too_late", f"must lie at most {most} days ahead")
        return None
    return expires_at.astimezone(UTC)

"""Where a database is, as people write it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

_SQLITE: Final = "sqlite:///"
_POSTGRESQL: Final = ("postgresql://", "postgres://")
_SENTENCE: Final = (
    "the database URL must be like sqlite:///data/limen.db, sqlite:////var/lib/limen/limen.db "
    "or postgresql://user:password@host:5432/limen"
)


@dataclass(frozen=True, slots=True)
class SqliteAddress:
    """A file; three slashes begin a relative path, four an absolute one."""

    path: Path


@dataclass(frozen=True, slots=True)
class PostgresqlAddress:
    """A server and a database on it, as libpq writes it; it may hold a password."""

    url: str

    def __repr__(self) -> str:
        return "PostgresqlAddress(***)"


def parse_url(url: str) -> SqliteAddress | PostgresqlAddress:
    """Read a database URL; raise `ValueError`, which never shows what may hold a password."""
    if url.startswith(_SQLITE):
        path = unquote(url.removeprefix(_SQLITE))
        if path and path != ":memory:" and "?" not in url:
            return SqliteAddress(Path(path))
    elif url.startswith(_POSTGRESQL):
        try:
            port = urlsplit(url).port
        except ValueError:
            port = -1
        if port != -1:
            return PostgresqlAddress(url)
    raise ValueError(_SENTENCE)

"""Query strings, taken apart once and bounded."""

from typing import Final
from urllib.parse import parse_qsl

from limen.core.errors import Fault, InvalidQuery

LONGEST_QUERY: Final = 8 * 1024
MOST_PARAMETERS: Final = 64


def pairs_of(query: bytes) -> list[tuple[str, str]]:
    """Return the parameters in order; raise `InvalidQuery` for what is no query string."""
    if len(query) > LONGEST_QUERY:
        raise _refusal("too_long", f"must be at most {LONGEST_QUERY} bytes")
    try:
        return parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MOST_PARAMETERS,
        )
    except UnicodeError:
        raise _refusal("not_text", "must be percent-encoded UTF-8") from None
    except ValueError:
        raise _refusal("too_many", f"at most {MOST_PARAMETERS} parameters") from None


def names_of(query: bytes) -> list[str]:
    """Return the names of the parameters, each once, in order."""
    return list(dict.fromkeys(name for name, _ in pairs_of(query)))


def _refusal(code: str, message: str) -> InvalidQuery:
    return InvalidQuery(details=(Fault("query", code, message),))

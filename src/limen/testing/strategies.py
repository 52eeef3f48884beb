"""Hypothesis strategies for the values of limen, with the edges where such values break things.

Everything drawn is valid unless the name says otherwise: texts are what people may type, so they
come in several Unicode forms, in mixed case, and up to the longest length.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from hypothesis import strategies as st

from limen.core.text import has_control_characters
from limen.core.users.model import (
    LARGEST_WHOLE_NUMBER,
    LONGEST_NAME,
    Email,
    Json,
    Username,
    parse_attributes,
    parse_name,
)
from limen.testing.fakes import NOON

# Characters that fold, compose, decompose, sort or widen in surprising ways.
ODD_CHARACTERS: Final = "ÅåÄäßẞİıſKÆøÑñéÉΣςÜü日本🜁%_\\'\"*-"  # noqa: RUF001 - they are meant.

_LOCAL: Final = "abcXYZ019!#$%&'*+-/=?^_`{|}~éÉßΣςİ日"
_NAME_EDGES: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def instants(
    *, around: datetime = NOON, within: timedelta = timedelta(days=365)
) -> st.SearchStrategy[datetime]:
    """Draw aware UTC instants to the microsecond."""
    naive = around.astimezone(UTC).replace(tzinfo=None)
    return st.datetimes(min_value=naive - within, max_value=naive + within, timezones=st.just(UTC))


def is_email(text: str) -> bool:
    """Tell whether `text` is an address that limen takes."""
    try:
        Email.parse(text)
    except ValueError:
        return False
    return True


@st.composite
def email_texts(draw: st.DrawFn) -> str:
    """Draw addresses as people write them: Unicode, IDNA domains, mixed case, long parts."""
    atoms = draw(st.lists(st.text(_LOCAL, min_size=1, max_size=20), min_size=1, max_size=3))
    labels = st.sampled_from(["example", "Example", "xn--bcher-kva", "bücher", "BÜCHER", "a-b"])
    domain = draw(st.lists(labels, min_size=1, max_size=3))
    ending = draw(st.sampled_from(["org", "ORG", "co.uk", "example"]))
    return f"{'.'.join(atoms)}@{'.'.join(domain)}.{ending}"


def emails() -> st.SearchStrategy[Email]:
    """Draw e-mail addresses."""
    return email_texts().filter(is_email).map(Email.parse)


@st.composite
def usernames(draw: st.DrawFn) -> Username:
    """Draw usernames from one character to the longest."""
    first = draw(st.sampled_from(_NAME_EDGES))
    middle = draw(st.text(f"{_NAME_EDGES}._-", max_size=62))
    last = draw(st.sampled_from(_NAME_EDGES)) if middle else ""
    return Username.parse(first + middle + last)


def names() -> st.SearchStrategy[str]:
    """Draw display names, the empty one too."""
    characters = st.sampled_from(ODD_CHARACTERS + _NAME_EDGES + " ") | st.characters(
        exclude_categories=["Cc", "Cf", "Cs", "Zl", "Zp", "Cn"]
    )
    return (
        st.text(characters, max_size=LONGEST_NAME)
        .filter(lambda text: not has_control_characters(text))
        .map(lambda text: parse_name(text)[:LONGEST_NAME].strip())
    )


def passwords(*, min_size: int = 12, max_size: int = 64) -> st.SearchStrategy[str]:
    """Draw passwords: any text that can be encoded, NUL and emoji too; unlikely to be common."""
    return st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0 aA1" + ODD_CHARACTERS),
        min_size=min_size,
        max_size=max_size,
    )


def json_values() -> st.SearchStrategy[Json]:
    """Draw JSON values as attributes may hold them."""
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
    leaves = (
        st.none()
        | st.booleans()
        | st.integers(-LARGEST_WHOLE_NUMBER, LARGEST_WHOLE_NUMBER)
        | st.floats(allow_nan=False, allow_infinity=False)
        | texts
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
        max_leaves=10,
    )


def _are_attributes(value: dict[str, Json]) -> bool:
    try:
        parse_attributes(value)
    except ValueError:
        return False
    return True


def attributes() -> st.SearchStrategy[dict[str, Json]]:
    """Draw attributes of users."""
    texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
    return st.dictionaries(texts, json_values(), max_size=5).filter(_are_attributes)

"""Hypothesis strategies for the values of limen, with the edges where such values break things.

Everything drawn is valid unless the name says otherwise: texts are what people may type, so they
come in several Unicode forms, in mixed case, and up to the longest length.
"""

import unicodedata
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from hypothesis import strategies as st

from limen.core.ids import UserId
from limen.core.passwords.model import LONGEST_PASSWORD, PasswordPolicy, is_encodable
from limen.core.roles.model import ADMIN, LONGEST_DESCRIPTION, OWN, Role, parse_permissions
from limen.core.secret import Secret
from limen.core.text import fold, has_control_characters
from limen.core.users.locale import LONGEST_LOCALE
from limen.core.users.model import (
    LARGEST_WHOLE_NUMBER,
    LONGEST_EMAIL,
    LONGEST_LOCAL_PART,
    LONGEST_NAME,
    Email,
    Json,
    Status,
    User,
    Username,
    own_words,
    parse_attributes,
    parse_name,
)
from limen.testing.fakes import NOON

# Characters that fold, compose, decompose, sort or widen in surprising ways.
ODD_CHARACTERS: Final = "ÅåÄäßẞİıſKÆøÑñéÉΣςÜü日本🜁%_\\'\"*-"  # noqa: RUF001 - they are meant.

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NAME_EDGES: Final = f"{_LETTERS}0123456789"
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz0123456789_"
_LONGEST_LABEL: Final = 63
_POLICY: Final = PasswordPolicy()
_FEWEST_DIFFERENT: Final = 5


# --- time ---


def instants(
    *, around: datetime = NOON, within: timedelta = timedelta(days=365)
) -> st.SearchStrategy[datetime]:
    """Draw aware UTC instants to the microsecond."""
    naive = around.astimezone(UTC).replace(tzinfo=None)
    return st.datetimes(min_value=naive - within, max_value=naive + within, timezones=st.just(UTC))


# --- e-mail addresses ---

_LOCAL: Final = "abcXYZ019!#$%&'*+-/=?^_`{|}~éÉßΣςİ日"
_LABELS: Final = (
    "example", "Example", "a-b", "x", "1st", "xn--bcher-kva", "XN--BCHER-KVA", "bücher", "BÜCHER",
    "日本", "почта", "Ελλαδα", "münchen-ost",
)  # fmt: skip
_ENDINGS: Final = ("org", "ORG", "co.uk", "example", "xn--p1ai", "рф")
_CASES: Final[tuple[Callable[[str], str], ...]] = (
    str, str.upper, str.lower, str.title, str.swapcase,
)  # fmt: skip
_FORMS: Final[tuple[Literal["NFC", "NFD"], ...]] = ("NFC", "NFD")


def is_email(text: str) -> bool:
    """Tell whether `text` is an address that limen takes."""
    try:
        Email.parse(text)
    except ValueError:
        return False
    return True


@st.composite
def _usual_addresses(draw: st.DrawFn) -> str:
    atoms = draw(st.lists(st.text(_LOCAL, min_size=1, max_size=20), min_size=1, max_size=3))
    domain = draw(st.lists(st.sampled_from(_LABELS), min_size=1, max_size=3))
    return f"{'.'.join(atoms)}@{'.'.join(domain)}.{draw(st.sampled_from(_ENDINGS))}"


@st.composite
def _addresses_with_a_long_local_part(draw: st.DrawFn) -> str:
    start = draw(st.text(_LOCAL, min_size=1, max_size=8))
    octets = draw(st.sampled_from([LONGEST_LOCAL_PART, LONGEST_LOCAL_PART - 1]))
    filling = draw(st.sampled_from("aZ0-")) * (octets - len(start.encode()))
    return f"{start}{filling}@{draw(st.sampled_from(_LABELS))}.org"


@st.composite
def _longest_addresses(draw: st.DrawFn) -> str:
    local = draw(st.text(_NAME_EDGES, min_size=1, max_size=LONGEST_LOCAL_PART))
    left = LONGEST_EMAIL - draw(st.integers(0, 1)) - len(local) - len("@")
    labels = []
    while left > 0:
        # A rest of one octet would be a dot with nothing behind it.
        size = min(left, _LONGEST_LABEL) - (left == _LONGEST_LABEL + 1)
        labels.append(draw(st.sampled_from(_LETTERS)) * size)
        left -= size + len(".")
    return f"{local}@{'.'.join(labels)}"


@st.composite
def email_texts(draw: st.DrawFn) -> str:
    """Draw addresses as people write them, in mixed case, composed and decomposed.

    Among them: Unicode and Punycode domains (IDNA), local parts of 64 octets, 254 octets in all.
    """
    kinds = _usual_addresses() | _addresses_with_a_long_local_part() | _longest_addresses()
    plain = draw(kinds.filter(is_email))
    change, form = draw(st.sampled_from(_CASES)), draw(st.sampled_from(_FORMS))
    changed = unicodedata.normalize(form, change(plain))
    # Another case may be longer, or be no domain any more.
    return changed if is_email(changed) else plain


def emails() -> st.SearchStrategy[Email]:
    """Draw e-mail addresses."""
    return email_texts().map(Email.parse)


def not_emails() -> st.SearchStrategy[str]:
    """Draw texts that limen does not take for an address: most of them nearly one."""
    almost = st.sampled_from(
        ["", "@", "ada", "ada@", "@example.org", "ada@example", "ada@@example.org",
         "ada@exa@mple.org", ".ada@example.org", "ada.@example.org", "a..da@example.org",
         "a da@example.org", "ada@exa mple.org", "ada@-example.org", "ada@example-.org",
         "ada@exa_mple.org", "ada@.example.org", "ada@example..org", "ada@127.0.0.1",
         "ada@[127.0.0.1]", '"a da"@example.org', "Ada <ada@example.org>", "ada@example.org,",
         "ada@exam\nple.org", "ada\0@example.org", "a\u200bda@example.org", "ada@faß.example",
         "ada@example\u3002org", "ada@\uff45xample.org", "a\ud800da@example.org",
         f"{'a' * (LONGEST_LOCAL_PART + 1)}@example.org", f"{'é' * 33}@example.org",
         f"ada@{'a' * (_LONGEST_LABEL + 1)}.org", f"ada@{'a.' * 125}org", "a" * 100_000]
    )  # fmt: skip
    return (almost | st.text(max_size=40)).filter(lambda text: not is_email(text))


# --- names, languages and passwords ---


@st.composite
def usernames(draw: st.DrawFn) -> Username:
    """Draw usernames from one character to the longest."""
    first = draw(st.sampled_from(_NAME_EDGES))
    characters = f"{_NAME_EDGES}._-"
    middle = draw(st.text(characters, max_size=62) | st.text(characters, min_size=62, max_size=62))
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


def locales() -> st.SearchStrategy[str]:
    """Draw language tags in canonical case: plain ones, and with all that may stand in a tag."""
    plain = st.sampled_from(["en", "de-AT", "zh-Hant-TW", "es-419", "gsw", "sl-rozaj-biske"])
    language = st.sampled_from(["de", "zh-yue", "sgn-ase", "az", "abcdefgh"])
    script, region = st.sampled_from(["", "-Latn"]), st.sampled_from(["", "-CH", "-150"])
    variant = st.sampled_from(["", "-1901", "-1abc", "-fonipa"])
    rest = st.sampled_from(["", "-u-co-phonebk", "-x-latn", "-a-ca-x-de", "-x-a"])
    parts = st.tuples(language, script, region, variant, rest).map("".join)
    return plain | parts.filter(lambda tag: len(tag) <= LONGEST_LOCALE)


def passwords(*, min_size: int = _POLICY.min_length, max_size: int = 64) -> st.SearchStrategy[str]:
    """Draw passwords that limen takes: any text that can be encoded, NUL and emoji too.

    They have `min_size` to `max_size` characters, counted as limen counts them, after NFKC, and
    enough different ones not to be common.
    """
    policy = PasswordPolicy(min_length=min_size, max_length=max_size)
    return st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from("\0 aA1" + ODD_CHARACTERS),
        min_size=min_size,
        max_size=max_size,
    ).filter(lambda text: _is_varied(text) and not policy.faults(Secret(text), ()))


def _is_varied(text: str) -> bool:
    """Tell whether a text is not made of a few characters said again and again."""
    different = len(set(fold(text)))
    return different > _FEWEST_DIFFERENT and different**2 > len(text)


@st.composite
def registrations(draw: st.DrawFn) -> dict[str, str]:
    """Draw what somebody registers with: an `email`, and a `password` that is not made of it."""
    text = draw(email_texts())
    words = own_words(Email.parse(text), None, "")
    fitting = passwords().filter(lambda password: not _POLICY.faults(Secret(password), words))
    return {"email": text, "password": draw(fitting)}


def refused_passwords() -> st.SearchStrategy[str]:
    """Draw passwords that limen takes from nobody: too short, too long, common, or no text."""
    too_short = st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from("aA1é"),
        max_size=_POLICY.min_length - 1,
    )
    too_long = st.text("aA1é ", min_size=1, max_size=20).map(lambda text: text * 300)
    common = st.sampled_from(["password1234", "PASSWORD1234", "Password1234"])
    no_text = passwords().map(lambda text: f"{text}\ud800")
    return (
        too_short.filter(lambda text: bool(_POLICY.faults(Secret(text), ())))
        | too_long.filter(lambda text: len(text.strip()) > LONGEST_PASSWORD)
        | common
        | no_text.filter(lambda text: not is_encodable(Secret(text)))
    )


# --- users ---


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


@st.composite
def user_ids(draw: st.DrawFn) -> UserId:
    """Draw UUIDv7s, as the ids of users are."""
    milliseconds = int(draw(instants()).timestamp() * 1000)
    rest = draw(st.integers(0, 2**74 - 1))
    high, low = rest >> 62, rest & (2**62 - 1)
    return UserId(UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low))


@st.composite
def users(draw: st.DrawFn, /, **fields: st.SearchStrategy[Any]) -> User:
    """Draw users who may exist: what happened to them happened in an order that is possible.

    `fields` take the place of what would be drawn: `users(status=st.just(Status.PENDING))`.
    """
    created, first, verified, seen, updated = sorted(draw(st.tuples(*[instants()] * 5)))
    is_verified = draw(st.booleans())
    usual: dict[str, st.SearchStrategy[Any]] = {
        "id": user_ids(),
        "email": emails(),
        "username": st.none() | usernames(),
        "name": names(),
        "locale": st.none() | locales(),
        "status": st.sampled_from(list(Status)),
        "attributes": attributes(),
        "email_verified_at": st.just(verified if is_verified else None),
        "first_verified_at": st.sampled_from([first] if is_verified else [None, first]),
        "created_at": st.just(created),
        "updated_at": st.just(updated),
        "last_sign_in_at": st.sampled_from([None, seen]),
        "version": st.integers(1, 2**31 - 1),
    }
    return User(**{name: draw(strategy) for name, strategy in {**usual, **fields}.items()})


# --- roles ---


def role_names() -> st.SearchStrategy[str]:
    """Draw names of roles from two characters to the longest, `admin` too."""
    middles = st.text(f"{_LOWER}-", max_size=62) | st.text(f"{_LOWER}-", min_size=62, max_size=62)
    parts = st.tuples(st.sampled_from(_LOWER[:26]), middles, st.sampled_from(_LOWER[:-1]))
    return st.just(ADMIN) | parts.map("".join)


def permissions() -> st.SearchStrategy[str]:
    """Draw names of permissions: limen's own, and such as an application makes up."""
    words = st.text(_LOWER, min_size=1, max_size=20)
    made_up = st.lists(words, min_size=2, max_size=4).map(".".join)
    return st.sampled_from(sorted(OWN)) | made_up.filter(_is_permission)


def _is_permission(name: str) -> bool:
    try:
        parse_permissions([name])
    except ValueError:
        return False
    return True


@st.composite
def roles(draw: st.DrawFn) -> Role:
    """Draw roles that an application may have made."""
    created, updated = sorted(draw(st.tuples(instants(), instants())))
    return Role(
        name=draw(role_names().filter(lambda name: name != ADMIN)),
        description=draw(names())[:LONGEST_DESCRIPTION],
        permissions=draw(st.frozensets(permissions(), max_size=8)),
        created_at=created,
        updated_at=updated,
        version=draw(st.integers(1, 2**31 - 1)),
    )

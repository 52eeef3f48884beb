"""The language in which somebody is written to."""

import re
from typing import Final

# RFC 5646 section 4.4.1: room for every tag of today's subtags without extensions.
LONGEST_LOCALE: Final = 35

_LETTERS_IN_A_REGION: Final = 2
_LETTERS_IN_A_SCRIPT: Final = 4

# `langtag` of RFC 5646 section 2.1: language, script, region, variants, extensions, private use.
_LANGTAG: Final = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
    r"(?:-[a-z]{4})?"
    r"(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
    r"(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?"
)


def parse_locale(text: str) -> str:
    """Read a BCP 47 language tag (RFC 5646), as OpenID Connect Core section 5.1 has it in `locale`.

    It is well-formed, at most 35 characters long, and comes back in canonical case; whether its
    subtags are registered is not asked. Raises `ValueError` with a sentence for people.
    """
    written = text.strip()
    # Before lower case: other scripts have letters whose lower case is ASCII.
    is_readable = len(written) <= LONGEST_LOCALE and written.isascii()
    if not is_readable or not _LANGTAG.fullmatch(written.lower()):
        message = (
            "must be a language tag such as en or de-AT, "
            f"of at most {LONGEST_LOCALE} letters, digits and dashes"
        )
        raise ValueError(message)
    return _in_canonical_case(written.lower())


def _in_canonical_case(tag: str) -> str:
    """Write regions large and scripts with a capital, up to the first singleton (section 2.1.1)."""
    language, *subtags = tag.split("-")
    written = [language]
    for place, subtag in enumerate(subtags):
        if len(subtag) == 1:
            return "-".join((*written, *subtags[place:]))
        written.append(_cased(subtag))
    return "-".join(written)


def _cased(subtag: str) -> str:
    if len(subtag) == _LETTERS_IN_A_REGION:
        return subtag.upper()
    return subtag.capitalize() if len(subtag) == _LETTERS_IN_A_SCRIPT else subtag

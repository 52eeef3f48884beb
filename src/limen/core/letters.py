"""Letters for codes that people read and type: twenty consonants (RFC 8628 section 6.1)."""

from typing import Final

_ALPHABET: Final = "BCDFGHJKLMNPQRSTVWXZ"
_GROUP: Final = 4
# Far more than the letters and whatever people put between them.
_LONGEST_TYPED: Final = 64


def write_letters(drawn: bytes, count: int) -> str:
    """Return the letters that stand for random bytes, in groups of four.

    Eight bytes more than the letters need make no letter noticeably likelier than another.
    """
    number, letters = int.from_bytes(drawn), []
    for _ in range(count):
        number, letter = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[letter])
    groups = (letters[start : start + _GROUP] for start in range(0, count, _GROUP))
    return "-".join("".join(group) for group in groups)


def read_letters(typed: str, count: int) -> str | None:
    """Return the letters of a code however it was typed, or `None` if it cannot be one.

    Case, spaces and marks between the letters do not count.
    """
    if len(typed) > _LONGEST_TYPED or not typed.isascii():
        return None
    letters = "".join(char for char in typed.upper() if char.isalnum())
    if len(letters) != count or not set(letters) <= set(_ALPHABET):
        return None
    return letters

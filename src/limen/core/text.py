"""Unicode rules every concept shares: normalise first, then validate, then compare."""

import unicodedata
from typing import Final

# A character of a normal form stands for at most so many (Unicode FAQ on normalisation, NFC).
_LONGEST_DECOMPOSITION: Final = 4


def is_too_long_to_normalise(text: str, longest: int) -> bool:
    """Tell whether `text` is so long that no normal form of it has `longest` characters.

    Asked before normalising, whose work can grow with the square of the length.
    """
    return len(text) > _LONGEST_DECOMPOSITION * longest


def nfc(text: str) -> str:
    """Return `text` in canonical composed form (UAX #15, NFC), stripped of outer white space."""
    return unicodedata.normalize("NFC", text).strip()


def fold(text: str) -> str:
    """Return the form in which two texts are the same to people: NFKC, case folded, NFKC.

    Source: The Unicode Standard, section 3.13, compatibility caseless matching.
    """
    if text.isascii():
        return text.lower()
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def has_control_characters(text: str) -> bool:
    """Tell whether `text` holds control, format, surrogate or line-breaking characters.

    Such characters hide, reorder or split what people read, and some stores refuse them.
    """
    # What is printable holds none of them: most texts need no second look.
    return not text.isprintable() and any(
        unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in text
    )

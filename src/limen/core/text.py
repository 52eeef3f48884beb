"""Unicode rules every concept shares: normalise first, then validate, then compare."""

import unicodedata


def nfc(text: str) -> str:
    """Return `text` in canonical composed form (UAX #15, NFC), stripped of outer white space."""
    return unicodedata.normalize("NFC", text).strip()


def fold(text: str) -> str:
    """Return the form in which two texts are the same to people: NFKC, case folded, NFKC.

    Source: The Unicode Standard, section 3.13, compatibility caseless matching.
    """
    once = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", once).casefold()


def has_control_characters(text: str) -> bool:
    """Tell whether `text` holds control, format, surrogate or line-breaking characters.

    Such characters hide, reorder or split what people read, and some stores refuse them.
    """
    return any(unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for char in text)

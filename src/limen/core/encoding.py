"""One text form for bytes: base64url without padding (RFC 4648 section 5), in canonical form."""

import base64
import binascii


def write_base64url(raw: bytes) -> str:
    """Return `raw` as text."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read_base64url(text: str) -> bytes:
    """Return the bytes of `text`; raise `ValueError` unless it is exactly what we would write.

    Refusing other spellings of the same bytes keeps one token from having several texts
    (RFC 4648 section 3.5).
    """
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
    if write_base64url(raw) != text:
        raise ValueError("not canonical")
    return raw

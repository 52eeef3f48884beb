"""The headers that protect every answer in a browser."""

from typing import Final

from limen.entrypoints.http.call import Headers
from limen.entrypoints.http.rules import Rules

_ALWAYS: Final[Headers] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
]
_NO_CONTENT: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NO_STORE: Final = (b"cache-control", b"no-store")
_TWO_YEARS: Final = (b"strict-transport-security", b"max-age=63072000")


class Protection:
    """Makes each set of headers once."""

    def __init__(self, *, is_secure: bool) -> None:
        """Promise https to browsers if `is_secure`."""
        always = [*_ALWAYS, _TWO_YEARS] if is_secure else _ALWAYS
        self._sets = {
            (is_page, is_cacheable): [
                *always,
                *([] if is_page else [_NO_CONTENT]),
                *([] if is_cacheable else [_NO_STORE]),
            ]
            for is_page in (False, True)
            for is_cacheable in (False, True)
        }

    def of(self, rules: Rules) -> Headers:
        """Return the headers for answers of a route with these rules."""
        return self._sets[rules.is_page, rules.is_cacheable]

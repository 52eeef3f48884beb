"""Smaller answers (RFC 9110 section 8.4), where nothing can be learned from their size."""

import asyncio
import re
import zlib
from enum import StrEnum
from functools import lru_cache
from typing import Final

import brotli  # type: ignore[import-untyped]
from litestar.types import HTTPResponseStartEvent

from limen.entrypoints.http.call import Headers
from limen.entrypoints.http.rules import Rules

SMALLEST: Final = 1024
_IN_A_THREAD: Final = 64 * 1024
_GZIP_LEVEL: Final = 5
_BROTLI_QUALITY: Final = 4
_GZIP_WINDOW: Final = 31
_ZERO: Final = re.compile(r"q=0(?:\.0*)?")
_SHRINKING: Final = (b"application/json", b"application/problem+json", b"text/", b"image/svg")


class Coding(StrEnum):
    """The content codings that limen speaks, the best first."""

    BROTLI = "br"
    GZIP = "gzip"


def coding_of(accept: bytes) -> Coding | None:
    """Return the best coding that an `Accept-Encoding` allows."""
    return next((coding for coding in Coding if allows(accept, coding)), None)


@lru_cache(256)
def allows(accept: bytes, coding: Coding) -> bool:
    """Tell whether an `Accept-Encoding` allows a coding."""
    allowed: dict[str, bool] = {}
    for part in accept.decode("latin-1").lower().split(","):
        name, _, weight = part.partition(";")
        allowed[name.strip()] = not _ZERO.fullmatch(weight.replace(" ", ""))
    return allowed.get(coding, allowed.get("*", False))


def may_shrink(rules: Rules, headers: Headers) -> bool:
    """Tell whether this answer may be compressed.

    Not where a credential is in it (BREACH), nor a resource with an entity tag, whose bytes the
    strong tag stands for.
    """
    if rules.is_secret:
        return False
    is_text = False
    for name, value in headers:
        if name == b"content-encoding" or (name == b"etag" and not value.startswith(b"W/")):
            return False
        if name == b"content-type":
            is_text = value.startswith(_SHRINKING)
    return is_text


async def shrink(body: bytes, coding: Coding, start: HTTPResponseStartEvent) -> bytes:
    """Return the body in this coding, and say so in the headers; small ones stay as they are."""
    if len(body) < SMALLEST:
        return body
    if len(body) < _IN_A_THREAD:
        small = _compress(body, coding)
    else:
        small = await asyncio.to_thread(_compress, body, coding)
    kept = [(name, value) for name, value in start["headers"] if name != b"content-length"]
    start["headers"] = [
        *kept,
        (b"content-encoding", coding.encode()),
        (b"content-length", str(len(small)).encode()),
    ]
    return small


def _compress(body: bytes, coding: Coding) -> bytes:
    if coding is Coding.BROTLI:
        packed: bytes = brotli.compress(body, quality=_BROTLI_QUALITY)
        return packed
    gzip = zlib.compressobj(_GZIP_LEVEL, wbits=_GZIP_WINDOW)
    return gzip.compress(body) + gzip.flush()

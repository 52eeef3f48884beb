"""Media types: what a caller accepts, what a body is (RFC 9110 sections 8.3 and 12.5.1)."""

from functools import lru_cache
from typing import Final

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
MERGE_PATCH: Final = "application/merge-patch+json"

_REMEMBERED: Final = 256
_LONGEST: Final = 1024


@lru_cache(_REMEMBERED)
def accepts_json(accept: bytes) -> bool:
    """Tell whether JSON may be answered to this `Accept`; a listed problem type counts too."""
    ranges = _ranges(accept)
    if not ranges:
        return True
    if ranges.get(PROBLEM, 0) > 0:
        return True
    for media in (JSON, "application/*", "*/*"):
        if media in ranges:
            return ranges[media] > 0
    return False


@lru_cache(_REMEMBERED)
def wants_problem(accept: bytes) -> bool:
    """Tell whether refusals are to be problem documents (RFC 9457): if the type is listed."""
    return _ranges(accept).get(PROBLEM, 0) > 0


@lru_cache(_REMEMBERED)
def is_json_body(content_type: bytes, *, is_patch: bool) -> bool:
    """Tell whether a body of this type is JSON in UTF-8; a merge patch is for `PATCH` alone."""
    media, *parameters = _split(content_type, ";")
    charsets = [value for name, value in map(_parameter, parameters) if name == "charset"]
    is_json = media == JSON or (is_patch and media == MERGE_PATCH)
    return is_json and all(charset in {"utf-8", "utf8"} for charset in charsets)


def _ranges(accept: bytes) -> dict[str, float]:
    found: dict[str, float] = {}
    for part in _split(accept[:_LONGEST], ","):
        media, *parameters = _split(part.encode("latin-1"), ";")
        if media:
            weights = [value for name, value in map(_parameter, parameters) if name == "q"]
            found[media] = max(found.get(media, 0), _weight(weights))
    return found


def _split(text: bytes, mark: str) -> list[str]:
    return [part.strip() for part in text.decode("latin-1").lower().split(mark)]


def _parameter(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip().strip('"')


def _weight(values: list[str]) -> float:
    try:
        return float(values[0]) if values else 1.0
    except ValueError:
        return 0.0

"""How much the caller's network may still ask for (draft-ietf-httpapi-ratelimit-headers-11).

The numbers are those of the network alone, so they tell nothing of any account. Whoever must wait
for an account reads that the limit `account` is used up, and no more.
"""

import math
from collections.abc import Iterable
from typing import Final

from limen.core.errors import Kind, LimenError, TooManyAttempts
from limen.core.meter import Quota
from limen.entrypoints.http.call import Call, Headers
from limen.entrypoints.http.errors import seconds_to_wait

_ACCOUNT: Final = "account"


def rate_headers(call: Call) -> Headers:
    """Return what tells of the limits that a request counted against, or was refused by."""
    quotas = tuple(call.meter.quotas.values())
    left = quotas
    refusal = call.refusal
    headers: Headers = []
    if refusal is not None and refusal.kind is Kind.THROTTLED:
        left = tuple(call.meter.used_up())
        if not left:
            headers.append((b"ratelimit", _refusing(refusal)))
    if left:
        headers.append((b"ratelimit", _list(map(_left, left))))
    if quotas:
        headers.append((b"ratelimit-policy", _list(map(_policy, quotas))))
    return headers


def _refusing(refusal: LimenError) -> bytes:
    name = _ACCOUNT if isinstance(refusal, TooManyAttempts) else refusal.code.partition(".")[0]
    return f'"{name}";r=0;t={seconds_to_wait(refusal)}'.encode()


def _left(quota: Quota) -> str:
    return f'"{quota.limit}";r={quota.left};t={math.ceil(quota.ends_in.total_seconds())}'


def _policy(quota: Quota) -> str:
    return f'"{quota.limit}";q={quota.most};w={int(quota.window.total_seconds())}'


def _list(items: Iterable[str]) -> bytes:
    return ", ".join(items).encode()

"""What was counted while somebody was served, so that a door can tell them.

Only what belongs to the caller's own network is noted: nothing here differs by whose account it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum


class Limit(StrEnum):
    """What is counted for each network, by the name that callers read."""

    SIGN_IN = "sign-in"
    REGISTRATION = "registration"
    MAIL = "mail"
    ENROLMENT = "enrolment"
    PASSKEY = "passkey"
    API_KEY = "api-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How many attempts of `most` in a `window` are `left` to a network, for so much longer."""

    limit: Limit
    most: int
    window: timedelta
    left: int
    ends_in: timedelta


@dataclass(slots=True)
class Meter:
    """Notes what is counted for one caller; the last of each limit is what is true.

    `suspicions` are those of credential stuffing, which callers are not told.
    """

    quotas: dict[Limit, Quota] = field(default_factory=dict)
    suspicions: int = 0

    def note(self, quota: Quota) -> None:
        """Note what a limit has come to."""
        self.quotas[quota.limit] = quota

    def give_back(self, limit: Limit) -> None:
        """Note that an attempt was taken out of the count again."""
        noted = self.quotas.get(limit)
        if noted is not None:
            self.quotas[limit] = replace(noted, left=min(noted.left + 1, noted.most))

    def used_up(self) -> Iterator[Quota]:
        """Yield the limits that leave nothing."""
        return (quota for quota in self.quotas.values() if not quota.left)

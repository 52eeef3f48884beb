"""Where second factors are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from limen.core.factors.model import RecoveryCode, Totp
from limen.core.ids import TotpId, UserId


class Totps(Protocol):
    """Keeps for each user at most one secret of an app that counts, and one that waits."""

    async def put(self, totp: Totp) -> None:
        """Store a secret that waits, in place of any other of this user that waits.

        Raises `UserNotFound` if the user is gone.
        """
        ...

    async def find(self, user_id: UserId) -> Totp | None:
        """Return the user's secret that counts."""
        ...

    async def find_waiting(self, user_id: UserId) -> Totp | None:
        """Return the user's secret that waits, even if it waited too long."""
        ...

    async def confirm(self, totp_id: TotpId, step: int, now: datetime) -> None:
        """Let a secret that waits count, from `step` on, in place of the one that did.

        One conditional write decides: raises `FactorInvalid` if it does not wait, waited too long
        at `now`, or is gone.
        """
        ...

    async def use(self, totp_id: TotpId, step: int) -> None:
        """Use up the codes of a secret that counts up to `step`, by one conditional write.

        Raises `FactorInvalid` if a later step was used, or this one, or the secret is gone: of
        parallel callers exactly one wins.
        """
        ...

    async def reseal(self, totp_id: TotpId, sealed: bytes) -> None:
        """Store the same secret sealed anew; nothing happens if it is gone."""
        ...

    async def remove(self, user_id: UserId) -> None:
        """Remove the secrets of a user, whether they count or wait."""
        ...

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` secrets that waited until before `before`; return how many."""
        ...


class RecoveryCodes(Protocol):
    """Keeps the digests of recovery codes that were not used yet."""

    async def replace(self, user_id: UserId, codes: Sequence[RecoveryCode]) -> None:
        """Store these codes of a locked user in place of all others.

        Raises `UserNotFound` if the user is gone.
        """
        ...

    async def list(self, user_id: UserId) -> tuple[RecoveryCode, ...]:
        """Return the codes of a user, by digest."""
        ...

    async def consume(self, user_id: UserId, digest: bytes) -> None:
        """Use a code up by one conditional write.

        Raises `FactorInvalid` if there is none with this digest: of parallel callers exactly one
        wins.
        """
        ...

    async def remove(self, user_id: UserId) -> None:
        """Remove all codes of a user."""
        ...

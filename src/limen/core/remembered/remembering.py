"""Remembering browsers, and forgetting them with what began there."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.events import BrowserRemembered
from limen.core.ids import RememberedId, SessionId, UserId
from limen.core.remembered.model import (
    MOST,
    SECRET_BYTES,
    PresentedRemembered,
    Remembered,
    digest_of,
    write_credential,
)
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.ports.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What a browser is remembered by, with the credential that only it gets."""

    remembered: Remembered
    credential: Secret[str]

    @property
    def expires_in(self) -> int:
        """For how many seconds it is good."""
        life = self.remembered.expires_at - self.remembered.used_at
        return max(int(life.total_seconds()), 0)


class Memory:
    """Makes the credentials of remembered browsers, which live for `lifetime`."""

    def __init__(self, *, ambient: Ambient, lifetime: timedelta) -> None:
        self._ambient = ambient
        self._lifetime = lifetime

    def begin(self, session: Session, now: datetime) -> Kept:
        """Return what remembers the browser of a session whose user has proved themselves."""
        remembered_id = RememberedId(self._ambient.ids.new())
        series, secret = self._secret(), self._secret()
        remembered = Remembered(
            id=remembered_id,
            user_id=session.user_id,
            session_id=session.id,
            series_digest=digest_of(series),
            digest=digest_of(secret),
            label=session.label,
            address=session.address,
            user_agent=session.user_agent,
            authenticated_at=session.authenticated_at,
            created_at=now,
            used_at=now,
            expires_at=now + self._lifetime,
        )
        return Kept(
            remembered=remembered, credential=write_credential(remembered_id, series, secret)
        )

    def renew(
        self, remembered: Remembered, shown: PresentedRemembered, session: Session, now: datetime
    ) -> Kept:
        """Return the next credential of a browser that has shown the living one."""
        secret = self._secret()
        credential = write_credential(remembered.id, shown.series.reveal(), secret)
        renewed = remembered.renewed(secret, session.id, now)
        return Kept(remembered=renewed, credential=credential)

    def _secret(self) -> bytes:
        return self._ambient.entropy.bytes(SECRET_BYTES)


async def remember(uow: UnitOfWork, kept: Kept, actor: Actor, now: datetime) -> None:
    """Store what remembers a browser of a locked user; the one used longest ago may give way."""
    remembered = kept.remembered
    others = await uow.remembered.list(remembered.user_id)
    for old in others[MOST - 1 :]:
        await uow.remembered.remove(remembered.user_id, only=old.id)
    await uow.remembered.add(remembered)
    uow.emit(
        BrowserRemembered(
            at=now,
            actor=actor,
            user_id=remembered.user_id,
            remembered_id=remembered.id,
            session_id=remembered.session_id,
        )
    )


async def forget_session(uow: UnitOfWork, user_id: UserId, session_id: SessionId) -> None:
    """Forget the browser in which a session began that somebody ends."""
    for remembered in await uow.remembered.list(user_id):
        if remembered.session_id == session_id:
            await uow.remembered.remove(user_id, only=remembered.id)

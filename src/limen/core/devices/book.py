"""Remembering the devices that people sign in from, and telling them of new ones."""

from datetime import datetime

from limen.core.actor import Actor
from limen.core.devices.model import (
    MARK_BYTES,
    MOST_KNOWN,
    KnownDevice,
    digest_of_mark,
    digest_of_pair,
    read_mark,
    write_mark,
)
from limen.core.events import NewDeviceSeen
from limen.core.ids import UserId
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import Postbox
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.core.throttles.model import of_network
from limen.ports.entropy import Entropy
from limen.ports.unit_of_work import UnitOfWork


class DeviceBook:
    """Where every way in writes down the device; it lets nobody in and keeps nobody out."""

    def __init__(self, *, entropy: Entropy, postbox: Postbox, sends_mail: bool = True) -> None:
        self._entropy = entropy
        self._postbox = postbox
        self._sends_mail = sends_mail

    def mark(self, actor: Actor) -> Secret[str]:
        """Return the mark of the actor's browser: the one it has shown, or a new one."""
        shown = actor.device
        if shown is not None and read_mark(shown) is not None:
            return shown
        return write_mark(self._entropy.bytes(MARK_BYTES))

    async def note(
        self,
        uow: UnitOfWork,
        session: Session,
        actor: Actor,
        now: datetime,
        *,
        mark: Secret[str] | None,
    ) -> None:
        """Write down where somebody has just proved who they are; the caller commits.

        They are told by mail if neither the mark nor the pair of network and user agent was seen
        before, and anything else was.
        """
        user_id = session.user_id
        digests = _digests(user_id, session.address, session.user_agent, mark)
        are_new = [await _note(uow, user_id, digest, now) for digest in digests]
        if not all(are_new) or len(await uow.devices.list(user_id)) == len(digests):
            return
        uow.emit(NewDeviceSeen(at=now, actor=actor, user_id=user_id, session_id=session.id))
        if self._sends_mail:
            # Not the user agent: whoever signs in chooses its words.
            values = {"when": f"{now:%Y-%m-%d %H:%M} UTC", "network": session.address or ""}
            kind = MessageKind.NEW_DEVICE
            await self._postbox.post(uow, kind, now, values=values, user_id=user_id)

    async def add_mark(
        self, uow: UnitOfWork, session: Session, mark: Secret[str], now: datetime
    ) -> None:
        """Write down the mark of a browser that takes a session over; the caller commits."""
        raw = read_mark(mark)
        if raw is not None:
            await _note(uow, session.user_id, digest_of_mark(session.user_id, raw), now)


async def forget_other_devices(
    uow: UnitOfWork, user_id: UserId, actor: Actor, now: datetime
) -> None:
    """Let only the actor's device be known, who has just proved to be the user."""
    await uow.devices.remove(user_id)
    for digest in _digests(user_id, actor.address, actor.user_agent, actor.device):
        await _note(uow, user_id, digest, now)


def _digests(
    user_id: UserId, address: str | None, user_agent: str | None, mark: Secret[str] | None
) -> list[bytes]:
    raw = read_mark(mark)
    pair = digest_of_pair(user_id, of_network(address), user_agent)
    return [pair] if raw is None else [pair, digest_of_mark(user_id, raw)]


async def _note(uow: UnitOfWork, user_id: UserId, digest: bytes, now: datetime) -> bool:
    """Write a device down, and tell whether it is new; the ones seen longest ago make room."""
    seen = KnownDevice(user_id=user_id, digest=digest, first_seen_at=now, last_seen_at=now)
    is_new = await uow.devices.note(seen)
    if is_new:
        await uow.devices.remove(user_id, keep=MOST_KNOWN)
    return is_new

"""What a message says, found out when it is about to be sent.

A link or code is made only then: until a worker has the message, no store holds anything that lets
one in, and whoever asked for it waits the same time whether there is such a user or not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import UserNotFound
from limen.core.messages.allowance import allow
from limen.core.messages.model import VALUES, Message, MessageKind
from limen.core.messages.posting import Postbox
from limen.core.proofs.making import ProofMaker
from limen.core.proofs.model import CHANGES, LIFETIMES, Purpose, network_digest
from limen.core.throttles.model import of_network
from limen.core.users.model import Email, Status, User, read_identifier
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory

_MINUTE: Final = timedelta(minutes=1)

IDENTIFIER: Final = "identifier"
BROWSER: Final = "browser"
NEW_EMAIL: Final = "new_email"
ASKED_FROM: Final = "asked_from"
PASSKEY: Final = "passkey"

_PURPOSES: Final = {
    MessageKind.VERIFY_EMAIL: Purpose.VERIFY_EMAIL,
    MessageKind.APPROVE_EMAIL_CHANGE: Purpose.APPROVE_EMAIL_CHANGE,
    MessageKind.CONFIRM_EMAIL_CHANGE: Purpose.CONFIRM_EMAIL_CHANGE,
    MessageKind.RESET_PASSWORD: Purpose.RESET_PASSWORD,
    MessageKind.SIGN_IN: Purpose.SIGN_IN,
    MessageKind.PASSWORD_RESET_REQUIRED: Purpose.RESET_PASSWORD,
}


# What strangers can have sent.
_ASKED_FOR: Final = {
    *_PURPOSES,
    MessageKind.EMAIL_TAKEN,
    MessageKind.SIGN_IN_LOCKED,
    MessageKind.NEW_DEVICE,
} - {MessageKind.PASSWORD_RESET_REQUIRED}
# What nobody waits for any more once its time is over; anything else is welcome late, too.
_HASTY: Final = CHANGES | {Purpose.SIGN_IN}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPolicy:
    """Where links lead: pages of the application.

    In `template`, `{purpose}` and `{token}` stand for those of the link. `locale` is the language
    of those who said none.
    """

    template: str
    locale: str = "en"

    def link(self, purpose: Purpose, token: str) -> str:
        """Return the link with this token."""
        name = purpose.value.replace("_", "-")
        return self.template.replace("{purpose}", name).replace("{token}", token)


def asked_by(actor: Actor, identifier: str | None = None) -> dict[str, str]:
    """Return the values of a message that somebody asks for: whom it is for, and from where."""
    values = {IDENTIFIER: identifier, ASKED_FROM: actor.address}
    return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that is to be sent: to whom, in which language, and what its text names."""

    to: str
    locale: str
    values: Mapping[str, str] = field(repr=False)


class Composer:
    """Finds out whom a message goes to and what it says, or that there is no reason to send it."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        postbox: Postbox,
        maker: ProofMaker,
        links: LinkPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._postbox = postbox
        self._maker = maker
        self._links = links

    async def compose(self, message: Message) -> Letter | None:
        """Return the letter, or `None` if nobody is to get it."""
        now = self._ambient.clock.now()
        values = self._postbox.values_of(message)
        purpose = _PURPOSES.get(message.kind)
        async with self._unit_of_work() as uow:
            user = await _recipient(uow, message, values)
            if user is None or not user.is_person:
                return None
            if not _IS_WANTED.get(message.kind, _always)(user):
                return None
            to = Email.parse(message.to) if message.to else user.email
            if purpose is not None and await _is_stale(uow, user, purpose, message, now):
                return None
            is_first = message.tries == 1 and message.kind in _ASKED_FOR
            asked_from = values.get(ASKED_FROM)
            if is_first and not await allow(
                uow, message.kind, user, to, now, asked_from=asked_from
            ):
                return None
            if purpose is not None:
                values |= await self._prove(uow, purpose, user, to, values)
            if message.kind is MessageKind.EMAIL_CHANGED:
                values[NEW_EMAIL] = user.email.address
            await uow.commit()
        told = {name: values[name] for name in VALUES[message.kind]}
        return Letter(to=to.address, locale=user.locale or self._links.locale, values=told)

    async def _prove(
        self, uow: UnitOfWork, purpose: Purpose, user: User, to: Email, values: Mapping[str, str]
    ) -> dict[str, str]:
        """Make a link and a code in place of the earlier ones of this asker; return them."""
        now = self._ambient.clock.now()
        asker = _asker(purpose, values)
        made = self._maker.make(
            purpose,
            user.id,
            to.key,
            now,
            new_email=values.get(NEW_EMAIL),
            asker=asker,
        )
        earlier = await uow.proofs.find_of(user.id, purpose, asker)
        await uow.proofs.put(made.proof.after(earlier, now))
        return {
            "link": self._links.link(purpose, made.token.reveal()),
            "code": made.code.reveal(),
            "minutes": str(LIFETIMES[purpose] // _MINUTE),
        }


def _asker(purpose: Purpose, values: Mapping[str, str]) -> bytes | None:
    """Return who asked, as a digest; both ends of a change are nobody's in particular."""
    if BROWSER in values:
        return bytes.fromhex(values[BROWSER])
    if purpose in CHANGES or ASKED_FROM not in values:
        return None
    return network_digest(of_network(values[ASKED_FROM]))


async def _recipient(uow: UnitOfWork, message: Message, values: Mapping[str, str]) -> User | None:
    """Lock and return whom a message is for: whoever has the name that was typed, if any."""
    user_id = message.user_id
    if user_id is None:
        read = read_identifier(values.get(IDENTIFIER, ""))
        found = None if read is None else await uow.users.find(read)
        user_id = None if found is None else found.id
    if user_id is None:
        return None
    try:
        return await uow.users.lock(user_id)
    except UserNotFound:
        return None


def _may_be_entered(user: User) -> bool:
    return user.may_be_entered_by_mail and user.status is not Status.SUSPENDED


def _always(_: User) -> bool:
    return True


def _is_unverified(user: User) -> bool:
    return user.email_verified_at is None and user.status is not Status.SUSPENDED


def _is_proved(user: User) -> bool:
    return user.email_verified_at is not None


def _is_not_shut_out(user: User) -> bool:
    return user.status is not Status.SUSPENDED


_IS_WANTED: Final[Mapping[MessageKind, Callable[[User], bool]]] = {
    MessageKind.VERIFY_EMAIL: _is_unverified,
    MessageKind.APPROVE_EMAIL_CHANGE: _is_not_shut_out,
    MessageKind.CONFIRM_EMAIL_CHANGE: _is_not_shut_out,
    MessageKind.EMAIL_TAKEN: _is_not_shut_out,
    MessageKind.RESET_PASSWORD: _may_be_entered,
    MessageKind.SIGN_IN: _may_be_entered,
    MessageKind.PASSWORD_RESET_REQUIRED: _may_be_entered,
    # Nobody can have strangers written to: what happens to an account is told at proved addresses.
    MessageKind.SIGN_IN_LOCKED: _is_proved,
    MessageKind.PASSWORD_CHANGED: _is_proved,
    MessageKind.TOTP_ENROLLED: _is_proved,
    MessageKind.TOTP_REMOVED: _is_proved,
    MessageKind.FACTORS_RESET: _is_proved,
    MessageKind.FACTOR_RESET_REQUESTED: _is_proved,
    MessageKind.RECOVERY_CODES_MADE: _is_proved,
    MessageKind.RECOVERY_CODE_USED: _is_proved,
    MessageKind.API_KEY_CREATED: _is_proved,
    MessageKind.API_KEY_REPORTED: _is_proved,
    MessageKind.NEW_DEVICE: _is_proved,
    MessageKind.PASSKEY_ENROLLED: _is_proved,
    MessageKind.PASSKEY_REMOVED: _is_proved,
}


async def _is_stale(
    uow: UnitOfWork, user: User, purpose: Purpose, message: Message, now: datetime
) -> bool:
    """Tell whether a sign-in or a change was asked for long ago, or before the present password."""
    if purpose in _HASTY and now >= message.created_at + LIFETIMES[purpose]:
        return True
    if purpose not in CHANGES:
        return False
    credential = await uow.passwords.find(user.id)
    return credential is not None and credential.changed_at > message.created_at

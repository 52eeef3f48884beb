"""Making accounts: whether one may be made as asked, and the user it begins with."""

from dataclasses import dataclass
from datetime import datetime

from limen.core.access import authorise, require_fresh_person
from limen.core.actor import Actor
from limen.core.errors import EmailTaken, InvalidInput, PasswordRefused, UsernameTaken
from limen.core.events import RegistrationRepeated
from limen.core.ids import UserId
from limen.core.messages.composing import asked_by
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import Postbox
from limen.core.passwords.model import PasswordCredential
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.reading import Reader
from limen.core.roles.model import Permission, require
from limen.core.secret import Secret
from limen.core.throttles.charging import take_over
from limen.core.users.model import Email, Profile, Status, User, own_words
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountParts:
    """What an account is made with: its password, and the mail that asks to prove its address."""

    preparation: PasswordPreparation
    postbox: Postbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """What an account is made with for somebody, and whether they could have registered it."""

    has_password: bool
    is_email_verified: bool
    is_open: bool


async def authorise_making(view: View, actor: Actor, now: datetime, making: Making) -> None:
    """Check that the actor may make an account, and may give it a password or a proved address."""
    held = await authorise(view, actor, Permission.USERS_WRITE, now)
    if making.has_password:
        require(Permission.PASSWORDS_SET, held)
    if making.is_email_verified:
        require(Permission.USERS_VERIFY, held)
    if making.has_password or making.is_email_verified or not making.is_open:
        await require_fresh_person(view, actor, now)


async def judge(
    preparation: PasswordPreparation,
    reader: Reader,
    profile: Profile | None,
    password: Secret[str] | str | None,
) -> Profile:
    """Return the profile that was read, if it is one and the password will do.

    Raises `InvalidInput` with the faults of both, or `PasswordRefused`.
    """
    words = own_words(profile.email, profile.username, profile.name) if profile else ()
    faults = () if password is None else await preparation.faults(password, words)
    if profile is None:
        reader.extend(faults)
        raise InvalidInput(details=reader.faults)
    if faults:
        raise PasswordRefused(details=faults)
    return profile


def new_user(
    ids: IdSource,
    profile: Profile,
    status: Status,
    now: datetime,
    *,
    is_email_verified: bool = False,
) -> User:
    """Return the user of a new account."""
    verified_at = now if is_email_verified else None
    return User(
        id=UserId(ids.new()),
        email=profile.email,
        username=profile.username,
        name=profile.name,
        locale=profile.locale,
        attributes=profile.attributes,
        status=status,
        email_verified_at=verified_at,
        first_verified_at=verified_at,
        created_at=now,
        updated_at=now,
    )


async def add_user(uow: UnitOfWork, user: User, digest: Secret[str] | None, now: datetime) -> None:
    """Add a new user, with a password if they have one; raise `EmailTaken` or `UsernameTaken`."""
    await uow.users.add(user)
    await take_over(uow, user, now)
    if digest is not None:
        credential = PasswordCredential(user_id=user.id, digest=digest, changed_at=now)
        await uow.passwords.add(credential)


async def refuse_taken_names(view: View, profile: Profile) -> None:
    """Raise `EmailTaken` or `UsernameTaken` if somebody has a name of the profile."""
    if await view.users.find(profile.email) is not None:
        raise EmailTaken
    if profile.username and await view.users.find(profile.username) is not None:
        raise UsernameTaken


async def tell_owner(
    unit_of_work: UnitOfWorkFactory, postbox: Postbox, email: Email, actor: Actor, now: datetime
) -> None:
    """Write to whoever has an address that somebody registered once more."""
    async with unit_of_work() as uow:
        owner = await uow.users.find(email)
        if owner is None:
            return
        is_proved = owner.email_verified_at is not None
        kind = MessageKind.EMAIL_TAKEN if is_proved else MessageKind.VERIFY_EMAIL
        await postbox.post(uow, kind, now, values=asked_by(actor), user_id=owner.id)
        uow.emit(RegistrationRepeated(at=now, actor=actor, user_id=owner.id))
        await uow.commit()

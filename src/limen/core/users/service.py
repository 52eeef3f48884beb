"""What can be done with users."""

from collections.abc import Callable, Mapping
from datetime import datetime

from limen.core.access import (
    authorise,
    authorise_over,
    keep_an_administrator,
    may_see,
    refuse_key_beyond,
    require_fresh,
    require_fresh_person,
)
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import (
    EmailTaken,
    RegistrationClosed,
    UserNotFound,
)
from limen.core.events import (
    EmailSet,
    UserCreated,
    UserDeleted,
    UserReactivated,
    UserRegistered,
    UserSuspended,
    UserUpdated,
)
from limen.core.ids import UserId
from limen.core.messages.composing import asked_by
from limen.core.messages.model import MessageKind
from limen.core.page import Listing, ListQuery
from limen.core.query import Lists
from limen.core.reading import UNSET, Maybe, Reader, Unset
from limen.core.roles.model import Permission
from limen.core.secret import Secret
from limen.core.sessions.ending import end_everything
from limen.core.sessions.model import EndReason
from limen.core.throttles.charging import charge_registration
from limen.core.users.directory import DEFAULT_SORT, FIELDS
from limen.core.users.making import (
    AccountParts,
    Making,
    add_user,
    authorise_making,
    judge,
    new_user,
    refuse_taken_names,
    tell_owner,
)
from limen.core.users.model import Json, Profile, Status, User, UserPolicy, read_identifier
from limen.core.users.ownership import keep_for_owner, leave_address
from limen.core.users.profile import changed_fields, complete, patch_profile, read_profile
from limen.ports.unit_of_work import UnitOfWorkFactory


class UserService:
    """Accounts: registering, creating, finding, changing, suspending, deleting.

    Service accounts are found and listed with all users; what would change one raises `NotAPerson`.
    Every method raises `StorageUnavailable` when the store is out. Methods that take an `actor`
    raise `NotSignedIn`, `PermissionMissing` or `BeyondOwnPermissions` when the actor may not.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        lists: Lists,
        parts: AccountParts,
        policy: UserPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._lists = lists
        self._preparation = parts.preparation
        self._postbox = parts.postbox
        self._policy = policy

    async def register(
        self,
        *,
        email: str,
        password: Secret[str] | str,
        username: str | None = None,
        name: str = "",
        locale: str | None = None,
        actor: Actor | None = None,
    ) -> User | None:
        """Make an account for somebody who asks for one; they hold no role.

        Where nobody signs in unproved, `None` comes back whether the address is free or taken, and
        mail to it tells the rest. A username would tell as well, and is chosen later.

        Raises `RegistrationClosed`, `InvalidInput`, `PasswordRefused`, `EmailTaken`,
        `UsernameTaken`, `TooManyAttempts` or `HashingBusy`.
        """
        if not self._policy.is_registration_open:
            raise RegistrationClosed
        by = actor or Actor.anonymous()
        reader = Reader()
        is_hidden = self._policy.hides_accounts
        if is_hidden and username is not None:
            reader.fault("username", "too_early", "can be chosen once the address is proved")
        read = read_profile(reader, email=email, username=username, name=name, locale=locale)
        profile = await judge(self._preparation, reader, read, password)
        now = self._ambient.clock.now()
        await self._admit(profile, by, now)
        digest = await self._preparation.hash(password)
        user = new_user(self._ambient.ids, profile, self._policy.first_status, now)
        try:
            async with self._unit_of_work() as uow:
                await add_user(uow, user, digest, now)
                uow.emit(UserRegistered(at=now, actor=by, user_id=user.id))
                await self._postbox.post(
                    uow, MessageKind.VERIFY_EMAIL, now, values=asked_by(by), user_id=user.id
                )
                await uow.commit()
        except EmailTaken:
            if not is_hidden:
                raise
            await tell_owner(self._unit_of_work, self._postbox, profile.email, by, now)
        return None if is_hidden else user

    async def create(
        self,
        *,
        actor: Actor,
        email: str,
        username: str | None = None,
        name: str = "",
        locale: str | None = None,
        attributes: Mapping[str, Json] | None = None,
        status: Status = Status.ACTIVE,
        is_email_verified: bool = False,
        password: Secret[str] | str | None = None,
    ) -> User:
        """Make an account for somebody else; needs `users.write`.

        With a password it also needs `passwords.set`, with a verified address `users.verify`. Of
        people, either asks for a fresh sign-in, and so does any account where nobody registers for
        themselves. Raises `InvalidInput`, `PasswordRefused`, `EmailTaken`, `UsernameTaken`,
        `HashingBusy`, and what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        making = Making(
            has_password=password is not None,
            is_email_verified=is_email_verified,
            is_open=self._policy.is_registration_open,
        )
        async with self._unit_of_work.view() as view:
            await authorise_making(view, actor, now, making)
        reader = Reader()
        read = read_profile(
            reader, email=email, username=username, name=name, locale=locale, attributes=attributes
        )
        profile = await judge(self._preparation, reader, read, password)
        digest = None if password is None else await self._preparation.hash(password)
        user = new_user(
            self._ambient.ids, profile, status, now, is_email_verified=is_email_verified
        )
        async with self._unit_of_work() as uow:
            # Hashing takes long; who began it may have lost the right to it meanwhile.
            await authorise_making(uow, actor, self._ambient.clock.now(), making)
            await add_user(uow, user, digest, now)
            uow.emit(UserCreated(at=now, actor=actor, user_id=user.id))
            await uow.commit()
        return user

    async def get(self, user_id: UserId, *, actor: Actor) -> User:
        """Return a user: oneself, or with `users.read` anybody. Raises `UserNotFound`."""
        async with self._unit_of_work.view() as view:
            if not may_see(actor, user_id):
                await authorise(view, actor, Permission.USERS_READ, self._ambient.clock.now())
            return await view.users.get(user_id)

    async def find(self, identifier: str, *, actor: Actor) -> User:
        """Return the user with this e-mail address or username; needs `users.read`.

        Raises `UserNotFound`.
        """
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.USERS_READ, self._ambient.clock.now())
            read = read_identifier(identifier)
            user = None if read is None else await view.users.find(read)
        if user is None:
            raise UserNotFound
        return user

    async def list(self, query: ListQuery, *, actor: Actor) -> Listing[User]:
        """Return users by filter, search, sort and page or cursor; needs `users.read`.

        Fields are those of `FIELDS`. Raises `InvalidQuery`, `InvalidCursor` or `PageTooDeep`.
        """
        async with self._unit_of_work.view() as view:
            now = self._ambient.clock.now()
            await authorise(view, actor, Permission.USERS_READ, now)
            selection = self._lists.select(query, FIELDS, default_sort=DEFAULT_SORT)
            page = await view.users.list(selection, now)
        return self._lists.listing(page, query, selection)

    async def update(
        self,
        user_id: UserId,
        *,
        actor: Actor,
        email: Maybe[str] = UNSET,
        username: Maybe[str | None] = UNSET,
        name: Maybe[str] = UNSET,
        locale: Maybe[str | None] = UNSET,
        attributes: Maybe[Mapping[str, Json] | None] = UNSET,
        expected_version: int | None = None,
    ) -> User:
        """Change what is given and leave the rest; `attributes` is a merge patch (RFC 7396).

        Everybody may change their own username, name and locale; more, or for others, needs
        `users.write`. Another address needs a fresh sign-in, counts as unproved, lets nobody in by
        mail until its owner proved it or somebody vouched (an account that was never proved, and
        has neither password nor factor, is its reader's), and ends all sessions of the user but
        the actor's own, with all links, codes and pending changes.
        Raises `UserNotFound`, `InvalidInput`, `EmailTaken`, `UsernameTaken`, `VersionMismatch`, and
        for another address what `require_fresh` does.
        """
        is_personal = isinstance(email, Unset) and isinstance(attributes, Unset)
        return await self._change(
            user_id,
            actor,
            lambda profile: patch_profile(
                profile,
                email=email,
                username=username,
                name=name,
                locale=locale,
                attributes=attributes,
            ),
            is_open_to_owner=is_personal,
            expected_version=expected_version,
        )

    async def replace(
        self,
        user_id: UserId,
        *,
        actor: Actor,
        email: str,
        username: str | None = None,
        name: str = "",
        locale: str | None = None,
        attributes: Mapping[str, Json] | None = None,
        expected_version: int | None = None,
    ) -> User:
        """Put a whole profile in place of the present one; needs `users.write`.

        Raises as `update` does.
        """
        reader = Reader()
        profile = read_profile(
            reader, email=email, username=username, name=name, locale=locale, attributes=attributes
        )
        return await self._change(
            user_id,
            actor,
            lambda _: complete(reader, profile),
            expected_version=expected_version,
        )

    async def suspend(
        self, user_id: UserId, *, actor: Actor, expected_version: int | None = None
    ) -> User:
        """Shut a user out and end all their sessions; needs `users.write`.

        A suspended user stays as they are. Raises `UserNotFound`, `LastAdministrator` or
        `VersionMismatch`.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await authorise_over(uow, actor, Permission.USERS_WRITE, user_id, now)
            await uow.roles.lock_administrators()
            user = await uow.users.lock(user_id)
            user.require_person(version=expected_version)
            if user.status is Status.SUSPENDED:
                return user
            await keep_an_administrator(uow, user_id, now)
            suspended = user.suspend(now)
            await uow.users.save(suspended)
            await end_everything(uow, user_id, actor, now, EndReason.SUSPENDED)
            uow.emit(UserSuspended(at=now, actor=actor, user_id=user_id))
            await uow.commit()
        return suspended

    async def reactivate(
        self, user_id: UserId, *, actor: Actor, expected_version: int | None = None
    ) -> User:
        """Let a pending or suspended user sign in; needs `users.write`.

        An active user stays as they are. A key lets nobody in who may do more, in an application
        either. Raises `UserNotFound`, `VersionMismatch`, and of people what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            held = await authorise_over(uow, actor, Permission.USERS_WRITE, user_id, now)
            await require_fresh_person(uow, actor, now)
            if actor.is_key:
                await refuse_key_beyond(uow, held, user_id, now)
            user = await uow.users.lock(user_id)
            user.require_person(version=expected_version)
            if user.status is Status.ACTIVE:
                return user
            active = user.reactivate(now)
            await uow.users.save(active)
            uow.emit(UserReactivated(at=now, actor=actor, user_id=user_id))
            await uow.commit()
        return active

    async def delete(
        self, user_id: UserId, *, actor: Actor, expected_version: int | None = None
    ) -> None:
        """Remove a user and all that is theirs: oneself, or with `users.delete` anybody.

        Raises `UserNotFound`, `LastAdministrator`, `VersionMismatch`, and of people what
        `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            if not actor.owns(user_id):
                await authorise_over(uow, actor, Permission.USERS_DELETE, user_id, now)
            await require_fresh_person(uow, actor, now)
            await uow.roles.lock_administrators()
            user = await uow.users.lock(user_id)
            # Behind the lock: whoever takes an account over ends its sessions within one.
            await require_fresh_person(uow, actor, now)
            user.require_person(version=expected_version)
            await keep_an_administrator(uow, user_id, now)
            await uow.sessions.end(user_id, now, EndReason.DELETED)
            await uow.users.remove(user_id)
            uow.emit(UserDeleted(at=now, actor=actor, user_id=user_id))
            await uow.commit()

    async def _change(
        self,
        user_id: UserId,
        actor: Actor,
        change: Callable[[Profile], Profile],
        *,
        is_open_to_owner: bool = False,
        expected_version: int | None = None,
    ) -> User:
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            if not (is_open_to_owner and actor.owns(user_id)):
                await authorise_over(uow, actor, Permission.USERS_WRITE, user_id, now)
            user = await uow.users.lock(user_id)
            user.require_person(version=expected_version)
            profile = change(user.profile)
            changed = changed_fields(user.profile, profile)
            if not changed:
                return user
            is_moved = profile.email.address != user.email.address
            if is_moved:
                await require_fresh(uow, actor, now)
            after = user.with_profile(profile, now)
            if is_moved:
                after = await keep_for_owner(uow, after, now)
            await uow.users.save(after)
            uow.emit(UserUpdated(at=now, actor=actor, user_id=user_id, changed=changed))
            if is_moved:
                await leave_address(uow, self._ambient.ids, user, actor, now)
                uow.emit(EmailSet(at=now, actor=actor, user_id=user_id))
            await uow.commit()
        return after

    async def _admit(self, profile: Profile, actor: Actor, now: datetime) -> None:
        """Count a registration and look for taken names before the costly hashing."""
        policy = self._policy
        async with self._unit_of_work() as uow:
            await charge_registration(
                uow, actor, policy.registrations_per_address, policy.registration_window, now
            )
            await uow.commit()
        if policy.hides_accounts:
            return
        async with self._unit_of_work.view() as view:
            await refuse_taken_names(view, profile)

"""Accounts: whatever is done to them, in whatever order, they are as a dictionary says."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, invariant, multiple, rule

from limen.core.errors import (
    EmailTaken,
    InvalidCredentials,
    LimenError,
    PasswordRefused,
    UsernameTaken,
    UserNotFound,
    VersionMismatch,
)
from limen.core.ids import UserId
from limen.core.page import ListQuery
from limen.core.text import fold
from limen.core.users.model import Email, Json, Status, User, Username
from limen.testing.assembly import OPERATOR, tokens_of
from limen.testing.machines.inputs import (
    ATTRIBUTES,
    EMAILS,
    IDENTIFIERS,
    LOCALES,
    NAMES,
    PASSWORDS,
    SOME_PASSWORD,
    SORTS,
    STATUSES,
    USERNAMES,
)
from limen.testing.machines.machine import Bench
from limen.testing.machines.telling import TellingMachine
from limen.testing.people import registered

_FIRST: Final = ("ada", "bob_1")
_LOOKS: Final = 3


@dataclass(frozen=True)
class Known:
    """A user as the model knows them."""

    user: User
    password: str | None = None
    live_sessions: int = 0


class UserMachine(TellingMachine):
    """Registers, changes, suspends, deletes, lists and finds users, and lets them in."""

    ids: Bundle[UserId] = Bundle("ids")

    def __init__(self, bench: Bench) -> None:
        """Begin with nobody."""
        super().__init__(bench)
        self.known: dict[UserId, Known] = {}
        self._turn = 0

    # --- registering, creating ---

    @initialize(target=ids)
    def begin(self) -> MultipleResults[UserId]:
        for name in _FIRST:
            self.register(f"{name}@example.org", name, "", PASSWORDS[0])
        for user_id in tuple(self.known):
            self.sign_in_as_oneself(user_id, by_username=True)
        return multiple(*self.known)

    @rule(target=ids, email=EMAILS, username=USERNAMES, name=NAMES, password=SOME_PASSWORD)
    def register(
        self, email: str, username: str | None, name: str, password: str
    ) -> UserId | MultipleResults[UserId]:
        right = self._refusals(email, username)
        outcome = self.attempt(
            f"somebody registers {email} as {username}, named {name!r}",
            self.limen.users.register(email=email, username=username, name=name, password=password),
            right,
        )
        if isinstance(outcome, LimenError):
            return multiple()
        expected = self._fresh(registered(outcome).id, email, username, name=name)
        self.compare("the new user", outcome, expected)
        return self._learn(Known(expected, password), "user.registered")

    @rule(
        target=ids,
        email=EMAILS,
        attributes=ATTRIBUTES,
        status=STATUSES,
        password=st.none() | SOME_PASSWORD,
    )
    def create(
        self, email: str, attributes: dict[str, Json], status: Status, password: str | None
    ) -> UserId | MultipleResults[UserId]:
        right = self._refusals(email, None)
        outcome = self.attempt(
            f"the operator creates {email}, {status}, with {attributes}",
            self.limen.users.create(
                actor=OPERATOR, email=email, attributes=attributes, status=status, password=password
            ),
            right,
        )
        if isinstance(outcome, LimenError):
            return multiple()
        expected = self._fresh(outcome.id, email, None, status=status, attributes=attributes)
        self.compare("the new user", outcome, expected)
        return self._learn(Known(expected, password), "user.created")

    @rule(email=EMAILS, password=st.sampled_from(["short", "password1234", "aaaa\0"]))
    def register_with_a_bad_password(self, email: str, password: str) -> None:
        self.attempt(
            f"somebody registers {email} with the password {password!r}",
            self.limen.users.register(email=email, password=password),
            (PasswordRefused,),
        )

    # --- changing ---

    @rule(user_id=ids, email=EMAILS, username=USERNAMES, name=NAMES, attributes=ATTRIBUTES)
    def replace(
        self,
        user_id: UserId,
        email: str,
        username: str | None,
        name: str,
        attributes: dict[str, Json],
    ) -> None:
        use_case = self.limen.users.replace(
            user_id,
            actor=OPERATOR,
            email=email,
            username=username,
            name=name,
            attributes=attributes,
        )
        names = {"email": Email.parse(email), "username": username and Username.parse(username)}
        fields = {**names, "name": name, "locale": None, "attributes": attributes}
        did = f"{self._whom(user_id)} becomes {email}, {username}, {name!r}, {attributes}"
        self._change(user_id, did, use_case, fields)

    @rule(user_id=ids, locale=LOCALES, more=ATTRIBUTES, gone=st.sampled_from(["team", "nested"]))
    def update(self, user_id: UserId, locale: str | None, more: dict[str, Json], gone: str) -> None:
        use_case = self.limen.users.update(
            user_id, actor=OPERATOR, locale=locale, attributes={**more, gone: None}
        )
        known = self.known.get(user_id)
        merged = {**known.user.attributes, **more} if known else {}
        merged.pop(gone, None)
        did = f"{self._whom(user_id)} now reads {locale}, with {more}, without {gone}"
        self._change(user_id, did, use_case, {"locale": locale, "attributes": merged})

    @rule(user_id=ids, behind=st.integers(1, 3))
    def update_what_has_changed_since(self, user_id: UserId, behind: int) -> None:
        known = self.known.get(user_id)
        version = known.user.version - behind if known else 1
        self.attempt(
            f"{self._whom(user_id)} is changed by somebody who read it {behind} versions ago",
            self.limen.users.update(user_id, actor=OPERATOR, name="late", expected_version=version),
            (VersionMismatch if known else UserNotFound,),
        )

    def _change(
        self,
        user_id: UserId,
        did: str,
        use_case: Coroutine[Any, Any, User],
        fields: Mapping[str, object],
    ) -> None:
        """Make a change that gives a user these fields, and check what comes of it."""
        known = self.known.get(user_id)
        if known is None:
            self.attempt(did, use_case, (UserNotFound,))
            return
        wanted = replace(known.user, **fields)  # type: ignore[arg-type]
        username = wanted.username.name if wanted.username else None
        right = self._refusals(wanted.email.address, username, besides=user_id)
        outcome = self.attempt(did, use_case, right)
        if isinstance(outcome, LimenError):
            return
        expected = known.user if wanted == known.user else self._next(wanted)
        self.compare("the changed user", outcome, expected)
        if wanted == known.user:
            return
        self._learn(replace(known, user=expected), "user.updated")
        if wanted.email.address != known.user.email.address:
            self._learn(replace(known, user=expected, live_sessions=0), "email.set")

    def _whom(self, user_id: UserId) -> str:
        known = self.known.get(user_id)
        return known.user.email.address if known else "somebody deleted"

    # --- status ---

    @rule(user_id=ids)
    def suspend(self, user_id: UserId) -> None:
        self._move(user_id, self.limen.users.suspend, Status.SUSPENDED, "user.suspended")

    @rule(user_id=ids)
    def reactivate(self, user_id: UserId) -> None:
        self._move(user_id, self.limen.users.reactivate, Status.ACTIVE, "user.reactivated")

    def _move(
        self,
        user_id: UserId,
        move: Callable[..., Coroutine[Any, Any, User]],
        status: Status,
        event: str,
    ) -> None:
        known = self.known.get(user_id)
        did = f"{self._whom(user_id)} is made {status}"
        refusals = () if known else (UserNotFound,)
        outcome = self.attempt(did, move(user_id, actor=OPERATOR), refusals)
        if known is None:
            return
        if known.user.status is status:
            self.compare("the user as before", outcome, known.user)
            return
        expected = self._next(replace(known.user, status=status))
        self.compare("the changed user", outcome, expected)
        left = 0 if status is Status.SUSPENDED else known.live_sessions
        self._learn(replace(known, user=expected, live_sessions=left), event)

    @rule(user_id=ids)
    def delete(self, user_id: UserId) -> None:
        did = f"{self._whom(user_id)} is deleted"
        is_there = self.known.pop(user_id, None) is not None
        use_case = self.limen.users.delete(user_id, actor=OPERATOR)
        self.attempt(did, use_case, () if is_there else (UserNotFound,))
        if is_there:
            self.tell("user.deleted")

    # --- coming in ---

    @rule(identifier=IDENTIFIERS, password=SOME_PASSWORD)
    def sign_in(self, identifier: str, password: str) -> None:
        self._enter(identifier, self._owner(identifier), password)

    @rule(user_id=ids, by_username=st.booleans())
    def sign_in_as_oneself(self, user_id: UserId, *, by_username: bool) -> None:
        known = self.known.get(user_id)
        if known is None or known.password is None:
            return
        username = known.user.username
        identifier = str(username if by_username and username else known.user.email)
        self._enter(identifier, known, known.password)

    def _enter(self, identifier: str, known: Known | None, password: str) -> None:
        is_right = known is not None and known.password == password
        may_enter = known is not None and is_right and known.user.status is Status.ACTIVE
        outcome = self.attempt(
            f"{identifier} signs in with {'the right' if is_right else 'a wrong'} password",
            self.limen.sign_in.sign_in(identifier=identifier, password=password),
            () if may_enter else (InvalidCredentials,),
        )
        if known is None or isinstance(outcome, LimenError):
            self.tell("signin.failed")
            return
        user = replace(known.user, last_sign_in_at=self.now)
        self.compare("who came in", tokens_of(outcome).user, user)
        entered = replace(known, user=user, live_sessions=known.live_sessions + 1)
        self._learn(entered, "signin.succeeded")

    @rule(user_id=ids, password=SOME_PASSWORD)
    def set_password(self, user_id: UserId, password: str) -> None:
        known = self.known.get(user_id)
        self.attempt(
            f"{self._whom(user_id)} is given a password",
            self.limen.passwords.set(user_id, new=password, actor=OPERATOR),
            () if known else (UserNotFound,),
        )
        if known is not None:
            self._learn(replace(known, password=password, live_sessions=0), "password.set")

    @rule(by=st.sampled_from([timedelta(microseconds=1), timedelta(minutes=5)]))
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    # --- finding ---

    @rule(identifier=IDENTIFIERS)
    def find(self, identifier: str) -> None:
        known = self._owner(identifier)
        outcome = self.attempt(
            f"the operator looks for {identifier}",
            self.limen.users.find(identifier, actor=OPERATOR),
            () if known else (UserNotFound,),
        )
        if known is not None:
            self.compare("who was found", outcome, known.user)

    @rule(sort=SORTS, limit=st.integers(1, 4), status=st.none() | STATUSES)
    def walk_through_a_list(self, sort: str, limit: int, status: Status | None) -> None:
        filters = {} if status is None else {("status", "eq"): status.value}
        query = ListQuery(filters=filters, sort=sort, limit=limit)
        walked: list[User] = []
        while True:
            page = self.run(self.limen.users.list(query, actor=OPERATOR))
            walked += page.items
            if page.next_cursor is None:
                break
            query = replace(query, cursor=page.next_cursor)
        expected = [k.user for k in self.known.values() if status in {None, k.user.status}]
        # The order of ids follows the direction of the last key that was asked for.
        parts = sort.split(",")
        expected.sort(key=lambda user: user.id, reverse=parts[-1].startswith("-"))
        for part in reversed(parts):
            key = _SORT_KEYS[part.removeprefix("-")]
            expected.sort(key=key, reverse=part.startswith("-"))
        self.compare(f"the list sorted by {sort}, {limit} at a time", walked, expected)

    # --- what always holds ---

    @invariant()
    def the_store_holds_what_the_model_knows(self) -> None:
        async def look() -> None:
            async with self.limen.unit_of_work.view() as view:
                accounts = await view.accounts.list()
                expected = sorted(self.known.values(), key=lambda known: known.user.id)
                users = [account.user for account in accounts]
                self.compare("who there is", users, [known.user for known in expected])
                have = [account.credential is not None for account in accounts]
                know = [known.password is not None for known in expected]
                self.compare("who has a password", have, know)
                # Some of many, others the next time.
                self._turn += 1
                for known in (expected * 2)[self._turn % (len(expected) or 1) :][:_LOOKS]:
                    live = await view.sessions.list_live(known.user.id, self.now)
                    self.compare("how many sessions live", len(live), known.live_sessions)

        self.run(look())

    # --- the model ---

    def _fresh(
        self,
        user_id: UserId,
        email: str,
        username: str | None,
        *,
        name: str = "",
        status: Status = Status.ACTIVE,
        attributes: Mapping[str, Json] | None = None,
    ) -> User:
        return User(
            id=user_id,
            email=Email.parse(email),
            username=None if username is None else Username.parse(username),
            name=name,
            status=status,
            attributes=attributes or {},
            created_at=self.now,
            updated_at=self.now,
        )

    def _next(self, user: User) -> User:
        known = self.known[user.id]
        after = replace(user, version=user.version + 1, updated_at=self.now)
        if user.email.address == known.user.email.address:
            return after
        owned_at = user.first_verified_at or (self.now if known.password else None)
        return replace(after, email_verified_at=None, first_verified_at=owned_at)

    def _learn(self, known: Known, event: str) -> UserId:
        self.known[known.user.id] = known
        self.tell(event)
        return known.user.id

    def _refusals(
        self, email: str, username: str | None, besides: UserId | None = None
    ) -> set[type[LimenError]]:
        """Return the refusals that are right for somebody who wants these names."""
        others = [known.user for known in self.known.values() if known.user.id != besides]
        right: set[type[LimenError]] = set()
        if Email.parse(email).key in {user.email.key for user in others}:
            right.add(EmailTaken)
        if username and username.lower() in {u.username.key for u in others if u.username}:
            right.add(UsernameTaken)
        return right

    def _owner(self, identifier: str) -> Known | None:
        key = Email.parse(identifier).key if "@" in identifier else identifier.lower()
        for known in self.known.values():
            username = known.user.username
            if key in {known.user.email.key, username.key if username else None}:
                return known
        return None


_SORT_KEYS: Final = {
    "email": lambda user: user.email.key,
    "name": lambda user: fold(user.name),
    "status": lambda user: user.status.value,
    "created_at": lambda user: user.created_at,
}

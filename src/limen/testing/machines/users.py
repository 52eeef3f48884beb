"""Accounts: whatever is done to them, in whatever order, they are as a dictionary says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

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
from limen.core.tokens.issuing import IssuedTokens
from limen.core.users.model import Email, Json, Status, User, Username
from limen.testing.assembly import OPERATOR
from limen.testing.contracts.comparison import assert_same
from limen.testing.machines.inputs import (
    ATTRIBUTES,
    EMAILS,
    NAMES,
    PASSWORDS,
    SOME_PASSWORD,
    SORTS,
    STATUSES,
    USERNAMES,
)
from limen.testing.machines.machine import OpenStore, StoreMachine

_FIRST: Final = ("ada", "bob_1")


@dataclass(frozen=True)
class Known:
    """A user as the model knows them."""

    user: User
    password: str | None = None
    live_sessions: int = 0


class UserMachine(StoreMachine):
    """Registers, changes, suspends, deletes, lists and finds users, and lets them in."""

    ids: Bundle[UserId] = Bundle("ids")

    def __init__(self, open_store: OpenStore) -> None:
        """Begin with nobody."""
        super().__init__(open_store)
        self.known: dict[UserId, Known] = {}
        self.told: list[str] = ["key.added"]

    @property
    def _now(self) -> datetime:
        return self.limen.clock.now()

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
        outcome = self.refusal_or(
            self.limen.users.register(email=email, username=username, name=name, password=password)
        )
        if isinstance(outcome, LimenError):
            assert type(outcome) in right
            return multiple()
        assert not right
        expected = self._fresh(outcome.id, email, username, name=name)
        assert_same(outcome, expected)
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
        outcome = self.refusal_or(
            self.limen.users.create(
                actor=OPERATOR, email=email, attributes=attributes, status=status, password=password
            )
        )
        if isinstance(outcome, LimenError):
            assert type(outcome) in right
            return multiple()
        assert not right
        expected = self._fresh(outcome.id, email, None, status=status, attributes=attributes)
        assert_same(outcome, expected)
        return self._learn(Known(expected, password), "user.created")

    @rule(email=EMAILS, password=st.sampled_from(["short", "password1234", "aaaa\0"]))
    def register_with_a_bad_password(self, email: str, password: str) -> None:
        outcome = self.refusal_or(self.limen.users.register(email=email, password=password))
        assert isinstance(outcome, PasswordRefused)

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
        outcome = self.refusal_or(
            self.limen.users.replace(
                user_id,
                actor=OPERATOR,
                email=email,
                username=username,
                name=name,
                attributes=attributes,
            )
        )
        names = {"email": Email.parse(email), "username": _username(username)}
        self._changed(user_id, outcome, {**names, "name": name, "attributes": attributes})

    @rule(user_id=ids, name=NAMES, patch=ATTRIBUTES, gone=st.sampled_from(["team", "nested"]))
    def update(self, user_id: UserId, name: str, patch: dict[str, Json], gone: str) -> None:
        outcome = self.refusal_or(
            self.limen.users.update(
                user_id, actor=OPERATOR, name=name, attributes={**patch, gone: None}
            )
        )
        known = self.known.get(user_id)
        merged = {**known.user.attributes, **patch} if known else {}
        merged.pop(gone, None)
        self._changed(user_id, outcome, {"name": name, "attributes": merged})

    @rule(user_id=ids, behind=st.integers(1, 3))
    def update_what_has_changed_since(self, user_id: UserId, behind: int) -> None:
        known = self.known.get(user_id)
        version = known.user.version - behind if known else 1
        outcome = self.refusal_or(
            self.limen.users.update(user_id, actor=OPERATOR, name="late", expected_version=version)
        )
        assert type(outcome) is (VersionMismatch if known else UserNotFound)

    def _changed(
        self, user_id: UserId, outcome: User | LimenError, fields: Mapping[str, object]
    ) -> None:
        """Check what came of a change that gives a user these fields."""
        known = self.known.get(user_id)
        if known is None:
            assert isinstance(outcome, UserNotFound)
            return
        wanted = replace(known.user, **fields)  # type: ignore[arg-type]
        username = wanted.username.name if wanted.username else None
        right = self._refusals(wanted.email.address, username, besides=user_id)
        if isinstance(outcome, LimenError):
            assert type(outcome) in right
            return
        assert not right
        if wanted == known.user:
            assert_same(outcome, known.user)
            return
        expected = self._next(wanted)
        assert_same(outcome, expected)
        self._learn(replace(known, user=expected), "user.updated")

    # --- status ---

    @rule(user_id=ids)
    def suspend(self, user_id: UserId) -> None:
        outcome = self.refusal_or(self.limen.users.suspend(user_id, actor=OPERATOR))
        self._moved(user_id, outcome, Status.SUSPENDED, "user.suspended")

    @rule(user_id=ids)
    def reactivate(self, user_id: UserId) -> None:
        outcome = self.refusal_or(self.limen.users.reactivate(user_id, actor=OPERATOR))
        self._moved(user_id, outcome, Status.ACTIVE, "user.reactivated")

    def _moved(
        self, user_id: UserId, outcome: User | LimenError, status: Status, event: str
    ) -> None:
        known = self.known.get(user_id)
        if known is None:
            assert isinstance(outcome, UserNotFound)
        elif known.user.status is status:
            assert_same(outcome, known.user)
        else:
            expected = self._next(replace(known.user, status=status))
            assert_same(outcome, expected)
            left = 0 if status is Status.SUSPENDED else known.live_sessions
            self._learn(replace(known, user=expected, live_sessions=left), event)

    @rule(user_id=ids)
    def delete(self, user_id: UserId) -> None:
        outcome = self.refusal_or(self.limen.users.delete(user_id, actor=OPERATOR))
        if self.known.pop(user_id, None) is None:
            assert isinstance(outcome, UserNotFound)
        else:
            assert outcome is None
            self.told.append("user.deleted")

    # --- coming in ---

    @rule(identifier=EMAILS | USERNAMES.filter(bool), password=SOME_PASSWORD)
    def sign_in(self, identifier: str, password: str) -> None:
        outcome = self.refusal_or(
            self.limen.sign_in.sign_in(identifier=identifier, password=password)
        )
        self._entered(outcome, self._owner(identifier), password)

    @rule(user_id=ids, by_username=st.booleans())
    def sign_in_as_oneself(self, user_id: UserId, *, by_username: bool) -> None:
        known = self.known.get(user_id)
        if known is None or known.password is None:
            return
        username = known.user.username
        identifier = str(username if by_username and username else known.user.email)
        outcome = self.refusal_or(
            self.limen.sign_in.sign_in(identifier=identifier, password=known.password)
        )
        self._entered(outcome, known, known.password)

    def _entered(
        self, outcome: IssuedTokens | LimenError, known: Known | None, password: str
    ) -> None:
        is_active = known is not None and known.user.status is Status.ACTIVE
        if known is None or known.password != password or not is_active:
            assert isinstance(outcome, InvalidCredentials)
            self.told.append("signin.failed")
            return
        assert not isinstance(outcome, LimenError)
        user = replace(known.user, last_sign_in_at=self._now)
        assert_same(outcome.user, user)
        entered = replace(known, user=user, live_sessions=known.live_sessions + 1)
        self._learn(entered, "signin.succeeded")

    @rule(user_id=ids, password=SOME_PASSWORD)
    def set_password(self, user_id: UserId, password: str) -> None:
        outcome = self.refusal_or(self.limen.passwords.set(user_id, new=password, actor=OPERATOR))
        known = self.known.get(user_id)
        if known is None:
            assert isinstance(outcome, UserNotFound)
        else:
            assert outcome is None
            self._learn(replace(known, password=password, live_sessions=0), "password.set")

    @rule(by=st.sampled_from([timedelta(microseconds=1), timedelta(minutes=5)]))
    def wait(self, by: timedelta) -> None:
        self.limen.clock.advance(by)

    # --- finding ---

    @rule(identifier=EMAILS | USERNAMES.filter(bool))
    def find(self, identifier: str) -> None:
        outcome = self.refusal_or(self.limen.users.find(identifier, actor=OPERATOR))
        known = self._owner(identifier)
        if known is None:
            assert isinstance(outcome, UserNotFound)
        else:
            assert_same(outcome, known.user)

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
        assert_same(walked, expected)

    # --- what always holds ---

    @invariant()
    def the_store_holds_what_the_model_knows(self) -> None:
        async def look() -> None:
            async with self.limen.unit_of_work.view() as view:
                accounts = await view.accounts.list()
                expected = sorted(self.known.values(), key=lambda known: known.user.id)
                assert_same([a.user for a in accounts], [known.user for known in expected])
                for account, known in zip(accounts, expected, strict=True):
                    assert (account.credential is None) == (known.password is None)
                    live = await view.sessions.list_live(account.user.id, self._now)
                    assert len(live) == known.live_sessions

        self.run(look())

    @invariant()
    def every_change_was_told_once_and_in_order(self) -> None:
        assert self.run(self.limen.event_names()) == self.told

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
            username=_username(username),
            name=name,
            status=status,
            attributes=attributes or {},
            created_at=self._now,
            updated_at=self._now,
        )

    def _next(self, user: User) -> User:
        kept = user.email.key == self.known[user.id].user.email.key
        verified = user.email_verified_at if kept else None
        return replace(
            user, version=user.version + 1, updated_at=self._now, email_verified_at=verified
        )

    def _learn(self, known: Known, event: str) -> UserId:
        self.known[known.user.id] = known
        self.told.append(event)
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


def _username(text: str | None) -> Username | None:
    return None if text is None else Username.parse(text)

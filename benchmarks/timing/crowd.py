"""Accounts in every state there is, as many of each as there are rounds."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import pbkdf2_hmac
from typing import Final

from benchmarks.people import PASSWORD, person
from limen.core.passwords.model import PasswordCredential
from limen.core.proofs.model import Purpose, browser_digest
from limen.core.secret import Secret
from limen.core.users.model import Email, Status, User
from limen.ports.accounts import Account
from limen.testing.passkeys import a_passkey
from limen.wiring.container import Container

BROWSER: Final = Secret("b" * 43)
_BATCH: Final = 500
_ROUNDS: Final = 1000


class State(StrEnum):
    """What may be true of an account that somebody asks about."""

    UNKNOWN = "unknown"
    KNOWN = "known"
    NO_PASSWORD = "no password"
    PENDING = "pending"
    SUSPENDED = "suspended"
    UNVERIFIED = "unverified"
    FOREIGN = "foreign hash"
    ASKED = "with a live code"
    PASSKEY = "with a passkey"


_STATUSES: Final = {State.PENDING: Status.PENDING, State.SUSPENDED: Status.SUSPENDED}
_UNVERIFIED: Final = frozenset({State.PENDING, State.UNVERIFIED})


@dataclass(frozen=True, slots=True)
class Crowd:
    """The people of one question: of each state one for each round."""

    states: tuple[State, ...]

    def email(self, state: State, number: int) -> str:
        """Return the address that is asked about in this round; of the unknown nobody has it."""
        return f"{number}.{self.states.index(state)}@timing.example"

    async def move_in(self, container: Container, rounds: int, purpose: Purpose | None) -> None:
        """Make every account, and the live proofs for `purpose` of those who asked."""
        right = await container.hasher().hash(Secret(PASSWORD))
        for state in self.states:
            if state is State.UNKNOWN:
                continue
            digest = _digest(state, right)
            users = [self._user(state, number) for number in range(rounds)]
            for begin in range(0, rounds, _BATCH):
                await _add(container, users[begin : begin + _BATCH], digest)
            if state is State.ASKED and purpose is not None:
                await _put_proofs(container, users, purpose)
            if state is State.PASSKEY:
                await _put_passkeys(container, users)

    def _user(self, state: State, number: int) -> User:
        made = person(len(self.states) * number + self.states.index(state))
        return User(
            id=made.id,
            email=Email.parse(self.email(state, number)),
            name=made.name,
            status=_STATUSES.get(state, Status.ACTIVE),
            email_verified_at=None if state in _UNVERIFIED else made.created_at,
            created_at=made.created_at,
            updated_at=made.updated_at,
        )


def _digest(state: State, right: Secret[str]) -> Secret[str] | None:
    if state is State.NO_PASSWORD:
        return None
    return _cheap_foreign_hash() if state is State.FOREIGN else right


def _cheap_foreign_hash() -> Secret[str]:
    """Return a hash as Django writes it that takes far less time than one of limen's own."""
    key = pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", _ROUNDS)
    return Secret(f"pbkdf2_sha256${_ROUNDS}$salt${b64encode(key).decode()}")


async def _add(container: Container, users: Iterable[User], digest: Secret[str] | None) -> None:
    accounts = [
        Account(
            user=user,
            credential=None
            if digest is None
            else PasswordCredential(user_id=user.id, digest=digest, changed_at=user.created_at),
        )
        for user in users
    ]
    async with container.unit_of_work()() as uow:
        await uow.accounts.add(accounts)
        await uow.commit()


async def _put_proofs(container: Container, users: Iterable[User], purpose: Purpose) -> None:
    now, maker = container.clock().now(), container.proof_maker()
    digest = browser_digest(BROWSER) if purpose is Purpose.SIGN_IN else None
    async with container.unit_of_work()() as uow:
        for user in users:
            made = maker.make(purpose, user.id, user.email.key, now, asker=digest)
            await uow.proofs.put(made.proof)
        await uow.commit()


async def _put_passkeys(container: Container, users: Iterable[User]) -> None:
    async with container.unit_of_work()() as uow:
        for user in users:
            await uow.passkeys.add(a_passkey(user.id, transports=("hybrid", "internal")))
        await uow.commit()

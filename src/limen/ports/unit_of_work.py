"""One change, whole or not at all."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from limen.core.events import Event
from limen.ports.accounts import Accounts
from limen.ports.api_keys import ApiKeys
from limen.ports.ceremonies import Ceremonies
from limen.ports.devices import Devices
from limen.ports.factor_resets import FactorResets
from limen.ports.factors import RecoveryCodes, Totps
from limen.ports.families import RefreshFamilies
from limen.ports.grants import Grants
from limen.ports.idempotency import Attempts
from limen.ports.keys import SigningKeys
from limen.ports.messages import Messages
from limen.ports.outbox import Outbox
from limen.ports.partial_sessions import PartialSessions
from limen.ports.passkeys import Passkeys
from limen.ports.passwords import Passwords
from limen.ports.proofs import Proofs
from limen.ports.remembered import RememberedBrowsers
from limen.ports.roles import Roles
from limen.ports.sessions import Sessions
from limen.ports.throttles import Throttles
from limen.ports.users import Users


class View(Protocol):
    """The store as it stands, to read from; writing or locking raises `StorageReadOnly`.

    What was stored comes back as it was: texts to the last character, any bytes, instants to the
    microsecond, an empty text and `None` as two. What came back is the caller's: no change to it
    reaches the store.

    Every method of every repository raises `StorageUnavailable` when the store is out or does not
    answer in time, and `ConcurrentUpdate` when it gave up because of somebody else's change
    (deadlock, serialisation, lock timeout); limen's services lock first, so that this is rare, and
    leave the retry to their caller.
    """

    @property
    def users(self) -> Users:
        """Who there is."""
        ...

    @property
    def passwords(self) -> Passwords:
        """Their password hashes."""
        ...

    @property
    def sessions(self) -> Sessions:
        """Their sign-ins."""
        ...

    @property
    def families(self) -> RefreshFamilies:
        """The refresh family of each sign-in."""
        ...

    @property
    def keys(self) -> SigningKeys:
        """The signing keys."""
        ...

    @property
    def roles(self) -> Roles:
        """The roles."""
        ...

    @property
    def grants(self) -> Grants:
        """Who has which role."""
        ...

    @property
    def throttles(self) -> Throttles:
        """The attempts counted."""
        ...

    @property
    def outbox(self) -> Outbox:
        """The events to be told."""
        ...

    @property
    def attempts(self) -> Attempts:
        """The requests answered already."""
        ...

    @property
    def accounts(self) -> Accounts:
        """Whole accounts, many at once."""
        ...

    @property
    def messages(self) -> Messages:
        """The messages to people."""
        ...

    @property
    def proofs(self) -> Proofs:
        """The one-time links and codes."""
        ...

    @property
    def partial_sessions(self) -> PartialSessions:
        """Their sign-ins that wait for a second factor."""
        ...

    @property
    def passkeys(self) -> Passkeys:
        """Their passkeys."""
        ...

    @property
    def ceremonies(self) -> Ceremonies:
        """The questions to authenticators."""
        ...

    @property
    def totps(self) -> Totps:
        """The secrets of authenticator apps."""
        ...

    @property
    def recovery_codes(self) -> RecoveryCodes:
        """The recovery codes."""
        ...

    @property
    def api_keys(self) -> ApiKeys:
        """The API keys."""
        ...

    @property
    def remembered(self) -> RememberedBrowsers:
        """The browsers that are remembered."""
        ...

    @property
    def devices(self) -> Devices:
        """The devices that people have signed in from."""
        ...

    @property
    def factor_resets(self) -> FactorResets:
        """The resets of second factors that wait for a second administrator."""
        ...


class UnitOfWork(View, Protocol):
    """One change. It sees its own writes; nobody else does before `commit`.

    Once it is committed or left, anything more raises `RuntimeError`: it would be lost unseen.
    Once a write was refused, a store may do the same: then there is nothing but to leave.
    """

    @property
    def committed(self) -> tuple[Event, ...]:
        """The events that `commit` has made durable; none before."""
        ...

    def emit(self, event: Event) -> None:
        """Put `event` into the outbox when, and only when, this change commits."""
        ...

    async def commit(self) -> None:
        """Make everything durable before returning; once.

        A failed commit changes nothing, except that `StorageUnavailable` during a commit leaves
        its outcome unknown.
        """
        ...


class UnitOfWorkFactory(Protocol):
    """Opens units of work and views. Leaving a unit without `commit` undoes all of it."""

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a unit of work."""
        ...

    def view(self) -> AbstractAsyncContextManager[View]:
        """Open a view: it sees what is committed, statement by statement."""
        ...

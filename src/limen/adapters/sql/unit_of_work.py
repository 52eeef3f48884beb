"""Units of work and views over a database."""

from types import TracebackType
from typing import Self

from limen.adapters.sql.accounts import SqlAccounts
from limen.adapters.sql.api_keys import SqlApiKeys
from limen.adapters.sql.ceremonies import SqlCeremonies
from limen.adapters.sql.database import Database
from limen.adapters.sql.devices import SqlDevices
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.factor_resets import SqlFactorResets
from limen.adapters.sql.factors import SqlRecoveryCodes, SqlTotps
from limen.adapters.sql.families import SqlFamilies
from limen.adapters.sql.grants import SqlGrants
from limen.adapters.sql.idempotency import SqlAttempts
from limen.adapters.sql.keys import SqlKeys
from limen.adapters.sql.messages import SqlMessages
from limen.adapters.sql.outbox import EMIT, SqlOutbox, write_event
from limen.adapters.sql.partial_sessions import SqlPartialSessions
from limen.adapters.sql.passkeys import SqlPasskeys
from limen.adapters.sql.passwords import SqlPasswords
from limen.adapters.sql.proofs import SqlProofs
from limen.adapters.sql.remembered import SqlRemembered
from limen.adapters.sql.roles import SqlRoles
from limen.adapters.sql.sessions import SqlSessions
from limen.adapters.sql.throttles import SqlThrottles
from limen.adapters.sql.users import SqlUsers
from limen.core.events import Event
from limen.ports.ids import IdSource
from limen.ports.unit_of_work import UnitOfWorkFactory


class SqlView:
    """All repositories at one desk, made when they are asked for."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read through `desk`."""
        self._desk = desk

    async def __aenter__(self) -> Self:
        """Open; nothing is asked of the database yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Undo what was not committed and give the connection back."""
        await self._desk.leave()

    @property
    def users(self) -> SqlUsers:
        """Users."""
        return SqlUsers(self._desk)

    @property
    def passwords(self) -> SqlPasswords:
        """Password credentials."""
        return SqlPasswords(self._desk)

    @property
    def sessions(self) -> SqlSessions:
        """Sessions and their endings."""
        return SqlSessions(self._desk)

    @property
    def families(self) -> SqlFamilies:
        """Refresh families."""
        return SqlFamilies(self._desk)

    @property
    def keys(self) -> SqlKeys:
        """Signing keys."""
        return SqlKeys(self._desk)

    @property
    def roles(self) -> SqlRoles:
        """Roles."""
        return SqlRoles(self._desk)

    @property
    def grants(self) -> SqlGrants:
        """Grants."""
        return SqlGrants(self._desk)

    @property
    def throttles(self) -> SqlThrottles:
        """Throttles."""
        return SqlThrottles(self._desk)

    @property
    def outbox(self) -> SqlOutbox:
        """Committed events."""
        return SqlOutbox(self._desk)

    @property
    def attempts(self) -> SqlAttempts:
        """Attempts at requests that may be repeated."""
        return SqlAttempts(self._desk)

    @property
    def accounts(self) -> SqlAccounts:
        """Whole accounts."""
        return SqlAccounts(self._desk)

    @property
    def messages(self) -> SqlMessages:
        """Messages to people."""
        return SqlMessages(self._desk)

    @property
    def proofs(self) -> SqlProofs:
        """One-time links and codes."""
        return SqlProofs(self._desk)

    @property
    def partial_sessions(self) -> SqlPartialSessions:
        """Sign-ins that wait for a second factor."""
        return SqlPartialSessions(self._desk)

    @property
    def passkeys(self) -> SqlPasskeys:
        """Passkeys."""
        return SqlPasskeys(self._desk)

    @property
    def ceremonies(self) -> SqlCeremonies:
        """Questions to authenticators."""
        return SqlCeremonies(self._desk)

    @property
    def totps(self) -> SqlTotps:
        """Secrets of authenticator apps."""
        return SqlTotps(self._desk)

    @property
    def recovery_codes(self) -> SqlRecoveryCodes:
        """Recovery codes."""
        return SqlRecoveryCodes(self._desk)

    @property
    def api_keys(self) -> SqlApiKeys:
        """API keys."""
        return SqlApiKeys(self._desk)

    @property
    def remembered(self) -> SqlRemembered:
        """Remembered browsers."""
        return SqlRemembered(self._desk)

    @property
    def devices(self) -> SqlDevices:
        """Known devices."""
        return SqlDevices(self._desk)

    @property
    def factor_resets(self) -> SqlFactorResets:
        """Requests to reset second factors."""
        return SqlFactorResets(self._desk)


class SqlUnitOfWork(SqlView):
    """One transaction, which begins with its first statement."""

    __slots__ = ("_committed", "_emitted", "_ids")

    def __init__(self, desk: Desk, ids: IdSource) -> None:
        """Read and write through `desk`; number events by `ids`."""
        super().__init__(desk)
        self._ids = ids
        self._emitted: list[Event] = []
        self._committed: tuple[Event, ...] = ()

    @property
    def committed(self) -> tuple[Event, ...]:
        """The events that `commit` has made durable; none before."""
        return self._committed

    def emit(self, event: Event) -> None:
        """Put `event` into the outbox when, and only when, this change commits."""
        self._desk.refuse_over()
        self._emitted.append(event)

    async def commit(self) -> None:
        """Write the events and make everything durable, in one go."""
        rows = [write_event(event, self._ids.new()) for event in self._emitted]
        await self._desk.commit(EMIT, rows)
        self._committed = tuple(self._emitted)


class SqlUnitOfWorkFactory:
    """Opens units of work and views on a database."""

    def __init__(self, database: Database, ids: IdSource) -> None:
        """Work on `database`, which somebody else opens and closes; `ids` numbers the events."""
        self._engine = database.engine
        self._ids = ids

    def __call__(self) -> SqlUnitOfWork:
        """Open a unit of work."""
        desk = Desk(self._engine.writing(), self._engine.dialect, is_writable=True)
        return SqlUnitOfWork(desk, self._ids)

    def view(self) -> SqlView:
        """Open a view."""
        return SqlView(Desk(self._engine.reading(), self._engine.dialect, is_writable=False))


_conforms: type[UnitOfWorkFactory] = SqlUnitOfWorkFactory

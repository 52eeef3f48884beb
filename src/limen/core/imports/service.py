"""Bringing many users in, and taking them out."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from limen.core.access import authorise, require_fresh
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.events import RoleGranted, UsersImported
from limen.core.ids import UserId
from limen.core.imports.model import AccountRow, ImportOutcome, ImportReport, RowFault
from limen.core.imports.rows import (
    ReadRow,
    grants_of,
    new_user,
    read_row,
    row_faults,
    write_row,
)
from limen.core.passwords.model import PasswordCredential
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.roles.model import Permission, Role, permissions_of, refuse_beyond, require
from limen.core.secret import Secret
from limen.core.users.model import own_words
from limen.ports.accounts import Account
from limen.ports.password_hasher import PasswordHasher
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View

_UNHASHED = Secret("$unhashed$")
_HASHED_AT_ONCE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """Some rows, and where to go on if there may be more."""

    rows: tuple[AccountRow, ...]
    next: UserId | None


class ImportService:
    """Whole accounts in and out: `import(export(x))` gives `x`."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        hasher: PasswordHasher,
        preparation: PasswordPreparation,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._hasher = hasher
        self._preparation = preparation

    async def add(
        self,
        rows: Sequence[AccountRow],
        *,
        actor: Actor,
        is_dry_run: bool = False,
        is_strict: bool = False,
    ) -> ImportReport:
        """Add a batch of accounts in one transaction; needs `users.import`.

        Bad rows are reported and the others added; with `is_strict` one bad row keeps the whole
        batch out. A row whose e-mail address is there already counts as `present`, so that an
        import can be begun again. With `is_dry_run` everything is checked and nothing changed.
        Rows with a proved address need `users.verify`, too. Raises what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.USERS_IMPORT, now)
            await require_fresh(view, actor, now)
            roles = {role.name: role for role in await view.roles.list()}
        good, faults = await self._read(rows, roles)
        if is_strict and faults:
            return ImportReport(faults=faults)
        async with self._unit_of_work.view() as view:
            await _authorise_import(view, actor, good, now)
        good, refused = await self._hash(good, is_dry_run=is_dry_run)
        faults += refused
        if is_strict and faults:
            return ImportReport(faults=faults)
        accounts = [self._account(read, now) for read in good]
        if not accounts:
            return _report(good, accounts, (), faults)
        async with self._unit_of_work() as uow:
            # Hashing takes long; who began it may have lost the right to it meanwhile.
            await _authorise_import(uow, actor, good, self._ambient.clock.now())
            outcomes = await _store(uow, accounts, actor, now, is_dry_run=is_dry_run)
        return _report(good, accounts, outcomes, faults)

    async def export(
        self, *, actor: Actor, after: UserId | None = None, limit: int = 500
    ) -> Exported:
        """Return the people behind `after` in order of id, with hashes; needs `users.export`.

        Raises what `require_fresh` does.
        """
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            await authorise(view, actor, Permission.USERS_EXPORT, now)
            await require_fresh(view, actor, now)
            accounts = await view.accounts.list(after=after, limit=limit)
        rows = tuple(
            write_row(account, line, now)
            for line, account in enumerate(accounts, start=1)
            if account.user.is_person
        )
        is_full = len(accounts) == limit
        return Exported(rows=rows, next=accounts[-1].user.id if is_full else None)

    async def _read(
        self, rows: Sequence[AccountRow], roles: dict[str, Role]
    ) -> tuple[list[ReadRow], tuple[RowFault, ...]]:
        good: list[ReadRow] = []
        faults: tuple[RowFault, ...] = ()
        for row in rows:
            read, wrong = read_row(row, roles, self._hasher)
            faults += wrong
            if read is not None:
                good.append(read)
        return good, faults

    async def _hash(
        self, rows: Sequence[ReadRow], *, is_dry_run: bool
    ) -> tuple[list[ReadRow], tuple[RowFault, ...]]:
        """Judge and hash the passwords of those rows that have one, a few at a time."""
        gate = asyncio.Semaphore(_HASHED_AT_ONCE)

        async def hashed(read: ReadRow) -> tuple[ReadRow | None, tuple[RowFault, ...]]:
            password = read.row.password
            if password is None:
                return read, ()
            profile = read.profile
            words = own_words(profile.email, profile.username, profile.name)
            async with gate:
                faults = await self._preparation.faults(password, words)
                if faults:
                    return None, row_faults(read.row, faults)
                if is_dry_run:
                    return replace(read, digest=_UNHASHED), ()
                return replace(read, digest=await self._preparation.hash(password)), ()

        if all(read.row.password is None for read in rows):
            return list(rows), ()
        results = await asyncio.gather(*(hashed(read) for read in rows))
        good = [read for read, _ in results if read is not None]
        return good, tuple(fault for _, faults in results for fault in faults)

    def _account(self, read: ReadRow, now: datetime) -> Account:
        user = new_user(read, UserId(self._ambient.ids.new()), now)
        credential = (
            None
            if read.digest is None
            else PasswordCredential(user_id=user.id, digest=read.digest, changed_at=now)
        )
        return Account(user=user, credential=credential, grants=grants_of(read, user.id, now))


async def _authorise_import(
    view: View, actor: Actor, rows: Sequence[ReadRow], now: datetime
) -> None:
    held = await authorise(view, actor, Permission.USERS_IMPORT, now)
    await require_fresh(view, actor, now)
    if any(read.row.email_verified or read.row.has_owner for read in rows):
        require(Permission.USERS_VERIFY, held)
    given = {name for read in rows for name in read.roles}
    refuse_beyond(
        held, permissions_of(role for role in await view.roles.list() if role.name in given)
    )


async def _store(
    uow: UnitOfWork, accounts: Sequence[Account], actor: Actor, now: datetime, *, is_dry_run: bool
) -> tuple[ImportOutcome, ...]:
    outcomes = await uow.accounts.add(accounts)
    added = tuple(
        account.user.id
        for account, outcome in zip(accounts, outcomes, strict=True)
        if outcome is ImportOutcome.ADDED
    )
    if added and not is_dry_run:
        uow.emit(UsersImported(at=now, actor=actor, user_ids=added))
        _tell_grants(uow, accounts, frozenset(added), actor, now)
        await uow.commit()
    return outcomes


def _tell_grants(
    uow: UnitOfWork,
    accounts: Sequence[Account],
    added: frozenset[UserId],
    actor: Actor,
    now: datetime,
) -> None:
    """Tell who came in with a role, one by one: that is what audits ask."""
    for account in accounts:
        for grant in account.grants if account.user.id in added else ():
            uow.emit(
                RoleGranted(
                    at=now,
                    actor=actor,
                    user_id=grant.user_id,
                    role=grant.role,
                    ends_at=grant.ends_at,
                )
            )


def _report(
    rows: Sequence[ReadRow],
    accounts: Sequence[Account],
    outcomes: Sequence[ImportOutcome],
    faults: tuple[RowFault, ...],
) -> ImportReport:
    taken = tuple(
        RowFault(
            line=read.row.line,
            field="username",
            code="taken",
            message="another user has this username",
        )
        for read, outcome in zip(rows, outcomes, strict=True)
        if outcome is ImportOutcome.USERNAME_TAKEN
    )
    return ImportReport(
        added=sum(outcome is ImportOutcome.ADDED for outcome in outcomes),
        present=sum(outcome is ImportOutcome.EMAIL_TAKEN for outcome in outcomes),
        faults=tuple(sorted(faults + taken, key=lambda fault: fault.line)),
        user_ids=tuple(
            account.user.id
            for account, outcome in zip(accounts, outcomes, strict=True)
            if outcome is ImportOutcome.ADDED
        ),
    )

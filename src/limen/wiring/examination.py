"""Looking at an installation from all sides, without changing anything."""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeAlias

from limen.core.errors import LimenError, SettingsInvalid, StorageUnavailable
from limen.wiring.bootstrap import has_administrator
from limen.wiring.container import Container
from limen.wiring.lifecycle import make_container
from limen.wiring.report import masked_url
from limen.wiring.secret_key import SECRET_FILE
from limen.wiring.settings import Settings, Store, load

_LARGEST_DIFFERENCE: Final = timedelta(seconds=5)
_PATIENCE: Final = 10.0
_FOR_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look found: well or not, in a sentence, and how to mend it."""

    name: str
    told: str
    mend: str | None = None

    @property
    def is_well(self) -> bool:
        """Whether there is nothing to mend."""
        return self.mend is None


Tell: TypeAlias = Callable[[Finding], None]


async def examine(tell: Tell) -> None:
    """Tell one finding after the other; what cannot be looked at without another is left out."""
    try:
        settings = load()
    except SettingsInvalid as error:
        for fault in error.details:
            mend = "Set it, or take it away for its default; limen config lists all settings."
            tell(Finding(name="settings", told=f"{fault.field} {fault.message}", mend=mend))
        return
    tell(Finding(name="settings", told=f"valid, for {settings.environment.value}"))
    for finding in (*_look_at_files(settings), _look_at_secret(settings)):
        tell(finding)
    path = settings.database.sqlite_path
    if path is not None and not path.exists():
        mend = "limen serve makes it, or limen migrate."
        tell(Finding(name="store", told=f"there is no database {path} yet", mend=mend))
    elif _can_open(settings):
        await _look_inside(settings, tell)
    tell(await _look_at_mail(settings))


def _reason(error: Exception) -> str:
    return str(error) or "it took too long"


def _look_at_files(settings: Settings) -> Iterator[Finding]:
    """Look at what only this user should see."""
    folder, database = settings.data_dir, settings.database.sqlite_path
    paths = [folder, folder / SECRET_FILE]
    if database is not None:
        paths += [database, database.with_name(f"{database.name}-wal")]
    present = [path for path in paths if path.exists()]
    is_well = True
    for path in present:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & _FOR_OTHERS:
            told = f"{path} is open to other users of this machine ({mode:o})"
            safe = "700" if path.is_dir() else "600"
            is_well = False
            yield Finding(name="files", told=told, mend=f"chmod {safe} {path}")
    if folder.exists() and not _is_writable(folder):
        is_well = False
        told = f"{folder} cannot be written"
        yield Finding(name="files", told=told, mend="Give it to the user that runs limen (chown).")
    if present and is_well:
        told = f"only this user can see {', '.join(map(str, present))}"
        yield Finding(name="files", told=told)


def _is_writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)


def _look_at_secret(settings: Settings) -> Finding:
    if settings.secret.key is not None:
        return Finding(name="secret key", told="given by the settings")
    if settings.database.store is Store.MEMORY:
        return Finding(name="secret key", told="made anew at each start, as the store is")
    path = settings.data_dir / SECRET_FILE
    if path.exists():
        return Finding(name="secret key", told=f"in {path}; keep a copy where the backups are not")
    return Finding(
        name="secret key",
        told=f"there is none in {path} yet",
        mend="limen serve makes it; or give one as LIMEN_SECRET_KEY_FILE.",
    )


def _can_open(settings: Settings) -> bool:
    """Tell whether opening makes nothing that is not there yet."""
    is_given = settings.secret.key is not None or settings.database.store is Store.MEMORY
    return is_given or (settings.data_dir / SECRET_FILE).exists()


async def _look_inside(settings: Settings, tell: Tell) -> None:
    where = masked_url(settings.database.url.reveal())
    async with AsyncExitStack() as stack:
        try:
            container = make_container(settings)
            storage = container.storage()
            stack.push_async_callback(storage.close)
            async with asyncio.timeout(_PATIENCE):
                await storage.open()
                await storage.ping()
        except (LimenError, TimeoutError, OSError) as error:
            told = f"{where} does not answer: {_reason(error)}"
            mend = "Start it, or correct LIMEN_DATABASE_URL; look into its log."
            tell(Finding(name="store", told=told, mend=mend))
            return
        tell(Finding(name="store", told=f"{where} answers"))
        stack.push_async_callback(container.hasher().close)
        if not await storage.is_current():
            told = "does not fit this version of limen"
            tell(Finding(name="schema", told=told, mend="limen migrate"))
            return
        tell(Finding(name="schema", told="fits this version of limen"))
        for look in (_look_at_keys, _look_at_administrators, _look_at_clock):
            tell(await look(container))


async def _look_at_keys(container: Container) -> Finding:
    try:
        key = await container.key_ring().signing()
    except StorageUnavailable:
        raise
    except LimenError as error:
        mend = (
            "limen keys rotate makes one."
            if error.code == "key.none_signing"
            else "Give it as LIMEN_SECRET_KEY_OLD. If it is lost: limen keys rotate --secret-lost."
        )
        return Finding(name="signing key", told=error.message, mend=mend)
    return Finding(name="signing key", told=f"{key.id} signs with {key.algorithm.value}")


async def _look_at_administrators(container: Container) -> Finding:
    if await has_administrator(container):
        return Finding(name="administrator", told="there is one")
    return Finding(
        name="administrator",
        told="there is none: nobody can administer over HTTP",
        mend="limen users create EMAIL --role admin, or limen roles grant USER admin.",
    )


async def _look_at_clock(container: Container) -> Finding:
    there = await container.storage().now()
    here = container.clock().now()
    if there is None:
        return Finding(name="clock", told=f"{here:%Y-%m-%d %H:%M:%S}Z; the store has none")
    difference = abs(there - here)
    if difference > _LARGEST_DIFFERENCE:
        told = f"this machine and the store differ by {difference.total_seconds():.0f} seconds"
        mend = "Have both set by NTP: sessions and tokens end by the clock."
        return Finding(name="clock", told=told, mend=mend)
    return Finding(name="clock", told="agrees with that of the store")


async def _look_at_mail(settings: Settings) -> Finding:
    url = settings.mail.smtp_url
    if url is None:
        folder = settings.data_dir / "mail"
        return Finding(name="mail", told=f"written to {folder}: LIMEN_SMTP_URL is not set")
    try:
        async with asyncio.timeout(_PATIENCE):
            _, writer = await asyncio.open_connection(url.host, url.port)
        writer.close()
    except (OSError, TimeoutError) as error:
        told = f"{url.host}:{url.port} does not answer: {_reason(error)}"
        return Finding(name="mail", told=told, mend="Start it, or correct LIMEN_SMTP_URL.")
    return Finding(name="mail", told=f"{url.host}:{url.port} answers")

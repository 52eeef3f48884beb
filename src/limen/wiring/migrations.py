"""Moving the schema of the configured store, step by step."""

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import iter_modules
from typing import Final, TypeAlias

from limen.adapters.sql.migrations import runner, versions
from limen.core.errors import Fault, InvalidInput
from limen.wiring.settings import DatabaseSettings, Store

BASE: Final = "base"

Step: TypeAlias = runner.Step
Progress: TypeAlias = Callable[[Step], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaState:
    """Where the schema stands (`None`: there is none yet), and every step there is."""

    current: str | None
    revisions: tuple[str, ...]

    @property
    def newest(self) -> str:
        """The revision that this version of limen brings."""
        return self.revisions[-1]

    @property
    def is_current(self) -> bool:
        """Whether this version of limen can work with the schema."""
        return self.current is not None and self.current >= self.newest


class Migrations:
    """The schema of one store."""

    def __init__(self, settings: DatabaseSettings) -> None:
        """Move the schema of the configured store; raise `InvalidInput` for one without any."""
        if settings.store is Store.MEMORY:
            raise InvalidInput("The store is memory://, which has no schema to migrate.")
        self._settings = settings

    async def state(self) -> SchemaState:
        """Return where the schema stands. Raises `StorageUnavailable`."""
        current = await runner.current(self._settings.url.reveal())
        return SchemaState(current=current, revisions=revisions())

    async def up(self, target: str | None, progress: Progress) -> None:
        """Bring the schema up to `target`, or to the newest revision.

        Raises `InvalidInput` for a revision that is not known, or `StorageUnavailable`.
        """
        _check(target, revisions())
        path = self._settings.sqlite_path
        if path is not None:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        await runner.upgrade(self._settings.url.reveal(), target or "head", progress=progress)

    async def down(self, target: str, progress: Progress) -> None:
        """Take the schema back to `target`; `base` is nothing at all. Raises as `up` does."""
        _check(target, (BASE, *revisions()))
        await runner.downgrade(self._settings.url.reveal(), target, progress=progress)


def revisions() -> tuple[str, ...]:
    """Return every revision, oldest first."""
    return tuple(
        sorted(module.name.partition("_")[0] for module in iter_modules(versions.__path__))
    )


def _check(target: str | None, known: tuple[str, ...]) -> None:
    if target is not None and target not in known:
        fault = Fault("revision", "unknown", f"{target!r} is unknown; may be {', '.join(known)}")
        raise InvalidInput(details=(fault,))

"""Where a sign-in is kept between two commands: a file for its owner's eyes only."""

from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
from msgspec import Struct

from limen.entrypoints.cli.files.opening import writing


class Kept(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A sign-in, whole or waiting for its second factor, and what belongs to a link asked for.

    The tokens are plain: whoever reads the file is signed in.
    """

    access_token: str | None = None
    refresh_token: str | None = None
    partial_token: str | None = None
    browser_token: str | None = None

    @property
    def token(self) -> str | None:
        """What tells who is here."""
        return self.access_token or self.partial_token


@dataclass(frozen=True, slots=True)
class SessionFile:
    """The file of one sign-in; without the file nobody is signed in."""

    path: Path

    def read(self) -> Kept:
        """Return what is kept."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=Kept)
        except FileNotFoundError:
            return Kept()
        except (OSError, msgspec.DecodeError):
            raise click.UsageError(f"{self.path} holds no sign-in of limen.") from None

    def write(self, kept: Kept) -> None:
        """Keep this and nothing else; whoever reads meanwhile sees the old or the new."""
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise click.UsageError(f"{self.path.parent}: {error.strerror}") from None
        with writing(str(self.path)) as stream:
            stream.write(msgspec.json.encode(kept))

    def remove(self) -> None:
        """Forget the sign-in."""
        self.path.unlink(missing_ok=True)

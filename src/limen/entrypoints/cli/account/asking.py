"""Getting secrets from a person or a pipe, in one order; never from arguments."""

import re
import sys
from dataclasses import dataclass
from typing import Final

import click

from limen.core.secret import Secret
from limen.entrypoints.cli.prompts import interruptible, read_secret_line

_NOBODY: Final = "There is no terminal to ask on: pipe it in, a line each, with --stdin."
_SHOWN: Final = "A terminal would show what is typed: pipe it in, or leave out --stdin to be asked."
_TOKEN: Final = re.compile(r"limen_[a-z-]+_[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Shown:
    """What a mail brought: the token of its link, or its code."""

    token: Secret[str] | None = None
    code: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks on the terminal, or with `is_piped` reads the next line of standard input."""

    is_piped: bool

    def __post_init__(self) -> None:
        if self.is_piped and sys.stdin.isatty():
            raise click.UsageError(_SHOWN)

    @property
    def is_watched(self) -> bool:
        """Whether somebody sits there who can be asked."""
        return not self.is_piped and sys.stdin.isatty()

    def password(self, what: str = "Password", *, is_new: bool = False) -> Secret[str]:
        """Return a password; a new one is typed twice."""
        if self.is_piped:
            return read_secret_line()
        return self._prompt(what, is_hidden=True, is_repeated=is_new)

    def code(self, what: str = "Code") -> Secret[str]:
        """Return a code of an app or one for recovery."""
        return read_secret_line("code") if self.is_piped else self._prompt(what)

    def shown(self) -> Shown:
        """Return what a mail brought: a whole link, its token, or the code."""
        given = read_secret_line("link or code") if self.is_piped else self._prompt("Link or code")
        found = _TOKEN.search(given.reveal())
        return Shown(code=given) if found is None else Shown(token=Secret(found[0]))

    def maybe(self, what: str, *, is_hidden: bool = False) -> Secret[str] | None:
        """Return what may be left out: by an empty answer, or by the end of the pipe."""
        if self.is_piped:
            return read_secret_line(is_optional=True)
        given = self._prompt(f"{what} (empty for none)", is_hidden=is_hidden, is_optional=True)
        return given if given.reveal() else None

    def _prompt(
        self,
        what: str,
        *,
        is_hidden: bool = False,
        is_repeated: bool = False,
        is_optional: bool = False,
    ) -> Secret[str]:
        if not sys.stdin.isatty():
            raise click.UsageError(_NOBODY)
        with interruptible():
            typed: str = click.prompt(
                what,
                hide_input=is_hidden,
                confirmation_prompt=is_repeated,
                default="" if is_optional else None,
                show_default=False,
                err=True,
            )
        return Secret(typed)

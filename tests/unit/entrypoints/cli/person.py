"""Somebody at a shell who acts as themselves."""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyotp

from limen.testing.assembly import PASSWORD, Assembly, acting
from tests.unit.entrypoints.cli.shell import Ended, Shell

ADA = "ada@example.org"


class Person:
    """Types commands of `limen account`, with the sign-in in one file."""

    def __init__(self, shell: Shell, file: Path) -> None:
        self.shell = shell
        self.limen = shell.limen
        self.file = file

    def __call__(self, *words: str, given: tuple[str, ...] = ()) -> Ended:
        """Run one command; `given` is what it would ask for."""
        piped = ("--stdin",) if given else ()
        stdin = "".join(f"{line}\n" for line in given)
        return self.shell("account", *words, *piped, f"--session={self.file}", stdin=stdin)

    def data(self, *words: str, given: tuple[str, ...] = ()) -> Any:
        """Run one command that succeeds, as a program."""
        return self(*words, "--json", given=given).data

    def code(self, *words: str, given: tuple[str, ...] = ()) -> str:
        """Run one command that is refused, as a program, and return the code of the refusal."""
        return str(self(*words, "--json", given=given).document["error"]["code"])

    def enter(self) -> Any:
        """Make an account and sign in."""
        self.shell.wait(self.limen.register())
        return self.login()

    def login(self) -> Any:
        """Sign in with the password of tests."""
        return self.data("login", ADA, given=(PASSWORD,))

    def mail(self) -> dict[str, str]:
        """Return what the newest mail names."""
        return self.shell.wait(self.limen.read_mail(ADA))

    def enrol_app(self) -> pyotp.TOTP:
        """Set up an authenticator app; a step later, so that its codes are good again."""
        app = pyotp.TOTP(self.data("totp", "begin")["secret"])
        self.data("totp", "confirm", given=(app.at(self.now),))
        self.limen.clock.advance(timedelta(seconds=30))
        return app

    @property
    def now(self) -> datetime:
        """The time in this limen."""
        return self.limen.clock.now()

    def kept(self) -> Any:
        """Return what the file of the sign-in holds."""
        return json.loads(self.file.read_text())


async def print_codes(limen: Assembly) -> None:
    """Give Ada an authenticator app, and print her recovery codes."""
    await limen.register(ADA)
    me = acting(await limen.enter(ADA))
    made = await limen.factors.begin_totp(actor=me)
    code = pyotp.TOTP(made.secret.reveal()).at(limen.clock.now())
    codes = await limen.factors.confirm_totp(code=code, actor=me)
    sys.stdout.write(" ".join(["codes:", *(one.reveal() for one in codes), "\n"]))

"""What somebody does to their own account, at the command line."""

import json
from abc import abstractmethod
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from limen.testing.assembly import Assembly
from limen.testing.passkeys import Authenticator
from tests.integration.doors.answers import Answer, Fields
from tests.integration.doors.doors import Door


class CliPersonDoor(Door):
    """Types `limen account`; every sign-in is kept in a file of its own, found by its token."""

    def __init__(self, limen: Assembly, patch: pytest.MonkeyPatch, folder: Path) -> None:
        super().__init__(limen)
        self._patch = patch
        self._folder = folder
        self._files: dict[str, Path] = {}
        self._numbers = count()

    async def register(self, fields: Fields) -> Answer:
        words = options(fields, "username", "name", "locale")
        return await self._own(
            self._new(), "register", fields["email"], *words, given=[fields["password"]]
        )

    async def sign_in(self, identifier: str, password: str) -> Answer:
        return await self._enter(self._new(), "login", identifier, given=[password])

    async def who_am_i(self, token: str) -> Answer:
        return await self._own(self._of(token), "show")

    async def verify(self, proof: Fields, token: str | None = None) -> Answer:
        file = self._new() if token is None else self._of(token)
        words, given = _proof(proof)
        given += [proof["password"]] if "password" in proof else []
        return await self._own(file, "verify", *words, given=given)

    async def send_verification(self, identifier: str) -> Answer:
        return await self._own(self._new(), "resend", identifier)

    async def forgot(self, identifier: str) -> Answer:
        return await self._own(self._new(), "forgot", identifier)

    async def reset(self, proof: Fields, new: str) -> Answer:
        words, given = _proof(proof)
        return await self._own(self._new(), "reset", *words, given=[*given, new])

    async def ask_link(self, identifier: str) -> Answer:
        file = self._new()
        asked = await self._own(file, "link", "ask", identifier)
        self._files[asked["browser_token"]] = file
        return asked

    async def complete_link(self, browser: str, proof: Fields) -> Answer:
        words, given = _proof(proof)
        file = self._of(browser, "browser_token")
        return await self._enter(file, "link", "complete", *words, given=given)

    async def finish(self, partial: str, code: str) -> Answer:
        return await self._enter(self._of(partial, "partial_token"), "factor", given=[code])

    async def stop(self, partial: str) -> Answer:
        return await self._own(self._of(partial, "partial_token"), "logout")

    async def begin_required_totp(self, partial: str) -> Answer:
        file = self._of(partial, "partial_token")
        return await self._own(file, "required-factor", "begin")

    async def confirm_required_totp(self, partial: str, code: str) -> Answer:
        file = self._of(partial, "partial_token")
        answer = await self._own(file, "required-factor", "confirm", given=[code])
        if "tokens" in answer:
            self._files[answer["tokens"]["access_token"]] = file
        return answer

    async def step_up(self, token: str, password: str, code: str | None = None) -> Answer:
        given = [password] if code is None else [password, code]
        return await self._enter(self._of(token), "step-up", given=given)

    async def begin_totp(self, token: str) -> Answer:
        return await self._own(self._of(token), "totp", "begin")

    async def confirm_totp(self, token: str, code: str) -> Answer:
        return await self._own(self._of(token), "totp", "confirm", given=[code])

    async def remove_totp(self, token: str) -> Answer:
        return await self._own(self._of(token), "totp", "remove")

    async def make_recovery_codes(self, token: str) -> Answer:
        return await self._own(self._of(token), "recovery-codes")

    async def keep_factors(self, token: str) -> Answer:
        return await self._own(self._of(token), "keep-factors")

    async def enrol_passkey(self, token: str, device: Authenticator, **lies: Any) -> Answer:
        file = self._of(token)
        asked = await self._own(file, "passkeys", "options")
        if "refused" in asked:
            return asked
        answer = self._answer(asked, device.create(asked["options"], **lies))
        return await self._own(file, "passkeys", "enrol", answer, "--name=Laptop")

    async def sign_in_by_passkey(
        self, device: Authenticator, identifier: str | None = None, **lies: Any
    ) -> Answer:
        words = [] if identifier is None else [identifier]
        asked = await self._own(self._new(), "passkey", "options", *words)
        if "refused" in asked:
            return asked
        credential = device.get({**asked["options"], "allowCredentials": []}, **lies)
        answer = self._answer(asked, credential)
        return await self._enter(self._new(), "passkey", "complete", answer)

    async def finish_by_passkey(self, partial: str, device: Authenticator, **lies: Any) -> Answer:
        return await self._prove(self._of(partial, "partial_token"), "factor", device, **lies)

    async def step_up_by_passkey(self, token: str, device: Authenticator, **lies: Any) -> Answer:
        return await self._prove(self._of(token), "step-up", device, **lies)

    async def _prove(self, file: Path, use: str, device: Authenticator, **lies: Any) -> Answer:
        asked = await self._own(file, "passkey", "options", f"--for={use}")
        if "refused" in asked:
            return asked
        answer = self._answer(asked, device.get(asked["options"], **lies))
        return await self._enter(file, "passkey", "complete", answer, f"--for={use}")

    async def update_me(self, token: str, fields: Fields) -> Answer:
        words = options(fields, "username", "name", "locale")
        return await self._own(self._of(token), "update", *words)

    async def change_email(self, token: str, email: str) -> Answer:
        return await self._own(self._of(token), "change-email", email)

    async def change_password(self, token: str, current: str, new: str) -> Answer:
        return await self._own(self._of(token), "change-password", given=[current, new])

    async def my_sessions(self, token: str) -> Answer:
        return await self._own(self._of(token), "sessions", "list")

    async def end_session(self, token: str, session: str | None) -> Answer:
        answer = await self._own(self._of(token), "sessions", "end", session or "--others")
        return None if "ended" in answer else answer

    async def sign_out(self, token: str) -> Answer:
        return await self._own(self._of(token), "logout")

    async def delete_me(self, token: str) -> Answer:
        return await self._own(self._of(token), "delete", "--yes")

    def _new(self) -> Path:
        return self._folder / f"{next(self._numbers)}.json"

    def _of(self, token: str, kind: str = "access_token") -> Path:
        """Return the file with this token; whoever kept a copy of one has a file of their own."""
        file = self._files.get(token)
        if file is None or not file.exists() or token not in file.read_text():
            file = self._files[token] = self._new()
            file.write_text(json.dumps({kind: token}))
        return file

    async def _enter(self, file: Path, *words: str, given: Iterable[str] = ()) -> Answer:
        """Type a command that brings a token, and remember where that is kept."""
        answer = await self._own(file, *words, given=given)
        for kind in ("access_token", "partial_token"):
            if kind in answer:
                self._files[answer[kind]] = file
        return answer

    async def _own(self, file: Path, *words: str, given: Iterable[str] = ()) -> Answer:
        lines = "".join(f"{line}\n" for line in given)
        piped = ("--stdin",) if lines else ()
        return await self._type("account", *words, *piped, f"--session={file}", stdin=lines)

    def _answer(self, asked: Answer, credential: Answer) -> str:
        file = self._folder / "answer.json"
        file.write_text(json.dumps({"ceremony": asked["ceremony"], "credential": credential}))
        return str(file)

    @abstractmethod
    async def _type(self, *words: str, stdin: str = "", is_whole: bool = False) -> Answer: ...


def options(fields: Fields, *names: str) -> list[str]:
    """Return fields as options; nothing is said by the option that takes away."""
    return [
        f"--no-{name}" if fields[name] is None else f"--{name}={fields[name]}"
        for name in names
        if name in fields
    ]


def _proof(proof: Fields) -> tuple[list[str], list[str]]:
    words = [proof["identifier"]] if "identifier" in proof else []
    return words, [proof["token"] if "token" in proof else proof["code"]]

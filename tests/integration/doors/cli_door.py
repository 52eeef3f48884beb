"""The command line: an operator types commands, which run in the loop of the test."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from limen.core.errors import LimenError
from limen.entrypoints.cli.door import Opened
from limen.entrypoints.cli.exits import OF_KIND
from limen.entrypoints.cli.house import House
from limen.testing.assembly import PASSWORD
from tests.integration.doors.answers import Answer, Fields, refused
from tests.integration.doors.cli_person import CliPersonDoor, options
from tests.unit.entrypoints.cli.shell import typed


class CliDoor(CliPersonDoor):
    """Types with `--json` and reads the document that comes."""

    async def create_user(self, fields: Fields) -> Answer:
        words, password = [fields["email"]], fields.get("password")
        words += ["--no-password"] if password is None else ["--password-stdin"]
        words += options(fields, "username", "name", "locale", "status")
        return await self._type("users", "create", *words, stdin=password or "")

    async def show_user(self, user: str) -> Answer:
        return await self._type("users", "show", user)

    async def list_users(self, query: Fields) -> Answer:
        words = [
            f"--filter={field}.{operator}={text}"
            if operator != "eq"
            else f"--filter={field}={text}"
            for (field, operator), text in query["filters"].items()
        ]
        words += options(query, "search", "sort", "page", "cursor", "limit", "count")
        return await self._type("users", "list", *words, is_whole=True)

    async def update_user(self, user: str, fields: Fields, version: int | None = None) -> Answer:
        words = options(fields, "email", "username", "name", "locale")
        words += [] if version is None else [f"--version={version}"]
        return await self._type("users", "update", user, *words)

    async def suspend(self, user: str) -> Answer:
        return await self._type("users", "suspend", user)

    async def reactivate(self, user: str) -> Answer:
        return await self._type("users", "reactivate", user)

    async def delete_user(self, user: str) -> Answer:
        return await self._type("users", "delete", user, "--yes")

    async def set_password(self, user: str, password: str) -> Answer:
        return await self._type("users", "set-password", user, "--password-stdin", stdin=password)

    async def require_reset(self, user: str) -> Answer:
        return await self._type("users", "require-reset", user)

    async def verify_email(self, user: str) -> Answer:
        return await self._type("users", "verify-email", user)

    async def unlock(self, user: str) -> Answer:
        return await self._type("users", "unlock", user)

    async def list_sessions(self, user: str) -> Answer:
        return await self._type("sessions", "list", user)

    async def revoke(self, user: str, session: str | None) -> Answer:
        answer = await self._type("sessions", "revoke", user, session or "--all")
        return None if "ended" in answer else answer

    async def remember(self, email: str) -> None:
        """Let a browser do it: a shell is none."""
        await self.limen.sign_in.sign_in_by_cookie(
            identifier=email, password=PASSWORD, label="Desk", is_remembered=True
        )

    async def list_remembered(self, user: str) -> Answer:
        return await self._type("remembered", "list", user)

    async def forget_browser(self, user: str, browser: str) -> Answer:
        answer = await self._type("remembered", "revoke", user, browser)
        return answer if "refused" in (answer or {}) else None

    async def list_passkeys(self, user: str) -> Answer:
        return await self._type("passkeys", "list", user)

    async def remove_passkey(self, user: str, passkey: str) -> Answer:
        answer = await self._type("passkeys", "remove", user, passkey)
        return None if "removed" in answer else answer

    async def show_factors(self, user: str) -> Answer:
        return await self._type("factors", "show", user)

    async def reset_factors(self, user: str) -> Answer:
        return await self._type("factors", "reset", user, "--yes")

    async def approve_reset(self, user: str) -> Answer:
        return await self._type("factors", "approve", user, "--yes")

    async def withdraw_reset(self, user: str) -> Answer:
        return await self._type("factors", "withdraw", user)

    async def create_account(self, fields: Fields) -> Answer:
        words = [fields["username"], *options(fields, "name")]
        return await self._type("service-accounts", "create", *words)

    async def show_account(self, account: str) -> Answer:
        return await self._type("service-accounts", "show", account)

    async def list_accounts(self) -> Answer:
        return await self._type("service-accounts", "list")

    async def update_account(
        self, account: str, fields: Fields, version: int | None = None
    ) -> Answer:
        words = options(fields, "username", "name")
        words += [] if version is None else [f"--version={version}"]
        return await self._type("service-accounts", "update", account, *words)

    async def suspend_account(self, account: str) -> Answer:
        return await self._type("service-accounts", "suspend", account)

    async def reactivate_account(self, account: str) -> Answer:
        return await self._type("service-accounts", "reactivate", account)

    async def delete_account(self, account: str) -> Answer:
        return await self._type("service-accounts", "delete", account, "--yes")

    async def create_key(self, account: str, fields: Fields) -> Answer:
        words = [f"--scope={scope}" for scope in fields.get("scopes", ())]
        words += [f"--until={fields['expires_at']}"] if "expires_at" in fields else []
        return await self._type("api-keys", "create", account, fields["name"], *words)

    async def list_keys(self, owner: str) -> Answer:
        return await self._type("api-keys", "list", owner)

    async def show_key(self, key: str) -> Answer:
        return await self._type("api-keys", "show", key)

    async def rotate_key(
        self,
        account: str,  # noqa: ARG002 - a shell needs the key alone
        key: str,
        overlap: int | None = None,
    ) -> Answer:
        words = [] if overlap is None else [f"--overlap={overlap}"]
        return await self._type("api-keys", "rotate", key, *words)

    async def revoke_key(self, key: str) -> Answer:
        return await self._type("api-keys", "revoke", key, "--yes")

    async def report_key(self, key: str) -> Answer:
        return await self._type("api-keys", "report", stdin=key)

    async def list_roles(self) -> Answer:
        return await self._type("roles", "list")

    async def create_role(self, name: str, fields: Fields) -> Answer:
        return await self._type("roles", "create", name, *_role(fields))

    async def replace_role(self, name: str, fields: Fields, version: int | None = None) -> Answer:
        words = [] if version is None else [f"--version={version}"]
        return await self._type("roles", "replace", name, *_role(fields), *words)

    async def delete_role(self, name: str) -> Answer:
        return await self._type("roles", "delete", name, "--yes")

    async def grant(self, user: str, role: str, ends_at: str | None = None) -> Answer:
        words = [] if ends_at is None else [f"--until={ends_at}"]
        return await self._type("roles", "grant", user, role, *words)

    async def withdraw(self, user: str, role: str) -> Answer:
        return await self._type("roles", "withdraw", user, role)

    async def list_grants(self, user: str) -> Answer:
        return await self._type("roles", "grants", user)

    async def list_permissions(self) -> Answer:
        return await self._type("roles", "permissions")

    async def _type(self, *words: str, stdin: str = "", is_whole: bool = False) -> Answer:
        loop = asyncio.get_running_loop()

        def run(command: Coroutine[Any, Any, None]) -> None:
            asyncio.run_coroutine_threadsafe(command, loop).result()

        house = House(open=self._open, run=run)
        ended = await asyncio.to_thread(
            typed, self._patch, [*words, "--json"], stdin=stdin, house=house
        )
        document = ended.document
        if not document["success"]:
            assert ended.code == OF_KIND[KINDS[document["error"]["code"]]]
            return refused(document["error"])
        assert ended.code == 0
        return (
            {"data": document["data"], "meta": document["meta"]} if is_whole else document["data"]
        )

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Opened]:
        yield Opened(services=self.limen)


KINDS = {error.code: error.kind for error in LimenError.__subclasses__()}


def _role(fields: Fields) -> list[str]:
    names = [f"--permission={name}" for name in fields.get("permissions", ())]
    return [*names, *options(fields, "description")]

"""The HTTP server: a client calls the routes, in the loop of the test."""

import json
from collections.abc import Mapping
from typing import Any

from limen.testing.assembly import PASSWORD
from limen.testing.passkeys import Authenticator
from tests.integration.doors.answers import Answer, Fields, refused
from tests.integration.doors.http_person import HttpPersonDoor, bearer
from tests.unit.entrypoints.http.site import Site


class HttpDoor(HttpPersonDoor):
    """Asks as an administrator who is signed in, or as nobody."""

    def __init__(self, site: Site) -> None:
        super().__init__(site.limen)
        self._site = site
        self._root: dict[str, str] = {}

    async def enter(self, administrator: str) -> None:
        """Sign the administrator in."""
        tokens = await self.sign_in(administrator, PASSWORD)
        self._root = {"authorization": f"Bearer {tokens['access_token']}"}

    async def sign_in(self, identifier: str, password: str) -> Answer:
        body = {"identifier": identifier, "password": password}
        return await self._ask("POST", "auth/login", body, headers={})

    async def refresh(self, token: str) -> Answer:
        return await self._ask("POST", "auth/refresh", {"refresh_token": token}, headers={})

    async def who_am_i(self, token: str) -> Answer:
        return await self._ask("GET", "me", headers=bearer(token))

    async def begin_totp(self, token: str) -> Answer:
        return await self._ask("POST", "me/factors/totp", headers=bearer(token))

    async def confirm_totp(self, token: str, code: str) -> Answer:
        body = {"code": code}
        return await self._ask("POST", "me/factors/totp/confirm", body, headers=bearer(token))

    async def remove_totp(self, token: str) -> Answer:
        return await self._ask("DELETE", "me/factors/totp", headers=bearer(token))

    async def make_recovery_codes(self, token: str) -> Answer:
        return await self._ask("POST", "me/factors/recovery-codes", headers=bearer(token))

    async def enrol_passkey(self, token: str, device: Authenticator, **lies: Any) -> Answer:
        path, headers = "me/factors/passkeys", bearer(token)
        asked = await self._ask("POST", f"{path}/options", headers=headers)
        if "refused" in asked:
            return asked
        credential = device.create(asked["options"], **lies)
        body = {"ceremony": asked["ceremony"], "credential": credential, "name": "Laptop"}
        return await self._ask("POST", path, body, headers=headers)

    async def sign_in_by_passkey(
        self, device: Authenticator, identifier: str | None = None, **lies: Any
    ) -> Answer:
        named = {"identifier": identifier}
        asked = await self._ask("POST", "auth/passkey/options", named, headers={})
        credential = device.get({**asked["options"], "allowCredentials": []}, **lies)
        body = {"ceremony": asked["ceremony"], "credential": credential}
        return await self._ask("POST", "auth/passkey", body, headers={})

    async def list_passkeys(self, user: str) -> Answer:
        return await self._ask("GET", f"users/{user}/passkeys")

    async def remove_passkey(self, user: str, passkey: str) -> Answer:
        return await self._ask("DELETE", f"users/{user}/passkeys/{passkey}")

    async def register(self, fields: Fields) -> Answer:
        return await self._ask("POST", "auth/register", fields, headers={})

    async def create_user(self, fields: Fields) -> Answer:
        return await self._ask("POST", "users", fields)

    async def show_user(self, user: str) -> Answer:
        return await self._ask("GET", f"users/{user}")

    async def list_users(self, query: Fields) -> Answer:
        asked = {
            f"filter[{field}][{operator}]" if operator != "eq" else f"filter[{field}]": text
            for (field, operator), text in query["filters"].items()
        }
        named = {"q" if name == "search" else name: text for name, text in query.items()}
        del named["filters"]
        return await self._ask("GET", "users", params=asked | named, is_whole=True)

    async def update_user(self, user: str, fields: Fields, version: int | None = None) -> Answer:
        return await self._ask("PATCH", f"users/{user}", fields, version=version)

    async def suspend(self, user: str) -> Answer:
        return await self._ask("POST", f"users/{user}/suspend")

    async def reactivate(self, user: str) -> Answer:
        return await self._ask("POST", f"users/{user}/reactivate")

    async def delete_user(self, user: str) -> Answer:
        return await self._ask("DELETE", f"users/{user}")

    async def set_password(self, user: str, password: str) -> Answer:
        return await self._ask("POST", f"users/{user}/password", {"new_password": password})

    async def require_reset(self, user: str) -> Answer:
        return await self._ask("POST", f"users/{user}/password/require-reset")

    async def verify_email(self, user: str) -> Answer:
        return await self._ask("POST", f"users/{user}/email/verify")

    async def unlock(self, user: str) -> Answer:
        return await self._ask("POST", f"users/{user}/unlock")

    async def list_sessions(self, user: str) -> Answer:
        return await self._ask("GET", f"users/{user}/sessions")

    async def revoke(self, user: str, session: str | None) -> Answer:
        one = "" if session is None else f"/{session}"
        return await self._ask("DELETE", f"users/{user}/sessions{one}")

    async def remember(self, email: str) -> None:
        body = {"identifier": email, "password": PASSWORD, "label": "Desk", "is_remembered": True}
        origin = {"origin": "https://id.example.org"}
        await self._ask("POST", "auth/cookie", body, headers=origin)
        self._site.client.cookies.clear()

    async def list_remembered(self, user: str) -> Answer:
        return await self._ask("GET", f"users/{user}/remembered")

    async def forget_browser(self, user: str, browser: str) -> Answer:
        return await self._ask("DELETE", f"users/{user}/remembered/{browser}")

    async def show_factors(self, user: str) -> Answer:
        return await self._ask("GET", f"users/{user}/factors")

    async def reset_factors(self, user: str) -> Answer:
        return await self._ask("DELETE", f"users/{user}/factors")

    async def approve_reset(self, user: str) -> Answer:
        return await self._ask("POST", f"users/{user}/factors/reset/approve")

    async def withdraw_reset(self, user: str) -> Answer:
        return await self._ask("DELETE", f"users/{user}/factors/reset")

    async def use_key(self, key: str) -> Answer:
        answer = await self._ask("GET", "users", headers=bearer(key))
        if "refused" in answer:
            return answer
        return [user["email"] for user in answer if user["kind"] == "person"]

    async def create_account(self, fields: Fields) -> Answer:
        return await self._ask("POST", "service-accounts", fields)

    async def show_account(self, account: str) -> Answer:
        return await self._ask("GET", f"service-accounts/{account}")

    async def list_accounts(self) -> Answer:
        return await self._ask("GET", "service-accounts")

    async def update_account(
        self, account: str, fields: Fields, version: int | None = None
    ) -> Answer:
        return await self._ask("PATCH", f"service-accounts/{account}", fields, version=version)

    async def suspend_account(self, account: str) -> Answer:
        return await self._ask("POST", f"service-accounts/{account}/suspend")

    async def reactivate_account(self, account: str) -> Answer:
        return await self._ask("POST", f"service-accounts/{account}/reactivate")

    async def delete_account(self, account: str) -> Answer:
        return await self._ask("DELETE", f"service-accounts/{account}")

    async def create_key(self, account: str, fields: Fields) -> Answer:
        return await self._ask("POST", f"service-accounts/{account}/api-keys", fields)

    async def list_keys(self, owner: str) -> Answer:
        return await self._ask("GET", f"users/{owner}/api-keys")

    async def show_key(self, key: str) -> Answer:
        return await self._ask("GET", f"api-keys/{key}")

    async def rotate_key(self, account: str, key: str, overlap: int | None = None) -> Answer:
        place = f"service-accounts/{account}/api-keys/{key}/rotate"
        return await self._ask("POST", place, {"overlap_seconds": overlap})

    async def revoke_key(self, key: str) -> Answer:
        return await self._ask("DELETE", f"api-keys/{key}")

    async def report_key(self, key: str) -> Answer:
        return await self._ask("POST", "auth/api-keys/report", {"key": key}, headers={})

    async def list_roles(self) -> Answer:
        return await self._ask("GET", "roles")

    async def create_role(self, name: str, fields: Fields) -> Answer:
        return await self._ask("POST", "roles", {"name": name, **fields})

    async def replace_role(self, name: str, fields: Fields, version: int | None = None) -> Answer:
        return await self._ask("PUT", f"roles/{name}", fields, version=version)

    async def delete_role(self, name: str) -> Answer:
        return await self._ask("DELETE", f"roles/{name}")

    async def grant(self, user: str, role: str, ends_at: str | None = None) -> Answer:
        body = {} if ends_at is None else {"ends_at": ends_at}
        return await self._ask("PUT", f"users/{user}/roles/{role}", body)

    async def withdraw(self, user: str, role: str) -> Answer:
        return await self._ask("DELETE", f"users/{user}/roles/{role}")

    async def list_grants(self, user: str) -> Answer:
        return await self._ask("GET", f"users/{user}/roles")

    async def list_permissions(self) -> Answer:
        return await self._ask("GET", "permissions")

    async def _ask(
        self,
        method: str,
        path: str,
        body: Fields | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        version: int | None = None,
        is_whole: bool = False,
        **more: Any,
    ) -> Answer:
        sent = dict(self._root if headers is None else headers)
        if version is not None:
            sent["if-match"] = f'"{version}"'
        if body is not None:
            sent["content-type"] = "application/json"
            more["content"] = json.dumps(body)
        response = await self._site.ask(method, path, headers=sent, **more)
        if response.status_code == 204:
            return None
        document = response.json()
        if not document["success"]:
            return refused(document["error"])
        return (
            {"data": document["data"], "meta": document["meta"]} if is_whole else document["data"]
        )

"""What somebody does to their own account, over HTTP."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

from limen.testing.passkeys import Authenticator
from tests.integration.doors.answers import Answer, Fields
from tests.integration.doors.doors import Door


class HttpPersonDoor(Door):
    """Calls the routes for nobody and for whoever has an access token."""

    async def verify(self, proof: Fields, token: str | None = None) -> Answer:
        headers = {} if token is None else bearer(token)
        return await self._ask("POST", "auth/email/verify", proof, headers=headers)

    async def send_verification(self, identifier: str) -> Answer:
        return await self._tell("auth/email/verify/resend", identifier=identifier)

    async def forgot(self, identifier: str) -> Answer:
        return await self._tell("auth/password/forgot", identifier=identifier)

    async def reset(self, proof: Fields, new: str) -> Answer:
        return await self._tell("auth/password/reset", new_password=new, **proof)

    async def ask_link(self, identifier: str) -> Answer:
        return await self._tell("auth/link", identifier=identifier)

    async def complete_link(self, browser: str, proof: Fields) -> Answer:
        return await self._tell("auth/link/complete", browser_token=browser, **proof)

    async def finish(self, partial: str, code: str) -> Answer:
        return await self._tell("auth/factor", partial_token=partial, code=code)

    async def stop(self, partial: str) -> Answer:
        return await self._tell("auth/factor/stop", partial_token=partial)

    async def begin_required_totp(self, partial: str) -> Answer:
        return await self._tell("auth/factor/totp", partial_token=partial)

    async def confirm_required_totp(self, partial: str, code: str) -> Answer:
        return await self._tell("auth/factor/totp/confirm", partial_token=partial, code=code)

    async def step_up(self, token: str, password: str, code: str | None = None) -> Answer:
        body = {"password": password, "code": code}
        return await self._ask("POST", "auth/step-up", body, headers=bearer(token))

    async def finish_by_passkey(self, partial: str, device: Authenticator, **lies: Any) -> Answer:
        asked = await self._tell("auth/factor/passkey/options", partial_token=partial)
        if "refused" in asked:
            return asked
        return await self._tell(
            "auth/factor/passkey",
            partial_token=partial,
            ceremony=asked["ceremony"],
            credential=device.get(asked["options"], **lies),
        )

    async def step_up_by_passkey(self, token: str, device: Authenticator, **lies: Any) -> Answer:
        path, headers = "auth/step-up/passkey", bearer(token)
        asked = await self._ask("POST", f"{path}/options", headers=headers)
        if "refused" in asked:
            return asked
        credential = device.get(asked["options"], **lies)
        body = {"ceremony": asked["ceremony"], "credential": credential}
        return await self._ask("POST", path, body, headers=headers)

    async def update_me(self, token: str, fields: Fields) -> Answer:
        return await self._ask("PATCH", "me", fields, headers=bearer(token))

    async def change_email(self, token: str, email: str) -> Answer:
        return await self._ask("POST", "me/email", {"new_email": email}, headers=bearer(token))

    async def change_password(self, token: str, current: str, new: str) -> Answer:
        body = {"current_password": current, "new_password": new}
        return await self._ask("POST", "me/password", body, headers=bearer(token))

    async def keep_factors(self, token: str) -> Answer:
        return await self._ask("DELETE", "me/factors/reset", headers=bearer(token))

    async def my_sessions(self, token: str) -> Answer:
        return await self._ask("GET", "me/sessions", headers=bearer(token))

    async def end_session(self, token: str, session: str | None) -> Answer:
        path = "me/sessions" if session is None else f"me/sessions/{session}"
        return await self._ask("DELETE", path, headers=bearer(token))

    async def sign_out(self, token: str) -> Answer:
        return await self._ask("POST", "auth/logout", headers=bearer(token))

    async def delete_me(self, token: str) -> Answer:
        return await self._ask("DELETE", "me", headers=bearer(token))

    async def _tell(self, path: str, **body: Any) -> Answer:
        return await self._ask("POST", path, body, headers={})

    @abstractmethod
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
    ) -> Answer: ...


def bearer(token: str) -> dict[str, str]:
    """Return the header for an access token."""
    return {"authorization": f"Bearer {token}"}

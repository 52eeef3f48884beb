"""The library: Python calls the services."""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from limen.core.api_keys.form import read_key_id
from limen.core.ids import ApiKeyId, PasskeyId, RememberedId, SessionId, UserId
from limen.core.page import ListQuery
from limen.core.users.model import Status
from limen.entrypoints.cookie_shapes import RememberedOut
from limen.entrypoints.factor_shapes import FactorResetOut, FactorsOut
from limen.entrypoints.machine_shapes import ApiKeyOut, NewApiKeyOut, ServiceAccountOut
from limen.entrypoints.passkey_shapes import PasskeyOut
from limen.entrypoints.shapes import GrantOut, ListMetaOut, RoleOut, SessionOut, UserOut
from limen.testing.assembly import OPERATOR, PASSWORD
from tests.integration.doors.answers import Answer, Fields, plain, told
from tests.integration.doors.doors import Door


class LibraryDoor(Door):
    """Python calls the services."""

    async def register(self, fields: Fields) -> Answer:
        return await self._shown(UserOut, self.limen.users.register(**fields))

    async def create_user(self, fields: Fields) -> Answer:
        given = {**fields, "status": Status(fields.get("status", "active"))}
        return await self._shown(UserOut, self.limen.users.create(actor=OPERATOR, **given))

    async def show_user(self, user: str) -> Answer:
        return await self._shown(UserOut, self.limen.users.get(_id(user), actor=OPERATOR))

    async def list_users(self, query: Fields) -> Answer:
        async def asked() -> Answer:
            found = await self.limen.users.list(ListQuery(**query), actor=OPERATOR)
            return {
                "data": plain([UserOut.of(user) for user in found.items]),
                "meta": plain(ListMetaOut.of(found)),
            }

        return await told(asked())

    async def update_user(self, user: str, fields: Fields, version: int | None = None) -> Answer:
        return await self._shown(
            UserOut,
            self.limen.users.update(_id(user), actor=OPERATOR, expected_version=version, **fields),
        )

    async def suspend(self, user: str) -> Answer:
        return await self._shown(UserOut, self.limen.users.suspend(_id(user), actor=OPERATOR))

    async def reactivate(self, user: str) -> Answer:
        return await self._shown(UserOut, self.limen.users.reactivate(_id(user), actor=OPERATOR))

    async def delete_user(self, user: str) -> Answer:
        return await told(self.limen.users.delete(_id(user), actor=OPERATOR))

    async def set_password(self, user: str, password: str) -> Answer:
        return await told(self.limen.passwords.set(_id(user), new=password, actor=OPERATOR))

    async def require_reset(self, user: str) -> Answer:
        return await told(self.limen.assistance.require_reset(_id(user), actor=OPERATOR))

    async def verify_email(self, user: str) -> Answer:
        asked = self.limen.assistance.verify_email(_id(user), actor=OPERATOR)
        return await self._shown(UserOut, asked)

    async def unlock(self, user: str) -> Answer:
        return await told(self.limen.assistance.unlock(_id(user), actor=OPERATOR))

    async def list_sessions(self, user: str) -> Answer:
        return await self._all(SessionOut, self.limen.sessions.list(_id(user), actor=OPERATOR))

    async def revoke(self, user: str, session: str | None) -> Answer:
        if session is None:
            answer = await told(self.limen.sessions.revoke_all(_id(user), actor=OPERATOR))
            return None if isinstance(answer, int) else answer
        session_id = SessionId(UUID(session))
        return await told(self.limen.sessions.revoke(_id(user), session_id, actor=OPERATOR))

    async def remember(self, email: str) -> None:
        await self.limen.sign_in.sign_in_by_cookie(
            identifier=email, password=PASSWORD, label="Desk", is_remembered=True
        )

    async def list_remembered(self, user: str) -> Answer:
        use_case = self.limen.remembered.list(_id(user), actor=OPERATOR)
        return await self._all(RememberedOut, use_case)

    async def forget_browser(self, user: str, browser: str) -> Answer:
        remembered_id = RememberedId(UUID(browser))
        return await told(self.limen.remembered.revoke(_id(user), remembered_id, actor=OPERATOR))

    async def list_passkeys(self, user: str) -> Answer:
        return await self._all(PasskeyOut, self.limen.passkeys.list(_id(user), actor=OPERATOR))

    async def remove_passkey(self, user: str, passkey: str) -> Answer:
        passkey_id = PasskeyId(UUID(passkey))
        return await told(self.limen.passkeys.remove(_id(user), passkey_id, actor=OPERATOR))

    async def show_factors(self, user: str) -> Answer:
        async def asked() -> Answer:
            found = await self.limen.factors.get(_id(user), actor=OPERATOR)
            return plain(FactorsOut.of(found))

        return await told(asked())

    async def reset_factors(self, user: str) -> Answer:
        reset = self.limen.factors.reset(_id(user), actor=OPERATOR)
        return await self._shown(FactorResetOut, reset)

    async def approve_reset(self, user: str) -> Answer:
        reset = self.limen.factors.approve_reset(_id(user), actor=OPERATOR)
        return await self._shown(FactorResetOut, reset)

    async def withdraw_reset(self, user: str) -> Answer:
        return await told(self.limen.factors.withdraw_reset(_id(user), actor=OPERATOR))

    async def create_account(self, fields: Fields) -> Answer:
        made = self.limen.service_accounts.create(actor=OPERATOR, **fields)
        return await self._shown(ServiceAccountOut, made)

    async def show_account(self, account: str) -> Answer:
        found = self.limen.service_accounts.get(_id(account), actor=OPERATOR)
        return await self._shown(ServiceAccountOut, found)

    async def list_accounts(self) -> Answer:
        async def asked() -> Answer:
            query = ListQuery(filters={})
            found = await self.limen.service_accounts.list(query, actor=OPERATOR)
            return plain([ServiceAccountOut.of(account) for account in found.items])

        return await told(asked())

    async def update_account(
        self, account: str, fields: Fields, version: int | None = None
    ) -> Answer:
        changed = self.limen.service_accounts.update(
            _id(account), actor=OPERATOR, expected_version=version, **fields
        )
        return await self._shown(ServiceAccountOut, changed)

    async def suspend_account(self, account: str) -> Answer:
        changed = self.limen.service_accounts.suspend(_id(account), actor=OPERATOR)
        return await self._shown(ServiceAccountOut, changed)

    async def reactivate_account(self, account: str) -> Answer:
        changed = self.limen.service_accounts.reactivate(_id(account), actor=OPERATOR)
        return await self._shown(ServiceAccountOut, changed)

    async def delete_account(self, account: str) -> Answer:
        return await told(self.limen.service_accounts.delete(_id(account), actor=OPERATOR))

    async def create_key(self, account: str, fields: Fields) -> Answer:
        given = dict(fields)
        if "expires_at" in given:
            given["expires_at"] = datetime.fromisoformat(given["expires_at"])
        made = self.limen.api_keys.create(_id(account), actor=OPERATOR, **given)
        return await self._shown(NewApiKeyOut, made)

    async def list_keys(self, owner: str) -> Answer:
        async def asked() -> Answer:
            query = ListQuery(filters={})
            found = await self.limen.api_keys.list(_id(owner), query, actor=OPERATOR)
            return plain([ApiKeyOut.of(seen) for seen in found.items])

        return await told(asked())

    async def show_key(self, key: str) -> Answer:
        async def asked() -> Answer:
            return plain(ApiKeyOut.of(await self.limen.api_keys.get(_key(key), actor=OPERATOR)))

        return await told(asked())

    async def rotate_key(self, account: str, key: str, overlap: int | None = None) -> Answer:
        span = None if overlap is None else timedelta(seconds=overlap)
        made = self.limen.api_keys.rotate(_id(account), _key(key), overlap=span, actor=OPERATOR)
        return await self._shown(NewApiKeyOut, made)

    async def revoke_key(self, key: str) -> Answer:
        return await told(self.limen.api_keys.revoke(_key(key), actor=OPERATOR))

    async def report_key(self, key: str) -> Answer:
        return await told(self.limen.api_keys.report(key, actor=OPERATOR))

    async def list_roles(self) -> Answer:
        return await self._all(RoleOut, self.limen.roles.list(actor=OPERATOR))

    async def create_role(self, name: str, fields: Fields) -> Answer:
        made = self.limen.roles.create(actor=OPERATOR, name=name, **fields)
        return await self._shown(RoleOut, made)

    async def replace_role(self, name: str, fields: Fields, version: int | None = None) -> Answer:
        replaced = self.limen.roles.replace(
            name, actor=OPERATOR, expected_version=version, **fields
        )
        return await self._shown(RoleOut, replaced)

    async def delete_role(self, name: str) -> Answer:
        return await told(self.limen.roles.delete(name, actor=OPERATOR))

    async def grant(self, user: str, role: str, ends_at: str | None = None) -> Answer:
        end = None if ends_at is None else datetime.fromisoformat(ends_at)
        given = self.limen.roles.grant(_id(user), role, actor=OPERATOR, ends_at=end)
        return await self._shown(GrantOut, given)

    async def withdraw(self, user: str, role: str) -> Answer:
        return await told(self.limen.roles.withdraw(_id(user), role, actor=OPERATOR))

    async def list_grants(self, user: str) -> Answer:
        return await self._all(GrantOut, self.limen.roles.list_grants(_id(user), actor=OPERATOR))

    async def list_permissions(self) -> Answer:
        return await told(self._permissions())

    async def _permissions(self) -> Answer:
        return list(await self.limen.roles.list_permissions(actor=OPERATOR))

    async def _shown(self, shape: Any, asked: Awaitable[Any]) -> Answer:
        answer = await told(asked)
        return answer if isinstance(answer, dict) else plain(shape.of(answer))

    async def _all(self, shape: Any, asked: Awaitable[Any]) -> Answer:
        answer = await told(asked)
        return answer if isinstance(answer, dict) else plain([shape.of(one) for one in answer])


def _id(user: str) -> UserId:
    return UserId(UUID(user))


def _key(text: str) -> ApiKeyId:
    """Return the id of a key, or one that no key has."""
    return read_key_id(text) or ApiKeyId(UUID(int=0))

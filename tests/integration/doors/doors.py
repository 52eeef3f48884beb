"""What every door is asked: in the same words, and each answers in the same form."""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

from limen.core.actor import Actor
from limen.core.factors.service import FactorService
from limen.core.page import ListQuery
from limen.entrypoints.factor_shapes import NewTotpOut, RecoveryCodesOut
from limen.entrypoints.passkey_shapes import PasskeyOut
from limen.entrypoints.shapes import TokensOut, UserOut
from limen.entrypoints.signin_shapes import sign_in_out
from limen.testing.passkeys import Authenticator
from tests.integration.doors.answers import Answer, Fields, plain, told
from tests.integration.doors.person import PersonDoor


class Door(PersonDoor, ABC):
    """What can be done through every door. Actions that return nothing answer `None`."""

    async def sign_in(self, identifier: str, password: str) -> Answer:
        async def asked() -> Answer:
            use_case = self.limen.sign_in.sign_in(identifier=identifier, password=password)
            return plain(sign_in_out(await use_case))

        return await told(asked())

    async def refresh(self, token: str) -> Answer:
        async def asked() -> Answer:
            return plain(TokensOut.of(await self.limen.tokens.refresh(refresh_token=token)))

        return await told(asked())

    async def who_am_i(self, token: str) -> Answer:
        async def asked() -> Answer:
            claims = await self.limen.tokens.authenticate(token)
            me = Actor.anonymous().as_user(claims.user_id, claims.session_id)
            return plain(UserOut.of(await self.limen.users.get(claims.user_id, actor=me)))

        return await told(asked())

    async def _own_factors(
        self, token: str, use_case: Callable[[FactorService, Actor], Awaitable[Any]]
    ) -> Any:
        claims = await self.limen.tokens.authenticate(token)
        me = Actor.anonymous().as_user(claims.user_id, claims.session_id)
        return await use_case(self.limen.factors, me)

    async def begin_totp(self, token: str) -> Answer:
        async def asked() -> Answer:
            made = await self._own_factors(token, lambda own, me: own.begin_totp(actor=me))
            return plain(NewTotpOut.of(made))

        return await told(asked())

    async def confirm_totp(self, token: str, code: str) -> Answer:
        async def asked() -> Answer:
            codes = await self._own_factors(
                token, lambda own, me: own.confirm_totp(code=code, actor=me)
            )
            return plain(RecoveryCodesOut.of(codes))

        return await told(asked())

    async def remove_totp(self, token: str) -> Answer:
        return await told(self._own_factors(token, lambda own, me: own.remove_totp(actor=me)))

    async def make_recovery_codes(self, token: str) -> Answer:
        async def asked() -> Answer:
            codes = await self._own_factors(
                token, lambda own, me: own.make_recovery_codes(actor=me)
            )
            return plain(RecoveryCodesOut.of(codes))

        return await told(asked())

    async def enrol_passkey(self, token: str, device: Authenticator, **lies: Any) -> Answer:
        async def asked() -> Answer:
            claims = await self.limen.tokens.authenticate(token)
            me = Actor.anonymous().as_user(claims.user_id, claims.session_id)
            question = await self.limen.passkeys.begin_enrolment(actor=me)
            credential = device.create(question.options, **lies)
            enrolled = await self.limen.passkeys.enrol(
                ceremony=question.ceremony, answer=credential, name="Laptop", actor=me
            )
            return plain(PasskeyOut.of(enrolled))

        return await told(asked())

    async def sign_in_by_passkey(
        self, device: Authenticator, identifier: str | None = None, **lies: Any
    ) -> Answer:
        async def asked() -> Answer:
            question = await self.limen.passkey_sign_in.ask(identifier=identifier)
            credential = device.get({**question.options, "allowCredentials": []}, **lies)
            tokens = await self.limen.passkey_sign_in.complete(
                ceremony=question.ceremony, answer=credential
            )
            return plain(TokensOut.of(tokens))

        return await told(asked())

    @abstractmethod
    async def list_passkeys(self, user: str) -> Answer: ...
    @abstractmethod
    async def remove_passkey(self, user: str, passkey: str) -> Answer: ...
    @abstractmethod
    async def register(self, fields: Fields) -> Answer: ...
    @abstractmethod
    async def create_user(self, fields: Fields) -> Answer: ...
    @abstractmethod
    async def show_user(self, user: str) -> Answer: ...
    @abstractmethod
    async def list_users(self, query: Fields) -> Answer: ...
    @abstractmethod
    async def update_user(
        self, user: str, fields: Fields, version: int | None = None
    ) -> Answer: ...
    @abstractmethod
    async def suspend(self, user: str) -> Answer: ...
    @abstractmethod
    async def reactivate(self, user: str) -> Answer: ...
    @abstractmethod
    async def delete_user(self, user: str) -> Answer: ...
    @abstractmethod
    async def set_password(self, user: str, password: str) -> Answer: ...
    @abstractmethod
    async def require_reset(self, user: str) -> Answer: ...
    @abstractmethod
    async def verify_email(self, user: str) -> Answer: ...
    @abstractmethod
    async def unlock(self, user: str) -> Answer: ...
    @abstractmethod
    async def list_sessions(self, user: str) -> Answer: ...
    @abstractmethod
    async def revoke(self, user: str, session: str | None) -> Answer: ...
    @abstractmethod
    async def remember(self, email: str) -> None: ...
    @abstractmethod
    async def list_remembered(self, user: str) -> Answer: ...
    @abstractmethod
    async def forget_browser(self, user: str, browser: str) -> Answer: ...
    @abstractmethod
    async def show_factors(self, user: str) -> Answer: ...
    @abstractmethod
    async def reset_factors(self, user: str) -> Answer: ...
    @abstractmethod
    async def approve_reset(self, user: str) -> Answer: ...
    @abstractmethod
    async def withdraw_reset(self, user: str) -> Answer: ...
    async def use_key(self, key: str) -> Answer:
        """Look all users up by a key, and name them."""

        async def asked() -> Answer:
            claims = await self.limen.api_keys.authenticate(key)
            me = Actor.anonymous().as_key(claims.user_id, claims.name, claims.scopes)
            found = await self.limen.users.list(ListQuery(filters={}), actor=me)
            return [user.email.address for user in found.items if user.is_person]

        return await told(asked())

    @abstractmethod
    async def create_account(self, fields: Fields) -> Answer: ...
    @abstractmethod
    async def show_account(self, account: str) -> Answer: ...
    @abstractmethod
    async def list_accounts(self) -> Answer: ...
    @abstractmethod
    async def update_account(
        self, account: str, fields: Fields, version: int | None = None
    ) -> Answer: ...
    @abstractmethod
    async def suspend_account(self, account: str) -> Answer: ...
    @abstractmethod
    async def reactivate_account(self, account: str) -> Answer: ...
    @abstractmethod
    async def delete_account(self, account: str) -> Answer: ...
    @abstractmethod
    async def create_key(self, account: str, fields: Fields) -> Answer: ...
    @abstractmethod
    async def list_keys(self, owner: str) -> Answer: ...
    @abstractmethod
    async def show_key(self, key: str) -> Answer: ...
    @abstractmethod
    async def rotate_key(self, account: str, key: str, overlap: int | None = None) -> Answer: ...
    @abstractmethod
    async def revoke_key(self, key: str) -> Answer: ...
    @abstractmethod
    async def report_key(self, key: str) -> Answer: ...
    @abstractmethod
    async def list_roles(self) -> Answer: ...
    @abstractmethod
    async def create_role(self, name: str, fields: Fields) -> Answer: ...
    @abstractmethod
    async def replace_role(
        self, name: str, fields: Fields, version: int | None = None
    ) -> Answer: ...
    @abstractmethod
    async def delete_role(self, name: str) -> Answer: ...
    @abstractmethod
    async def grant(self, user: str, role: str, ends_at: str | None = None) -> Answer: ...
    @abstractmethod
    async def withdraw(self, user: str, role: str) -> Answer: ...
    @abstractmethod
    async def list_grants(self, user: str) -> Answer: ...
    @abstractmethod
    async def list_permissions(self) -> Answer: ...

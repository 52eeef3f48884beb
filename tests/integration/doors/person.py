"""What somebody does to their own account, asked of the library; the other doors have their own."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from limen.core.actor import Actor
from limen.core.ids import SessionId, UserId
from limen.entrypoints.accepted import CHANGE_SENT, RESET_SENT, VERIFICATION_SENT
from limen.entrypoints.factor_shapes import NewTotpOut
from limen.entrypoints.shapes import (
    AcceptedOut,
    LinkAskedOut,
    SessionOut,
    TokensOut,
    UserOut,
    VerifiedEmailOut,
)
from limen.entrypoints.signin_shapes import FirstFactorOut, SteppedUpOut, sign_in_out
from limen.testing.assembly import Assembly
from limen.testing.passkeys import Authenticator
from tests.integration.doors.answers import Answer, Fields, plain, told


class PersonDoor:
    """What a person does: with nothing, with an access token, or with what a first step gave."""

    def __init__(self, limen: Assembly) -> None:
        self.limen = limen

    async def verify(self, proof: Fields, token: str | None = None) -> Answer:
        async def asked() -> Answer:
            me = Actor.anonymous() if token is None else (await self._me(token))[1]
            return plain(VerifiedEmailOut.of(await self.limen.emails.verify(actor=me, **proof)))

        return await told(asked())

    async def send_verification(self, identifier: str) -> Answer:
        asked = self.limen.emails.send_verification(identifier=identifier)
        return await _accepted(asked, VERIFICATION_SENT)

    async def forgot(self, identifier: str) -> Answer:
        return await _accepted(self.limen.recovery.forgot(identifier=identifier), RESET_SENT)

    async def reset(self, proof: Fields, new: str) -> Answer:
        async def asked() -> None:
            await self.limen.recovery.reset(new=new, **proof)

        return await told(asked())

    async def ask_link(self, identifier: str) -> Answer:
        async def asked() -> Answer:
            browser = await self.limen.links.ask(identifier=identifier)
            return plain(LinkAskedOut(browser_token=browser.reveal()))

        return await told(asked())

    async def complete_link(self, browser: str, proof: Fields) -> Answer:
        async def asked() -> Answer:
            return plain(sign_in_out(await self.limen.links.complete(browser=browser, **proof)))

        return await told(asked())

    async def finish(self, partial: str, code: str) -> Answer:
        async def asked() -> Answer:
            use_case = self.limen.second_step.finish(partial_token=partial, code=code)
            return plain(TokensOut.of(await use_case))

        return await told(asked())

    async def stop(self, partial: str) -> Answer:
        return await told(self.limen.second_step.stop(partial_token=partial))

    async def begin_required_totp(self, partial: str) -> Answer:
        async def asked() -> Answer:
            return plain(
                NewTotpOut.of(await self.limen.required_factor.begin(partial_token=partial))
            )

        return await told(asked())

    async def confirm_required_totp(self, partial: str, code: str) -> Answer:
        async def asked() -> Answer:
            use_case = self.limen.required_factor.confirm(partial_token=partial, code=code)
            return plain(FirstFactorOut.of(await use_case))

        return await told(asked())

    async def step_up(self, token: str, password: str, code: str | None = None) -> Answer:
        async def asked(_: UserId, me: Actor) -> Answer:
            use_case = self.limen.step_up.step_up(password=password, code=code, actor=me)
            return plain(SteppedUpOut.of(await use_case))

        return await self._as(token, asked)

    async def finish_by_passkey(self, partial: str, device: Authenticator, **lies: Any) -> Answer:
        async def asked() -> Answer:
            steps = self.limen.passkey_steps
            question = await steps.ask_to_finish(partial_token=partial)
            use_case = steps.finish(
                partial_token=partial,
                ceremony=question.ceremony,
                answer=device.get(question.options, **lies),
            )
            return plain(TokensOut.of(await use_case))

        return await told(asked())

    async def step_up_by_passkey(self, token: str, device: Authenticator, **lies: Any) -> Answer:
        async def asked(_: UserId, me: Actor) -> Answer:
            question = await self.limen.passkey_steps.ask_to_step_up(actor=me)
            use_case = self.limen.passkey_steps.step_up(
                ceremony=question.ceremony, answer=device.get(question.options, **lies), actor=me
            )
            return plain(SteppedUpOut.of(await use_case))

        return await self._as(token, asked)

    async def update_me(self, token: str, fields: Fields) -> Answer:
        async def asked(user_id: UserId, me: Actor) -> Answer:
            return plain(UserOut.of(await self.limen.users.update(user_id, actor=me, **fields)))

        return await self._as(token, asked)

    async def change_email(self, token: str, email: str) -> Answer:
        async def asked(_: UserId, me: Actor) -> Answer:
            use_case = self.limen.emails.request_change(new_email=email, actor=me)
            return await _accepted(use_case, CHANGE_SENT)

        return await self._as(token, asked)

    async def change_password(self, token: str, current: str, new: str) -> Answer:
        async def asked(_: UserId, me: Actor) -> Answer:
            return await self.limen.passwords.change(current=current, new=new, actor=me)

        return await self._as(token, asked)

    async def keep_factors(self, token: str) -> Answer:
        async def asked(user_id: UserId, me: Actor) -> None:
            await self.limen.factors.withdraw_reset(user_id, actor=me)

        return await self._as(token, asked)

    async def my_sessions(self, token: str) -> Answer:
        async def asked(user_id: UserId, me: Actor) -> Answer:
            live = await self.limen.sessions.list(user_id, actor=me)
            return plain([SessionOut.of(one, current=me.session_id) for one in live])

        return await self._as(token, asked)

    async def end_session(self, token: str, session: str | None) -> Answer:
        async def asked(user_id: UserId, me: Actor) -> Answer:
            if session is None:
                await self.limen.sessions.revoke_others(actor=me)
            else:
                await self.limen.sessions.revoke(user_id, SessionId(UUID(session)), actor=me)

        return await self._as(token, asked)

    async def sign_out(self, token: str) -> Answer:
        async def asked(_: UserId, me: Actor) -> Answer:
            return await self.limen.sessions.sign_out(actor=me)

        return await self._as(token, asked)

    async def delete_me(self, token: str) -> Answer:
        async def asked(user_id: UserId, me: Actor) -> Answer:
            return await self.limen.users.delete(user_id, actor=me)

        return await self._as(token, asked)

    async def _as(self, token: str, use_case: Callable[[UserId, Actor], Awaitable[Any]]) -> Answer:
        async def asked() -> Answer:
            return await use_case(*await self._me(token))

        return await told(asked())

    async def _me(self, token: str) -> tuple[UserId, Actor]:
        claims = await self.limen.tokens.authenticate(token)
        return claims.user_id, Actor.anonymous().as_user(claims.user_id, claims.session_id)


async def _accepted(asked: Awaitable[None], message: str) -> Answer:
    refusal = await told(asked)
    return refusal or plain(AcceptedOut(message=message))

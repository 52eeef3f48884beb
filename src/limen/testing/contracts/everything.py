"""A store with something of every kind in it, a change of all of that, and what is shown of it."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from limen.core.api_keys.model import ApiKeyEnd
from limen.core.errors import CeremonyOver, LimenError
from limen.core.ids import UserId
from limen.core.page import Selection
from limen.core.passkeys.model import Ceremony
from limen.core.proofs.model import Purpose
from limen.core.sessions.model import EndReason
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory, View
from limen.testing.builders import (
    a_credential,
    a_device,
    a_family,
    a_full_user,
    a_grant,
    a_message,
    a_partial_session,
    a_proof,
    a_recovery_code,
    a_remembered,
    a_role,
    a_session,
    a_session_id,
    a_signing_key,
    a_throttle,
    a_totp,
    a_user,
    a_user_id,
    an_account,
    an_attempt,
    an_event,
)
from limen.testing.contracts.steps import FIND, keep, look, put
from limen.testing.fakes import NOON
from limen.testing.machine_builders import a_key, a_reset_request
from limen.testing.passkeys import a_ceremony, a_passkey

INSTANT: Final = timedelta(microseconds=1)
LATER: Final = NOON + timedelta(minutes=1)

# What there is to ask about a user.
_OF_USER: Final[dict[str, Callable[[View, User], Awaitable[Any]]]] = {
    "users.find": lambda view, user: view.users.find(user.email),
    "users.find, by username": lambda view, user: view.users.find(user.username or user.email),
    "sessions.list_live": lambda view, user: view.sessions.list_live(user.id, NOON),
    "grants.list": lambda view, user: view.grants.list(user.id),
    "grants.list_held": lambda view, user: view.grants.list_held(user.id, NOON),
    "proofs.find_of": lambda view, user: view.proofs.find_of(user.id, Purpose.VERIFY_EMAIL),
    "passkeys.list": lambda view, user: view.passkeys.list(user.id),
    "totps.find": lambda view, user: view.totps.find(user.id),
    "totps.find_waiting": lambda view, user: view.totps.find_waiting(user.id),
    "recovery_codes.list": lambda view, user: view.recovery_codes.list(user.id),
    "api_keys.list": lambda view, user: view.api_keys.list(user.id),
    "api_keys.count": lambda view, user: view.api_keys.count(user.id, NOON),
    "remembered.list": lambda view, user: view.remembered.list(user.id),
    "devices.list": lambda view, user: view.devices.list(user.id),
    "factor_resets.find": lambda view, user: view.factor_resets.find(user.id),
}

_OF_ALL: Final[dict[str, Callable[[View], Awaitable[Any]]]] = {
    "accounts.list": lambda view: view.accounts.list(),
    "users.list": lambda view: view.users.list(Selection(), NOON),
    "sessions.list_endings": lambda view: view.sessions.list_endings(NOON),
    "keys.list": lambda view: view.keys.list(),
    "roles.list": lambda view: view.roles.list(),
    "grants.count_administrators": lambda view: view.grants.count_administrators(
        besides=a_user_id()
    ),
    "messages.list": lambda view: view.messages.list(),
}


class Belongings:
    """One thing of each kind that belongs to a user."""

    def __init__(self, user_id: UserId) -> None:
        """Build them."""
        self.session = a_session(user_id)
        self.family = a_family(self.session.id)
        self.proof = a_proof(user_id)
        self.partial = a_partial_session(user_id)
        self.passkey = a_passkey(user_id, sign_count=1)
        self.totp = a_totp(user_id, confirmed_at=NOON, last_step=1)
        self.waiting = a_totp(user_id)
        self.code = a_recovery_code(user_id)
        self.key = a_key(user_id)
        self.remembered = a_remembered(user_id)
        self.device = a_device(user_id)
        self.reset = a_reset_request(user_id)

    @property
    def all(self) -> tuple[object, ...]:
        """All of them, in the order in which they can be stored."""
        return tuple(vars(self).values())


class Everything:
    """Things of every kind: those that a store is filled with, and those that a change adds."""

    def __init__(self) -> None:
        """Build them."""
        self.ada, self.eve, self.bob = (an_account(a_user(username=n), "admin") for n in "aeb")
        self.of = {one.user.id: Belongings(one.user.id) for one in (self.ada, self.eve, self.bob)}
        self.waiting, self.claimed = a_message(), a_message(due_at=LATER)
        self.ceremonies = a_ceremony(), a_ceremony()
        self.present = [a_role("spare"), a_role("kept"), self.ada, self.eve, self.bob]
        self.present += [one for each in self.of.values() for one in each.all]
        self.present += [self.waiting, self.claimed, a_signing_key(), self.ceremonies[0]]
        self.present += [a_throttle("old"), an_attempt(b"old"), an_event()]
        new = a_full_user()
        self.added = [new, a_credential(new.id), a_grant(new.id), *Belongings(new.id).all]
        self.added += [a_signing_key(), a_role(), a_message(), self.ceremonies[1]]
        self.added += [a_throttle("new"), an_attempt(b"new"), an_account(), an_event(new.id)]
        self.users = self.ada.user, self.bob.user, new

    async def fill(self, unit_of_work: UnitOfWorkFactory) -> None:
        """Store what is there before the change."""
        await keep(unit_of_work, *self.present)

    async def change(self, uow: UnitOfWork) -> None:
        """Write to every repository in every way: add, change and remove."""
        for thing in self.added:
            await put(uow, thing)
        await self._change_people(uow)
        await self._change_sign_ins(uow, self.of[self.ada.user.id])
        await self._change_factors(uow, self.of[self.ada.user.id])
        await self._change_post(uow)
        await self._take_all_of(uow, self.bob.user.id)
        await uow.users.remove(self.eve.user.id)

    async def _change_people(self, uow: UnitOfWork) -> None:
        ada = self.ada.user
        await uow.users.save(replace(ada, name="changed", version=2))
        await uow.users.sign_in(replace(ada, last_sign_in_at=NOON))
        await uow.passwords.save(a_credential(ada.id, digest="changed", version=2))
        await uow.grants.remove(ada.id, "admin")
        await uow.grants.purge(NOON, 100)
        await uow.roles.remove("spare", NOON)
        await uow.roles.save(a_role("kept", version=2))
        await uow.throttles.clear("old")
        await uow.outbox.purge(NOON.replace(year=2100), 100)

    async def _change_sign_ins(self, uow: UnitOfWork, of: Belongings) -> None:
        user_id = of.session.user_id
        await uow.families.rotate(a_family(of.session.id, generation=2))
        await uow.sessions.use(replace(of.session, last_used_at=LATER))
        await uow.sessions.prove(replace(of.session, methods=("otp",), authenticated_at=LATER))
        await uow.sessions.end(user_id, NOON, EndReason.REVOKED)
        await uow.proofs.charge(of.proof.id, 5)
        await uow.proofs.consume(of.proof.id, NOON)
        await uow.partial_sessions.charge(of.partial.id, 5)
        await uow.remembered.renew(of.remembered.renewed(b"next", a_session_id(), LATER))
        await uow.devices.note(replace(of.device, last_seen_at=LATER))
        await uow.api_keys.use(of.key.id, LATER, NOON)
        await uow.api_keys.save(of.key.ended(NOON, ApiKeyEnd.REVOKED))

    async def _change_factors(self, uow: UnitOfWork, of: Belongings) -> None:
        user_id = of.totp.user_id
        await uow.passkeys.use(of.passkey.used(2, LATER, is_backed_up=True))
        await uow.passkeys.save(of.passkey.renamed("changed"))
        await uow.totps.use(of.totp.id, 2)
        await uow.totps.reseal(of.totp.id, b"anew")
        await uow.totps.confirm(of.waiting.id, 3, NOON)
        await uow.recovery_codes.consume(user_id, of.code.digest)
        await uow.factor_resets.consume(of.reset, NOON)

    async def _change_post(self, uow: UnitOfWork) -> None:
        await uow.messages.claim(NOON, LATER, 100)
        await uow.messages.save(replace(self.claimed, tries=7, version=2))
        await uow.attempts.finish(an_attempt(b"old", sealed=b"answer"))
        ceremony = self.ceremonies[0]
        await uow.ceremonies.consume(ceremony.digest, ceremony.purpose, NOON)

    async def _take_all_of(self, uow: UnitOfWork, user_id: UserId) -> None:
        of = self.of[user_id]
        await uow.passwords.remove(user_id)
        await uow.proofs.remove(user_id)
        await uow.partial_sessions.consume(of.partial.id, NOON)
        await uow.partial_sessions.remove(user_id)
        await uow.passkeys.remove(user_id, of.passkey.id)
        await uow.passkeys.remove_all(user_id)
        await uow.totps.remove(user_id)
        await uow.recovery_codes.remove(user_id)
        await uow.api_keys.end(user_id, NOON, ApiKeyEnd.TAKEN_OVER)
        await uow.remembered.remove(user_id)
        await uow.devices.remove(user_id)

    # --- what is shown ---

    async def shown(self, view: View) -> dict[str, Any]:
        """Return what a view or a unit of work shows of all that, but for events."""
        found: dict[str, Any] = {name: await ask(view) for name, ask in _OF_ALL.items()}
        for name, ask in _OF_USER.items():
            found[name] = [await ask(view, user) for user in self.users]
        for thing in (*self.present, *self.added):
            if type(thing) in FIND:
                found.setdefault(type(thing).__name__, []).append(await _found(view, thing))
        return found

    async def committed(self, unit_of_work: UnitOfWorkFactory) -> dict[str, Any]:
        """Return all that is committed, and what only a unit of work can be asked for, too."""
        shown = await look(unit_of_work, self.shown)
        async with unit_of_work.view() as view:
            shown["outbox"] = await view.outbox.list(limit=1000)
        async with unit_of_work() as uow:
            shown["throttles"] = await uow.throttles.lock(["old", "new"], NOON)
            again = [an_attempt(scope, begun_at=NOON + INSTANT) for scope in (b"old", b"new")]
            shown["attempts"] = [
                await uow.attempts.begin(one, abandoned_before=NOON) for one in again
            ]
        shown["ceremonies"] = [await _taken(unit_of_work, one) for one in self.ceremonies]
        return shown


async def _found(view: View, thing: object) -> object:
    try:
        return await FIND[type(thing)](view, thing)
    except LimenError as refusal:
        return type(refusal).__name__


async def _taken(unit_of_work: UnitOfWorkFactory, ceremony: Ceremony) -> Ceremony | None:
    try:
        async with unit_of_work() as uow:
            return await uow.ceremonies.consume(ceremony.digest, ceremony.purpose, NOON)
    except CeremonyOver:
        return None

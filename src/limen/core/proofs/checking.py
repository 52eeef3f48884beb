"""Telling whose link or code came in, before it is spent."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from limen.core.actor import Actor
from limen.core.errors import ProofInvalid, UserNotFound
from limen.core.ids import NOBODY, UserId
from limen.core.proofs.making import ProofMaker
from limen.core.proofs.model import (
    CHANGES,
    MOST_TRIES,
    Proof,
    Purpose,
    browser_digest,
    network_digest,
    read_link,
)
from limen.core.reading import Reader
from limen.core.secret import Secret, as_secret
from limen.core.throttles.charging import charge, subject_of
from limen.core.throttles.model import ThrottlePolicy, of_network, of_stranger
from limen.core.throttles.stuffing import Tried, note_failure
from limen.core.users.model import User, read_identifier
from limen.ports.clock import Clock
from limen.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What somebody shows: the token of a link, or a code and the name it was asked for with."""

    token: Secret[str] | None = None
    identifier: str | None = None
    code: Secret[str] | None = None


def present(
    token: Secret[str] | str | None, identifier: str | None, code: Secret[str] | str | None
) -> Presented:
    """Return what is shown: a token, or a code.

    Raises `InvalidInput` for both or neither, or for an identifier without a code.
    """
    reader = Reader()
    if token is None and code is None:
        reader.fault("token", "missing", "is needed, or a code")
    if token is not None:
        for name, value in (("identifier", identifier), ("code", code)):
            if value is not None:
                reader.fault(name, "unexpected", "is of no use beside a token")
    reader.refuse_faults()
    return Presented(token=_secret(token), identifier=identifier, code=_secret(code))


def _secret(text: Secret[str] | str | None) -> Secret[str] | None:
    return None if text is None else as_secret(text)


class _Place(NamedTuple):
    """Where there may be a proof of a user."""

    purpose: Purpose
    asker: bytes | None


class ProofChecker:
    """Finds the proof of a link or a code, and tells nobody why there is none.

    A link is found by its id. A code is short, so each one tried counts against the account, as a
    password does, and against the proof.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        clock: Clock,
        maker: ProofMaker,
        throttle: ThrottlePolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._maker = maker
        self._throttle = throttle

    async def check(
        self,
        shown: Presented,
        *purposes: Purpose,
        actor: Actor,
        browser: Secret[str] | None = None,
    ) -> Proof:
        """Return the live proof, for one of these purposes, that `shown` is good for.

        It is not spent yet. A code without an identifier is one of the actor's own. Raises
        `ProofInvalid`, or `TooManyAttempts` for too many codes.
        """
        now = self._clock.now()
        if shown.token is not None:
            proof = await self._by_link(shown.token, purposes)
        else:
            proof = await self._by_code(shown, purposes, actor, browser)
        if not proof.is_live(now):
            raise ProofInvalid
        if not self._maker.is_browser_of(proof, browser):
            raise ProofInvalid
        return proof

    async def renew(
        self, uow: UnitOfWork, purpose: Purpose, user: User, now: datetime
    ) -> Secret[str]:
        """Return the token of a new proof, for a locked user who has just spent another one."""
        made = self._maker.make(purpose, user.id, user.email.key, now)
        await uow.proofs.put(made.proof)
        return made.token

    async def _by_link(self, token: Secret[str], purposes: tuple[Purpose, ...]) -> Proof:
        link = read_link(token, *purposes)
        async with self._unit_of_work.view() as view:
            proof = await view.proofs.find(link.proof_id)
        if proof is None or proof.purpose is not link.purpose:
            raise ProofInvalid
        self._maker.check_link(proof, link)
        return proof

    async def _by_code(
        self,
        shown: Presented,
        purposes: tuple[Purpose, ...],
        actor: Actor,
        browser: Secret[str] | None,
    ) -> Proof:
        now = self._clock.now()
        places = _places(purposes, actor, browser)
        async with self._unit_of_work() as uow:
            user_id, subject = await _subject(uow, shown.identifier, actor, now)
            proofs = await self._proofs(uow, user_id, places, now)
            charged = [proof for proof in proofs if await uow.proofs.charge(proof.id, MOST_TRIES)]
            known = None if user_id == NOBODY else user_id
            before = await charge(
                uow, subject, actor, self._throttle, now, user_id=known, ids=self._maker.ids
            )
            await uow.commit()
        code = shown.code or Secret("")
        right = [proof for proof in proofs if self._maker.is_code_of(proof, code)]
        for proof in right:
            if proof in charged:
                return proof
        tried = Tried.at(before, self._throttle.window, now)
        async with self._unit_of_work() as uow:
            await note_failure(uow, tried, actor, self._throttle, now)
            await uow.commit()
        raise ProofInvalid

    async def _proofs(
        self, uow: UnitOfWork, user_id: UserId, places: Sequence[_Place], now: datetime
    ) -> list[Proof]:
        """Return the proofs of a user in these places; where there is none, one that nobody has.

        The user is locked, as by whoever spends a proof: of two that lock several proofs neither
        waits for the other. To make a proof up costs about as much as to read one, or somebody.
        """
        with suppress(UserNotFound):
            await uow.users.lock(user_id)
        asked = [await uow.proofs.find_of(user_id, *place) for place in places]
        found = [proof for proof in asked if proof is not None]
        unread = (user_id == NOBODY) + len(places) - len(found)
        purpose = places[0].purpose
        made_up = [self._maker.make(purpose, user_id, "", now).proof for _ in range(unread)]
        return [*found, *made_up][: len(places)]


def _places(
    purposes: tuple[Purpose, ...], actor: Actor, browser: Secret[str] | None
) -> tuple[_Place, ...]:
    """Return where the proof of a code may be: of this browser; or of this network, or of nobody.

    So strangers use up no tries of a code that was asked for elsewhere.
    """
    if browser is not None:
        return tuple(_Place(purpose, browser_digest(browser)) for purpose in purposes)
    network = of_network(actor.address)
    own = [_Place(each, network_digest(network)) for each in purposes if each not in CHANGES]
    return (*(own if network else ()), *(_Place(purpose, None) for purpose in purposes))


async def _subject(
    uow: UnitOfWork, identifier: str | None, actor: Actor, now: datetime
) -> tuple[UserId, str]:
    """Return whom a code is tried against, `NOBODY` for nobody, and what the try counts against.

    The store is asked as much for nobody as for somebody, here and in what follows.
    """
    read = None if identifier is None else read_identifier(identifier)
    user = None if read is None else await uow.users.find(read)
    user_id = user.id if user else NOBODY
    if identifier is None and actor.person_id is not None:
        user_id = actor.person_id
    subject = await subject_of(uow, user_id, actor, now)
    if user_id == NOBODY:
        subject = of_stranger(None if read is None else read.key, identifier or "")
    return user_id, subject

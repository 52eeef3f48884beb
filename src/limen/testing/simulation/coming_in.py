"""What people do for themselves: registering, signing in, refreshing, entering, leaving."""

import json
from typing import Any

from limen.core.actor import Actor
from limen.core.errors import LimenError, RefreshTokenInvalid, RefreshTokenReused
from limen.core.idempotency.model import StoredAnswer
from limen.core.signin.entering import PartialSignIn
from limen.core.tokens.issuing import IssuedTokens
from limen.testing.simulation.journal import Call
from limen.testing.simulation.people import Client, Worker
from limen.testing.simulation.town import Act, Town

_KEYS = 6
_DONE = 200
_WAITS = "waits for a second factor"
_LOCALES = (None, "de-AT", "zh-Hant-TW")


def register(town: Town) -> Act:
    """Ask for an account, at times for one that is there already."""
    client, worker = town.client(), town.worker()
    person = town.person()
    password = town.new_password()
    email = person.email.upper() if town.chance.happens(0.2) else person.email

    async def work(_: Call) -> Any:
        return await worker.limen.users.register(
            email=email,
            password=password,
            username=person.username,
            actor=Actor.anonymous(address=client.address),
        )

    def learn(outcome: Any) -> None:
        if not isinstance(outcome, LimenError):
            person.may_be(password)
            person.user_id = outcome.id

    return town.act(
        "register",
        email,
        worker,
        work,
        tells=("user.registered",),
        learn=learn,
        doubt=lambda: person.may_be(password),
        holds=lambda: town.journal.now("emails", person.email) is not None,
    )


def credentials(town: Town, client: Client) -> tuple[str, str]:
    """Return what somebody types: mostly their name and the password they know of."""
    person = client.person
    known = person.passwords
    if not known or town.chance.happens(0.12):
        password = "correct horse wrong"  # noqa: S105 - nobody's
    else:
        password = known[-1] if town.chance.happens(0.8) else town.chance.pick(known)
    name = person.username if town.chance.happens(0.2) else person.email
    return name.upper() if town.chance.happens(0.1) else name, password


def _signing_in(worker: Worker, client: Client, name: str, password: str) -> Any:
    actor = Actor.anonymous(address=client.address)
    return worker.limen.sign_in.sign_in(identifier=name, password=password, actor=actor)


def sign_in(town: Town) -> Act:
    """Sign in on one device."""
    client, worker = town.client(is_idle=True), town.worker()
    if town.chance.happens(0.3):
        client.person = town.person()
    name, password = credentials(town, client)
    act = town.act(
        "sign in",
        f"as {name} with {password!r}",
        worker,
        lambda _: _signing_in(worker, client, name, password),
        password=password,
        over=town.called(name),
        tells=("signin.succeeded", "signin.first_factor_proved"),
    )
    act.learn = lambda given: town.remember(client, act.call, given)
    return act


def sign_in_once(town: Town) -> Act:
    """Sign in under an idempotency key, as the HTTP door does it: begin, work, keep the answer."""
    client, worker = town.client(), town.worker()
    name, password = credentials(town, client)
    key = f"key-{town.chance.below(_KEYS)}"
    place = "/v1/sign-in" if town.chance.happens(0.9) else "/v1/elsewhere"
    service = worker.limen.idempotency
    kept: list[bool] = []

    async def work(_: Call) -> Any:
        request = (place.encode(), name.encode(), password.encode())
        claim = await service.begin(key, owner=client.address, request=request)
        if claim.answer is not None:
            answer = str(json.loads(claim.answer.body))
            town.journal.answered(claim.attempt, answer)
            return answer
        try:
            given = await _signing_in(worker, client, name, password)
        except LimenError:
            await _quietly(service.abandon(claim.attempt))
            raise
        told = _WAITS if isinstance(given, PartialSignIn) else str(given.session_id)
        stored = StoredAnswer(status=_DONE, headers=(), body=json.dumps(told).encode())
        town.journal.answered(claim.attempt, told)
        kept.append(await _quietly(service.finish(claim.attempt, stored)))
        return told

    def holds() -> bool:
        return not any(kept) or _has_kept_an_answer(act.call)

    act = town.act(
        "sign in once",
        f"as {name} under {key}",
        worker,
        work,
        password=password,
        over=town.called(name),
        holds=holds,
    )
    return act


def _has_kept_an_answer(call: Call) -> bool:
    changes = [change for commit in call.commits for change in commit.changes]
    return any(c.table == "attempts" and c.after and c.after.sealed for c in changes)


async def _quietly(settling: Any) -> bool:
    """Keep an answer or let a claim go; the work is done, whether that succeeds or not."""
    try:
        await settling
    except LimenError:
        return False
    return True


def refresh(town: Town) -> Act | None:
    """Show a refresh token: the newest, one whose answer was lost, or one that was copied."""
    client, worker = town.signed_in(), town.worker()
    shown = town.shown_by(client)
    if shown is None:
        return None
    token = shown.refresh

    def learn(given: Any) -> None:
        if isinstance(given, RefreshTokenInvalid | RefreshTokenReused):
            client.shown = [other for other in client.shown if other.session_id != shown.session_id]

    act = town.act(
        "refresh",
        f"session {shown.session_id}",
        worker,
        lambda _: worker.limen.tokens.refresh(
            refresh_token=token, actor=Actor.anonymous(address=client.address)
        ),
        shown=token,
    )

    def remember(given: Any) -> None:
        learn(given)
        if isinstance(given, IssuedTokens):
            town.remember(client, act.call, given)

    act.learn = remember
    return act


def authenticate(town: Town) -> Act | None:
    """Show an access token and do nothing else."""
    client, worker = town.signed_in(), town.worker()
    shown = town.shown_by(client)
    if shown is None:
        return None
    return town.act(
        "authenticate",
        f"session {shown.session_id}",
        worker,
        lambda call: town.enter(worker, call, client, shown),
    )


def leave(town: Town) -> Act | None:
    """Sign out, or end other sessions of one's own."""
    client, worker = town.signed_in(), town.worker()
    shown = town.shown_by(client)
    if shown is None:
        return None
    way = town.chance.below(3)
    other = town.chance.pick(client.shown).session_id
    sessions = worker.limen.sessions

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        if way == 0:
            return await sessions.sign_out(actor=actor)
        if way == 1:
            return await sessions.revoke(shown.user_id, other, actor=actor)
        return await sessions.revoke_others(actor=actor)

    def holds() -> bool:
        session = town.journal.now("sessions", (shown.session_id, other, None)[way])
        return session is None or session.ended_at is not None

    return town.act(
        ("sign out", "revoke", "revoke others")[way],
        f"session {shown.session_id}",
        worker,
        work,
        holds=holds,
    )


def change_password(town: Town) -> Act | None:
    """Change one's own password; the present one may be a guess."""
    client, worker = town.signed_in(), town.worker()
    shown = town.shown_by(client)
    if shown is None:
        return None
    person = client.person
    _, current = credentials(town, client)
    new = town.new_password()

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        await worker.limen.passwords.change(current=current, new=new, actor=actor)

    return town.act(
        "change password",
        f"of {person.email} from {current!r} to {new!r}",
        worker,
        work,
        tells=("password.changed",),
        learn=lambda outcome: None if isinstance(outcome, LimenError) else person.may_be(new),
        doubt=lambda: person.may_be(new),
        holds=lambda: _password_of(town, shown.user_id) == new,
    )


def _password_of(town: Town, user_id: Any) -> str | None:
    credential = town.journal.now("passwords", user_id)
    return None if credential is None else town.journal.passwords.get(credential.digest.reveal())


def rename(town: Town) -> Act | None:
    """Change one's own name and language."""
    client, worker = town.signed_in(), town.worker()
    shown = town.shown_by(client)
    if shown is None:
        return None
    number = town.chance.below(100)
    name, locale = f"Name {number}", _LOCALES[number % len(_LOCALES)]

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        return await worker.limen.users.update(shown.user_id, actor=actor, name=name, locale=locale)

    def holds() -> bool:
        user = town.journal.now("users", shown.user_id)
        return user is not None and (user.name, user.locale) == (name, locale)

    return town.act("rename", f"to {name!r}, reading {locale}", worker, work, holds=holds)


def look_around(town: Town) -> Act | None:
    """List one's own sessions."""
    client, worker = town.signed_in(), town.worker()
    shown = town.shown_by(client)
    if shown is None:
        return None

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        return await worker.limen.sessions.list(shown.user_id, actor=actor)

    return town.act("list sessions", f"session {shown.session_id}", worker, work)

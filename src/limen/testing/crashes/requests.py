"""The requests that clients of a storm make, and what they learn from the answers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from limen.core.actor import Actor
from limen.core.errors import InvalidInput
from limen.core.ids import SessionId, UserId
from limen.core.imports.model import AccountRow
from limen.core.sessions.model import FRESH
from limen.core.users.model import Email
from limen.ports.unit_of_work import View
from limen.testing.assembly import PASSWORD, Assembly, tokens_of
from limen.testing.crashes.journal import Request
from limen.testing.people import registered

CREW: Final = "crew"
SETUP: Final = Actor.system("storm", request_id="setup")
IMPORTED: Final = 3
_MOST_PEOPLE: Final = 8

Facts = Mapping[str, Any]


@dataclass(slots=True)
class Device:
    """A session, begun so many seconds after noon; without a token where that answer was lost.

    The token `is_spent` when it was exchanged and the answer to that was lost.
    """

    session_id: str | None
    token: str | None
    begun_at: int = 0
    is_spent: bool = False


@dataclass(slots=True)
class Known:
    """What a client knows of one account of its own."""

    user_id: str
    name: str = ""
    password: str = PASSWORD
    is_shut_out: bool = False
    is_crew: bool = False
    devices: list[Device] = field(default_factory=list)

    @property
    def id(self) -> UserId:
        """The user's id."""
        return UserId(UUID(self.user_id))


People = dict[str, Known]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of request.

    `events` are the names of those it leaves when it succeeds (or when it is refused, if it must
    be), `may` tells of whom it can be asked, and `device`, if it is not `None`, by which device so
    many seconds after noon.
    """

    events: tuple[str, ...]
    run: Callable[[Assembly, People, Request], Awaitable[Facts]]
    learn: Callable[[People, Request, Facts], object]
    may: Callable[[Known], bool]
    refusal: str | None = None
    weight: int = 1
    device: Callable[[Device, int], bool] | None = None


def somebody(request: Request) -> Actor:
    """Return who makes a request without being signed in."""
    return Actor.anonymous(request_id=request.mark)


def operator(request: Request) -> Actor:
    """Return the operator making a request."""
    return Actor.system("storm", request_id=request.mark)


def acting(people: People, request: Request) -> Actor:
    """Return the user who makes a request on one of their devices."""
    known, device = people[request.who], _device(people, request)
    return somebody(request).as_user(known.id, SessionId(UUID(device.session_id)))


def new_password(request: Request) -> str:
    """Return the password that a request sets: another one each time, good by the policy."""
    return f"correct horse {request.mark.rpartition('-')[2]:0>8}"


def imported(request: Request) -> list[str]:
    """Return the addresses that an import brings."""
    local, _, domain = request.who.partition("@")
    return [f"{local}-{number}@{domain}" for number in range(IMPORTED)]


async def find(view: View, people: People, request: Request) -> Facts | None:
    """Return what is known of a request that nobody answered, or `None` if it did nothing."""
    kind = KINDS[request.kind]
    if kind.learn is _meet:
        emails = imported(request) if request.kind == "import" else [request.who]
        users = [await view.users.find(Email.parse(email)) for email in emails]
        ids = [str(user.id) for user in users if user is not None]
        return {"ids": ids} if len(ids) == len(emails) else None
    events = await view.outbox.list(user_id=people[request.who].id, limit=100_000)
    is_found = any(event.actor.request_id == request.mark for event in events)
    return {} if is_found else None


def _device(people: People, request: Request) -> Device:
    return people[request.who].devices[request.device or 0]


async def _register(limen: Assembly, _people: People, request: Request) -> Facts:
    made = await limen.users.register(email=request.who, password=PASSWORD, actor=somebody(request))
    return {"ids": [str(registered(made).id)]}


async def _import(limen: Assembly, _people: People, request: Request) -> Facts:
    rows = [
        AccountRow(line=line, email=email, password=PASSWORD, roles=(CREW,))
        for line, email in enumerate(imported(request), start=1)
    ]
    report = await limen.imports.add(rows, actor=operator(request))
    if report.added != IMPORTED:
        raise InvalidInput(f"{report.faults}, {report.present} present")
    return {"ids": [str(user_id) for user_id in report.user_ids]}


def _meet(people: People, request: Request, facts: Facts) -> None:
    is_import = request.kind == "import"
    emails = imported(request) if is_import else [request.who]
    for email, user_id in zip(emails, facts["ids"], strict=True):
        people[email] = Known(user_id, is_crew=is_import)


async def _update(limen: Assembly, people: People, request: Request) -> Facts:
    user_id = people[request.who].id
    await limen.users.update(user_id, name=request.mark, actor=operator(request))
    return {}


async def _suspend(limen: Assembly, people: People, request: Request) -> Facts:
    await limen.users.suspend(people[request.who].id, actor=operator(request))
    return {}


async def _reactivate(limen: Assembly, people: People, request: Request) -> Facts:
    await limen.users.reactivate(people[request.who].id, actor=operator(request))
    return {}


async def _delete(limen: Assembly, people: People, request: Request) -> Facts:
    await limen.users.delete(people[request.who].id, actor=operator(request))
    return {}


async def _grant(limen: Assembly, people: People, request: Request) -> Facts:
    await limen.roles.grant(people[request.who].id, CREW, actor=operator(request))
    return {}


async def _withdraw(limen: Assembly, people: People, request: Request) -> Facts:
    await limen.roles.withdraw(people[request.who].id, CREW, actor=operator(request))
    return {}


async def _sign_in(limen: Assembly, people: People, request: Request) -> Facts:
    password = people[request.who].password
    if request.refusal is not None:
        password = f"not {password}"
    tokens = tokens_of(
        await limen.sign_in.sign_in(
            identifier=request.who, password=password, actor=somebody(request), label=request.mark
        )
    )
    return {"session_id": str(tokens.session_id), "token": tokens.refresh_token.reveal()}


def _enter(people: People, request: Request, facts: Facts) -> None:
    device = Device(facts.get("session_id"), facts.get("token"), request.seconds)
    people[request.who].devices.append(device)


async def _refresh(limen: Assembly, people: People, request: Request) -> Facts:
    token = _device(people, request).token or ""
    tokens = await limen.tokens.refresh(refresh_token=token, actor=somebody(request))
    return {"token": tokens.refresh_token.reveal()}


def _renew(people: People, request: Request, facts: Facts) -> None:
    device = _device(people, request)
    device.token = facts.get("token", device.token)
    device.is_spent = "token" not in facts


async def _sign_out(limen: Assembly, people: People, request: Request) -> Facts:
    await limen.sessions.sign_out(actor=acting(people, request))
    return {}


async def _end_all(limen: Assembly, people: People, request: Request) -> Facts:
    await limen.sessions.revoke_all(people[request.who].id, actor=operator(request))
    return {}


async def _change_password(limen: Assembly, people: People, request: Request) -> Facts:
    await limen.passwords.change(
        current=people[request.who].password,
        new=new_password(request),
        actor=acting(people, request),
    )
    return {}


def _learn_changed(people: People, request: Request, _facts: Facts) -> None:
    known = people[request.who]
    known.password, known.devices = new_password(request), [_device(people, request)]


async def _set_password(limen: Assembly, people: People, request: Request) -> Facts:
    user_id = people[request.who].id
    await limen.passwords.set(user_id, new=new_password(request), actor=operator(request))
    return {}


def _learn_set(people: People, request: Request, _facts: Facts) -> None:
    people[request.who].password = new_password(request)
    people[request.who].devices.clear()


def _sets(**fields: Any) -> Callable[[People, Request, Facts], None]:
    """Return what puts these values into what is known of a user."""

    def learn(people: People, request: Request, _facts: Facts) -> None:
        for name, value in fields.items():
            setattr(people[request.who], name, value)

    return learn


def _learn_suspended(people: People, request: Request, _facts: Facts) -> None:
    people[request.who].is_shut_out = True
    people[request.who].devices.clear()


def _learn_nothing(_people: People, _request: Request, _facts: Facts) -> None: ...


def _always(_known: Known) -> bool:
    return True


def _is_met(device: Device, _now: int) -> bool:
    return device.session_id is not None


def _is_fresh(device: Device, now: int) -> bool:
    return device.session_id is not None and now < device.begun_at + FRESH.total_seconds()


KINDS: Final[Mapping[str, Kind]] = {
    "register": Kind(
        events=("user.registered",), run=_register, learn=_meet, may=_always, weight=0
    ),
    "import": Kind(
        events=("user.imported", *["role.granted"] * IMPORTED),
        run=_import,
        learn=_meet,
        may=_always,
        weight=0,
    ),
    "register again": Kind(
        events=(),
        run=_register,
        learn=_learn_nothing,
        may=_always,
        refusal="user.email_taken",
    ),
    "update": Kind(
        events=("user.updated",),
        run=_update,
        learn=lambda people, request, _: setattr(people[request.who], "name", request.mark),
        may=_always,
        weight=3,
    ),
    "suspend": Kind(
        events=("user.suspended",),
        run=_suspend,
        learn=_learn_suspended,
        may=lambda known: not known.is_shut_out,
    ),
    "reactivate": Kind(
        events=("user.reactivated",),
        run=_reactivate,
        learn=_sets(is_shut_out=False),
        may=lambda known: known.is_shut_out,
        weight=6,
    ),
    "delete": Kind(
        events=("user.deleted",),
        run=_delete,
        learn=lambda people, request, _: people.pop(request.who),
        may=_always,
    ),
    "grant": Kind(
        events=("role.granted",),
        run=_grant,
        learn=_sets(is_crew=True),
        may=lambda known: not known.is_crew,
    ),
    "withdraw": Kind(
        events=("role.withdrawn",),
        run=_withdraw,
        learn=_sets(is_crew=False),
        may=lambda known: known.is_crew,
    ),
    "sign in": Kind(
        events=("signin.succeeded",),
        run=_sign_in,
        learn=_enter,
        may=lambda known: not known.is_shut_out,
        weight=4,
    ),
    "sign in wrongly": Kind(
        events=("signin.failed",),
        run=_sign_in,
        learn=_learn_nothing,
        may=_always,
        refusal="signin.invalid_credentials",
    ),
    "refresh": Kind(
        events=("token.refreshed",),
        run=_refresh,
        learn=_renew,
        may=_always,
        weight=6,
        device=lambda device, _now: device.token is not None,
    ),
    "sign out": Kind(
        events=("session.revoked",),
        run=_sign_out,
        learn=lambda people, request, _: people[request.who].devices.pop(request.device or 0),
        may=_always,
        device=_is_met,
    ),
    "end all": Kind(
        events=("session.all_revoked",),
        run=_end_all,
        learn=lambda people, request, _: people[request.who].devices.clear(),
        may=lambda known: bool(known.devices),
    ),
    "change password": Kind(
        events=("password.changed",),
        run=_change_password,
        learn=_learn_changed,
        may=_always,
        weight=3,
        device=_is_fresh,
    ),
    "set password": Kind(
        events=("password.set",), run=_set_password, learn=_learn_set, may=_always
    ),
}


def wants_people(people: People) -> bool:
    """Tell whether a client should make accounts first."""
    return len(people) < _MOST_PEOPLE

"""What use cases that die are run on: a limen with somebody in every state."""

from base64 import b32decode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from limen.core.actor import Actor
from limen.core.errors import LimenError
from limen.core.factors.totp import code_at, step_at
from limen.core.idempotency.service import Claim
from limen.core.secret import Secret
from limen.core.sessions.model import Session
from limen.core.tokens.issuing import IssuedTokens
from limen.core.users.model import User
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.fakes import FrozenClock, PlainHasher
from limen.testing.policies import Policies

ROLE: Final = "auditor"
UNUSED_ROLE: Final = "clerk"
NEW_PASSWORD: Final = "another horse battery"  # noqa: S105 - made up
SOMEWHERE: Final = Actor.anonymous(address="198.51.100.7")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A limen with somebody in every state: what use cases are run on.

    `operator` is a person who may do everything, whose rights are looked up.
    """

    limen: Assembly
    root: User
    operator: Actor
    ada: User
    shut_out: User
    first: IssuedTokens
    second: IssuedTokens
    claim: Claim

    async def session(self) -> Session:
        """Return one of Ada's sessions as it stands."""
        (last, *_) = await self.limen.sessions.list(self.ada.id, actor=OPERATOR)
        return last


async def set_scene(unit_of_work: UnitOfWorkFactory, *, seed: int = 0) -> Scene:
    """Put the same people, roles and sessions into an empty store, whichever it is."""
    limen = Assembly(unit_of_work, seed=seed)
    root = await limen.administrator()
    ada = await limen.register()
    shut_out = await limen.register("eve@example.org")
    await limen.users.suspend(shut_out.id, actor=OPERATOR)
    for role in (ROLE, UNUSED_ROLE):
        await limen.roles.create(name=role, permissions=["users.read"], actor=OPERATOR)
    await limen.roles.grant(ada.id, ROLE, actor=OPERATOR)
    first, second = await limen.enter(label="first"), await limen.enter(label="second")
    claim = await limen.idempotency.begin("key", owner="ada", request=[b"request"])
    return Scene(
        limen=limen,
        root=root,
        operator=acting(await limen.enter("root@example.org")),
        ada=ada,
        shut_out=shut_out,
        first=first,
        second=second,
        claim=claim,
    )


UseCase = Callable[[Scene], Awaitable[Any]]


async def run(use_case: UseCase, scene: Scene) -> Any:
    """Run a use case to its end; return what it gave, or the refusal it raised."""
    try:
        return await use_case(scene)
    except LimenError as refusal:
        return refusal


def next_to(
    limen: Assembly, *, hasher: PlainHasher | None = None, policies: Policies | None = None
) -> Assembly:
    """Return another node over the same store, with identifiers of its own each time."""
    seed = 500 + (limen.ids.new().int >> 80) % 500
    clock = FrozenClock(limen.clock.now())
    return Assembly(limen.unit_of_work, clock=clock, hasher=hasher, policies=policies, seed=seed)


async def enrol(scene: Scene) -> tuple[str, tuple[Secret[str], ...]]:
    """Set an app up; return its secret and the recovery codes."""
    limen = scene.limen
    made = await limen.factors.begin_totp(actor=acting(scene.first))
    secret = made.secret.reveal()
    code = shown(limen, secret)
    return secret, await limen.factors.confirm_totp(code=code, actor=acting(scene.first))


def shown(limen: Assembly, secret: str) -> Secret[str]:
    """Return what an app with this secret shows."""
    return code_at(Secret(b32decode(secret)), step_at(limen.clock.now()))

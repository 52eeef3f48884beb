"""Owners who recover their password while somebody acts in a session of theirs."""

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

from limen.core.actor import Actor
from limen.core.ids import PasskeyId, UserId
from limen.core.roles.model import Permission
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.interleavings.nodes import Nodes, check_kinds, kind, two_nodes
from limen.testing.interleavings.stage import Outcomes, Stage
from limen.testing.passkeys import Authenticator

_EMAIL: Final = "ada@example.org"
_NEW: Final = "another horse battery"
_PUT: Final = "a third horse battery"
_PERMISSIONS: Final = (Permission.PASSWORDS_SET, Permission.FACTORS_RESET)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """A helper with a passkey, a session somebody else acts in, and a link by mail."""

    nodes: Nodes
    id: UserId
    me: Actor
    passkey_id: PasskeyId
    token: str

    @property
    def there(self) -> Assembly:
        """Where somebody acts in the session."""
        return self.nodes.there

    def stage(self, act: Coroutine[Any, Any, object]) -> Stage:
        """Let the owner recover the password while somebody acts; one of both is refused."""

        async def check(outcomes: Outcomes) -> None:
            done = kind(outcomes["act"])
            check_kinds(outcomes, {"User": 1, "SessionEnded": 1}, {done: 1, "ProofInvalid": 1})
            if done == "SessionEnded":
                assert await self.nodes.live_sessions(self.id) == 0

        recover = self.nodes.here.recovery.reset(new=_NEW, token=self.token)
        return Stage(limen=self.nodes.here, use_cases={"recover": recover, "act": act}, check=check)


async def _scene(unit_of_work: UnitOfWorkFactory) -> _Scene:
    nodes = two_nodes(unit_of_work)
    here = nodes.here
    user = await here.register()
    await here.assistance.verify_email(user.id, actor=OPERATOR)
    await here.roles.create(actor=OPERATOR, name="helper", permissions=_PERMISSIONS)
    await here.roles.grant(user.id, "helper", actor=OPERATOR)
    me = acting(await here.enter())
    asked = await here.passkeys.begin_enrolment(actor=me)
    answer = Authenticator().create(asked.options)
    passkey = await here.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=me)
    await here.recovery.forgot(identifier=_EMAIL)
    token = (await here.read_mail(_EMAIL))["link"].partition("#")[2]
    return _Scene(nodes=nodes, id=user.id, me=me, passkey_id=passkey.id, token=token)


async def a_recovery_and_a_password_set_by_permission(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever is put out by the recovery sets no password after it."""
    scene = await _scene(unit_of_work)
    return scene.stage(scene.there.passwords.set(scene.id, new=_PUT, actor=scene.me))


async def a_recovery_and_a_reset_of_ones_own_factors(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever is put out by the recovery takes no factors after it."""
    scene = await _scene(unit_of_work)
    return scene.stage(scene.there.factors.reset(scene.id, actor=scene.me))


async def a_recovery_and_the_removal_of_a_passkey(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever is put out by the recovery removes no passkey after it."""
    scene = await _scene(unit_of_work)
    remove = scene.there.passkeys.remove(scene.id, scene.passkey_id, actor=scene.me)
    return scene.stage(remove)


async def a_recovery_and_the_deletion_of_oneself(unit_of_work: UnitOfWorkFactory) -> Stage:
    """Whoever is put out by the recovery deletes nobody after it."""
    scene = await _scene(unit_of_work)
    return scene.stage(scene.there.users.delete(scene.id, actor=scene.me))

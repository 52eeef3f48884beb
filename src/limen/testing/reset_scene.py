"""Ada has a passkey; Bob and Eve may reset factors, each with the approval of the other."""

from limen.core.access import require_person
from limen.core.actor import Actor
from limen.core.factors.model import FactorKind
from limen.core.factors.service import FactorReset
from limen.core.ids import UserId
from limen.core.signin.levels import FactorPolicy
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.passkeys import Authenticator
from limen.testing.policies import Policies

TAKEN = (FactorKind.PASSKEY,)


class ResetScene:
    """Ada has a passkey; Bob and Eve may reset factors, each with the approval of the other."""

    def __init__(self) -> None:
        """Begin with nobody, where resets need approval."""
        self.limen = Assembly(policies=Policies(factors=FactorPolicy(needs_approval=True)))
        self.people: dict[str, Actor] = {}

    async def come(self, name: str) -> Actor:
        """Register somebody, who signs in."""
        email = f"{name}@example.org"
        await self.limen.register(email)
        await self.enter(name)
        return self.people[name]

    async def enter(self, name: str) -> None:
        """Sign somebody in once more."""
        self.people[name] = acting(await self.limen.enter(f"{name}@example.org"))

    async def enrol(self) -> None:
        """Give Ada a passkey."""
        asked = await self.limen.passkeys.begin_enrolment(actor=self.people["ada"])
        answer = Authenticator().create(asked.options)
        await self.limen.passkeys.enrol(
            ceremony=asked.ceremony, answer=answer, actor=self.people["ada"]
        )

    def id_of(self, name: str) -> UserId:
        """Return who somebody is."""
        return require_person(self.people[name])

    @property
    def ada(self) -> UserId:
        """Who the resets are about."""
        return self.id_of("ada")

    async def ask(self, who: str = "bob") -> FactorReset:
        """Ask for a reset of Ada's factors."""
        return await self.limen.factors.reset(self.ada, actor=self.people[who])

    async def approve(self, who: str = "eve") -> FactorReset:
        """Approve what was asked for."""
        return await self.limen.factors.approve_reset(self.ada, actor=self.people[who])

    async def withdraw(self, who: str) -> None:
        """Take back what was asked for."""
        await self.limen.factors.withdraw_reset(self.ada, actor=self.people[who])

    async def has_passkey(self) -> bool:
        """Tell whether Ada has her passkey still."""
        return bool(await self.limen.passkeys.list(self.ada, actor=OPERATOR))

    async def told(self) -> list[str]:
        """Name what was told of resets, oldest first."""
        names = await self.limen.event_names(self.ada)
        return [name for name in names if name.startswith(("factor.reset", "factor.all"))]


async def a_reset_scene() -> ResetScene:
    """Return the scene before anybody asked."""
    made = ResetScene()
    await made.come("ada")
    await made.enrol()
    permissions = ["factors.reset", "factors.read", "passkeys.read", "passkeys.remove"]
    await made.limen.roles.create(actor=OPERATOR, name="support", permissions=permissions)
    for name in ("bob", "eve"):
        helper = await made.come(name)
        await made.limen.roles.grant(require_person(helper), "support", actor=OPERATOR)
    return made

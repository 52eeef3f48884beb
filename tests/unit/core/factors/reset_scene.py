"""Ada has a passkey; Bob and Eve may reset factors, each with the approval of the other."""

from limen.core.actor import Actor
from limen.core.factors.model import FactorKind
from limen.core.factors.service import FactorReset
from limen.core.ids import UserId
from limen.core.signin.levels import FactorPolicy
from limen.testing.assembly import OPERATOR, Assembly, acting
from limen.testing.passkeys import Authenticator
from limen.testing.policies import Policies

TAKEN = (FactorKind.PASSKEY,)


class Scene:
    """Ada has a passkey; Bob and Eve may reset factors, each with the approval of the other."""

    def __init__(self) -> None:
        self.limen = Assembly(policies=Policies(factors=FactorPolicy(needs_approval=True)))
        self.people: dict[str, Actor] = {}

    async def come(self, name: str) -> Actor:
        email = f"{name}@example.org"
        await self.limen.register(email)
        await self.enter(name)
        return self.people[name]

    async def enter(self, name: str) -> None:
        self.people[name] = acting(await self.limen.enter(f"{name}@example.org"))

    async def enrol(self) -> None:
        asked = await self.limen.passkeys.begin_enrolment(actor=self.people["ada"])
        answer = Authenticator().create(asked.options)
        await self.limen.passkeys.enrol(
            ceremony=asked.ceremony, answer=answer, actor=self.people["ada"]
        )

    def id_of(self, name: str) -> UserId:
        user_id = self.people[name].user_id
        assert user_id is not None
        return user_id

    @property
    def ada(self) -> UserId:
        return self.id_of("ada")

    async def ask(self, who: str = "bob") -> FactorReset:
        return await self.limen.factors.reset(self.ada, actor=self.people[who])

    async def approve(self, who: str = "eve") -> FactorReset:
        return await self.limen.factors.approve_reset(self.ada, actor=self.people[who])

    async def withdraw(self, who: str) -> None:
        await self.limen.factors.withdraw_reset(self.ada, actor=self.people[who])

    async def has_passkey(self) -> bool:
        return bool(await self.limen.passkeys.list(self.ada, actor=OPERATOR))

    async def told(self) -> list[str]:
        names = await self.limen.event_names(self.ada)
        return [name for name in names if name.startswith(("factor.reset", "factor.all"))]


async def scene() -> Scene:
    made = Scene()
    await made.come("ada")
    await made.enrol()
    permissions = ["factors.reset", "factors.read", "passkeys.read", "passkeys.remove"]
    await made.limen.roles.create(actor=OPERATOR, name="support", permissions=permissions)
    for name in ("bob", "eve"):
        helper = await made.come(name)
        assert helper.user_id is not None
        await made.limen.roles.grant(helper.user_id, "support", actor=OPERATOR)
    return made

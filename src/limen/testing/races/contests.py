"""What only one can have, and how to see who got it."""

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from uuid import UUID

from limen.core.ids import UserId
from limen.core.roles.model import ADMIN
from limen.core.users.model import Email
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly
from limen.testing.people import registered

# What a call needs to know; texts alone, because it goes to other processes.
Prize: TypeAlias = Mapping[str, str]

# A function of a module, for the same reason. It is told which of the callers it is.
Call: TypeAlias = Callable[[Assembly, Prize, int], Coroutine[Any, Any, str]]

# What a store answers that is too busy. Behind the first a commit may have gone through; the second
# says that nothing was done.
_UNANSWERED: Final = "StorageUnavailable"
UNSERVED: Final = frozenset({_UNANSWERED, "ConcurrentUpdate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How the calls came out: how many of each kind, and the different answers they gave."""

    kinds: Counter[str]
    answers: frozenset[str]

    @property
    def unanswered(self) -> int:
        """How many do not know whether they got it."""
        return self.kinds[_UNANSWERED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """`prepare` puts up what can be had once, `call` asks for it, `count` tells how many got it.

    `call` returns its answer as text; all answers of a round must be `alike` where they are. The
    losers' refusals are `losers`. `winner` is the kind of outcome that the winner alone has, if
    there is one.
    """

    name: str
    prepare: Callable[[Assembly, int], Coroutine[Any, Any, Prize]]
    call: Call
    count: Callable[[Assembly, Prize], Coroutine[Any, Any, int]]
    winner: str | None
    losers: frozenset[str]
    is_answer_shared: bool = False

    def fault(self, calls: Calls, got_it: int) -> str | None:
        """Tell what is wrong with a round, if anything is."""
        if got_it != 1:
            return f"{got_it} got what one can have"
        foreign = set(calls.kinds) - self.losers - {self.winner} - UNSERVED
        if foreign:
            return f"calls ended with {', '.join(sorted(map(str, foreign)))}"
        if self.winner is not None and not self._is_told_once(calls):
            return f"{calls.kinds[self.winner]} were told that they got it"
        if self.is_answer_shared and len(calls.answers) != 1:
            return f"there are {len(calls.answers)} different answers"
        return None

    def _is_told_once(self, calls: Calls) -> bool:
        """A winner whose commit was not answered in time does not know it."""
        told = calls.kinds[self.winner or ""]
        return told == 1 or (told == 0 and calls.unanswered > 0)


# --- the next generation of a refresh family ------------------------------------------------------


async def _sign_in(limen: Assembly, round_: int) -> Prize:
    email = f"refresh{round_}@example.org"
    user = await limen.register(email)
    tokens = await limen.enter(email)
    return {"user_id": str(user.id), "token": tokens.refresh_token.reveal()}


async def _refresh(limen: Assembly, prize: Prize, _number: int) -> str:
    return (await limen.tokens.refresh(refresh_token=prize["token"])).refresh_token.reveal()


async def _count_rotations(limen: Assembly, prize: Prize) -> int:
    names = await limen.event_names(UserId(UUID(prize["user_id"])))
    return names.count("token.refreshed")


ROTATION: Final = Contest(
    name="refresh",
    prepare=_sign_in,
    call=_refresh,
    count=_count_rotations,
    # Whoever comes second gets the same successor, as after a lost answer.
    winner=None,
    losers=frozenset({"str"}),
    is_answer_shared=True,
)


# --- an e-mail address ----------------------------------------------------------------------------


async def _think_of_an_address(_limen: Assembly, round_: int) -> Prize:
    return {"email": f"register{round_}@example.org"}


async def _register(limen: Assembly, prize: Prize, number: int) -> str:
    email = prize["email"] if number % 2 else prize["email"].upper()
    return str(registered(await limen.users.register(email=email, password=PASSWORD)).id)


async def _count_users(limen: Assembly, prize: Prize) -> int:
    async with limen.unit_of_work.view() as view:
        found = [
            account.user.email.key
            for account in await view.accounts.list(limit=100_000)
            if account.user.email.key == Email.parse(prize["email"]).key
        ]
    return len(found)


REGISTRATION: Final = Contest(
    name="registration",
    prepare=_think_of_an_address,
    call=_register,
    count=_count_users,
    winner="str",
    losers=frozenset({"EmailTaken"}),
)


# --- to be the one of two administrators who may go -----------------------------------------------


async def _make_two_administrators(limen: Assembly, round_: int) -> Prize:
    async with limen.unit_of_work.view() as view:
        accounts = await view.accounts.list(limit=100_000)
    before = [a.user.id for a in accounts if any(grant.role == ADMIN for grant in a.grants)]
    ada = await limen.administrator(f"ada{round_}@example.org")
    eve = await limen.administrator(f"eve{round_}@example.org")
    for user_id in before:
        await limen.roles.withdraw(user_id, ADMIN, actor=OPERATOR)
    return {"0": str(ada.id), "1": str(eve.id)}


async def _resign(limen: Assembly, prize: Prize, number: int) -> str:
    user_id = UserId(UUID(prize[str(number % 2)]))
    await limen.roles.withdraw(user_id, ADMIN, actor=OPERATOR)
    return "gone"


async def _count_gone(limen: Assembly, prize: Prize) -> int:
    async with limen.unit_of_work.view() as view:
        nobody = UserId(limen.ids.new())
        return len(prize) - await view.grants.count_administrators(besides=nobody)


RESIGNATION: Final = Contest(
    name="last administrator",
    prepare=_make_two_administrators,
    call=_resign,
    count=_count_gone,
    winner="str",
    losers=frozenset({"LastAdministrator", "GrantNotFound"}),
)

CONTESTS: Final[Mapping[str, Contest]] = {
    contest.name: contest for contest in (ROTATION, REGISTRATION, RESIGNATION)
}

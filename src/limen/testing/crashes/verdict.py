"""Comparing what clients were told with what the store holds."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from limen.core.errors import ConcurrentUpdate, PasswordMismatch
from limen.core.secret import Secret
from limen.ports.accounts import Account
from limen.ports.outbox import StoredEvent
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.crashes.client import people_after
from limen.testing.crashes.journal import ANSWERED, FOUND, REFUSED, Entry
from limen.testing.crashes.requests import SETUP, Known
from limen.testing.fakes import PlainHasher
from limen.testing.invariants.reading import all_accounts, all_events

_NOTHING: Final[Counter[str]] = Counter()


@dataclass(slots=True, kw_only=True)
class Verdict:
    """How many requests had which end, and a sentence for each that should not have had it."""

    answered: int = 0
    refused: int = 0
    unknown_done: int = 0
    unknown_not_done: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Everything that is wrong."""
        return [*self.lost, *self.doubled, *self.kept, *self.others]


async def judge(unit_of_work: UnitOfWorkFactory, journals: Sequence[Sequence[Entry]]) -> Verdict:
    """Hold the journals of all clients against the store; nobody may be writing."""
    async with unit_of_work.view() as view:
        left = _by_mark(await all_events(view))
        accounts = {account.user.email.address: account for account in await all_accounts(view)}
    verdict = Verdict()
    left.pop(SETUP.request_id, None)
    for journal in journals:
        for entry in journal:
            _judge_one(entry, left.pop(entry.request.mark, _NOTHING), verdict)
        verdict.others += await _contents(journal, accounts)
    verdict.others += [f"nobody asked for {mark}: {dict(names)}" for mark, names in left.items()]
    return verdict


def _by_mark(events: Sequence[StoredEvent]) -> dict[str | None, Counter[str]]:
    found: dict[str | None, Counter[str]] = {}
    for event in events:
        found.setdefault(event.actor.request_id, Counter())[event.name] += 1
    return found


def _judge_one(entry: Entry, told: Counter[str], verdict: Verdict) -> None:
    request, answer = entry.request, entry.answer
    expected = Counter(request.expects)
    what = f"{request.mark} ({request.kind}): {dict(told) or 'nothing'} is told of it"
    if told > expected:
        verdict.doubled.append(what)
    elif told not in (_NOTHING, expected):
        verdict.others.append(f"{what}, which is a part")
    if answer is None:
        _count_unknown(verdict, is_done=told == expected)
    elif answer.outcome == REFUSED:
        _judge_refusal(entry, told, verdict)
    elif answer.outcome in {ANSWERED, FOUND}:
        if answer.outcome == FOUND:
            _count_unknown(verdict, is_done=True)
        else:
            verdict.answered += 1
        if request.refusal is not None and answer.outcome == ANSWERED:
            verdict.others.append(f"{what}, and it should have been refused")
        if not told >= expected:
            verdict.lost.append(what)
    else:
        _count_unknown(verdict, is_done=False)
        if told and request.refusal is None:
            verdict.kept.append(f"{what}, and it was not there at first")


def _judge_refusal(entry: Entry, told: Counter[str], verdict: Verdict) -> None:
    request, answer = entry.request, entry.answer
    verdict.refused += 1
    code = None if answer is None else answer.code
    # A store may give up because of somebody else's change; then it must have done nothing.
    if code not in {request.refusal, ConcurrentUpdate.code}:
        verdict.others.append(f"{request.mark} ({request.kind}) was refused with {code}")
    expected = Counter(request.expects if request.refusal == code else ())
    if told - expected:
        verdict.kept.append(f"{request.mark} ({request.kind}) was refused and left {dict(told)}")
    if expected - told:
        verdict.lost.append(f"{request.mark} ({request.kind}) was refused, which nothing tells")


def _count_unknown(verdict: Verdict, *, is_done: bool) -> None:
    if is_done:
        verdict.unknown_done += 1
    else:
        verdict.unknown_not_done += 1


async def _contents(journal: Sequence[Entry], accounts: Mapping[str, Account]) -> list[str]:
    """Compare what a client put into its accounts with what is in them."""
    open_ends = {entry.request.who for entry in journal if entry.answer is None}
    found = []
    for email, known in people_after(journal).items():
        account = accounts.get(email)
        if email in open_ends:
            continue
        if account is None:
            found.append(f"{email} is not there")
        elif account.user.name != known.name:
            found.append(f"{email} is called {account.user.name!r}, not {known.name!r}")
        elif not await _has_password(account, known):
            found.append(f"{email} has another password than the last one set")
    return found


async def _has_password(account: Account, known: Known) -> bool:
    digest = None if account.credential is None else account.credential.digest
    try:
        await PlainHasher().verify(Secret(known.password), digest)
    except PasswordMismatch:
        return False
    return True

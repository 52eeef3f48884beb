import asyncio
from datetime import timedelta

import pytest

from limen.core.errors import (
    CurrentPasswordWrong,
    FormerSystemUnavailable,
    HashingBusy,
    InvalidCredentials,
    PasswordHashUnknown,
    PasswordMismatch,
    TooManyAttempts,
)
from limen.core.imports.model import AccountRow
from limen.core.passwords.former import AskingHasher, former_name
from limen.core.secret import Secret
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly
from limen.testing.builders import a_session
from limen.testing.fakes import FormerSystem, PlainHasher

MARK = Secret("$former$ada")
ADA = Secret(PASSWORD)


class CountingHasher(PlainHasher):
    """Counts the work it is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.verified: list[bool] = []

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        self.verified.append(digest is not None)
        await super().verify(password, digest)


class Saying:
    """A former system that answers whatever it is told to."""

    def __init__(self, answer: object) -> None:
        self.answer = answer

    async def matches(self, _name: str, _password: Secret[str]) -> bool:
        await asyncio.sleep(0)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer  # type: ignore[return-value]


class Silent:
    """A former system that never answers."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.given_up = 0

    async def wait_for(self, count: int) -> None:
        """Wait until it was asked so often again."""
        for _ in range(count):
            await asyncio.wait_for(self.begun.acquire(), timeout=120)

    async def matches(self, _name: str, _password: Secret[str]) -> bool:
        self.begun.release()
        try:
            await asyncio.Event().wait()
        finally:
            self.given_up += 1
        return True


async def moved_in(limen: Assembly, name: str = "ada") -> None:
    """Let somebody in whose password is still elsewhere."""
    await limen.keys.ensure(actor=OPERATOR)
    row = AccountRow(line=1, email=f"{name}@example.org", password_hash=f"$former${name}")
    assert (await limen.imports.add([row], actor=OPERATOR)).added == 1


async def digest_of(limen: Assembly) -> str | None:
    return (await limen.imports.export(actor=OPERATOR)).rows[0].password_hash


async def last_reason(limen: Assembly) -> object:
    return (await limen.last_event()).payload["reason"]


async def test_the_former_system_is_asked_until_the_first_sign_in_and_never_again() -> None:
    limen = Assembly()
    limen.former.admit("ada", PASSWORD)
    await moved_in(limen)
    assert await digest_of(limen) == "$former$ada"
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier="ada@example.org", password="another sentence")
    assert await last_reason(limen) == "wrong_password"
    await limen.enter()
    assert limen.former.asked == ["ada", "ada"]
    assert (await digest_of(limen) or "").startswith("$plain$")
    assert "password.hash_upgraded" in await limen.event_names()
    limen.former.is_out = True
    await limen.enter()
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier="ada@example.org", password="another sentence")
    assert limen.former.asked == ["ada", "ada"]


async def test_nobody_else_is_asked_about() -> None:
    limen = Assembly()
    limen.former.admit("grace", PASSWORD)
    limen.former.admit("grace@example.org", PASSWORD)
    await limen.register()
    await limen.users.create(actor=OPERATOR, email="grace@example.org")
    for identifier in ("grace@example.org", "nobody@example.org", "grace"):
        with pytest.raises(InvalidCredentials):
            await limen.sign_in.sign_in(identifier=identifier, password=PASSWORD)
    await limen.enter()
    assert limen.former.asked == []


async def test_an_outage_there_is_a_refusal_here_and_only_the_event_tells() -> None:
    limen = Assembly()
    limen.former.admit("ada", PASSWORD)
    await moved_in(limen)
    limen.former.is_out = True
    with pytest.raises(InvalidCredentials) as refused:
        await limen.enter()
    assert refused.value.message == InvalidCredentials.sentence
    assert await last_reason(limen) == "former_unavailable"
    assert await digest_of(limen) == "$former$ada"
    limen.former.is_out = False
    await limen.enter()


async def test_attempts_are_counted_before_the_former_system_is_asked() -> None:
    limen = Assembly()
    await moved_in(limen)
    for _ in range(6):
        with pytest.raises(InvalidCredentials):
            await limen.enter()
    with pytest.raises(TooManyAttempts):
        await limen.enter()
    assert len(limen.former.asked) == 6
    limen.clock.advance(timedelta(seconds=1))
    limen.former.admit("ada", PASSWORD)
    await limen.enter()


async def test_when_hashing_is_busy_the_former_system_is_asked_again_the_next_time() -> None:
    limen = Assembly()
    limen.former.admit("ada", PASSWORD)
    await moved_in(limen)
    limen.hasher.is_busy = True
    with pytest.raises(HashingBusy):
        await limen.enter()
    limen.hasher.is_busy = False
    await limen.enter()


async def test_a_password_that_is_set_here_ends_the_asking() -> None:
    limen = Assembly()
    limen.former.admit("ada", PASSWORD)
    await moved_in(limen)
    ada = (await limen.users.find("ada@example.org", actor=OPERATOR)).id
    await limen.passwords.set(ada, new="another long sentence", actor=OPERATOR)
    with pytest.raises(InvalidCredentials):
        await limen.enter()
    assert limen.former.asked == []


async def test_an_import_of_an_export_gives_the_same_mark() -> None:
    limen, other = Assembly(), Assembly()
    await moved_in(limen, "Ada Lovelace"[:3].lower())
    rows = (await limen.imports.export(actor=OPERATOR)).rows
    await other.imports.add(rows, actor=OPERATOR)
    assert (await other.imports.export(actor=OPERATOR)).rows == rows


@pytest.mark.parametrize("answer", [False, None, 1, "yes", {"matches": True}])
async def test_only_a_clear_yes_is_one(answer: object) -> None:
    hasher = CountingHasher()
    with pytest.raises(PasswordMismatch) as refused:
        await AskingHasher(hasher, Saying(answer)).verify(ADA, MARK)
    assert not isinstance(refused.value, FormerSystemUnavailable)
    assert hasher.verified == [False]


@pytest.mark.parametrize(
    "trouble", [FormerSystemUnavailable(), OSError(), KeyError("x"), TimeoutError(), RuntimeError()]
)
async def test_whatever_goes_wrong_there_is_a_refusal(trouble: Exception) -> None:
    hasher = CountingHasher()
    with pytest.raises(FormerSystemUnavailable) as refused:
        await AskingHasher(hasher, Saying(trouble)).verify(ADA, MARK)
    assert refused.value.__cause__ is trouble
    assert hasher.verified == [False]


async def test_no_answer_in_time_is_a_refusal_too() -> None:
    silent = Silent()
    with pytest.raises(FormerSystemUnavailable):
        await AskingHasher(PlainHasher(), silent, patience=0).verify(ADA, MARK)


async def test_a_yes_costs_the_work_of_a_refusal() -> None:
    hasher = CountingHasher()
    await AskingHasher(hasher, Saying(answer=True)).verify(ADA, MARK)
    assert hasher.verified == [False]


async def test_who_gives_up_waiting_asks_no_more() -> None:
    silent = Silent()
    task = asyncio.create_task(AskingHasher(PlainHasher(), silent).verify(ADA, MARK))
    await silent.wait_for(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert silent.given_up == 1


async def test_only_so_many_are_asked_about_at_once() -> None:
    silent = Silent()
    hasher = AskingHasher(PlainHasher(), silent)
    once = asyncio.create_task(hasher.verify(ADA, MARK))
    await silent.wait_for(1)
    once.cancel()
    await asyncio.gather(once, return_exceptions=True)
    tasks = [asyncio.create_task(hasher.verify(ADA, MARK)) for _ in range(64)]
    await silent.wait_for(64)
    with pytest.raises(HashingBusy) as refused:
        await hasher.verify(ADA, MARK)
    assert refused.value.retry_after == 1
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    task = asyncio.create_task(hasher.verify(ADA, MARK))
    await silent.wait_for(1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize(
    ("digest", "name"),
    [
        ("$former$ada", "ada"),
        ("$former$ada@example.org", "ada@example.org"),
        ("$former$Ada $ Løvelace", "Ada $ Løvelace"),
        ("$former$x", "x"),
        ("$former$" + "x" * 320, "x" * 320),
        ("$former$" + "x" * 321, None),
        ("$former$", None),
        ("$former$ ada", None),
        ("$former$ada\n", None),
        ("$former$a\0da", None),
        ("$Former$ada", None),
        (" $former$ada", None),
        ("$plain$4$1$ada", None),
        ("", None),
    ],
)
def test_the_mark_is_read_exactly(digest: str, name: str | None) -> None:
    assert former_name(Secret(digest)) == name
    hasher = AskingHasher(PlainHasher(), FormerSystem())
    assert hasher.needs_upgrade(Secret(digest))
    if name is None:
        with pytest.raises(PasswordHashUnknown):
            hasher.check_known(Secret(digest))
    else:
        hasher.check_known(Secret(digest))


async def test_nobody_is_asked_about_while_there_is_no_room_to_hash() -> None:
    silent, busy = Silent(), PlainHasher()
    busy.is_busy = True
    with pytest.raises(HashingBusy):
        await AskingHasher(busy, silent).verify(ADA, MARK)
    for _ in range(3):
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == 1


def test_a_mark_needs_an_upgrade_whatever_the_hasher_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PlainHasher, "needs_upgrade", lambda *_: False)
    hasher = AskingHasher(PlainHasher(), FormerSystem())
    assert hasher.needs_upgrade(MARK)
    assert not hasher.needs_upgrade(Secret("$plain$4$1$ada"))


async def test_who_is_signed_in_already_may_change_a_password_that_is_still_elsewhere() -> None:
    limen = Assembly()
    limen.former.admit("ada", PASSWORD)
    await moved_in(limen)
    ada = (await limen.users.find("ada@example.org", actor=OPERATOR)).id
    async with limen.unit_of_work() as uow:
        await uow.sessions.add(session := a_session(ada))
        await uow.commit()
    me = OPERATOR.anonymous().as_user(ada, session.id)
    with pytest.raises(CurrentPasswordWrong):
        await limen.passwords.change(current="wrong", new="another long sentence", actor=me)
    await limen.passwords.change(current=PASSWORD, new="another long sentence", actor=me)
    assert limen.former.asked == ["ada", "ada"]

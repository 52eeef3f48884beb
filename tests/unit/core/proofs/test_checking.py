"""Codes and passwords that strangers try: the same work whoever they are tried against."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from limen.adapters.memory.store import Desk
from limen.core.errors import InvalidCredentials, ProofInvalid
from limen.testing.assembly import OPERATOR, Assembly

CODE = "BCDF-GHJK"
ADA = "ada@example.org"

Try = Callable[[Assembly, str], Coroutine[Any, Any, object]]


async def reset(limen: Assembly, identifier: str) -> None:
    await limen.recovery.reset(new="staple of the battery", identifier=identifier, code=CODE)


async def verify(limen: Assembly, identifier: str) -> None:
    await limen.emails.verify(identifier=identifier, code=CODE)


async def complete(limen: Assembly, identifier: str) -> None:
    await limen.links.complete(browser="b" * 43, identifier=identifier, code=CODE)


async def sign_in(limen: Assembly, identifier: str) -> None:
    await limen.sign_in.sign_in(identifier=identifier, password="a wrong guess of it")


async def questions_of(
    monkeypatch: pytest.MonkeyPatch, limen: Assembly, attempt: Try, identifier: str
) -> int:
    """Count how often the store is asked."""
    asked, read = 0, Desk.read

    async def count(self: Desk) -> object:
        nonlocal asked
        asked += 1
        return await read(self)

    with monkeypatch.context() as patch:
        patch.setattr(Desk, "read", count)
        with pytest.raises((ProofInvalid, InvalidCredentials)):
            await attempt(limen, identifier)
    return asked


@pytest.mark.parametrize("attempt", [reset, verify, complete, sign_in])
async def test_the_store_is_asked_as_often_about_anybody(
    monkeypatch: pytest.MonkeyPatch, attempt: Try
) -> None:
    limen = Assembly()
    for name in ("plain", "shut.out", "ada"):
        user = await limen.register(f"{name}@example.org")
        if name == "shut.out":
            await limen.users.suspend(user.id, actor=OPERATOR)
    await limen.recovery.forgot(identifier=ADA)
    await limen.delivery.deliver()
    names = ("nobody@example.org", "nobody", "plain@example.org", "shut.out@example.org", ADA)
    asked = {await questions_of(monkeypatch, limen, attempt, name) for name in names}
    assert len(asked) == 1

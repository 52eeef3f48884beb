"""The tests of the lending library: limen's fixtures come from limen itself."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings

from examples.lending.app import LOAN, Library, create
from limen import Limen
from limen.testing import in_memory, strategies
from limen.testing.fakes import FrozenClock, MailBox
from limen.testing.people import SignedInUser, sign_up


@pytest.fixture
def mail() -> MailBox:
    return MailBox()


@pytest.fixture
async def library(
    limen: Limen, limen_clock: FrozenClock, mail: MailBox
) -> AsyncIterator[httpx.AsyncClient]:
    app: Any = create(limen, limen_clock, mail)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="https://library.example.org"
    ) as client:
        yield client


async def test_a_member_borrows_a_book(
    library: httpx.AsyncClient, signed_in_user: SignedInUser
) -> None:
    answer = await library.post("/loans/dune", headers=signed_in_user.headers)
    assert answer.json() == {"book": "dune", "due": "2026-04-03T12:00:00+00:00"}


async def test_a_stranger_borrows_nothing(library: httpx.AsyncClient) -> None:
    answer = await library.post("/loans/dune")
    assert (answer.status_code, answer.json()["code"]) == (401, "token.invalid")


async def test_a_book_is_lent_to_one_member_at_a_time(
    limen: Limen, library: httpx.AsyncClient, signed_in_user: SignedInUser
) -> None:
    eve = await sign_up(limen, "eve@example.org")
    await library.post("/loans/dune", headers=signed_in_user.headers)
    answer = await library.post("/loans/dune", headers=eve.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "book.lent")
    await library.delete("/loans/dune", headers=signed_in_user.headers)
    assert (await library.post("/loans/dune", headers=eve.headers)).status_code == 201


async def test_nobody_borrows_with_a_token_that_has_run_out(
    library: httpx.AsyncClient, signed_in_user: SignedInUser, limen_clock: FrozenClock
) -> None:
    limen_clock.advance(timedelta(minutes=16))
    answer = await library.post("/loans/dune", headers=signed_in_user.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token.expired")


async def test_nobody_borrows_after_signing_out(
    library: httpx.AsyncClient,
    limen_http_client: httpx.AsyncClient,
    signed_in_user: SignedInUser,
) -> None:
    await limen_http_client.post("/api/v1/auth/logout", headers=signed_in_user.headers)
    answer = await library.post("/loans/dune", headers=signed_in_user.headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "session.ended")


async def test_whoever_is_late_is_reminded(
    limen: Limen,
    library: httpx.AsyncClient,
    signed_in_user: SignedInUser,
    limen_clock: FrozenClock,
    mail: MailBox,
) -> None:
    await library.post("/loans/dune", headers=signed_in_user.headers)
    limen_clock.advance(LOAN + timedelta(seconds=1))
    librarian = await sign_up(limen, "librarian@example.org", roles=["librarian"])
    answer = await library.post("/reminders", headers=librarian.headers)
    assert answer.json() == {"reminded": 1}
    (reminder,) = mail.to(signed_in_user.email)
    assert "bring your books back" in reminder.text


async def test_only_librarians_remind(
    library: httpx.AsyncClient, signed_in_user: SignedInUser
) -> None:
    answer = await library.post("/reminders", headers=signed_in_user.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "library.not_a_librarian")


@settings(max_examples=25, deadline=None)
@given(registration=strategies.registrations())
async def test_everybody_whom_limen_takes_can_borrow_and_be_reminded(
    registration: dict[str, str],
) -> None:
    assembly, mail = in_memory(), MailBox()
    reader = await sign_up(assembly, registration["email"], password=registration["password"])
    library = Library(Limen.of(assembly), assembly.clock, mail)
    library.lend("dune", reader.id)
    assembly.clock.advance(LOAN + timedelta(seconds=1))
    assert await library.remind() == 1
    assert len(mail.to(reader.email)) == 1

"""The tests of the lending library: limen's fixtures come from limen itself."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings

from examples.lending.app import LOAN, STATUS, Library, create
from limen import Kind, Limen, LimenError
from limen.core.errors import (
    HashingBusy,
    SessionEnded,
    StorageReadOnly,
    StorageUnavailable,
    TooManyAttempts,
)
from limen.core.tokens.service import TokenService
from limen.testing import in_memory, strategies
from limen.testing.assembly import OPERATOR, Assembly
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


async def test_a_librarian_who_is_none_any_more_reminds_nobody(
    limen: Limen, library: httpx.AsyncClient
) -> None:
    librarian = await sign_up(limen, "librarian@example.org", roles=["librarian"])
    await limen.roles.withdraw(librarian.id, "librarian", actor=OPERATOR)
    answer = await library.post("/reminders", headers=librarian.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "library.not_a_librarian")


async def test_a_librarian_whose_time_is_over_reminds_nobody(
    limen: Limen, library: httpx.AsyncClient, limen_clock: FrozenClock
) -> None:
    librarian = await sign_up(limen, "librarian@example.org", roles=["librarian"])
    end = limen_clock.now() + timedelta(minutes=1)
    await limen.roles.grant(librarian.id, "librarian", actor=OPERATOR, ends_at=end)
    assert (await library.post("/reminders", headers=librarian.headers)).status_code == 201
    limen_clock.advance(timedelta(minutes=1))
    assert (await library.post("/reminders", headers=librarian.headers)).status_code == 403


async def test_whoever_becomes_a_librarian_is_one_at_once(
    limen: Limen, library: httpx.AsyncClient, signed_in_user: SignedInUser
) -> None:
    await limen.roles.create(actor=OPERATOR, name="librarian")
    await limen.roles.grant(signed_in_user.id, "librarian", actor=OPERATOR)
    answer = await library.post("/reminders", headers=signed_in_user.headers)
    assert answer.json() == {"reminded": 0}


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (StorageUnavailable(), (503, "5")),
        (StorageUnavailable(retry_after=1), (503, "1")),
        (HashingBusy(retry_after=0.2), (429, "1")),
        (TooManyAttempts(retry_after=59.5), (429, "60")),
        (StorageReadOnly(), (500, None)),
        (SessionEnded(), (401, None)),
    ],
    ids=str,
)
async def test_a_refusal_tells_its_kind_and_when_to_come_again(
    library: httpx.AsyncClient,
    signed_in_user: SignedInUser,
    monkeypatch: pytest.MonkeyPatch,
    refusal: LimenError,
    told: tuple[int, str | None],
) -> None:
    async def refuse(*_: object) -> None:
        raise refusal

    monkeypatch.setattr(TokenService, "authenticate", refuse)
    answer = await library.post("/loans/dune", headers=signed_in_user.headers)
    assert (answer.status_code, answer.headers.get("Retry-After")) == told
    assert answer.json()["code"] == refusal.code
    challenge = 'Bearer realm="library"' if answer.status_code == 401 else None
    assert answer.headers.get("WWW-Authenticate") == challenge


async def test_mail_that_cannot_be_sent_is_tried_again_later(
    limen: Limen,
    library: httpx.AsyncClient,
    signed_in_user: SignedInUser,
    limen_clock: FrozenClock,
    mail: MailBox,
) -> None:
    await library.post("/loans/dune", headers=signed_in_user.headers)
    limen_clock.advance(LOAN + timedelta(seconds=1))
    librarian = await sign_up(limen, "librarian@example.org", roles=["librarian"])
    mail.is_out = True
    answer = await library.post("/reminders", headers=librarian.headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "mail.not_sent")
    mail.is_out = False
    answer = await library.post("/reminders", headers=librarian.headers)
    assert answer.json() == {"reminded": 1}
    assert len(mail.to(signed_in_user.email)) == 1


async def test_a_late_member_who_is_gone_keeps_nobody_from_being_reminded_and_no_book(
    limen: Limen,
    library: httpx.AsyncClient,
    signed_in_user: SignedInUser,
    limen_clock: FrozenClock,
    mail: MailBox,
) -> None:
    for number in range(4):
        gone = await sign_up(limen, f"gone{number}@example.org")
        await library.post(f"/loans/lost-{number}", headers=gone.headers)
        await limen.users.delete(gone.id, actor=OPERATOR)
    await library.post("/loans/dune", headers=signed_in_user.headers)
    limen_clock.advance(LOAN + timedelta(seconds=1))
    librarian = await sign_up(limen, "librarian@example.org", roles=["librarian"])
    answer = await library.post("/reminders", headers=librarian.headers)
    assert answer.json() == {"reminded": 1}
    assert [each.to for each in mail.mails] == [signed_in_user.email]
    for number in range(4):
        answer = await library.post(f"/loans/lost-{number}", headers=librarian.headers)
        assert answer.status_code == 201


def test_every_kind_of_refusal_has_a_status() -> None:
    assert STATUS.keys() == set(Kind)


async def test_a_token_counts_as_a_bearer_token_alone(
    library: httpx.AsyncClient, signed_in_user: SignedInUser
) -> None:
    token = signed_in_user.tokens.access_token.reveal()
    for scheme, status in (("Bearer ", 201), ("bearer ", 201), ("Basic ", 401), ("", 401)):
        headers = {"Authorization": f"{scheme}{token}"}
        assert (await library.post("/loans/dune", headers=headers)).status_code == status


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


async def test_whoever_opens_the_link_has_proved_their_address(
    limen: Limen, limen_assembly: Assembly, signed_in_user: SignedInUser
) -> None:
    letter = await limen_assembly.read_mail(signed_in_user.email)
    token = letter["link"].partition("#")[2]
    await limen.emails.verify(token=token, actor=signed_in_user.actor)
    user = await limen.users.get(signed_in_user.id, actor=signed_in_user.actor)
    assert user.email_verified_at == limen_assembly.clock.now()

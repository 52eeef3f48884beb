"""Messages: posted, sent, tried again, looked at."""

from datetime import timedelta

import pytest

from limen.core.errors import (
    InvalidCursor,
    InvalidQuery,
    MessageNotFound,
    MessageNotUndeliverable,
    PermissionMissing,
    StorageUnavailable,
)
from limen.core.messages.composing import Composer
from limen.core.messages.model import Message, MessageKind, MessageState
from limen.core.page import ListQuery
from limen.ports.mailer import Mail
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.builders import a_message

EVERYTHING = ListQuery(filters={})
PAUSES = [1, 5, 15, 60, 240, 720]


async def the_message(limen: Assembly) -> Message:
    listing = await limen.messages.list(EVERYTHING, actor=OPERATOR)
    return listing.items[0]


async def undeliverable() -> Assembly:
    """Ada has registered, and no mail server takes anything."""
    limen = Assembly()
    limen.mail.is_out = True
    await limen.register()
    for minutes in (0, *PAUSES):
        limen.clock.advance(timedelta(minutes=minutes))
        await limen.delivery.deliver()
    return limen


async def test_whoever_registers_is_written_to() -> None:
    limen = Assembly()
    ada = await limen.register()
    waiting = await the_message(limen)
    assert (waiting.kind, waiting.user_id) == (MessageKind.VERIFY_EMAIL, ada.id)
    assert waiting.state is MessageState.WAITING
    assert await limen.delivery.deliver() == {MessageState.SENT: 1}
    sent = await the_message(limen)
    assert (sent.state, sent.tries, sent.sealed) == (MessageState.SENT, 1, None)
    assert await limen.delivery.deliver() == {}


async def test_mail_that_is_not_taken_is_tried_again_ever_later_and_given_up() -> None:
    limen = Assembly()
    limen.mail.is_out = True
    await limen.register()
    for tries, minutes in enumerate(PAUSES, 1):
        assert await limen.delivery.deliver() == {MessageState.WAITING: 1}
        message = await the_message(limen)
        assert (message.tries, message.fault) == (tries, "mail.not_sent")
        limen.clock.advance(timedelta(minutes=minutes) - timedelta(microseconds=1))
        assert await limen.delivery.deliver() == {}
        limen.clock.advance(timedelta(microseconds=1))
    assert await limen.delivery.deliver() == {MessageState.UNDELIVERABLE: 1}
    assert (await the_message(limen)).ended_at == limen.clock.now()
    limen.clock.advance(timedelta(days=1))
    assert await limen.delivery.deliver() == {}


async def test_what_no_other_try_can_deliver_is_given_up_at_once() -> None:
    limen = Assembly()
    limen.mail.reads_only_ascii = True
    await limen.register("zoë@example.org")
    assert await limen.delivery.deliver() == {MessageState.UNDELIVERABLE: 1}
    message = await the_message(limen)
    assert (message.fault, message.tries) == ("mail.unreachable", 1)
    limen.mail.reads_only_ascii = False
    await limen.messages.send_again(message.id, actor=OPERATOR)
    assert await limen.delivery.deliver() == {MessageState.SENT: 1}


async def test_what_is_undeliverable_can_be_sent_again() -> None:
    limen = await undeliverable()
    limen.mail.is_out = False
    message = await the_message(limen)
    again = await limen.messages.send_again(message.id, actor=OPERATOR)
    assert (again.state, again.tries, again.fault) == (MessageState.WAITING, 0, None)
    assert (await limen.last_event()).name == "message.requeued"
    assert await limen.delivery.deliver() == {MessageState.SENT: 1}
    for _ in range(2):
        with pytest.raises(MessageNotUndeliverable):
            await limen.messages.send_again(message.id, actor=OPERATOR)


async def test_a_worker_that_dies_leaves_its_message_to_the_next() -> None:
    limen = Assembly()
    await limen.register()
    now = limen.clock.now()
    async with limen.unit_of_work() as uow:
        await uow.messages.claim(now, now + timedelta(minutes=10), 10)
        await uow.commit()
    assert await limen.delivery.deliver() == {}
    limen.clock.advance(timedelta(minutes=10))
    assert await limen.delivery.deliver() == {MessageState.SENT: 1}


async def test_messages_to_those_who_are_gone_are_dropped() -> None:
    limen = Assembly()
    ada = await limen.register()
    await limen.users.delete(ada.id, actor=OPERATOR)
    assert await limen.delivery.deliver() == {MessageState.DROPPED: 1}
    assert limen.mail.mails == []


async def test_a_password_that_changed_is_told() -> None:
    limen = Assembly()
    ada = await limen.register()
    for is_proved in (False, True):
        if is_proved:
            await limen.emails.send_verification(identifier="ada@example.org")
            token = (await limen.read_mail())["link"].partition("#")[2]
            await limen.emails.verify(token=token, password=PASSWORD)
        await limen.passwords.set(ada.id, new="staple of the battery", actor=OPERATOR)
        await limen.delivery.deliver()
        told = [mail.subject == "password_changed" for mail in limen.mail.mails]
        assert any(told) is is_proved
        await limen.passwords.set(ada.id, new=PASSWORD, actor=OPERATOR)


async def test_a_message_that_breaks_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limen = Assembly()
    for name in ("poison", "ada"):
        await limen.register(f"{name}@example.org")
    send = limen.mail.send

    async def break_on_poison(mail: Mail) -> None:
        if mail.to.startswith("poison"):
            raise TypeError("nobody thought of this")
        await send(mail)

    monkeypatch.setattr(limen.mail, "send", break_on_poison)
    done = await limen.delivery.deliver()
    assert done == {MessageState.WAITING: 1, MessageState.SENT: 1}
    for minutes in PAUSES:
        limen.clock.advance(timedelta(minutes=minutes))
        await limen.delivery.deliver()
    broken = await limen.messages.list(
        ListQuery(filters={("state", "eq"): "undeliverable"}), actor=OPERATOR
    )
    assert [message.fault for message in broken.items] == ["message.broken"]


async def test_a_store_that_is_out_is_no_fault_of_the_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limen = Assembly()
    await limen.register()

    async def be_out(*_: object) -> None:
        raise StorageUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(Composer, "compose", be_out)
        with pytest.raises(StorageUnavailable):
            await limen.delivery.deliver()
    message = await the_message(limen)
    assert (message.state, message.fault) == (MessageState.WAITING, None)
    limen.clock.advance(timedelta(minutes=10))
    assert await limen.delivery.deliver() == {MessageState.SENT: 1}


async def test_a_message_that_no_worker_survives_is_given_up() -> None:
    limen = Assembly()
    await limen.register()
    for _ in range(7):
        now = limen.clock.now()
        async with limen.unit_of_work() as uow:
            await uow.messages.claim(now, now + timedelta(minutes=10), 10)
            await uow.commit()
        limen.clock.advance(timedelta(minutes=10))
    assert await limen.delivery.deliver() == {MessageState.UNDELIVERABLE: 1}


async def test_an_outage_does_not_use_up_what_may_be_sent() -> None:
    limen = Assembly()
    await limen.register()
    limen.mail.is_out = True
    for minutes in (0, 1, 5, 15):
        limen.clock.advance(timedelta(minutes=minutes))
        await limen.delivery.deliver()
    limen.mail.is_out = False
    limen.clock.advance(timedelta(hours=1))
    assert await limen.delivery.deliver() == {MessageState.SENT: 1}


async def test_messages_are_listed_the_newest_first_page_by_page() -> None:
    limen = Assembly()
    for number in range(5):
        await limen.register(f"user{number}@example.org")
    walked, query = [], ListQuery(filters={}, limit=2)
    while True:
        listing = await limen.messages.list(query, actor=OPERATOR)
        walked += [message.id for message in listing.items]
        if listing.next_cursor is None:
            break
        query = ListQuery(filters={}, limit=2, cursor=listing.next_cursor)
    assert walked == sorted(walked, reverse=True)
    assert len(walked) == 5


async def test_messages_of_one_state_are_listed_and_the_cursor_belongs_to_it() -> None:
    limen = await undeliverable()
    await limen.register("grace@example.org")
    await limen.register("alan@example.org")
    by_state = {
        state: await limen.messages.list(
            ListQuery(filters={("state", "eq"): state.value}, limit=1), actor=OPERATOR
        )
        for state in MessageState
    }
    assert [len(found.items) for found in by_state.values()] == [1, 0, 0, 1]
    cursor = by_state[MessageState.WAITING].next_cursor
    assert cursor is not None
    with pytest.raises(InvalidCursor):
        await limen.messages.list(ListQuery(filters={}, cursor=cursor), actor=OPERATOR)


async def test_whatever_else_a_list_can_do_is_refused_by_name() -> None:
    limen = Assembly()
    query = ListQuery(
        filters={("state", "ne"): "sent", ("to", "eq"): "ada@example.org", ("id", "eq"): "x"},
        sort="created_at",
        search="ada",
        page=1,
        count="exact",
    )
    with pytest.raises(InvalidQuery) as refused:
        await limen.messages.list(query, actor=OPERATOR)
    assert {fault.field for fault in refused.value.details} == {
        "filter[state][ne]",
        "filter[to]",
        "filter[id][eq]",
        "sort",
        "q",
        "page",
        "count",
    }


async def test_messages_are_for_those_who_may_see_and_send_them() -> None:
    limen = Assembly()
    await limen.register()
    ada = acting(await limen.enter())
    message = await the_message(limen)
    with pytest.raises(PermissionMissing):
        await limen.messages.list(EVERYTHING, actor=ada)
    with pytest.raises(PermissionMissing):
        await limen.messages.get(message.id, actor=ada)
    with pytest.raises(PermissionMissing):
        await limen.messages.send_again(message.id, actor=ada)


async def test_there_is_no_message_of_an_unknown_id() -> None:
    limen = Assembly()
    with pytest.raises(MessageNotFound):
        await limen.messages.get(a_message().id, actor=OPERATOR)
    with pytest.raises(MessageNotFound):
        await limen.messages.send_again(a_message().id, actor=OPERATOR)

"""Messages to people, for administrators."""

from typing import Final
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from limen.core.ids import MessageId
from limen.core.messages.listing import FIELDS, NEWEST_FIRST
from limen.core.messages.service import MessageService
from limen.entrypoints.http.answers import Answered, plain
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.describing import described
from limen.entrypoints.http.listing import listed, read_list
from limen.entrypoints.http.rules import ListOf, Query, Rules
from limen.entrypoints.shapes import MessageOut, Success

LIST: Final = ListOf(
    name="Message", shape=MessageOut, fields=FIELDS, default_sort=NEWEST_FIRST, has_pages=False
)


class MessageController(Controller):
    """All messages."""

    path = "/messages"
    tags = ("Messages",)

    @get(
        "/",
        **described(
            "listMessages",
            "List messages",
            refuses=(403,),
            rules=Rules(is_open_to_keys=True, query=Query.LIST, lists=LIST),
        ),
    )
    async def list_messages(
        self, request: CallRequest, messages: NamedDependency[MessageService]
    ) -> Answered[Success[list[MessageOut]]]:
        """Return messages, the newest first; needs `messages.read`.

        `filter[state]`, `limit`, `cursor` and `fields` are heeded; nothing else is possible.
        """
        query = read_list(request, MessageOut)
        listing = await messages.list(query.core, actor=request.actor)
        return listed(request, query, listing, list(map(MessageOut.of, listing.items)))

    @get(
        "/{message_id:str}",
        **described(
            "getMessage", "See a message", refuses=(403, 404), rules=Rules(is_open_to_keys=True)
        ),
    )
    async def see(
        self,
        request: CallRequest,
        messages: NamedDependency[MessageService],
        message_id: FromPath[UUID],
    ) -> Answered[Success[MessageOut]]:
        """Return a message, without what it says; needs `messages.read`."""
        found = await messages.get(MessageId(message_id), actor=request.actor)
        return plain(MessageOut.of(found))

    @post(
        "/{message_id:str}/send-again",
        status_code=200,
        **described(
            "sendMessageAgain",
            "Send an undeliverable message again",
            refuses=(403, 404, 409, 422),
            has_body=True,
            rules=Rules(is_open_to_keys=True),
        ),
    )
    async def send_again(
        self,
        request: CallRequest,
        messages: NamedDependency[MessageService],
        message_id: FromPath[UUID],
    ) -> Answered[Success[MessageOut]]:
        """Try an undeliverable message again from now on; needs `messages.send`."""
        found = await messages.send_again(MessageId(message_id), actor=request.actor)
        return plain(MessageOut.of(found))

"""`limen mail`: the messages that limen writes to people."""

from email import message_from_bytes, policy
from pathlib import Path
from typing import Final

import click
from msgspec import Struct

from limen.core.ids import MessageId
from limen.core.messages.model import MessageState
from limen.core.page import DEFAULT_LIMIT, ListQuery
from limen.entrypoints.cli.door import Desk, at_the_desk, with_output
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.cli.output import Output
from limen.entrypoints.shapes import ListMetaOut, MessageOut
from limen.wiring.settings import load

_COLUMNS: Final = ("id", "kind", "user_id", "state", "tries", "fault", "created_at")


class MailOut(Struct, frozen=True, kw_only=True):
    """A mail that was not delivered but written into a file."""

    to: str
    subject: str
    text: str
    file: str


mail = LazyGroup(
    name="mail",
    help="""See what limen writes to people, and send again what did not arrive.

A mail that the server does not take is tried again for some hours; then it is undeliverable.""",
    examples=("limen mail list --state undeliverable", "limen mail show"),
)


@mail.command(
    "list",
    examples=("limen mail list --state undeliverable", "limen mail list --limit 100 --json"),
)
@click.option("--state", type=click.Choice([state.value for state in MessageState]))
@click.option("--cursor", help="Go on behind the page that gave this cursor.")
@click.option("--limit", type=int, default=DEFAULT_LIMIT, show_default=True, help="1 to 200.")
@at_the_desk
async def list_(desk: Desk, *, state: str | None, cursor: str | None, limit: int) -> None:
    """List messages, the newest first; what they say is not shown."""
    filters = {} if state is None else {("state", "eq"): state}
    query = ListQuery(filters=filters, cursor=cursor, limit=limit)
    listing = await desk.services.messages.list(query, actor=desk.actor)
    shapes = [MessageOut.of(message) for message in listing.items]
    desk.output.rows(shapes, _COLUMNS, meta=ListMetaOut.of(listing))
    if listing.next_cursor is not None:
        desk.output.hint(f"there is more: --cursor {listing.next_cursor}")


@mail.command(examples=("limen mail send-again 019a3c5e-a0c1-7d11-8b6e-2f3a4b5c6d7e",))
@click.argument("message", type=click.UUID)
@at_the_desk
async def send_again(desk: Desk, *, message: MessageId) -> None:
    """Try an undeliverable message again; the server sends it within a second."""
    again = await desk.services.messages.send_again(message, actor=desk.actor)
    desk.output.item(MessageOut.of(again))


@mail.command(examples=("limen mail show", "limen mail show 3"))
@click.argument("count", type=click.IntRange(1, 100), default=1)
@with_output
async def show(output: Output, *, count: int) -> None:
    """Show the last mails of a limen that delivers none: they lie in the data directory.

    That is so where LIMEN_SMTP_URL is not set.
    """
    folder = load().data_dir / "mail"
    shapes = [_read(path) for path in sorted(folder.glob("*.eml"))[-count:]]
    if output.is_json:
        output.done(data=shapes)
        return
    if not shapes:
        output.hint(f"there is no mail in {folder}")
    for shape in shapes:
        output.done(f"To: {shape.to}", f"Subject: {shape.subject}", "", *shape.text.splitlines())


def _read(path: Path) -> MailOut:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    return MailOut(
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text="" if body is None else str(body.get_content()),
        file=str(path),
    )

"""Signing in by a link or a code that was mailed."""

import click

from limen.core.actor import Actor
from limen.core.errors import ProofInvalid
from limen.entrypoints.cli.account.desk import OwnDesk, at_asking_desk, at_own_desk
from limen.entrypoints.cli.account.signing_in import enter
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.shapes import LinkAskedOut

link = LazyGroup(
    name="link",
    help="""Sign in by a link or a code that is mailed to you.

It is good for ten minutes, once, and only where it was asked for.""",
    examples=("limen account link ask ada@example.org", "limen account link complete"),
)


@link.command(examples=("limen account link ask ada@example.org",))
@click.argument("identifier")
@at_own_desk
async def ask(desk: OwnDesk, *, identifier: str) -> None:
    """Have a link and a code sent to whoever has this address or username."""
    browser = await desk.services.links.ask(identifier=identifier, actor=Actor.anonymous())
    desk.keep_browser(browser.reveal())
    desk.output.done(
        "If there is such an account, mail is on its way. Go on with: limen account link complete",
        data=LinkAskedOut(browser_token=browser.reveal()),
    )


@link.command(
    examples=("limen account link complete", "limen account link complete ada@example.org")
)
@click.argument("identifier", required=False)
@click.option("--label", default="", help="What the session is called in lists.")
@at_asking_desk
async def complete(desk: OwnDesk, *, identifier: str | None, label: str) -> None:
    """Sign in by the link or the code of the mail.

    A code needs the IDENTIFIER it was asked for with.
    """
    browser = desk.file.read().browser_token
    if browser is None:
        raise ProofInvalid
    shown = desk.asking.shown()
    outcome = await desk.services.links.complete(
        browser=browser,
        token=shown.token,
        identifier=identifier if shown.token is None else None,
        code=shown.code,
        label=label,
        actor=Actor.anonymous(),
    )
    await enter(desk, outcome)

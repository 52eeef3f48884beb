"""Passkeys: signing in by one, enrolling and removing one's own.

The authenticator is a browser's: what it is asked leaves here as JSON, and so its answer comes in.
"""

from enum import StrEnum
from typing import Any, Final

import click
import msgspec
from msgspec import Struct

from limen.core.actor import Actor
from limen.core.ids import PasskeyId
from limen.core.passkeys.asking import Asked
from limen.entrypoints.cli.account.desk import OwnDesk, at_own_desk
from limen.entrypoints.cli.account.signing_in import enter, tell_risen
from limen.entrypoints.cli.files.opening import reading
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.passkey_shapes import PasskeyAskedOut, PasskeyOut

_COLUMNS: Final = ("id", "name", "is_backed_up", "created_at", "last_used_at")
_MOST_BYTES: Final = 1 << 16


class Answered(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What came with the options, and the browser's answer by its `toJSON`."""

    ceremony: str
    credential: dict[str, Any]


def _read(name: str) -> Answered:
    with reading(name) as stream:
        content = stream.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise click.UsageError(f"The answer is over {_MOST_BYTES} bytes.")
    try:
        return msgspec.json.decode(content, type=Answered)
    except (msgspec.DecodeError, RecursionError) as error:
        raise click.UsageError(f"That is no answer of a browser: {error}") from None


class Use(StrEnum):
    """What a passkey proves oneself for."""

    SIGN_IN = "sign-in"
    FACTOR = "factor"
    STEP_UP = "step-up"


_use_option = click.option(
    "--for",
    "use",
    type=click.Choice([use.value for use in Use]),
    default=Use.SIGN_IN.value,
    show_default=True,
    help="Sign in, finish a sign-in that waits for a second factor, or prove again who you are.",
)

passkey = LazyGroup(
    name="passkey",
    help="""Sign in by a passkey, with a browser for the authenticator.

ANSWER is a file, or - for a pipe, with {"ceremony": …, "credential": …}: the ceremony that came
with the options, and what navigator.credentials.get() gave, by its toJSON.""",
    examples=(
        "limen account passkey options --json > options.json",
        "limen account passkey complete answer.json",
    ),
)


@passkey.command(
    examples=(
        "limen account passkey options ada@example.org --json > options.json",
        "limen account passkey options --for step-up --json > options.json",
    )
)
@click.argument("identifier", required=False)
@_use_option
@at_own_desk
async def options(desk: OwnDesk, *, identifier: str | None, use: str) -> None:
    """Give the options for navigator.credentials.get(), good once and for five minutes.

    Whoever signs in may say who they are, by e-mail address or username.
    """
    desk.output.item(PasskeyAskedOut.of(await _ask(desk, Use(use), identifier)))


async def _ask(desk: OwnDesk, use: Use, identifier: str | None) -> Asked:
    services = desk.services
    if use is Use.SIGN_IN:
        return await services.passkey_sign_in.ask(identifier=identifier, actor=Actor.anonymous())
    if identifier is not None:
        raise click.UsageError("Give the IDENTIFIER to sign in only.")
    if use is Use.FACTOR:
        return await services.passkey_steps.ask_to_finish(
            partial_token=desk.waiting(), actor=Actor.anonymous()
        )
    return await services.passkey_steps.ask_to_step_up(actor=await desk.actor())


@passkey.command(examples=("limen account passkey complete answer.json",))
@click.argument("answer")
@_use_option
@click.option("--label", default="", help="What a new session is called in lists.")
@at_own_desk
async def complete(desk: OwnDesk, *, answer: str, use: str, label: str) -> None:
    """Sign in by the browser's answer, or what else it was asked for."""
    answered = _read(answer)
    if use == Use.STEP_UP:
        risen = await desk.services.passkey_steps.step_up(
            ceremony=answered.ceremony, answer=answered.credential, actor=await desk.actor()
        )
        tell_risen(desk, risen)
    elif use == Use.FACTOR:
        tokens = await desk.services.passkey_steps.finish(
            partial_token=desk.waiting(),
            ceremony=answered.ceremony,
            answer=answered.credential,
            actor=Actor.anonymous(),
        )
        await enter(desk, tokens)
    else:
        tokens = await desk.services.passkey_sign_in.complete(
            ceremony=answered.ceremony,
            answer=answered.credential,
            label=label,
            actor=Actor.anonymous(),
        )
        await enter(desk, tokens)


passkeys = LazyGroup(
    name="passkeys",
    help="""Enrol, see, rename and remove your passkeys.

ANSWER is a file, or - for a pipe, with {"ceremony": …, "credential": …}: the ceremony that came
with the options, and what navigator.credentials.create() gave, by its toJSON.""",
    examples=("limen account passkeys list", "limen account passkeys options --json"),
)


@passkeys.command("options", examples=("limen account passkeys options --json > options.json",))
@at_own_desk
async def new_options(desk: OwnDesk) -> None:
    """Give the options for navigator.credentials.create(). Needs a fresh sign-in."""
    asked = await desk.services.passkeys.begin_enrolment(actor=await desk.actor())
    desk.output.item(PasskeyAskedOut.of(asked))


@passkeys.command(examples=("limen account passkeys enrol answer.json --name Laptop",))
@click.argument("answer")
@click.option("--name", default="", help="What the passkey is called.")
@at_own_desk
async def enrol(desk: OwnDesk, *, answer: str, name: str) -> None:
    """Enrol a passkey by the browser's answer. Needs a fresh sign-in."""
    answered = _read(answer)
    made = await desk.services.passkeys.enrol(
        ceremony=answered.ceremony,
        answer=answered.credential,
        name=name,
        actor=await desk.actor(),
    )
    desk.output.item(PasskeyOut.of(made))


@passkeys.command("list", examples=("limen account passkeys list",))
@at_own_desk
async def list_(desk: OwnDesk) -> None:
    """List your passkeys, the oldest first."""
    user_id, actor = await desk.myself()
    held = await desk.services.passkeys.list(user_id, actor=actor)
    desk.output.rows([PasskeyOut.of(passkey) for passkey in held], _COLUMNS)


@passkeys.command(
    examples=("limen account passkeys rename 019a3c5e-b1d2-7e13-9a4c-3d5e7f90a1b2 Laptop",)
)
@click.argument("passkey_id", metavar="PASSKEY", type=click.UUID)
@click.argument("name")
@at_own_desk
async def rename(desk: OwnDesk, *, passkey_id: PasskeyId, name: str) -> None:
    """Give a passkey another name."""
    actor = await desk.actor()
    renamed = await desk.services.passkeys.rename(passkey_id, name=name, actor=actor)
    desk.output.item(PasskeyOut.of(renamed))


@passkeys.command(examples=("limen account passkeys remove 019a3c5e-b1d2-7e13-9a4c-3d5e7f90a1b2",))
@click.argument("passkey_id", metavar="PASSKEY", type=click.UUID)
@at_own_desk
async def remove(desk: OwnDesk, *, passkey_id: PasskeyId) -> None:
    """Remove a passkey for good. Needs a fresh sign-in."""
    user_id, actor = await desk.myself()
    await desk.services.passkeys.remove(user_id, passkey_id, actor=actor)
    desk.output.done("The passkey is removed.")

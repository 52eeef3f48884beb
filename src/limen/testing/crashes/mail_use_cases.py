"""Use cases about mail: proving and changing addresses, lost passwords, links, help, delivery."""

import json
from typing import Final

from limen.core.errors import ProofInvalid
from limen.core.messages.model import MessageState
from limen.core.page import ListQuery
from limen.core.users.model import User
from limen.testing.assembly import OPERATOR, PASSWORD, acting
from limen.testing.crashes.scene import NEW_PASSWORD, SOMEWHERE, Scene, UseCase

_EMAIL: Final = "ada@example.org"
_NEW_EMAIL: Final = "new@example.org"
_FAR: Final = "zoë@example.org"


async def _read(scene: Scene, name: str, address: str = _EMAIL) -> str:
    """Have all mail sent; return what the newest one with such a value says, or nothing."""
    await scene.limen.delivery.deliver()
    for mail in reversed(scene.limen.mail.to(address)):
        values: dict[str, str] = json.loads(mail.text)
        if name in values:
            return values[name].rpartition("#")[2]
    return ""


async def _verify(scene: Scene) -> None:
    """Prove an address as somebody who reads its mail: the account falls to them."""
    token = await _read(scene, "link")
    await scene.limen.emails.verify(token=token, actor=SOMEWHERE)


async def _verify_by_code(scene: Scene) -> None:
    """Prove an address as the maker of its account, behind a wrong code."""
    code = await _read(scene, "code")
    for typed in ("BCDF-GHJK", code):
        try:
            await scene.limen.emails.verify(code=typed, actor=acting(scene.first))
        except ProofInvalid:
            continue


async def _change_address(scene: Scene) -> None:
    """Have both ends agree to an address in which somebody waits."""
    emails, me = scene.limen.emails, acting(scene.first)
    await scene.limen.assistance.verify_email(scene.ada.id, actor=OPERATOR)
    await scene.limen.users.register(email=_NEW_EMAIL, password=PASSWORD)
    await emails.request_change(new_email=_NEW_EMAIL, actor=me)
    approve = await _read(scene, "link")
    confirm = await _read(scene, "link", _NEW_EMAIL)
    await emails.verify(token=approve, actor=me)
    await emails.verify(token=confirm, actor=me)


async def _reset(scene: Scene) -> User:
    """Set a new password by a link."""
    recovery = scene.limen.recovery
    await recovery.forgot(identifier=_EMAIL, actor=SOMEWHERE)
    token = await _read(scene, "link")
    return await recovery.reset(new=NEW_PASSWORD, token=token, actor=SOMEWHERE)


async def _reset_by_code(scene: Scene) -> User:
    """Set a new password by a code."""
    recovery = scene.limen.recovery
    await recovery.forgot(identifier=_EMAIL, actor=SOMEWHERE)
    code = await _read(scene, "code")
    return await recovery.reset(new=NEW_PASSWORD, identifier=_EMAIL, code=code, actor=SOMEWHERE)


async def _sign_in_by_link(scene: Scene) -> None:
    """Ask for a link and come in by it."""
    browser = await scene.limen.links.ask(identifier=_EMAIL, actor=SOMEWHERE)
    token = await _read(scene, "link")
    await scene.limen.links.complete(browser=browser, token=token, actor=SOMEWHERE)


async def _send_again(scene: Scene) -> None:
    """Have mail sent once more that no server would take."""
    limen = scene.limen
    limen.mail.reads_only_ascii = True
    await limen.users.create(email=_FAR, actor=OPERATOR)
    await limen.emails.send_verification(identifier=_FAR)
    await limen.delivery.deliver()
    state = MessageState.UNDELIVERABLE
    waiting = ListQuery(filters={("state", "eq"): state.value}, limit=1)
    for message in (await limen.messages.list(waiting, actor=OPERATOR)).items:
        await limen.messages.send_again(message.id, actor=OPERATOR)


USE_CASES: Final[dict[str, UseCase]] = {
    "emails.send_verification": lambda s: s.limen.emails.send_verification(
        identifier=_EMAIL, actor=SOMEWHERE
    ),
    "emails.request_change": lambda s: s.limen.emails.request_change(
        new_email=_NEW_EMAIL, actor=acting(s.first)
    ),
    "emails.verify": _verify,
    "emails.verify: by a code": _verify_by_code,
    "emails.verify: both ends of a change": _change_address,
    "recovery.forgot": lambda s: s.limen.recovery.forgot(identifier=_EMAIL, actor=SOMEWHERE),
    "recovery.reset": _reset,
    "recovery.reset: by a code": _reset_by_code,
    "links.ask": lambda s: s.limen.links.ask(identifier=_EMAIL, actor=SOMEWHERE),
    "links.complete": _sign_in_by_link,
    "assistance.require_reset": lambda s: s.limen.assistance.require_reset(
        s.ada.id, actor=s.operator
    ),
    "assistance.verify_email": lambda s: s.limen.assistance.verify_email(
        s.ada.id, actor=s.operator
    ),
    "assistance.unlock": lambda s: s.limen.assistance.unlock(s.ada.id, actor=s.operator),
    "messages.send_again": _send_again,
    "delivery.deliver": lambda s: s.limen.delivery.deliver(),
    "delivery.send_next": lambda s: s.limen.delivery.send_next(),
}

"""`limen factors`."""

from pathlib import Path
from uuid import UUID

import pyotp

from limen.core.ids import UserId
from limen.entrypoints.cli.exits import Exit
from limen.testing.assembly import acting
from limen.testing.builders import a_user_id
from limen.testing.machine_builders import a_reset_request
from tests.unit.entrypoints.cli.person import Person
from tests.unit.entrypoints.cli.shell import Shell


def enrolled(shell: Shell) -> UserId:
    """Ada has an authenticator app."""
    limen = shell.limen
    ada = shell.wait(limen.register())
    me = acting(shell.wait(limen.enter()))
    made = shell.wait(limen.factors.begin_totp(actor=me))
    code = pyotp.TOTP(made.secret.reveal()).at(limen.clock.now())
    shell.wait(limen.factors.confirm_totp(code=code, actor=me))
    return ada.id


def test_second_factors_are_shown(shell: Shell) -> None:
    user_id = enrolled(shell)
    shown = shell("factors", "show", "ada@example.org", "--json").data
    assert shown["totp"]["confirmed_at"] == "2026-03-20T12:00:00Z"
    assert shown["recovery_codes_left"] == 10
    told = shell("factors", "show", str(user_id)).out
    assert "2026-03-20 12:00:00Z" in told
    assert "10" in told


def test_second_factors_are_reset(shell: Shell) -> None:
    enrolled(shell)
    assert shell("factors", "reset", "ada@example.org").code == Exit.INVALID
    told = shell("factors", "reset", "ada@example.org", "--yes", "--json").data
    assert told == {"taken": ["totp", "recovery_code"], "pending": None}
    shown = shell("factors", "show", "ada@example.org", "--json").data
    assert shown == {"totp": None, "recovery_codes_left": 0, "reset": None}
    assert "factor.all_reset" in shell.wait(shell.limen.event_names())


def test_nobody_has_factors(shell: Shell) -> None:
    for words in (("show", str(a_user_id())), ("reset", str(a_user_id()), "--yes")):
        assert shell("factors", *words).code == Exit.NOT_FOUND


def test_a_reset_that_waits_is_shown_withdrawn_and_approved(shell: Shell) -> None:
    user_id = enrolled(shell)
    for words in (("approve", "--yes"), ("withdraw",)):
        assert shell("factors", *words, "ada@example.org").code == Exit.NOT_FOUND
    root = shell.wait(shell.limen.administrator())
    for words in (("withdraw",), ("approve", "--yes")):
        shell.wait(wait_for_approval(shell, user_id, root.id))
        shown = shell("factors", "show", "ada@example.org", "--json").data
        assert shown["reset"]["requested_by"] == str(root.id)
        told = shell("factors", *words, "ada@example.org")
        assert told.code == 0
    assert shell("factors", "show", "ada@example.org", "--json").data["totp"] is None


def test_a_reset_that_waits_is_taken_back_by_its_owner(shell: Shell, tmp_path: Path) -> None:
    ada = Person(shell, tmp_path / "state" / "ada.json")
    ada.enter()
    assert ada.code("keep-factors") == "factor.reset_not_found"
    root = shell.wait(shell.limen.administrator())
    user_id = UserId(UUID(ada.data("show")["id"]))
    shell.wait(wait_for_approval(shell, user_id, root.id))
    assert ada.data("factors")["reset"]["requested_by"] == str(root.id)
    assert ada("keep-factors").out == "Your second factors stay.\n"
    assert ada.data("factors")["reset"] is None


async def wait_for_approval(shell: Shell, user_id: UserId, by: UserId) -> None:
    now = shell.limen.clock.now()
    async with shell.limen.unit_of_work() as uow:
        await uow.factor_resets.put(a_reset_request(user_id, requested_at=now, requested_by=by))
        await uow.commit()

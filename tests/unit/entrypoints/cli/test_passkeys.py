"""Passkeys at the shell."""

from limen.core.passkeys.model import Passkey
from limen.entrypoints.cli.exits import Exit
from limen.testing.assembly import acting
from limen.testing.passkeys import Authenticator
from tests.unit.entrypoints.cli.shell import Shell

ADA = "ada@example.org"


async def _enrol(shell: Shell) -> Passkey:
    await shell.limen.register(ADA)
    ada = acting(await shell.limen.enter(ADA))
    asked = await shell.limen.passkeys.begin_enrolment(actor=ada)
    answer = Authenticator().create(asked.options)
    return await shell.limen.passkeys.enrol(
        ceremony=asked.ceremony, answer=answer, name="Laptop", actor=ada
    )


def test_passkeys_are_listed_and_removed(shell: Shell) -> None:
    passkey = shell.wait(_enrol(shell))
    (listed,) = shell("passkeys", "list", ADA, "--json").data
    assert (listed["id"], listed["name"]) == (str(passkey.id), "Laptop")
    assert "Laptop" in shell("passkeys", "list", ADA).out
    removed = shell("passkeys", "remove", ADA, str(passkey.id))
    assert (removed.code, removed.out) == (Exit.DONE, "The passkey is removed.\n")
    assert shell("passkeys", "list", ADA, "--json").data == []
    assert shell("passkeys", "remove", ADA, str(passkey.id)).code == Exit.NOT_FOUND


def test_a_program_is_told_what_was_removed(shell: Shell) -> None:
    passkey = shell.wait(_enrol(shell))
    removed = shell("passkeys", "remove", ADA, str(passkey.id), "--json")
    assert removed.data == {"removed": str(passkey.id)}

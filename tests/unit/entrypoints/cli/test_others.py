"""Roles, sessions, keys, purge, completion."""

from datetime import timedelta
from uuid import UUID

import pytest

from limen.core.ids import UserId
from limen.entrypoints.cli.exits import Exit
from limen.testing.assembly import OPERATOR, PASSWORD
from tests.unit.entrypoints.cli.shell import Shell


@pytest.fixture
def ada(shell: Shell) -> str:
    """The id of a user with a session."""
    user = shell.wait(shell.limen.register())
    shell.wait(shell.limen.enter())
    return str(user.id)


def test_a_role_is_made_shown_replaced_and_deleted(shell: Shell) -> None:
    made = shell(
        "roles",
        "create",
        "auditor",
        "--description=Reads",
        "--permission=users.read",
        "--permission=invoices.read",
        "--json",
    ).data
    assert made["permissions"] == ["invoices.read", "users.read"]
    assert shell("roles", "show", "auditor", "--json").data == made
    replaced = shell(
        "roles", "replace", "auditor", "--permission=roles.read", "--version=1", "--json"
    ).data
    assert (replaced["description"], replaced["permissions"]) == ("", ["roles.read"])
    assert [role["name"] for role in shell("roles", "list", "--json").data] == ["admin", "auditor"]
    assert shell("roles", "delete", "auditor", "--yes").out == "The role auditor is deleted.\n"
    assert shell("roles", "show", "auditor").code == Exit.NOT_FOUND


def test_a_role_is_given_for_a_time_and_taken_away(shell: Shell, ada: str) -> None:
    shell("roles", "create", "auditor")
    until = shell.limen.clock.now() + timedelta(days=1)
    given = shell("roles", "grant", ada, "auditor", f"--until={until.isoformat()}", "--json").data
    assert (given["role"], given["user_id"]) == ("auditor", ada)
    assert given["ends_at"] == until.isoformat().replace("+00:00", "Z")
    assert shell("roles", "grants", ada, "--json").data == [given]
    assert shell("roles", "withdraw", ada, "auditor").code == Exit.DONE
    assert shell("roles", "grants", ada, "--json").data == []
    assert shell("roles", "withdraw", ada, "auditor").code == Exit.NOT_FOUND


def test_an_end_must_be_an_instant_that_is_still_to_come(shell: Shell, ada: str) -> None:
    ended = shell("roles", "grant", ada, "admin", "--until=tomorrow")
    assert (ended.code, "must be an instant such as" in ended.err) == (Exit.INVALID, True)
    ended = shell("roles", "grant", ada, "admin", "--until=2001-01-01T00:00:00Z", "--json")
    assert ended.document["error"]["details"][0]["field"] == "ends_at"


@pytest.mark.parametrize(
    ("words", "code", "number"),
    [
        (["replace", "admin"], "role.built_in", Exit.UNPROCESSABLE),
        (["delete", "admin", "--yes"], "role.built_in", Exit.UNPROCESSABLE),
        (["create", "admin"], "role.name_taken", Exit.CONFLICT),
        (["create", "x", "--permission=users.fly"], "input.invalid", Exit.INVALID),
        (["grant", "nobody@example.org", "admin"], "user.not_found", Exit.NOT_FOUND),
    ],
)
def test_refusals_about_roles(shell: Shell, words: list[str], code: str, number: Exit) -> None:
    ended = shell("roles", *words, "--json")
    assert (ended.document["error"]["code"], ended.code) == (code, number)


def test_permissions_are_listed_one_a_line(shell: Shell) -> None:
    ended = shell("roles", "permissions")
    assert "users.read" in ended.out.splitlines()
    assert shell("roles", "permissions", "--json").data == ended.out.splitlines()


def test_sessions_are_listed_and_ended(shell: Shell, ada: str) -> None:
    shell.wait(shell.limen.enter(label="Phone"))
    first, second = shell("sessions", "list", ada, "--json").data
    assert {first["label"], second["label"]} == {"Phone", ""}
    assert shell("sessions", "revoke", ada, first["id"], "--json").data == {"ended": 1}
    assert shell("sessions", "revoke", ada, first["id"]).code == Exit.NOT_FOUND
    assert shell("sessions", "revoke", ada, "--all").out == "1 ended.\n"
    assert shell("sessions", "list", ada).out.split() == [
        "id",
        "label",
        "address",
        "user_agent",
        "last_used_at",
        "expires_at",
    ]


def test_browsers_that_remember_somebody_are_listed_and_forgotten(shell: Shell, ada: str) -> None:
    remembering = shell.limen.sign_in.sign_in_by_cookie(
        identifier="ada@example.org", password=PASSWORD, label="Desk", is_remembered=True
    )
    shell.wait(remembering)
    (known,) = shell("remembered", "list", ada, "--json").data
    assert (known["label"], known["is_current"]) == ("Desk", False)
    assert shell("remembered", "revoke", ada, known["id"]).out == "Forgotten.\n"
    assert shell("remembered", "revoke", ada, known["id"]).code == Exit.NOT_FOUND
    assert "used_at" in shell("remembered", "list", ada).out


@pytest.mark.parametrize("more", [[], ["--all", "0197b6c2-8a4e-7c3d-9f51-2b6d1e0a4c77"], ["x"]])
def test_one_session_or_all(shell: Shell, ada: str, more: list[str]) -> None:
    assert shell("sessions", "revoke", ada, *more).code == Exit.INVALID


def test_keys_are_rotated_and_listed(shell: Shell) -> None:
    first = shell("keys", "rotate", "--json").data
    assert first["state"] == "signing"
    second = shell("keys", "rotate", "--json").data
    assert second["state"] == "announced"
    keys = shell("keys", "list", "--json").data
    assert [(key["id"], key["state"]) for key in keys] == [
        (first["id"], "signing"),
        (second["id"], "announced"),
    ]
    assert "sealed" not in keys[0]


def test_purging_tells_what_went(shell: Shell, ada: str) -> None:
    shell.wait(shell.limen.sessions.revoke_all(UserId(UUID(ada)), actor=OPERATOR))
    shell.limen.clock.advance(timedelta(days=200))
    purged = shell("purge", "--json").data
    assert purged["sessions"] == 1
    assert purged["events"] > 0
    assert shell("purge").out.startswith("Removed: 0 sessions, ")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_completion_scripts_name_limen(shell: Shell, name: str) -> None:
    ended = shell("completion", name)
    assert ended.code == Exit.DONE
    assert "_LIMEN_COMPLETE" in ended.out

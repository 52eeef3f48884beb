from typing import Any

import pytest

from limen.core.users.model import Status
from limen.entrypoints.cli.exits import Exit
from limen.entrypoints.shapes import UserOut
from limen.testing.assembly import OPERATOR, PASSWORD
from tests.unit.entrypoints.cli.shell import Shell


def create(shell: Shell, email: str = "ada@example.org", *more: str) -> Any:
    return shell(
        "users", "create", email, "--password-stdin", "--json", *more, stdin=f"{PASSWORD}\n"
    ).data


def test_a_user_is_made_with_everything_that_was_said(shell: Shell) -> None:
    shell.wait(shell.limen.roles.create(actor=OPERATOR, name="editor"))
    made = create(
        shell,
        "Ada@Example.org",
        "--username=ada",
        "--name=Ada Lovelace",
        "--locale=EN-gb",
        '--attributes={"team": "blue"}',
        "--status=pending",
        "--verified",
        "--role=editor",
    )
    user = shell.wait(shell.limen.users.find("ada", actor=OPERATOR))
    assert made["id"] == str(user.id)
    assert (user.name, user.status) == ("Ada Lovelace", Status.PENDING)
    assert (user.locale, made["locale"]) == ("en-GB", "en-GB")
    assert (made["email"], made["attributes"]) == ("Ada@Example.org", {"team": "blue"})
    assert made["email_verified"] is True
    assert made["created_at"].endswith("Z")
    held = shell.wait(shell.limen.roles.list_grants(user.id, actor=OPERATOR))
    assert [grant.role for grant in held] == ["editor"]


def test_who_was_made_signs_in_with_the_password_from_standard_input(shell: Shell) -> None:
    shell.wait(shell.limen.keys.ensure(actor=OPERATOR))
    create(shell)
    assert shell.wait(shell.limen.enter()).user.email.address == "ada@example.org"


def test_an_account_can_be_made_without_a_password(shell: Shell) -> None:
    assert shell("users", "create", "ada@example.org", "--no-password").code == Exit.DONE


def test_nobody_is_made_for_a_role_that_is_not_there(shell: Shell) -> None:
    ended = shell("users", "create", "a@example.org", "--no-password", "--role=gone", "--json")
    assert (ended.code, ended.document["error"]["code"]) == (Exit.NOT_FOUND, "role.not_found")
    assert shell("users", "list", "--json").data == []


def test_every_field_at_fault_is_named(shell: Shell) -> None:
    ended = shell(
        "users", "create", "x", "--username=!", "--password-stdin", "--json", stdin="short"
    )
    assert ended.code == Exit.INVALID
    error = ended.document["error"]
    assert error["code"] == "input.invalid"
    assert [detail["field"] for detail in error["details"]] == ["email", "username", "password"]


def test_people_read_the_faults_too(shell: Shell) -> None:
    ended = shell("users", "create", "x", "--no-password")
    assert ended.out == ""
    assert ended.err == (
        "error: Some fields are not valid. (input.invalid)\n"
        "  email: must be an e-mail address such as ada@example.org\n"
    )


@pytest.mark.parametrize(
    ("more", "stdin", "told"),
    [
        (["--password-stdin"], b"", "There is no password on standard input."),
        (["--password-stdin"], b"\xff\n", "What stands on standard input is not UTF-8 text."),
        (["--password-stdin"], b"x" * 5000, "The line on standard input is over 4096 bytes."),
        ([], b"", "There is no terminal to ask for the password on"),
        (["--password-stdin", "--no-password"], b"", "Give either"),
        (["--attributes=[]", "--no-password"], b"", "must be a JSON object"),
        (["--attributes={", "--no-password"], b"", "is not JSON"),
        (["--status=gone", "--no-password"], b"", "'gone' is not one of"),
    ],
)
def test_wrong_arguments_are_explained(
    shell: Shell, more: list[str], stdin: bytes, told: str
) -> None:
    ended = shell("users", "create", "ada@example.org", *more, stdin=stdin)
    assert ended.code == Exit.INVALID
    assert told in ended.err
    assert "Try 'limen users create --help'." in ended.err
    assert shell("users", "list", "--json").data == []


@pytest.mark.parametrize("who", ["ada@example.org", "ADA@EXAMPLE.ORG", "Ada", None])
def test_a_user_is_found_by_address_username_and_id(shell: Shell, who: str | None) -> None:
    made = create(shell, "ada@example.org", "--username=ada")
    assert shell("users", "show", who or made["id"], "--json").data == made


def test_a_username_that_looks_like_an_id_is_found(shell: Shell) -> None:
    name = "0197b6c2-8a4e-7c3d-9f51-2b6d1e0a4c77"
    create(shell, "ada@example.org", f"--username={name}")
    assert shell("users", "show", name, "--json").data["username"] == name


def test_people_see_a_user_field_by_field(shell: Shell) -> None:
    create(shell, "ada@example.org", "--name=[red]Ada[/]")
    lines = shell("users", "show", "ada@example.org").out.splitlines()
    assert [line.split()[0] for line in lines] == list(UserOut.__struct_fields__)
    assert "name               [red]Ada[/]" in lines
    assert "email_verified     no" in lines
    assert "last_sign_in_at" in lines


@pytest.fixture
def crowd(shell: Shell) -> Shell:
    """A shell before five users, one of them suspended."""
    for number in range(5):
        email = f"user{number}@example.org"
        create(shell, email, f"--name=Number {number}", f"--username=u{number}")
    shell("users", "suspend", "user3@example.org")
    return shell


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([], [4, 3, 2, 1, 0]),
        (["--sort=email"], [0, 1, 2, 3, 4]),
        (["--filter=status=suspended"], [3]),
        (["--filter=status.ne=suspended", "--sort=name"], [0, 1, 2, 4]),
        (["--filter=username.in=u1,u2", "--filter=email.prefix=user1"], [1]),
        (["--search=number 2"], [2]),
        (["--sort=email", "--page=2", "--limit=2"], [2, 3]),
    ],
)
def test_lists_obey_the_query_contract(crowd: Shell, asked: list[str], found: list[int]) -> None:
    rows = crowd("users", "list", "--json", *asked).data
    assert [row["email"] for row in rows] == [f"user{number}@example.org" for number in found]


def test_a_list_is_walked_by_cursor(crowd: Shell) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        more = () if cursor is None else ("--cursor", cursor)
        page = crowd("users", "list", "--sort=email", "--limit=2", "--json", *more).document
        seen += [row["email"] for row in page["data"]]
        cursor = page["meta"]["next_cursor"]
        if cursor is None:
            break
    assert seen == [f"user{number}@example.org" for number in range(5)]
    assert page["meta"] == {"page": None, "limit": 2, "total": None, "next_cursor": None}


def test_a_list_gives_the_fields_and_the_total_that_were_asked_for(crowd: Shell) -> None:
    page = crowd(
        "users", "list", "--fields=username,status", "--count=exact", "--limit=1", "--json"
    ).document
    assert page["data"] == [{"username": "u4", "status": "active"}]
    assert page["meta"]["total"] == 5


def test_people_see_a_table_and_how_to_go_on(crowd: Shell) -> None:
    ended = crowd(
        "users", "list", "--sort=email", "--limit=2", "--count=exact", "--fields=email,name"
    )
    assert ended.out.splitlines() == [
        "email              name",
        "user0@example.org  Number 0",
        "user1@example.org  Number 1",
    ]
    total, more = ended.err.splitlines()
    assert total == "5 in all"
    assert more.startswith("there is more: --cursor ")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("--filter=gone=1", "query.invalid"),
        ("--filter=status.like=a", "query.invalid"),
        ("--sort=gone", "query.invalid"),
        ("--fields=id,gone", "query.invalid"),
        ("--limit=0", "query.invalid"),
        ("--cursor=made-up", "query.cursor_invalid"),
        ("--filter=status", "cli.usage"),
        ("--filter==x", "cli.usage"),
        ("--limit=many", "cli.usage"),
        ("--count=all", "cli.usage"),
    ],
)
def test_a_wrong_question_is_refused_by_name(shell: Shell, asked: str, code: str) -> None:
    ended = shell("users", "list", "--json", asked)
    assert (ended.code, ended.document["error"]["code"]) == (Exit.INVALID, code)


def test_a_filter_is_not_given_twice(shell: Shell) -> None:
    ended = shell("users", "list", "--filter=email=a", "--filter=email=b")
    assert ended.code == Exit.INVALID
    assert "use email.in=A,B" in ended.err


def test_a_page_too_deep_is_refused(shell: Shell) -> None:
    ended = shell("users", "list", "--page=5000", "--json")
    assert (ended.code, ended.document["error"]["code"]) == (
        Exit.UNPROCESSABLE,
        "query.page_too_deep",
    )


def test_what_is_given_is_changed_and_the_rest_left(shell: Shell) -> None:
    create(shell, "ada@example.org", "--username=ada", '--attributes={"a": 1, "b": 2}')
    changed = shell(
        "users",
        "update",
        "ada",
        "--name=Ada King",
        "--no-username",
        '--attributes={"a": null, "c": 3}',
        "--version=1",
        "--json",
    ).data
    assert changed["name"] == "Ada King"
    assert changed["username"] is None
    assert changed["attributes"] == {"b": 2, "c": 3}
    assert (changed["email"], changed["version"]) == ("ada@example.org", 2)
    moved = shell("users", "update", changed["id"], "--email=king@example.org", "--json").data
    assert (moved["email"], moved["name"]) == ("king@example.org", "Ada King")
    named = shell("users", "update", changed["id"], "--username=king", "--json").data
    assert named["username"] == "king"


def test_a_language_is_changed_and_taken_away(shell: Shell) -> None:
    create(shell, "ada@example.org", "--locale=de")
    for more, kept in (("--name=Ada", "de"), ("--locale=PT-br", "pt-BR"), ("--no-locale", None)):
        changed = shell("users", "update", "ada@example.org", more, "--json").data
        assert changed["locale"] == kept
    create(shell, "bob@example.org", "--locale=de-CH")
    found = shell(
        "users", "list", "--filter=locale.prefix=de", "--fields=email,locale", "--json"
    ).data
    assert found == [{"email": "bob@example.org", "locale": "de-CH"}]


def test_a_language_is_given_or_taken_not_both(shell: Shell) -> None:
    create(shell)
    ended = shell("users", "update", "ada@example.org", "--locale=de", "--no-locale")
    assert (ended.code, "--no-locale" in ended.err) == (Exit.INVALID, True)


def test_an_old_version_is_not_changed(shell: Shell) -> None:
    create(shell)
    ended = shell("users", "update", "ada@example.org", "--name=x", "--version=7", "--json")
    assert (ended.code, ended.document["error"]["code"]) == (
        Exit.PRECONDITION,
        "storage.version_mismatch",
    )


def test_a_username_is_given_or_taken_not_both(shell: Shell) -> None:
    create(shell)
    ended = shell("users", "update", "ada@example.org", "--username=ada", "--no-username")
    assert ended.code == Exit.INVALID


def test_suspending_ends_sessions_and_reactivating_lets_in_again(shell: Shell) -> None:
    shell.wait(shell.limen.keys.ensure(actor=OPERATOR))
    create(shell)
    shell.wait(shell.limen.enter())
    suspended = shell("users", "suspend", "ada@example.org", "--json").data
    assert suspended["status"] == "suspended"
    assert shell("sessions", "list", "ada@example.org", "--json").data == []
    assert shell("users", "reactivate", "ada@example.org", "--json").data["status"] == "active"


def test_deleting_asks_unless_told_to_be_sure(shell: Shell) -> None:
    create(shell)
    ended = shell("users", "delete", "ada@example.org", stdin="y\n")
    assert (ended.code, "say --yes" in ended.err) == (Exit.INVALID, True)
    done = shell("users", "delete", "ada@example.org", "--yes")
    assert (done.code, done.out) == (Exit.DONE, "ada@example.org is deleted.\n")
    assert shell("users", "show", "ada@example.org").code == Exit.NOT_FOUND


def test_the_last_administrator_stays(shell: Shell) -> None:
    create(shell, "ada@example.org", "--role=admin")
    for words in (["users", "suspend"], ["users", "delete", "--yes"]):
        ended = shell(*words, "ada@example.org", "--json")
        assert (ended.code, ended.document["error"]["code"]) == (
            Exit.UNPROCESSABLE,
            "role.last_administrator",
        )


def test_a_new_password_takes_the_place_of_the_old_one(shell: Shell) -> None:
    shell.wait(shell.limen.keys.ensure(actor=OPERATOR))
    create(shell)
    told = shell(
        "users", "set-password", "ada@example.org", "--password-stdin", stdin="another good one\r\n"
    )
    assert (told.code, PASSWORD in told.out + told.err) == (Exit.DONE, False)
    shell.wait(
        shell.limen.sign_in.sign_in(identifier="ada@example.org", password="another good one")
    )


def test_a_taken_address_is_a_conflict(shell: Shell) -> None:
    create(shell)
    ended = shell("users", "create", "ADA@example.org", "--no-password", "--json")
    assert (ended.code, ended.document["error"]["code"]) == (Exit.CONFLICT, "user.email_taken")


def test_every_change_is_recorded_with_who_made_it(shell: Shell) -> None:
    create(shell)

    async def actors() -> set[str | None]:
        async with shell.limen.unit_of_work.view() as view:
            return {event.actor.name for event in await view.outbox.list()}

    (name,) = shell.wait(actors())
    assert (name or "").startswith("cli:")

"""`limen api-keys` and `limen service-accounts`."""

from uuid import UUID

from limen.core.api_keys.form import public_part
from limen.core.ids import ApiKeyId, UserId
from limen.entrypoints.cli.exits import Exit
from limen.testing.assembly import OPERATOR
from tests.unit.entrypoints.cli.shell import Shell


def made(shell: Shell, *words: str) -> dict[str, dict[str, str]]:
    """Make a service account and a key of it."""
    shell("service-accounts", "create", "robot", "--name", "Builds")
    answer: dict[str, dict[str, str]] = shell(
        "api-keys", "create", "robot", "Nightly", *words, "--json"
    ).data
    return answer


def test_a_key_is_printed_once(shell: Shell) -> None:
    shell("service-accounts", "create", "robot")
    told = shell("api-keys", "create", "robot", "Nightly", "--scope", "me.read").out
    (line,) = (line for line in told.splitlines() if line.startswith("key "))
    key = line.split()[1]
    claims = shell.wait(shell.limen.api_keys.authenticate(key))
    assert claims.scopes == {"me.read"}
    for words in (["list", "robot"], ["show", str(claims.key_id)], ["show", claims.name]):
        shown = shell("api-keys", *words)
        assert "Nightly" in shown.out
        assert key not in shown.out


def test_keys_are_listed_page_by_page(shell: Shell) -> None:
    made(shell)
    shell("api-keys", "create", "robot", "Second")
    first = shell("api-keys", "list", "robot", "--limit", "1")
    assert "Second" in first.out
    cursor = first.err.split()[-1]
    assert "Nightly" in shell("api-keys", "list", "robot", "--cursor", cursor).out


def test_a_key_may_have_an_end(shell: Shell) -> None:
    until = "2027-01-31T00:00:00Z"
    assert made(shell, "--until", until)["api_key"]["expires_at"] == until
    assert shell("api-keys", "create", "robot", "x", "--until", "soon").code == Exit.INVALID
    past = shell("api-keys", "create", "robot", "x", "--until", "2001-01-31T00:00:00Z")
    assert "expires_at" in past.err


def test_a_key_is_rotated_and_revoked(shell: Shell) -> None:
    key = made(shell)["api_key"]
    assert "overlap_seconds" in shell("api-keys", "rotate", key["id"], f"--overlap={10**18}").err
    successor = shell("api-keys", "rotate", key["public_part"], "--overlap", "60", "--json").data
    assert shell("api-keys", "rotate", key["id"]).code == Exit.UNPROCESSABLE
    assert shell("api-keys", "revoke", key["id"]).code == Exit.INVALID
    told = shell("api-keys", "revoke", key["id"], "--yes").out
    assert told == "The key Nightly lets nobody in any more.\n"
    assert shell("api-keys", "revoke", key["id"], "--yes").code == Exit.UNPROCESSABLE
    shown = shell("api-keys", "show", successor["api_key"]["id"], "--json").data
    assert shown["status"] == "active"
    for unknown in ("x", "limen_ak_x", public_part(ApiKeyId(shell.limen.ids.new()))):
        assert shell("api-keys", "show", unknown).code == Exit.NOT_FOUND


def test_a_key_that_was_found_is_reported_from_standard_input(shell: Shell) -> None:
    answer = shell("service-accounts", "create", "robot", "--json").data
    found = shell.wait(
        shell.limen.api_keys.create(UserId(UUID(answer["id"])), actor=OPERATOR, name="Nightly")
    )
    told = shell("api-keys", "report", stdin=found.text.reveal() + "\n")
    assert told.out == "The key lets nobody in any more.\n"
    shown = shell("api-keys", "show", str(found.key.id), "--json").data
    assert shown["end_reason"] == "reported"
    assert shell("api-keys", "report", stdin="").code == Exit.INVALID
    assert shell("api-keys", "report", stdin="limen_ak_x\n").code == Exit.NOT_FOUND


def test_service_accounts_are_kept(shell: Shell) -> None:
    made(shell)
    shell("service-accounts", "create", "other")
    listed = shell("service-accounts", "list", "--filter", "username=robot", "--json").data
    assert [account["name"] for account in listed] == ["Builds"]
    first = shell("service-accounts", "list", "--sort", "username", "--limit", "1")
    assert "other" in first.out
    assert "there is more" in first.err
    account_id = listed[0]["id"]
    assert "Builds" in shell("service-accounts", "show", account_id).out
    changed = shell("service-accounts", "update", "robot", "--name", "Tests", "--json").data
    assert (changed["name"], changed["version"]) == ("Tests", 2)
    named = shell("service-accounts", "update", "robot", "--username", "bot", "--json").data
    assert named["username"] == "bot"
    stale = shell("service-accounts", "update", "bot", "--name", "x", "--version", "1")
    assert "version" in stale.err
    assert "suspended" in shell("service-accounts", "suspend", "bot").out
    assert "active" in shell("service-accounts", "reactivate", "bot").out
    assert shell("service-accounts", "delete", "bot").code == Exit.INVALID
    told = shell("service-accounts", "delete", "bot", "--yes").out
    assert told == "The service account bot is deleted.\n"
    assert shell("service-accounts", "show", "bot").code == Exit.NOT_FOUND
    assert shell("service-accounts", "show", account_id).code == Exit.NOT_FOUND

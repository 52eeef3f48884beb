"""Settings, schema and health of an installation, as the command line tells them."""

import json
import os
import socket
import stat
from datetime import UTC, datetime

import pytest

from limen.adapters.sql.database import Database
from limen.entrypoints.cli.exits import Exit
from limen.wiring.catalogue import CATALOGUE
from tests.integration.cli.programs import Place
from tests.ports import free_port
from tests.unit.entrypoints.cli.shell import Ended

KEY = "mJ0w1cQe8yJr3bT6kVnZ5xPq2sHdLfGa9uYoBiE7tRw+zA4"


def test_every_setting_is_shown_with_its_origin_and_no_secret(new_place: Place) -> None:
    (new_place.folder / "limen.toml").write_text("[http]\nport = 9000\n")
    new_place.settings |= {
        "LIMEN_SECRET_KEY": KEY,
        "LIMEN_DATABASE_URL": "postgresql://limen:hidden@localhost/limen",
        "LIMEN_REGISTRATION": "closed",
    }
    ended = new_place.type("config", "--json")
    shown = {line["name"]: line for line in ended.data}
    assert list(shown) == [setting.name for setting in CATALOGUE]
    assert shown["LIMEN_HTTP_PORT"]["value"] == "9000"
    assert "limen.toml" in shown["LIMEN_HTTP_PORT"]["origin"]
    assert shown["LIMEN_REGISTRATION"]["origin"] == "environment"
    assert shown["LIMEN_SECRET_KEY"]["value"] == "***"
    assert shown["LIMEN_LOG_LEVEL"]["origin"] == "default"
    text = new_place.type("config").out
    assert "postgresql://limen:***@localhost/limen" in text
    for secret in ("hidden", KEY):
        assert secret not in ended.out + text


def test_all_faults_of_the_settings_are_told_at_once(new_place: Place) -> None:
    new_place.settings |= {"LIMEN_HTTP_PORT": "http", "LIMEN_BCRYPT_COST": "99", "LIMEN_HTP": "1"}
    for words in (["config"], ["users", "list"], ["serve"], ["migrate"]):
        ended = new_place.type(*words)
        assert ended.code == Exit.INVALID
        lines = ended.err.splitlines()
        assert lines[0] == "error: Some settings are not valid: (settings.invalid)"
        assert {line.split()[0] for line in lines[1:]} == {
            "LIMEN_HTTP_PORT",
            "LIMEN_BCRYPT_COST",
            "LIMEN_HTP",
        }
    error = new_place.type("config", "--json").document["error"]
    assert {detail["field"] for detail in error["details"]} == {
        "LIMEN_HTTP_PORT",
        "LIMEN_BCRYPT_COST",
        "LIMEN_HTP",
    }


# --- migrate -------------------------------------------------------------------------------------


def test_the_schema_goes_up_and_down(place: Place) -> None:
    status = place.type("migrate", "--status", "--json").data
    assert (status["is_current"], status["steps"]) == (True, [])
    assert place.type("migrate", "--down=base").code == Exit.INVALID
    down = place.type("migrate", "--down=base", "--yes", "--json").data
    assert (down["current"], down["is_current"]) == (None, False)
    assert [step["is_up"] for step in down["steps"]] == [False] * len(down["steps"])
    assert "not there yet" in place.type("migrate", "--status").out
    up = place.type("migrate")
    assert up.out == f"The schema is {status['newest']}; newest is {status['newest']}.\n"
    told = [line.partition(": ")[0] for line in up.err.splitlines()]
    assert told == [f"up to {number:04}" for number in range(1, int(status["newest"]) + 1)]
    assert place.type("migrate", "--to", status["newest"], "--json").data["steps"] == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        (["--to=9999"], "input.invalid"),
        (["--down=9999", "--yes"], "input.invalid"),
        (["--to=0001", "--status"], "cli.usage"),
    ],
)
def test_an_impossible_migration_is_refused(new_place: Place, more: list[str], code: str) -> None:
    ended = new_place.type("migrate", *more, "--json")
    assert (ended.code, ended.document["error"]["code"]) == (Exit.INVALID, code)


def test_a_store_in_memory_has_nothing_to_migrate(new_place: Place) -> None:
    new_place.settings |= {"LIMEN_DATABASE_URL": "memory://"}
    assert new_place.type("migrate").code == Exit.INVALID
    ended = new_place.type("users", "list")
    assert (ended.code, "gone when it ends" in ended.err) == (Exit.DONE, True)


# --- doctor --------------------------------------------------------------------------------------


def wrong(ended: Ended) -> dict[str, str]:
    """What is not well, by name, and how to mend it."""
    return {look["name"]: look["mend"] for look in ended.data if not look["is_well"]}


def prepared(place: Place) -> Place:
    """Give a place what `limen serve` would."""
    place.type("keys", "rotate")
    place.type("users", "create", "root@example.org", "--no-password", "--role=admin")
    return place


def test_all_is_well_with_a_prepared_store(place: Place) -> None:
    ended = prepared(place).type("doctor")
    assert ended.code == Exit.DONE
    assert ended.out.splitlines()[-1] == "All is well."
    assert all(line.startswith("✓") for line in ended.out.splitlines()[:-1])
    names = [look["name"] for look in place.type("doctor", "--json").data]
    assert names == [
        "settings",
        "files",
        "secret key",
        "store",
        "schema",
        "signing key",
        "administrator",
        "clock",
        "mail",
    ]


def test_a_new_place_is_told_how_to_begin_and_is_left_as_it_is(new_place: Place) -> None:
    ended = new_place.type("doctor", "--json")
    assert ended.code == Exit.NOT_ALL_WELL
    assert set(wrong(ended)) == {"secret key", "store"}
    assert not new_place.data.exists()


def test_what_is_missing_in_a_store_is_told_with_how_to_mend_it(place: Place) -> None:
    place.type("users", "list")
    found = wrong(place.type("doctor", "--json"))
    assert found["signing key"] == "limen keys rotate makes one."
    assert found["administrator"].startswith("limen users create EMAIL --role admin")
    place.type("migrate", "--down=base", "--yes")
    assert wrong(place.type("doctor", "--json")) == {"schema": "limen migrate"}


def test_another_secret_key_is_noticed(place: Place) -> None:
    prepared(place).settings |= {"LIMEN_SECRET_KEY": KEY}
    assert "LIMEN_SECRET_KEY_OLD" in wrong(place.type("doctor", "--json"))["signing key"]


def test_files_open_to_others_are_told(place: Place) -> None:
    prepared(place)
    key = place.data / "secret.key"
    key.chmod(0o644)
    ended = place.type("doctor")
    assert ended.code == Exit.NOT_ALL_WELL
    assert f"✗ files: {key} is open to other users of this machine (644)" in ended.out
    assert f"  chmod 600 {key}" in ended.out
    assert stat.S_IMODE(key.stat().st_mode) == 0o644


def test_a_folder_that_cannot_be_written_is_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(place)
    # Root may write everywhere, so the question is answered for it.
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "chown" in wrong(place.type("doctor", "--json"))["files"]


def test_services_that_are_out_are_told(new_place: Place) -> None:
    port = free_port()
    new_place.settings |= {
        "LIMEN_SECRET_KEY": KEY,
        "LIMEN_DATABASE_URL": f"postgresql://limen:hidden@127.0.0.1:{port}/limen",
        "LIMEN_SMTP_URL": f"smtp://127.0.0.1:{port}",
        "LIMEN_MAIL_FROM": "limen@example.org",
    }
    ended = new_place.type("doctor")
    assert ended.code == Exit.NOT_ALL_WELL
    assert f"✗ store: postgresql://limen:***@127.0.0.1:{port}/limen does not answer" in ended.out
    assert f"✗ mail: 127.0.0.1:{port} does not answer" in ended.out
    assert "hidden" not in ended.out
    assert new_place.type("users", "list").code == Exit.UNAVAILABLE


def test_a_mail_server_that_answers_is_well(new_place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mail:
        new_place.settings |= {
            "LIMEN_DATABASE_URL": "memory://",
            "LIMEN_SMTP_URL": f"smtp://127.0.0.1:{mail.getsockname()[1]}",
            "LIMEN_MAIL_FROM": "limen@example.org",
        }
        assert "mail" not in wrong(new_place.type("doctor", "--json"))


def test_settings_that_are_wrong_are_all_the_doctor_can_see(new_place: Place) -> None:
    new_place.settings |= {"LIMEN_HTTP_PORT": "http"}
    ended = new_place.type("doctor", "--json")
    assert ended.code == Exit.NOT_ALL_WELL
    assert [look["name"] for look in ended.data] == ["settings"]


def test_a_clock_that_is_wrong_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    async def yesterday(_: Database) -> datetime:
        return datetime(2020, 1, 1, tzinfo=UTC)

    prepared(place)
    monkeypatch.setattr(Database, "now", yesterday)
    assert "NTP" in wrong(place.type("doctor", "--json"))["clock"]


# --- openapi -------------------------------------------------------------------------------------


def test_the_published_document_is_printed_or_written(new_place: Place) -> None:
    document = json.loads(new_place.type("openapi").out)
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/users" in document["paths"]
    new_place.type("openapi", "--output=api.json")
    assert json.loads((new_place.folder / "api.json").read_text()) == document

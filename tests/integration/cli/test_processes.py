"""The main flows, each command a process, on each store that outlives it."""

import json
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Thread
from uuid import uuid4

import bcrypt
import pytest

from limen.entrypoints.cli.exits import Exit
from limen.testing.postgres import PostgresServer
from limen.wiring.choices import ForeignHash
from limen.wiring.settings import from_code
from tests.integration.cli.programs import LIMEN, Place, Server
from tests.unit.adapters.foreign.samples import ALWAYS, CHEAP
from tests.waiting import PATIENCE, wait_until

PASSWORD = "correct horse battery"


def test_a_user_lives_through_all_commands(place: Place) -> None:
    made = place.run(
        "users", "create", "ada@example.org", "--password-stdin", "--json", stdin=PASSWORD
    )
    user = made.data["id"]
    assert place.run("roles", "create", "editor", "--permission=users.read").code == Exit.DONE
    assert place.run("roles", "grant", "ada@example.org", "editor").code == Exit.DONE
    assert place.run("users", "update", user, "--username=ada", "--json").data["version"] == 2
    listed = place.run("users", "list", "--filter=role=editor", "--json").data
    assert [row["username"] for row in listed] == ["ada"]
    assert place.run("users", "suspend", "ada", "--json").data["status"] == "suspended"
    assert place.run("users", "delete", "ada", "--yes").out == "ada@example.org is deleted.\n"
    again = place.run("users", "delete", "ada", "--yes", "--json")
    assert (again.code, again.document["error"]["code"]) == (Exit.NOT_FOUND, "user.not_found")


def test_people_move_in_and_out_and_sign_in_with_their_old_hash(place: Place) -> None:
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    file = place.folder / "people.csv"
    rows = [f"user{n}@example.org,u{n},Person {n},admin,{hashed}" for n in range(3000)]
    file.write_text("\n".join(["email,username,name,roles,password_hash", *rows, "x,,,,"]))
    done = place.run("users", "import", str(file), "--json")
    assert (done.code, done.data["added"], done.data["refused"]) == (Exit.NOT_ALL_WELL, 3000, 1)
    assert place.run("users", "export", "--output=out.jsonl").code == Exit.DONE
    lines = (place.folder / "out.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["username"] for line in lines) == sorted(
        f"u{n}" for n in range(3000)
    )
    server = Server(place, "--workers=2").wait()
    answer = server.post("/auth/login", {"identifier": "u2999", "password": PASSWORD})
    assert answer.json()["data"]["user"]["email"] == "user2999@example.org"
    assert server.stop() == 0


def test_hashes_of_every_scheme_move_in_by_a_file_and_sign_in_over_http(place: Place) -> None:
    movers = list({sample.scheme: sample for sample in CHEAP}.values())
    file = place.folder / "people.jsonl"
    rows = [
        {"email": f"{mover.scheme}@example.org", "password_hash": mover.digest} for mover in movers
    ]
    file.write_text("\n".join(map(json.dumps, rows)))
    strong = place.run("users", "import", str(file), "--json", "--dry-run")
    assert strong.data["added"] == len(from_code({}).password.foreign) + len(ALWAYS)
    place.settings["LIMEN_PASSWORD_FOREIGN"] = ",".join(ForeignHash)
    done = place.run("users", "import", str(file), "--json")
    assert (done.code, done.data["added"]) == (Exit.DONE, len(movers))
    server = Server(place).wait()
    for mover in movers:
        known = {"identifier": f"{mover.scheme}@example.org"}
        refused = server.post("/auth/login", {**known, "password": f"{mover.password}x"})
        assert refused.json()["error"]["code"] == "signin.invalid_credentials"
        let_in = server.post("/auth/login", {**known, "password": mover.password})
        assert let_in.json()["data"]["user"]["email"] == known["identifier"]
    assert server.stop() == 0
    export = place.run("users", "export", "--format=jsonl").out.splitlines()
    assert all("$bcrypt-sha256$v=2," in json.loads(line)["password_hash"] for line in export)


def test_a_killed_import_loses_nothing_that_was_stored_and_doubles_nobody(place: Place) -> None:
    people = 20_000
    text = "email\n" + "".join(f"user{n}@example.org\n" for n in range(people))
    import_ = place.start("users", "import", "-", stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    pipe = import_.stdin
    assert pipe is not None

    def feed() -> None:
        # The pipe stays open: however fast it is, the import is never done.
        with suppress(BrokenPipeError):
            pipe.write(text.encode())

    feeder = Thread(target=feed)
    feeder.start()
    wait_until(lambda: place.count() > 0)
    stored = place.count()
    import_.kill()
    import_.wait()
    feeder.join()
    after = place.count()
    assert 0 < stored <= after <= people
    again = place.run("users", "import", "-", "--json", stdin=text).data
    assert (again["added"], again["present"]) == (people - after, after)
    assert place.count() == people


def test_ctrl_c_stops_an_import_that_waits_for_its_pipe(place: Place) -> None:
    import_ = place.start(
        "users",
        "import",
        "-",
        is_measured=False,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert import_.stdin is not None
    import_.stdin.write(b"email\n" + b"".join(b"u%d@example.org\n" % n for n in range(9000)))
    import_.stdin.flush()
    wait_until(lambda: place.count() > 0)
    # The pipe stays open, as a person's would, while it is waited for.
    import_.send_signal(signal.SIGINT)
    assert import_.wait(timeout=PATIENCE) == Exit.INTERRUPTED
    assert import_.stderr is not None
    told = import_.stderr.read()
    assert b"So far: " in told
    assert b"interrupted" in told
    assert b"Traceback" not in told


def test_a_reader_who_leaves_an_export_early_ends_it(place: Place) -> None:
    people = "email\n" + "".join(f"user{n}@example.org\n" for n in range(5000))
    place.run("users", "import", "-", stdin=people)
    export = place.start("users", "export", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert export.stdout is not None
    assert export.stdout.readline().startswith(b"email,")
    export.stdout.close()
    assert export.wait(timeout=PATIENCE) == Exit.PIPE_CLOSED
    assert export.stderr is not None
    assert export.stderr.read() == b""


def test_a_command_loads_no_server(place: Place) -> None:
    told = subprocess.run(
        [sys.executable, "-c", LIST_AND_TELL],
        env=place.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    loaded = set(told.splitlines()[-1].split())
    assert "limen.adapters.sql.users" in loaded
    assert not loaded & {"litestar", "granian", "alembic", "rich.table", "aiosmtplib"}


LIST_AND_TELL = """
import sys
from limen.entrypoints.cli.main import run
assert run(["users", "list"]) == 0
print(*sys.modules)
"""


def test_the_tab_key_completes_commands_and_options(new_place: Place) -> None:
    def completed(*words: str) -> list[str]:
        environment = new_place.environment | {
            "_LIMEN_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(words),
            "COMP_CWORD": str(len(words) - 1),
        }
        shown = subprocess.run(
            [*LIMEN], env=environment, capture_output=True, text=True, check=False
        ).stdout
        return [line.partition(",")[2] for line in shown.splitlines()]

    assert completed("limen", "us") == ["users"]
    assert completed("limen", "users", "im") == ["import"]
    assert completed("limen", "users", "import", "--st") == ["--strict"]
    assert completed("limen", "users", "create", "a@example.org", "--ver") == ["--verified"]


# --- the server ----------------------------------------------------------------------------------


def test_a_new_place_has_a_server_an_administrator_and_a_call_that_works(new_place: Place) -> None:
    server = Server(new_place).wait()
    said = server.said
    assert f"API            {server.url}/api/v1" in said
    assert f"documentation  {server.url}/schema" in said
    assert f"health         {server.url}/health/ready" in said
    (call,) = (line.strip() for line in said.splitlines() if line.startswith("  curl "))
    answer = subprocess.run(call, shell=True, capture_output=True, check=True).stdout  # noqa: S602 - as a person would
    assert json.loads(answer)["data"]["email"] == "ada@example.org"
    password = said.partition("password  ")[2].split()[0]
    signed_in = server.post(
        "/auth/login", {"identifier": "admin@limen.localhost", "password": password}
    )
    assert signed_in.status_code == 200
    assert "whatever collects this output has the password now" in said
    assert new_place.type("users", "list", "--count=exact", "--json").document["meta"]["total"] == 2
    assert new_place.type("doctor").code == Exit.DONE
    assert server.stop() == 0
    again = Server(new_place).wait()
    assert "password" not in again.said.replace('password": "', "")
    assert again.stop(signal.SIGINT) == 0


def test_workers_are_forked_where_the_system_would_spawn_them(new_place: Place) -> None:
    custom = new_place.folder / "sitecustomize.py"
    custom.write_text("import multiprocessing\nmultiprocessing.set_start_method('spawn')\n")
    new_place.settings["PYTHONPATH"] = str(new_place.folder)
    server = Server(new_place).wait()
    assert "Traceback" not in server.said
    assert server.stop() == 0


def test_a_given_first_administrator_is_named_without_the_password(new_place: Place) -> None:
    secret = new_place.folder / "password"
    secret.write_text(PASSWORD)
    new_place.settings |= {
        "LIMEN_BOOTSTRAP_ADMIN_EMAIL": "root@example.org",
        "LIMEN_BOOTSTRAP_ADMIN_PASSWORD_FILE": str(secret),
    }
    server = Server(new_place).wait()
    assert "The first administrator is root@example.org." in server.said
    assert PASSWORD not in server.said
    body = {"identifier": "root@example.org", "password": PASSWORD}
    assert server.post("/auth/login", body).status_code == 200
    assert server.stop() == 0


def test_programs_read_nothing_but_log_lines(new_place: Place) -> None:
    new_place.settings |= {"LIMEN_LOG_FORMAT": "json"}
    server = Server(new_place).wait()
    assert "curl" not in server.said
    assert server.stop() == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--port=70000"], "LIMEN_HTTP_PORT must be a whole number, 1 to 65535"),
        (["--workers=0"], "0 is not in the range"),
        (["--host=not a host"], "LIMEN_HTTP_HOST"),
    ],
)
def test_wrong_arguments_are_told_before_anything_is_made(
    new_place: Place, arguments: list[str], told: str
) -> None:
    ended = new_place.type("serve", *arguments)
    assert ended.code == Exit.INVALID
    assert told in ended.err
    assert not new_place.data.exists()


def test_a_server_in_memory_has_the_administrator_it_announces(new_place: Place) -> None:
    new_place.settings |= {"LIMEN_DATABASE_URL": "memory://"}
    server = Server(new_place).wait()
    password = server.said.partition("password  ")[2].split()[0]
    body = {"identifier": "admin@limen.localhost", "password": password}
    assert server.post("/auth/login", body).status_code == 200
    assert server.stop() == 0
    assert not new_place.data.exists() or not list(new_place.data.glob("*.db"))


def test_on_postgresql_the_schema_is_changed_when_asked_only(
    new_place: Place, postgres: PostgresServer
) -> None:
    name = f"bare_{uuid4().hex}"
    new_place.settings |= {"LIMEN_DATABASE_URL": postgres.create_database(name)}
    refused = new_place.type("serve")
    assert refused.code == Exit.UNAVAILABLE
    assert "limen serve --migrate" in refused.err
    assert new_place.type("users", "list").code == Exit.UNAVAILABLE
    server = Server(new_place, "--migrate").wait()
    assert server.stop() == 0
    postgres.drop_database(name)

"""Bringing users in from files, and writing them to files."""

import json
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from limen.core.errors import ConcurrentUpdate, LimenError, StorageUnavailable
from limen.core.imports.model import AccountRow, ImportReport
from limen.core.imports.service import ImportService
from limen.core.roles.model import ADMIN
from limen.core.secret import Secret
from limen.entrypoints.cli import imports
from limen.entrypoints.cli.exits import Exit
from limen.entrypoints.cli.files.csv_rows import WRITTEN
from limen.testing.assembly import OPERATOR, PASSWORD
from limen.testing.fakes import PlainHasher
from tests.unit.entrypoints.cli.shell import Ended, Shell

HEADER = "email,username,name,status,roles,email_verified,password,password_hash\n"


def numbered(count: int, first: int = 0) -> str:
    return "".join(f"user{n}@example.org\n" for n in range(first, first + count))


def bring(shell: Shell, text: str | bytes, *more: str) -> Ended:
    return shell("users", "import", "-", "--json", *more, stdin=text)


def counts(ended: Ended) -> tuple[int, int, int, int]:
    data = ended.data
    return data["rows"], data["added"], data["present"], data["refused"]


def test_people_come_in_from_a_file_and_sign_in_with_old_and_new_passwords(
    shell: Shell, tmp_path: Path
) -> None:
    shell.wait(shell.limen.keys.ensure(actor=OPERATOR))
    shell.wait(shell.limen.roles.create(actor=OPERATOR, name="editor"))
    old = shell.wait(PlainHasher(cost=2).hash(Secret(PASSWORD))).reveal()
    file = tmp_path / "people.csv"
    file.write_text(
        HEADER
        + f'ada@example.org,ada,"Lovelace, Ada",active,editor;admin,true,,"{old}"\n'
        + f"bob@example.org,,,,,,{PASSWORD},\n"
        + "eve@example.org,,,suspended,,no,,\n"
    )
    ended = shell("users", "import", str(file))
    assert ended.code == Exit.DONE
    assert ended.out == "3 rows: 3 added, 0 were there already, 0 refused.\n"
    for name in ("ada", "bob@example.org"):
        shell.wait(shell.limen.enter(name))
    ada = shell("users", "show", "ada", "--json").data
    assert (ada["name"], ada["email_verified"]) == ("Lovelace, Ada", True)
    grants = shell("roles", "grants", "ada", "--json").data
    assert [grant["role"] for grant in grants] == ["admin", "editor"]
    assert shell("users", "show", "eve@example.org", "--json").data["status"] == "suspended"


def test_every_bad_row_is_reported_by_its_line_and_the_others_come_in(shell: Shell) -> None:
    ended = bring(
        shell,
        HEADER
        + "ada@example.org,,,,,,,\n"
        + "not an address,!,,gone,nothing,perhaps,,\n"
        + "bob@example.org,,,,,,short,\n"
        + 'eve@example.org,"open\n'
        + "too,few\n"
        + "zoe@example.org,,,,,,,unknown\n"
        + "joe@example.org,,,gone,,,,\n",
    )
    assert ended.code == Exit.NOT_ALL_WELL
    assert counts(ended) == (7, 1, 0, 6)
    assert [(fault["line"], fault["field"]) for fault in ended.data["faults"]] == [
        (3, "email_verified"),
        (4, "password"),
        (5, "line"),
        (6, "line"),
        (7, "password_hash"),
        (8, "status"),
    ]


def test_people_read_the_faults_as_they_come(shell: Shell) -> None:
    ended = shell("users", "import", "-", stdin="email\nx\n\0\ny@example.org\n")
    assert ended.err.splitlines() == [
        "line 2: email: must be an e-mail address such as ada@example.org",
        "line 3: holds a NUL (character 1)",
    ]
    assert ended.out == "3 rows: 1 added, 0 were there already, 2 refused.\n"


def test_an_import_can_be_begun_again(shell: Shell) -> None:
    assert counts(bring(shell, "email\n" + numbered(3))) == (3, 3, 0, 0)
    assert counts(bring(shell, "email\n" + numbered(5))) == (5, 2, 3, 0)
    assert len(shell("users", "list", "--json").data) == 5


def test_who_stands_twice_in_a_file_comes_in_once(shell: Shell) -> None:
    assert counts(bring(shell, "email\n" + numbered(3) + numbered(2))) == (5, 3, 2, 0)


def test_a_dry_run_tells_the_same_and_changes_nothing(shell: Shell) -> None:
    text = "email\n" + numbered(2) + "x\n"
    rehearsal = bring(shell, text, "--dry-run")
    assert (rehearsal.code, counts(rehearsal)) == (Exit.NOT_ALL_WELL, (3, 2, 0, 1))
    assert rehearsal.data["is_dry_run"] is True
    assert shell("users", "list", "--json").data == []
    told = shell("users", "import", "-", "--dry-run", stdin="email\n" + numbered(2)).out
    assert told == (
        "2 rows: 2 would be added, 0 are there already, 0 refused. Nothing was changed.\n"
    )


@pytest.mark.parametrize("bad", ["x", "too,many"])
def test_strict_stops_at_the_first_batch_with_a_fault(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    monkeypatch.setattr(imports, "_BATCH", 4)
    ended = bring(shell, "email\n" + numbered(6) + f"{bad}\n" + numbered(9, 6), "--strict")
    assert ended.code == Exit.NOT_ALL_WELL
    assert counts(ended) == (8, 4, 0, 1)
    assert [fault["line"] for fault in ended.data["faults"]] == [8]


def test_rows_whose_passwords_are_hashed_come_in_small_batches(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = []
    add = ImportService.add

    async def counted(self: ImportService, rows: list[AccountRow], **more: bool) -> ImportReport:
        sizes.append(len(rows))
        return await add(self, rows, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(ImportService, "add", counted)
    people = "".join(f"user{n}@example.org,{PASSWORD}\n" for n in range(20))
    assert counts(bring(shell, "email,password\n" + people)) == (20, 20, 0, 0)
    assert sizes == [16, 4]


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("", "line 1", "the file is empty"),
        ("mail\nx\n", "line 1", "there is no column 'email'"),
        ("email;name\n", "line 1", "say --delimiter ';'"),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    shell: Shell, text: str, place: str, told: str
) -> None:
    ended = bring(shell, text)
    assert ended.code == Exit.INVALID
    error = ended.document["error"]
    assert (error["code"], error["details"][0]["field"]) == ("input.invalid", place)
    assert told in error["details"][0]["message"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (["missing.csv"], "missing.csv: No such file or directory"),
        (["."], ".: Is a directory"),
        (["-", "--delimiter=::"], "must be one character, or tab"),
        (["-", '--delimiter="'], "must be one character, or tab"),
        (["-", "--errors=missing/x.csv"], "missing/x.csv: No such file or directory"),
        (["-", "--format=xml"], "'xml' is not one of"),
    ],
)
def test_wrong_arguments_are_explained(shell: Shell, more: list[str], told: str) -> None:
    ended = shell("users", "import", *more)
    assert ended.code == Exit.INVALID
    assert told in ended.err


def test_the_delimiter_may_be_another(shell: Shell) -> None:
    ended = bring(shell, "email\tname\na@example.org\tA, B\n", "--delimiter=tab")
    assert counts(ended) == (1, 1, 0, 0)


def test_refused_rows_are_written_to_a_file_that_others_cannot_read(
    shell: Shell, tmp_path: Path
) -> None:
    file = tmp_path / "refused.csv"
    bring(shell, "email\nx\n" + numbered(1) + "y,z\n", f"--errors={file}")
    assert file.read_text().splitlines() == [
        "line,field,code,message",
        "2,email,invalid,must be an e-mail address such as ada@example.org",
        "4,line,malformed,has 2 fields where the header has 1",
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_batch_that_came_at_a_bad_time_is_tried_again(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, failures = ImportService.add, [ConcurrentUpdate(retry_after=0.001), ConcurrentUpdate()]

    async def unlucky(self: ImportService, rows: list[AccountRow], **more: bool) -> ImportReport:
        if failures:
            raise failures.pop(0)
        return await add(self, rows, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "_PAUSE", 0.001)
    monkeypatch.setattr(ImportService, "add", unlucky)
    assert counts(bring(shell, "email\n" + numbered(2))) == (2, 2, 0, 0)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (StorageUnavailable(), Exit.UNAVAILABLE),
        (ConcurrentUpdate(), Exit.CONFLICT),
    ],
)
def test_an_import_that_must_stop_tells_how_far_it_came(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, failure: LimenError, code: Exit
) -> None:
    add = ImportService.add

    async def worse(self: ImportService, rows: list[AccountRow], **more: bool) -> ImportReport:
        if rows[0].line > 4:
            raise failure
        return await add(self, rows, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "_PAUSE", 0.001)
    monkeypatch.setattr(imports, "_BATCH", 3)
    monkeypatch.setattr(ImportService, "add", worse)
    ended = shell("users", "import", "-", stdin="email\n" + numbered(9))
    assert ended.code == code
    assert "So far: 3 rows: 3 added, " in ended.err
    assert "The same command goes on from there." in ended.err


def test_everybody_is_written_and_read_again(shell: Shell, tmp_path: Path) -> None:
    other = Shell.beside(shell)
    for place in (shell, other):
        place.wait(place.limen.roles.create(actor=OPERATOR, name="editor"))
    bring(
        shell,
        HEADER
        + 'Ada@Example.org,ada,"Ada ,;""\'",pending,admin;editor@2030-01-01T00:00:00Z,true,,\n'
        + f"bob@bücher.example,,,suspended,,,{PASSWORD},\n",
    )
    shell("users", "update", "ada", '--attributes={"n": [1.5, null, "x,\\ny"]}')
    for name in ("people.csv", "people.jsonl"):
        file, again = tmp_path / name, tmp_path / f"again-{name}"
        told = shell("users", "export", f"--output={file}", "--json").data
        assert told == {"exported": 2, "file": str(file)}
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert other("users", "import", str(file)).code == Exit.DONE
        other("users", "export", "--output", str(again))
        assert again.read_bytes() == file.read_bytes()
    other.wait(other.limen.keys.ensure(actor=OPERATOR))


WORDS = st.text("abcé日'\",;|\\<>=@ ", max_size=12)
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "name": WORDS,
            "username": st.none() | st.from_regex(r"[a-z][a-z0-9]{1,8}", fullmatch=True),
            "status": st.sampled_from(["pending", "active", "suspended"]),
            "roles": st.lists(st.sampled_from([ADMIN, "admin@2030-01-01T00:00:00Z"]), max_size=1),
            "email_verified": st.booleans(),
            "attributes": st.dictionaries(WORDS, WORDS | st.integers(-9, 9) | st.floats(-1, 1)),
            "has_hash": st.booleans(),
        }
    ),
    max_size=4,
    unique_by=lambda person: str(person["username"] or id(person)),
)


@pytest.mark.parametrize("format_", ["csv", "jsonl"])
@given(people=PEOPLE)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_went_out_and_came_in_goes_out_the_same(
    shell: Shell, format_: str, people: list[dict[str, object]]
) -> None:
    digest = shell.wait(PlainHasher().hash(Secret(PASSWORD))).reveal()
    lines = []
    for number, person in enumerate(people):
        hashed = {"password_hash": digest} if person.pop("has_hash") else {}
        lines.append(json.dumps({"email": f"{number}@example.org", **person, **hashed}))
    first, second = Shell.beside(shell), Shell.beside(shell)
    assert first("users", "import", "-", "--format=jsonl", stdin="\n".join(lines)).code == Exit.DONE
    written = first("users", "export", "--format", format_)
    assert second("users", "import", "-", "--format", format_, stdin=written.out).code == Exit.DONE
    assert second("users", "export", "--format", format_).out == written.out
    assert len(second("users", "list", "--json").data) == len(people)


def test_an_export_in_pieces_is_whole(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    bring(shell, "email\n" + numbered(7))
    monkeypatch.setattr(imports, "_BATCH", 3)
    lines = shell("users", "export").out.splitlines()
    assert lines[0] == ",".join(WRITTEN)
    assert [line.partition(",")[0] for line in lines[1:]] == numbered(7).split()


def test_a_failed_export_leaves_no_file(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def out(*_: object, **__: object) -> None:
        raise StorageUnavailable

    monkeypatch.setattr(ImportService, "export", out)
    file = tmp_path / "people.csv"
    assert shell("users", "export", "--output", str(file)).code == Exit.UNAVAILABLE
    assert list(tmp_path.iterdir()) == []
    assert shell("users", "export", "--output=missing/x.csv").code == Exit.INVALID

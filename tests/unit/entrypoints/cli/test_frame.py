"""What all commands share: how they are found, how they end, what they print."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import click
import pytest

from limen.core.errors import Kind, LimenError, StorageUnavailable
from limen.entrypoints.cli.exits import MEANINGS, OF_KIND, Exit
from limen.entrypoints.cli.house import House
from limen.entrypoints.cli.lazy import LazyGroup
from limen.entrypoints.cli.main import root, run
from limen.entrypoints.cli.output import cell, visible
from limen.entrypoints.cli.prompts import interruptible
from limen.testing.assembly import Assembly
from tests.unit.entrypoints.cli.shell import Shell
from tests.unit.entrypoints.cli.terminal import terminal


def commands(group: LazyGroup, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command there is, by its words."""
    for name in group.commands:
        command = group.load(name) if name in group.entries else group.commands[name]
        if isinstance(command, LazyGroup):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(commands(root))


def test_every_kind_of_refusal_has_a_number_of_its_own() -> None:
    assert set(OF_KIND) == set(Kind)
    assert len(set(OF_KIND.values())) == len(Kind)
    assert set(MEANINGS) == set(Exit)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_explains_itself_with_an_example(
    shell: Shell, words: tuple[str, ...]
) -> None:
    ended = shell(*words, "--help")
    assert ended.code == Exit.DONE
    assert "Examples" in ended.out
    assert f"limen {' '.join(words)}" in ended.out


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_option_is_explained(words: tuple[str, ...]) -> None:
    for parameter in COMMANDS[words].params:
        if isinstance(parameter, click.Option):
            assert parameter.help or isinstance(parameter.type, click.Choice), parameter.name


def test_no_command_takes_a_secret_as_an_argument() -> None:
    for words, command in COMMANDS.items():
        for parameter in command.params:
            if "password" in (parameter.name or "") and isinstance(parameter, click.Option):
                assert parameter.is_flag, words


LIST_AND_TELL = """
import sys
from limen.entrypoints.cli.main import run
run(["--help"])
print(*sys.modules, file=sys.stderr)
"""


def test_the_list_of_commands_costs_nothing() -> None:
    seen = subprocess.run(
        [sys.executable, "-c", LIST_AND_TELL],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(seen.stderr.split())
    heavy = {"litestar", "sqlalchemy", "dependency_injector", "bcrypt", "msgspec", "asyncio"}
    assert not loaded & heavy
    assert not {name for name in loaded if name.startswith("limen.core.") and "service" in name}
    assert "limen users create" in seen.stdout


def test_the_numbers_are_in_the_help(shell: Shell) -> None:
    shown = " ".join(shell("--help").out.split())
    for code, meaning in MEANINGS.items():
        assert f"{code.value} {meaning}" in shown


@pytest.mark.parametrize("arguments", [[], ["users"], ["roles"]])
def test_a_group_alone_shows_its_commands(shell: Shell, arguments: list[str]) -> None:
    ended = shell(*arguments)
    assert ended.code == Exit.INVALID
    assert "Usage: limen" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize("arguments", [["fly"], ["users", "fly"], ["users", "show"], ["--fly"]])
def test_unknown_words_are_explained(shell: Shell, arguments: list[str]) -> None:
    ended = shell(*arguments)
    assert ended.code == Exit.INVALID
    assert ended.err.startswith("error: ")
    assert "--help" in ended.err


def test_a_usage_error_is_a_document_too(shell: Shell) -> None:
    ended = shell("users", "show", "--json")
    assert ended.document == {
        "success": False,
        "error": {"code": "cli.usage", "message": "Missing argument 'USER'.", "details": []},
    }
    assert ended.err == ""


def test_the_version_is_told(shell: Shell) -> None:
    assert shell("--version").out.startswith("limen ")


class Closed(AbstractAsyncContextManager[Assembly]):
    """A limen that cannot be opened."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    async def __aenter__(self) -> Assembly:
        raise self._error

    async def __aexit__(self, *_: object) -> None:
        """Never get here."""


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (StorageUnavailable(), Exit.UNAVAILABLE, "storage.unavailable"),
        (RuntimeError("a bug"), Exit.BROKEN, "limen.error"),
        (KeyboardInterrupt(), Exit.INTERRUPTED, "interrupted"),
        (click.Abort(), Exit.INTERRUPTED, "interrupted"),
        (BrokenPipeError(), Exit.PIPE_CLOSED, ""),
    ],
)
def test_every_end_has_its_number(
    capfd: pytest.CaptureFixture[str], error: BaseException, code: Exit, told: str
) -> None:
    assert run(["users", "list"], House(open=lambda: Closed(error))) == code
    assert told in capfd.readouterr().err


def test_a_bug_is_shown_with_its_traceback_but_not_to_programs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(["users", "list", "--json"], House(open=lambda: Closed(RuntimeError("a bug"))))
    shown = capsys.readouterr()
    assert "a bug" not in shown.out
    assert LimenError.sentence in shown.out
    assert "RuntimeError: a bug" in shown.err


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "yes"),
        ((1, "b"), "1, b"),
        ({}, ""),
        ({"a": "é"}, '{"a":"é"}'),
        ("a\x1b[31m\n\u202eb", r"a\x1b[31m\n\u202eb"),
    ],
)
def test_cells_are_readable_and_harmless(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_text_for_terminals_holds_nothing_a_terminal_obeys() -> None:
    assert visible("Zoë 日本") == "Zoë 日本"
    assert visible("\x1b]0;owned\x07") == r"\x1b]0;owned\x07"


def test_a_password_is_asked_for_twice_and_never_shown() -> None:
    asked = terminal('do("users", "create", "ada@example.org")')
    assert "Password" in asked.read_until("Password")
    asked.type("correct horse battery\n", is_hidden=True)
    assert "Repeat" in asked.read_until("Repeat")
    asked.type("correct horse battery\n", is_hidden=True)
    shown, code = asked.end()
    assert (code, "ada@example.org" in shown, "battery" in shown) == (0, True, False)


@pytest.mark.parametrize("words", ['"users", "create"', '"users", "set-password"'])
def test_a_password_is_not_read_from_a_terminal_that_would_show_it(words: str) -> None:
    asked = terminal(f'do({words}, "ada@example.org", "--password-stdin")')
    shown = asked.read_until("leave out --password-stdin")
    assert "leave out --password-stdin" in shown
    _, code = asked.end()
    assert code == Exit.INVALID


def test_ctrl_c_at_a_prompt_ends_at_once() -> None:
    asked = terminal('do("users", "set-password", "ada@example.org")')
    prompt = asked.read_until("Password")
    assert "Password" in prompt, prompt
    shown, code = asked.interrupt(is_hidden=True)
    assert (code, "interrupted" in shown, "Traceback" in shown) == (130, True, False)


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("n\n", 130), (None, 130)])
def test_deleting_is_asked_for_on_a_terminal(answer: str | None, code: int) -> None:
    asked = terminal(
        'do("users", "create", "ada@example.org", "--no-password")'
        ' or do("users", "delete", "ada@example.org")'
    )
    # The space is the last thing written before the answer is read.
    assert "[y/N]: " in asked.read_until("[y/N]: ")
    if answer is not None:
        asked.type(answer)
    shown, ended = asked.interrupt() if answer is None else asked.end()
    assert (ended, "Traceback" in shown) == (code, False)
    assert ("is deleted" in shown) == (code == 0)


def test_tables_are_drawn_on_a_terminal_and_documents_indented() -> None:
    created = 'do("users", "create", "ada@example.org", "--no-password") or '
    shown, _ = terminal(created + 'do("users", "list")').end()
    assert "─" in shown
    assert "\x1b[" in shown
    shown, _ = terminal(created + 'do("users", "list", "--json")').end()
    assert '  "success": true' in shown


def test_an_import_shows_how_far_it_is_where_somebody_watches(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email\n" + "".join(f"user{n}@example.org\n" for n in range(6000)) + "x\n")
    shown, code = terminal(f'do("users", "import", {str(file)!r})').end()
    assert code == Exit.NOT_ALL_WELL
    assert "rows/s" in shown
    assert "line 6002: email: must be an e-mail address" in shown
    assert "6001 rows: 6000 added, 0 were there already, 1 refused." in shown
    shown, code = terminal(f'do("users", "import", {str(file)!r}, "--json")').end()
    assert (code, "rows/s" in shown) == (Exit.NOT_ALL_WELL, False)


def test_the_doctor_marks_what_is_well_in_colour() -> None:
    shown, code = terminal('run(("doctor",))', LIMEN_DATABASE_URL="memory://").end()
    assert "\x1b[32m✓\x1b[0m settings" in shown
    assert code in {Exit.DONE, Exit.NOT_ALL_WELL}


def test_reading_can_be_interrupted_in_the_main_thread_only() -> None:
    def handler() -> object:
        with interruptible():
            return signal.getsignal(signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    with ThreadPoolExecutor() as threads:
        assert threads.submit(handler).result() is before
    assert handler() is signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is before


async def test_a_press_just_before_reading_counts() -> None:
    async def read() -> None:
        with interruptible():
            raise AssertionError("read")

    reading = asyncio.current_task()
    assert reading is not None
    reading.cancel()
    with pytest.raises(KeyboardInterrupt):
        await read()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    reading.uncancel()


def test_no_colour_is_no_colour() -> None:
    shown, _ = terminal(
        'do("users", "create", "ada@example.org", "--no-password")', NO_COLOR="1"
    ).end()
    assert "\x1b[3" not in shown


def test_a_reader_who_leaves_ends_the_command_quietly(tmp_path: Path) -> None:
    told = tmp_path / "told"
    with told.open("wb") as errors:
        left = subprocess.Popen(
            [sys.executable, "-m", "limen.entrypoints.cli", "completion", "zsh"],
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        assert left.stdout is not None
        left.stdout.close()
        assert left.wait() == Exit.PIPE_CLOSED
    assert told.read_text() == ""

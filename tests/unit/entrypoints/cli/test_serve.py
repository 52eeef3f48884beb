"""What `limen serve` says before it serves."""

from pathlib import Path

import pytest

from limen.core.secret import Secret
from limen.entrypoints.cli import serve
from limen.wiring.bootstrap import FirstAdministrator
from limen.wiring.settings import from_code

MADE = FirstAdministrator(email="root@example.org", generated_password=Secret("the password"))


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for the terminal of the session; there is none until it is made."""
    place = tmp_path / "missing" / "tty"
    monkeypatch.setattr(serve, "_TERMINAL", place)
    return place


@pytest.mark.parametrize("watched", ["stderr", "stdout"])
def test_a_generated_password_goes_to_the_stream_that_is_a_terminal(
    terminal: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    watched: str,
) -> None:
    monkeypatch.setattr(f"sys.{watched}.isatty", lambda: True)
    serve._introduce(MADE)
    shown = capsys.readouterr()
    assert "the password" in {"stderr": shown.err, "stdout": shown.out}[watched]
    assert (shown.out + shown.err).count("the password") == 1
    assert not terminal.exists()


def test_past_all_pipes_it_goes_to_the_terminal_of_the_session(
    terminal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal.parent.mkdir()
    serve._introduce(MADE)
    assert "root@example.org" in terminal.read_text()
    assert "the password" in terminal.read_text()
    assert capsys.readouterr() == ("", "")


def test_without_any_terminal_it_is_said_that_others_may_have_seen_it(
    terminal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serve._introduce(MADE)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "the password" in shown.err
    assert "limen users set-password root@example.org" in shown.err
    assert not terminal.exists()


def test_the_call_to_try_is_one_that_works(capsys: pytest.CaptureFixture[str]) -> None:
    serve._welcome(from_code({"database_url": "memory://", "registration": "closed"}))
    assert "curl http://127.0.0.1:8000/health/ready" in capsys.readouterr().err

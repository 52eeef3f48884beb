"""`limen mail`."""

from datetime import timedelta
from pathlib import Path

import pytest

from limen.entrypoints.cli.exits import Exit
from limen.testing.builders import a_message
from tests.unit.entrypoints.cli.shell import Shell


@pytest.fixture
def undeliverable(shell: Shell) -> str:
    """The id of a message that no mail server took."""
    limen = shell.limen
    limen.mail.is_out = True
    shell.wait(limen.register())
    for _ in range(7):
        shell.wait(limen.delivery.deliver())
        limen.clock.advance(timedelta(days=1))
    limen.mail.is_out = False
    return str(shell("mail", "list", "--state=undeliverable", "--json").data[0]["id"])


def test_what_did_not_arrive_is_seen_and_sent_again(shell: Shell, undeliverable: str) -> None:
    told = shell("mail", "list").out
    assert undeliverable in told
    assert "mail.not_sent" in told
    again = shell("mail", "send-again", undeliverable, "--json").data
    assert (again["id"], again["state"], again["tries"]) == (undeliverable, "waiting", 0)
    assert shell("mail", "send-again", undeliverable).code == Exit.UNPROCESSABLE
    assert shell("mail", "send-again", str(a_message().id)).code == Exit.NOT_FOUND


def test_messages_are_walked_by_cursor(shell: Shell) -> None:
    for number in range(3):
        shell.wait(shell.limen.register(f"user{number}@example.org"))
    first = shell("mail", "list", "--limit=2", "--json").document
    assert len(first["data"]) == 2
    rest = shell("mail", "list", f"--cursor={first['meta']['next_cursor']}", "--json").document
    assert len(rest["data"]) == 1
    assert "there is more: --cursor" in shell("mail", "list", "--limit=2").err


def test_undelivered_mail_is_shown(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIMEN_DATA_DIR", str(tmp_path))
    assert "there is no mail in" in shell("mail", "show").err
    (tmp_path / "mail").mkdir()
    for number in range(3):
        text = f"To: u{number}@example.org\nSubject: Hello {number}\n\nText {number}\n"
        (tmp_path / "mail" / f"{number}.eml").write_text(text)
    assert shell("mail", "show").out == "To: u2@example.org\nSubject: Hello 2\n\nText 2\n"
    shown = shell("mail", "show", "2", "--json").data
    assert [mail["subject"] for mail in shown] == ["Hello 1", "Hello 2"]
    assert shown[0]["text"] == "Text 1\n"

"""Messages in words."""

import re
from pathlib import Path

import pytest

from limen.adapters.jinja import OWN, JinjaWriter
from limen.core.errors import MessageNotWritten
from limen.core.messages.model import MessageKind
from limen.testing.contracts.message_writer import MessageWriterContract

VALUES = {
    "link": "https://app.example.org/verify#limen_token&more",
    "code": "WDJB-MJHT",
    "minutes": "30",
    "new_email": "o'neil+<b>tag</b>@example.org",
    "name": "o'neil's <i>build</i> & test",
    "key": "limen_ak_031TeYfUuzTTXDv2O7cL3m",
    "passkey": "Zoë's <i>key</i> & more",
    "left": "9",
    "when": "2026-11-21 14:51 UTC",
    "network": "2001:db8::7",
}


class TestJinjaWriter(MessageWriterContract):
    @pytest.fixture
    def writer(self) -> JinjaWriter:
        return JinjaWriter()


@pytest.mark.parametrize("locale", ["en", "de"])
@pytest.mark.parametrize("kind", MessageKind)
def test_every_message_has_words_in_every_language(kind: MessageKind, locale: str) -> None:
    own, english = (JinjaWriter().write(kind, at, VALUES) for at in (locale, "en"))
    assert own.subject
    assert own.text.endswith("\n")
    assert f'lang="{locale}"' in own.html
    assert (own.subject == english.subject) is (locale == "en")
    assert "{" not in own.text + own.html.replace("{{", "")


@pytest.mark.parametrize("kind", MessageKind)
def test_both_forms_tell_the_same(kind: MessageKind) -> None:
    wording = JinjaWriter().write(kind, "en", VALUES)
    for name, value in VALUES.items():
        named = re.compile(r"\{\{[^}]*\b" + name + r"\b")
        is_named = bool(named.search((OWN / "en" / f"{kind}.txt").read_text()))
        assert (value in wording.text) is is_named
        assert bool(named.search((OWN / "en" / f"{kind}.html").read_text())) is is_named


def test_values_are_never_markup() -> None:
    html = JinjaWriter().write(MessageKind.EMAIL_CHANGED, "en", VALUES).html
    assert "<b>" not in html
    assert "&lt;b&gt;tag&lt;/b&gt;" in html
    link = JinjaWriter().write(MessageKind.VERIFY_EMAIL, "en", VALUES).html
    assert 'href="https://app.example.org/verify#limen_token&amp;more"' in link


@pytest.mark.parametrize(
    ("locale", "subject"),
    [
        ("de-AT", "Setzen Sie ein neues Passwort"),
        ("en-GB", "Set a new password"),
        ("fr", "Set a new password"),
        ("../de", "Set a new password"),
        ("", "Set a new password"),
    ],
)
def test_the_nearest_language_is_taken(locale: str, subject: str) -> None:
    assert JinjaWriter().write(MessageKind.RESET_PASSWORD, locale, VALUES).subject == subject


def test_a_folder_of_ones_own_comes_first(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "reset_password.txt").write_text("Ours\n\nGo to {{ link }}\n")
    wording = JinjaWriter(tmp_path).write(MessageKind.RESET_PASSWORD, "fr", VALUES)
    assert (wording.subject, wording.text) == ("Ours", f"Go to {VALUES['link']}\n")
    assert "Set a new password" in wording.html


@pytest.mark.parametrize("words", ["{{ nothing }}", "{% if %}", "{{ link.x.y }}"])
def test_a_template_that_cannot_be_filled_is_told_without_its_values(
    tmp_path: Path, words: str
) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "sign_in.txt").write_text(f"Ours\n\n{words}\n")
    with pytest.raises(MessageNotWritten) as refused:
        JinjaWriter(tmp_path).write(MessageKind.SIGN_IN, "en", VALUES)
    assert re.fullmatch(r"sign_in: \w+", str(refused.value))
    assert refused.value.__cause__ is None

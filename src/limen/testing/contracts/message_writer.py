"""What `limen.ports.message_writer.MessageWriter` promises."""

from typing import Final

import pytest

from limen.core.errors import MessageNotWritten
from limen.core.messages.model import VALUES, MessageKind
from limen.ports.message_writer import MessageWriter
from limen.testing.contract import Contract

# The link of a mail is an address; what people chose may be anything.
_GIVEN: Final = {
    "link": "https://app.example.org/verify?a=1&b=2#token",
    "code": "WDJB-MJHT",
    "minutes": "30",
    "new_email": "o'neil+<b>&tag@example.org",
    "left": "9",
    "when": "2026-11-21 14:51 UTC",
    "network": "2001:db8::7",
    "name": "o'neil's <i>build</i> & test",
    "key": "limen_ak_031TeYfUuzTTXDv2O7cL3m",
    "passkey": "Zoë's <i>key</i> & more",
}
_WITH_VALUES: Final = [kind for kind in MessageKind if VALUES[kind]]


def _values(kind: MessageKind) -> dict[str, str]:
    return {name: _GIVEN[name] for name in VALUES[kind]}


class MessageWriterContract(Contract):
    """Messages in words. Fixture: `writer`."""

    @pytest.mark.parametrize("locale", ["en", "de-AT", "zh-Hant-TW", "x"])
    @pytest.mark.parametrize("kind", MessageKind)
    def test_write_has_a_subject_a_text_and_html_for_every_message_in_every_language(
        self, writer: MessageWriter, kind: MessageKind, locale: str
    ) -> None:
        wording = writer.write(kind, locale, _values(kind))
        assert wording.subject
        assert "\n" not in wording.subject
        assert wording.text
        assert wording.html

    @pytest.mark.parametrize("kind", MessageKind)
    def test_write_shows_every_value_as_it_is(
        self, writer: MessageWriter, kind: MessageKind
    ) -> None:
        wording = writer.write(kind, "en", _values(kind))
        assert [value for value in _values(kind).values() if value not in wording.text] == []

    def test_write_never_takes_a_value_for_markup(self, writer: MessageWriter) -> None:
        kind = MessageKind.EMAIL_CHANGED
        wording = writer.write(kind, "en", _values(kind))
        assert "<b>" not in wording.html
        assert "&lt;b&gt;&amp;tag" in wording.html

    @pytest.mark.parametrize("kind", _WITH_VALUES)
    def test_write_raises_message_not_written_without_a_value(
        self, writer: MessageWriter, kind: MessageKind
    ) -> None:
        for name in VALUES[kind]:
            others = {key: value for key, value in _values(kind).items() if key != name}
            with pytest.raises(MessageNotWritten):
                writer.write(kind, "en", others)

    def test_words_never_print(self, writer: MessageWriter) -> None:
        wording = writer.write(MessageKind.SIGN_IN, "en", _values(MessageKind.SIGN_IN))
        assert _GIVEN["code"] not in repr(wording)

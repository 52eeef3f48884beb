"""Messages from Jinja templates: limen's own, or those an operator puts in their place.

A message is two templates in the folder of its language: `<kind>.txt`, whose first line is the
subject, and `<kind>.html`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape

from limen.core.errors import MessageNotWritten
from limen.core.messages.model import MessageKind
from limen.ports.message_writer import MessageWriter, Wording

OWN: Final = Path(__file__).parent / "templates"
# What every language falls back to.
_LAST: Final = "en"


class JinjaWriter:
    """Writes messages from the templates in `folder`, and from limen's own where it has none."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read templates from `folder` before limen's own."""
        folders = [OWN] if folder is None else [folder, OWN]
        self._environment = Environment(
            loader=FileSystemLoader(folders),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            keep_trailing_newline=True,
        )

    def write(self, kind: MessageKind, locale: str, values: Mapping[str, str]) -> Wording:
        """Return the words of `kind` in the nearest language there is."""
        try:
            text = self._render(f"{kind}.txt", locale, values)
            html = self._render(f"{kind}.html", locale, values)
        except TemplateError as error:
            # The error may quote a value; its kind and the template's name tell enough.
            raise MessageNotWritten(f"{kind}: {type(error).__name__}") from None
        subject, _, body = text.partition("\n")
        return Wording(subject=subject.strip(), text=body.lstrip("\n"), html=html)

    def _render(self, name: str, locale: str, values: Mapping[str, str]) -> str:
        folders = (*_nearest(locale), _LAST)
        template = self._environment.select_template([f"{folder}/{name}" for folder in folders])
        return template.render(values)


def _nearest(locale: str) -> list[str]:
    """Return a language tag and its shorter forms (RFC 4647 section 3.4)."""
    parts = locale.split("-")
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


_conforms: type[MessageWriter] = JinjaWriter

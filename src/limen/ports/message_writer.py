"""The words of messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from limen.core.messages.model import MessageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A message in words; they may hold a secret and never print."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class MessageWriter(Protocol):
    """Puts what a message tells into words."""

    def write(self, kind: MessageKind, locale: str, values: Mapping[str, str]) -> Wording:
        """Return the words in the language of `locale` (BCP 47), or the nearest there is.

        `values` are those of `VALUES`, shown as they are and never as markup. Raises
        `MessageNotWritten` when the words name a value that is not there.
        """
        ...

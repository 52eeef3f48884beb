"""Mail to people."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message to one address; the body may hold a secret and never prints."""

    to: str
    subject: str
    text: str = field(repr=False)
    html: str | None = field(default=None, repr=False)


class Mailer(Protocol):
    """Hands mail over to whoever delivers it."""

    async def send(self, mail: Mail) -> None:
        """Return when the mail was accepted; raise `MailNotSent` when it was not.

        Unless `to` is one address and `subject` one line, it is not: it would go elsewhere. Raises
        `MailUnreachable` where no other try can change that.
        """
        ...

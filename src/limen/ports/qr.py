"""Pictures that telephones read."""

from typing import Protocol

from limen.core.secret import Secret


class QrDrawer(Protocol):
    """Draws QR codes (ISO/IEC 18004)."""

    def svg(self, text: Secret[str]) -> Secret[str]:
        """Return an SVG document that shows `text`: one element that a page can take in."""
        ...

    def terminal(self, text: Secret[str]) -> Secret[str]:
        """Return lines of equal length that show `text` in a terminal, light on dark."""
        ...

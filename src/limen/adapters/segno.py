"""QR codes by segno."""

from collections.abc import Iterator
from io import BytesIO
from itertools import zip_longest
from typing import Final

import segno

from limen.core.secret import Secret
from limen.ports.qr import QrDrawer

# What the standard asks for around it; without it many readers find nothing.
_QUIET_ZONE: Final = 4
_PIXELS: Final = 4
# Of two modules, one above the other: a terminal draws the light ones.
_HALVES: Final = {(0, 0): "█", (0, 1): "▀", (1, 0): "▄", (1, 1): " "}


class SegnoQrDrawer:
    """Draws QR codes that are read though a part of them is not seen (level M)."""

    def svg(self, text: Secret[str]) -> Secret[str]:
        """Return an SVG document that shows `text`, dark on light whatever the page is."""
        drawn = BytesIO()
        _draw(text).save(
            drawn,
            kind="svg",
            xmldecl=False,
            omitsize=True,
            nl=False,
            scale=_PIXELS,
            border=_QUIET_ZONE,
            dark="#000",
            light="#fff",
        )
        return Secret(drawn.getvalue().decode())

    def terminal(self, text: Secret[str]) -> Secret[str]:
        """Return lines that show `text`, two rows in each."""
        rows = [bytes(row) for row in _draw(text).matrix_iter(border=_QUIET_ZONE)]
        return Secret("\n".join(_lines(rows)))


def _draw(text: Secret[str]) -> segno.QRCode:
    return segno.make_qr(text.reveal(), error="m", encoding="utf-8", eci=False)


def _lines(rows: list[bytes]) -> Iterator[str]:
    for upper, lower in zip_longest(rows[::2], rows[1::2], fillvalue=bytes(len(rows[0]))):
        yield "".join(_HALVES[pair] for pair in zip(upper, lower, strict=True))


_conforms: type[QrDrawer] = SegnoQrDrawer

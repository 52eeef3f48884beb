"""QR codes, as telephones see them."""

import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import segno

from limen.adapters.segno import SegnoQrDrawer
from limen.core.factors.totp import write_uri
from limen.core.secret import Secret
from limen.testing.contracts.qr import QrDrawerContract

URI = write_uri(Secret(bytes(range(20))), issuer="Acme Söhne", account="ada@example.org")
HALVES = {"█": (0, 0), "▀": (0, 1), "▄": (1, 0), " ": (1, 1)}
SEEN = shutil.which("zbarimg") and shutil.which("rsvg-convert")


class TestSegnoQrDrawer(QrDrawerContract):
    @pytest.fixture
    def drawer(self) -> SegnoQrDrawer:
        return SegnoQrDrawer()


def expected() -> list[list[int]]:
    """The modules that segno itself would show, with four light ones around."""
    return [list(row) for row in segno.make_qr(URI.reveal(), error="m").matrix_iter(border=4)]


def test_a_terminal_shows_every_module() -> None:
    rows: list[list[int]] = []
    for line in SegnoQrDrawer().terminal(URI).reveal().split("\n"):
        rows += [[HALVES[half][at] for half in line] for at in (0, 1)]
    *seen, below = rows
    assert seen == expected()
    assert set(below) == {0}


def test_an_svg_shows_every_module() -> None:
    root = ET.fromstring(SegnoQrDrawer().svg(URI).reveal())  # noqa: S314 - our own
    (path,) = [part for part in root.iter() if part.get("stroke")]
    modules = expected()
    seen = [[0] * len(row) for row in modules]
    x, y = 0.0, 0.0
    for command, text in re.findall(r"([Mmh])([-\d. ]+)", path.get("d") or ""):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", text)]
        if command == "h":
            for column in range(int(x), int(x + numbers[0])):
                seen[int(y)][column] = 1
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if command == "M" else (x + numbers[0], y + numbers[1])
    assert seen == modules


def test_a_long_account_still_fits_on_a_screen() -> None:
    uri = write_uri(Secret(bytes(20)), issuer="i" * 60, account="a" * 250)
    assert max(map(len, SegnoQrDrawer().terminal(uri).reveal().split("\n"))) < 120


@pytest.mark.skipif(not SEEN, reason="needs Debian's packages zbar-tools and librsvg2-bin")
def test_a_camera_reads_the_uri(tmp_path: Path) -> None:
    drawing, picture = tmp_path / "qr.svg", tmp_path / "qr.png"
    drawing.write_text(SegnoQrDrawer().svg(URI).reveal())
    subprocess.run(["rsvg-convert", "--width=600", drawing, "--output", picture], check=True)
    command = ["zbarimg", "--quiet", "--raw", str(picture)]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == URI.reveal()

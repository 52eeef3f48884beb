"""What `limen.ports.qr.QrDrawer` promises."""

from typing import Final
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from limen.core.secret import Secret
from limen.ports.qr import QrDrawer
from limen.testing.contract import Contract, examples

_SVG: Final = "{http://www.w3.org/2000/svg}svg"
# As long as what an app is told by a long name and a long address.
_LONGEST: Final = 500
_texts: Final = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=_LONGEST
)


class QrDrawerContract(Contract):
    """QR codes. Fixture: `drawer`."""

    @examples(20)
    @given(text=_texts)
    def test_svg_returns_one_element_that_a_page_can_take_in(
        self, drawer: QrDrawer, text: str
    ) -> None:
        drawn = drawer.svg(Secret(text)).reveal()
        assert drawn.startswith("<svg ")
        root = ET.fromstring(drawn)  # noqa: S314 - it was drawn right here
        assert root.tag == _SVG
        assert root.get("viewBox")

    @examples(20)
    @given(text=_texts)
    def test_terminal_returns_lines_of_equal_length(self, drawer: QrDrawer, text: str) -> None:
        lines = drawer.terminal(Secret(text)).reveal().split("\n")
        assert len({len(line) for line in lines}) == 1
        assert all(line.isprintable() for line in lines)

    @examples(20)
    @given(one=_texts, other=_texts)
    def test_the_same_text_is_drawn_alike_and_another_one_is_not(
        self, drawer: QrDrawer, one: str, other: str
    ) -> None:
        for draw in (drawer.svg, drawer.terminal):
            assert draw(Secret(one)) == draw(Secret(one))
            assert (draw(Secret(one)) == draw(Secret(other))) is (one == other)

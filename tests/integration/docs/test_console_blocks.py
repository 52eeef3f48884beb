"""Every console block of the documentation gives the output that stands below its commands."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.docs.shell import Shell, fits, steps
from tests.unit.docs.pages import Page, pages

SERVER = "server"
FRAGMENT = "fragment"
WITH_CONSOLE = [page for page in pages() if any(page.blocks("console"))]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell in an empty folder."""
    opened = Shell(tmp_path)
    yield opened
    opened.close()


@pytest.mark.parametrize("page", WITH_CONSOLE, ids=lambda page: page.name)
def test_the_console_shows_what_the_page_says(page: Page, shell: Shell) -> None:
    with ExitStack() as servers:
        for block in page.blocks("console"):
            if block.note == FRAGMENT:
                continue
            for step in steps(block.text):
                if block.note == SERVER:
                    lines = len(step.expected)
                    output = servers.enter_context(shell.serving(step.command, lines))
                else:
                    output = shell.run(step.command)
                if not fits(step.expected, output):
                    place = f"{page.name}:{block.line}"
                    pytest.fail(f"{place}: $ {step.command}\n{output}", pytrace=False)


@pytest.mark.parametrize(
    ("expected", "output", "is_fit"),
    [
        (("one", "two"), "one\ntwo\n", True),
        (("one",), "one\ntwo\n", False),
        (("a … z",), "a b z", True),
        (("a … z",), "a b", False),
        (("0199c1a0-3f5e-7a41-9d53-6d3d4c5b2a10",), "0299c1a0-3f5e-7a41-9d53-6d3d4c5b2a11", True),
        (("2026-01-01T00:00:00Z",), "2027-02-02T10:20:30.123456Z", True),
        ((), "", True),
    ],
)
def test_output_fits_what_was_said(expected: tuple[str, ...], output: str, *, is_fit: bool) -> None:
    assert fits(expected, output) is is_fit

"""Every Python block of the documentation runs, one after the other, page by page."""

import ast
import inspect
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.unit.docs.pages import ROOT, Block, Page, pages

FRAGMENT = "fragment"
WITH_PYTHON = [page for page in pages() if any(page.blocks("python"))]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=lambda page: page.name)
async def test_the_python_of_a_page_runs(
    page: Page, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("LIMEN_")]:
        monkeypatch.delenv(name)
    names: dict[str, Any] = {"__name__": "documentation"}
    for block in page.blocks("python"):
        if block.note == FRAGMENT:
            continue
        code = compile(
            "\n" * (block.line - 1) + block.text,
            page.name,
            "exec",
            flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        )
        capsys.readouterr()
        result = eval(code, names)  # noqa: S307 - our own documentation
        if inspect.iscoroutine(result):
            await result
        assert_printed(block, capsys.readouterr().out)


def assert_printed(block: Block, output: str) -> None:
    """What a line `# -> …` behind a call of `print` promises is what was printed."""
    promised = [line.partition("# -> ")[2] for line in block.text.splitlines() if "# -> " in line]
    if promised:
        assert output.splitlines() == promised


def test_included_files_exist() -> None:
    for page in pages():
        for name in re.findall(r'^--8<-- "(.+)"$', page.text, re.MULTILINE):
            assert (ROOT / name).is_file()

import asyncio
from collections.abc import Iterator

import pytest

from tests.unit.entrypoints.cli.shell import Shell


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell before an empty limen."""
    with asyncio.Runner() as runner:
        yield Shell(monkeypatch, runner)

"""A little Markdown, written."""

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; bars in cells are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(text: object) -> str:
    """Return text as code."""
    return f"`{text}`"


def one_line(text: str | None) -> str:
    """Return text without its line breaks."""
    return " ".join((text or "").split())


def paragraphs(*parts: str) -> str:
    """Return the parts that are not empty, with an empty line between each."""
    return "\n\n".join(part.strip("\n") for part in parts if part.strip())


def _cell(text: str) -> str:
    return one_line(text).replace("|", r"\|")

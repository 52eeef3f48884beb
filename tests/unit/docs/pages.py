"""The documentation as tests read it: pages, their headings, links and blocks of code."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
LOOSE = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<kind>\S*)[^\n]*\n(?P<body>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)
_COMMENT = re.compile(r"<!-- (?P<text>[^\n]*?) -->\s*\Z")
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<text>.+)$", re.MULTILINE)
_CODE = re.compile(r"`[^`\n]+`")


@dataclass(frozen=True)
class Block:
    """A fenced block; `note` is the comment just above it."""

    kind: str
    text: str
    line: int
    note: str


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    def blocks(self, kind: str) -> Iterator[Block]:
        for match in _FENCE.finditer(self.text):
            if match["kind"] == kind:
                above = _COMMENT.search(self.text[: match.start()])
                yield Block(
                    kind=kind,
                    text=match["body"],
                    line=self.text.count("\n", 0, match.start()) + 2,
                    note=above["text"] if above else "",
                )

    @property
    def prose(self) -> str:
        """The text without blocks of code."""
        return _FENCE.sub("", self.text)

    def links(self) -> Iterator[str]:
        for match in _LINK.finditer(_CODE.sub("", self.prose)):
            yield match["target"]

    def anchors(self) -> set[str]:
        """The anchors of the headings, as Markdown makes them."""
        found = (match["text"].replace("`", "") for match in _HEADING.finditer(self.prose))
        return set(map(anchor, found))

    def quoted(self) -> set[str]:
        """Everything that stands as code in the prose."""
        return {match[0].strip("`") for match in _CODE.finditer(self.prose)}


def anchor(heading: str) -> str:
    """Return the anchor of a heading, by the rule of Python-Markdown and of GitHub."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip().lower())


def pages() -> list[Page]:
    found = [ROOT / name for name in LOOSE] + sorted(DOCS.rglob("*.md"))
    return [Page(path) for path in found]


def page(name: str) -> Page:
    return Page(ROOT / name)

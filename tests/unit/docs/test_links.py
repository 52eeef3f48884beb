"""What the documentation points at is there."""

import re
from collections.abc import Iterator

import pytest

from tests.unit.docs.pages import DOCS, ROOT, Page, pages

# A file of the repository, quoted as code; with a star or dots it is a pattern for people.
PLACE = re.compile(r"(?:src|tests|docs|examples|benchmarks)/[\w./-]+\.\w+(?:::\w+)?")


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_and_anchors_lead_somewhere(page: Page) -> None:
    assert list(broken_links(page)) == []


def broken_links(page: Page) -> Iterator[str]:
    for link in page.links():
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        there = (page.path.parent / target).resolve() if target else page.path
        if not there.exists() or (anchor and anchor not in Page(there).anchors()):
            yield link


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_files_and_tests_that_are_named_exist(page: Page) -> None:
    named = {name for name in page.quoted() if PLACE.fullmatch(name)}
    assert [name for name in sorted(named) if not is_there(name)] == []


def is_there(name: str) -> bool:
    place, _, test = name.partition("::")
    path = ROOT / place
    return path.exists() and (not test or re.search(rf"def {test}\b", path.read_text()) is not None)


def test_the_site_fetches_nothing_from_elsewhere() -> None:
    config = (ROOT / "mkdocs.yml").read_text()
    assert "  font: false\n" in config
    assert re.findall(r"https?:|repo_url|extra_javascript|extra_css|analytics", config) == []
    for image in DOCS.rglob("*.svg"):
        assert re.findall(r"(?:href|src)=|url\((?!#)", image.read_text()) == []


def test_every_page_is_in_the_navigation_once() -> None:
    listed = re.findall(r"^ +- (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(), re.MULTILINE)
    there = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")}
    assert len(listed) == len(set(listed))
    assert set(listed) == there


def test_the_list_of_decisions_is_whole() -> None:
    listed = set(Page(DOCS / "decisions" / "index.md").links())
    assert listed == {path.name for path in DOCS.glob("decisions/0*.md")}

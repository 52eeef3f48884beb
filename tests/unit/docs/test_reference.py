"""The reference names everything there is, and nothing else."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.build import BLOCKS, filled
from docs.build_cli import commands
from docs.build_http import published
from limen.core.events import catalogue
from limen.core.roles.model import Permission
from limen.wiring.catalogue import CATALOGUE
from limen.wiring.choices import ForeignHash
from limen.wiring.settings import from_code
from tests.unit.docs.pages import DOCS, ROOT, Page, page, pages

SOURCE = ROOT / "src" / "limen"


@pytest.mark.parametrize("name", BLOCKS)
def test_the_blocks_of_a_page_are_what_the_code_says(name: str) -> None:
    """If this fails: `.venv/bin/python -m docs.build`."""
    assert filled(name) == page(name).text


def first_column(page: Page, heading: str) -> list[str]:
    """Return what stands as code in the first cell of each row, below a heading."""
    _, _, below = page.text.partition(heading)
    return re.findall(r"^\| `([^`]+)`", below, re.MULTILINE)


def test_every_error_code_is_documented() -> None:
    listed = first_column(page("docs/reference/errors.md"), "## Codes")
    assert listed == sorted(set(codes_in_the_sources()))


def codes_in_the_sources() -> Iterator[str]:
    """Find codes of refusals as they are written: `code = "…"`, or given to `failure`."""
    for path in SOURCE.rglob("*.py"):
        if SOURCE / "testing" in path.parents:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.ClassDef(name="HttpRefusal"):
                    continue
                case ast.ClassDef(body=body):
                    yield from (value for part in body for value in assigned_code(part))
                case ast.Call(
                    func=ast.Attribute(attr="failure"), args=[ast.Constant(str(code)), *_]
                ):
                    yield code


def assigned_code(part: ast.stmt) -> Iterator[str]:
    match part:
        case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(str(code))):
            if code != "http.refused":
                yield code
        case ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(str(code))):
            yield code


def test_every_event_is_documented() -> None:
    listed = first_column(page("docs/reference/events.md"), "# Events")
    assert listed == [kind.name for kind in catalogue()]


def test_every_permission_is_documented() -> None:
    listed = first_column(page("docs/reference/permissions.md"), "# Permissions")
    assert sorted(listed) == sorted(Permission)


def test_every_setting_is_documented() -> None:
    names = [setting.name for setting in CATALOGUE]
    assert sorted(first_column(page("docs/reference/settings.md"), "<!-- begin")) == sorted(names)
    readme = page("README.md").text.partition("<!-- begin: settings -->")[2]
    assert re.findall(r"^\| `([^`]+)`", readme, re.MULTILINE) == names


def test_settings_named_anywhere_exist() -> None:
    known = {setting.name for setting in CATALOGUE}
    known |= {f"{setting.name}_FILE" for setting in CATALOGUE if setting.has_file}
    known |= {"LIMEN_CONFIG", "LIMEN_TEST_POSTGRES_URL"}
    named = {
        (path.name, name)
        for path in (ROOT / "docs").rglob("*.md")
        for name in re.findall(r"LIMEN_[A-Z_]*[A-Z]", path.read_text())
    }
    assert {place for place in named if place[1] not in known} == set()


def test_every_command_is_documented() -> None:
    headings = re.findall(
        r"^###? `(.+)`$", page("docs/reference/command-line.md").text, re.MULTILINE
    )
    assert headings == [name for name, _ in commands()]


def test_every_route_is_documented() -> None:
    text = page("docs/reference/http-api.md").text
    headings = re.findall(r"^#### `(.+)`$", text, re.MULTILINE)
    assert sorted(headings) == sorted(route.name for route in published())


def test_routes_named_anywhere_exist() -> None:
    known = {route.path for route in published()}
    known |= {re.sub(r"^/api/v1", "", path) for path in known} | {"/schema", "/schema/openapi.json"}
    named = {
        (found.name, path)
        for found in pages()
        for path in re.findall(
            r"(?:`|(?:GET|POST|PUT|PATCH|DELETE) |127\.0\.0\.1:8000)"
            r"((?:/api/v1)?/(?:auth|me|users|roles|health|schema|metrics|\.well-known)[a-z/._-]*)",
            found.text,
        )
        if not found.name.startswith("docs/reference/")
    }
    assert {place for place in named if place[1].rstrip("/") not in known} == set()


def test_the_changelog_has_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    headings = re.findall(r"^## \[(.+?)\]", page("CHANGELOG.md").text, re.MULTILINE)
    assert headings[0] in {version, "Unreleased"}
    assert version in headings


def test_the_readme_is_short() -> None:
    assert len(page("README.md").text.splitlines()) <= 250


def test_documents_name_no_place_of_a_machine() -> None:
    for path in [*Path(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]:
        assert re.findall(r"/(?:work|root|home|tmp)/\S*", path.read_text()) == [], path.name


def test_the_guide_to_moving_in_has_every_hash_of_others_and_first_those_that_are_on() -> None:
    text = (DOCS / "how-to" / "move-in.md").read_text()
    table = [line for line in text.splitlines() if line.startswith("| `")]
    named = [name for line in table for name in re.findall("`([a-z0-9-]+)`", line.split("|")[1])]
    assert named == [name.value for name in ForeignHash]
    defaults = from_code({}).password.foreign
    assert named[: len(defaults)] == [name.value for name in defaults]

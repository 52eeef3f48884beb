"""Every arrow of the house (import contracts, banned names) breaks when broken on purpose."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFIG = ROOT / "pyproject.toml"
TOOLS = Path(sys.executable).parent

# By contract: imports that it must report.
FORBIDDEN = {
    "layers": (
        "limen.adapters.zebra -> limen.testing.yak",
        "limen.adapters.zebra -> limen.wiring.yak",
        "limen.core.zebra.service -> limen.adapters.yak",
        "limen.ports.zebra -> limen.adapters.yak",
        "limen.testing.zebra -> limen.wiring.yak",
        "limen.wiring.zebra -> limen.entrypoints.yak",
    ),
    "services": (
        "limen.core.access -> limen.core.yak.service",
        "limen.core.zebra.model -> limen.core.zebra.service",
        "limen.core.zebra.service -> limen.core.yak.service",
        "limen.ports.zebra -> limen.core.yak.service",
    ),
    "access": (
        "limen.core.zebra.model -> limen.core.access",
        "limen.core.antelope -> limen.core.ambient",
        "limen.ports.zebra -> limen.core.access",
    ),
    "ports": (
        "limen.core.antelope -> limen.ports.yak",
        "limen.core.zebra.model -> limen.core.zebra.policy",
        "limen.core.zebra.policy -> limen.ports.yak",
    ),
    "words": ("limen.core.antelope -> limen.core.yak.model",),
    "models": (
        "limen.core.zebra.model -> limen.core.yak.model",
        "limen.core.zebra.model -> limen.core.ox.policy",
        "limen.core.ox.policy -> limen.core.ox.model",
    ),
    "neighbours": (
        "limen.adapters.memory.zebra -> limen.adapters.yak",
        "limen.adapters.zebra -> limen.adapters.yak",
    ),
    "builders": (
        "limen.entrypoints.http.zebra -> limen.adapters.yak",
        "limen.entrypoints.zebra -> limen.adapters.memory.yak",
        "limen.testing.zebra -> limen.adapters.sql.yak",
    ),
    "database": (
        "limen.adapters.memory.zebra -> sqlalchemy",
        "limen.adapters.zebra -> aiosqlite",
        "limen.testing.zebra -> asyncpg",
        "limen.wiring.zebra -> alembic",
    ),
    "container": (
        "limen.adapters.zebra -> dependency_injector",
        "limen.core.zebra.service -> dependency_injector",
        "limen.entrypoints.zebra -> dependency_injector",
    ),
}
# Their neighbours on the right side of the line, which no contract may report.
ALLOWED = (
    "limen.adapters.memory.zebra -> limen.adapters.memory.yak",
    "limen.adapters.sql.zebra -> sqlalchemy",
    "limen.adapters.zebra -> limen.core.yak.model",
    "limen.adapters.zebra -> limen.ports.yak",
    "limen.core.access -> limen.ports.yak",
    "limen.core.zebra.model -> limen.core.ids",
    "limen.core.zebra.part -> limen.core.ambient",
    "limen.core.zebra.part -> limen.ports.yak",
    "limen.core.zebra.policy -> limen.core.yak.model",
    "limen.core.zebra.service -> limen.core.access",
    "limen.core.zebra.service -> limen.core.ambient",
    "limen.core.zebra.service -> limen.core.yak.model",
    "limen.core.zebra.service -> limen.ports.yak",
    "limen.entrypoints.zebra -> limen.core.yak.service",
    "limen.entrypoints.zebra -> limen.wiring.yak",
    "limen.ports.zebra -> limen.core.yak.model",
    "limen.testing.zebra -> limen.adapters.memory.yak",
    "limen.wiring.zebra -> dependency_injector",
    "limen.wiring.zebra -> limen.adapters.yak",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A directory with a copy of the sources, to plant in."""
    shutil.copytree(
        ROOT / "src" / "limen", tmp_path / "limen", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def plant(copy: Path, arrow: str) -> None:
    importer, imported = arrow.split(" -> ")
    if imported.startswith("limen."):
        grow(copy, imported)
    with grow(copy, importer).open("a") as file:
        file.write(f"\nimport {imported}\n")


def grow(copy: Path, module: str) -> Path:
    """Give the file of a module, made with its packages where it was missing."""
    file = copy.joinpath(*module.split(".")).with_suffix(".py")
    for package in reversed(file.relative_to(copy).parents[:-1]):
        (copy / package).mkdir(exist_ok=True)
        (copy / package / "__init__.py").touch()
    file.touch()
    return file


def reported(copy: Path, *options: str) -> tuple[int, set[str]]:
    """Run the contracts on the copy: the exit code and the imports they name."""
    answer = subprocess.run(
        [TOOLS / "lint-imports", "--config", CONFIG, "--no-cache", "--no-logo", *options],
        cwd=copy,
        env={**os.environ, "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "broken." in answer.stdout, answer.stdout + answer.stderr
    return answer.returncode, set(re.findall(r"limen\S* -> \S+(?= \(l\.)", answer.stdout))


@pytest.mark.parametrize("contract", FORBIDDEN)
def test_a_contract_reports_what_breaks_it(copy: Path, contract: str) -> None:
    for arrow in FORBIDDEN[contract]:
        plant(copy, arrow)
    code, found = reported(copy, "--contract", contract)
    assert code == 1
    assert set(FORBIDDEN[contract]) <= found


def test_what_is_allowed_breaks_no_contract(copy: Path) -> None:
    for arrow in ALLOWED:
        plant(copy, arrow)
    assert reported(copy) == (0, set())


def test_every_contract_is_broken_here() -> None:
    contracts = tomllib.loads(CONFIG.read_text())["tool"]["importlinter"]["contracts"]
    assert {contract["id"] for contract in contracts} == set(FORBIDDEN)


def banned_names() -> list[str]:
    lint = tomllib.loads(CONFIG.read_text())["tool"]["ruff"]["lint"]
    return list(lint["flake8-tidy-imports"]["banned-api"])


def lines_refused(path: str, program: str) -> set[int]:
    """Run ruff's rule for banned names on a program as if it stood at `path`."""
    command = (TOOLS / "ruff", "check", "--config", CONFIG, "--select", "TID251", "--no-cache")
    answer = subprocess.run(
        [*command, "--output-format", "concise", "--stdin-filename", ROOT / path, "-"],
        input=program,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not answer.stderr
    return {int(line) for line in re.findall(r":(\d+):\d+: TID251", answer.stdout)}


@pytest.mark.parametrize(
    ("path", "is_refused"),
    [
        ("src/limen/core/zebra/service.py", True),
        ("src/limen/adapters/memory/zebra.py", True),
        ("src/limen/entrypoints/http/zebra.py", True),
        ("src/limen/wiring/container.py", True),
        ("src/limen/adapters/system.py", False),
        ("tests/unit/zebra.py", False),
    ],
)
def test_ambient_time_chance_and_environment_are_refused(path: str, is_refused: bool) -> None:
    names = banned_names()
    program = "\n".join(f"import {name.partition('.')[0]}; {name}" for name in names)
    assert {"os.environ", "random", "time.time"} <= set(names)
    assert lines_refused(path, program) == (set(range(1, len(names) + 1)) if is_refused else set())

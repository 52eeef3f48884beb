"""The built wheel, installed into empty environments, with nothing of the checkout beside it."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
UV = ROOT / ".tools" / "bin" / "uv"


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a program to its end, see that it went well, and return what it printed."""
    # Nothing of this checkout or of the caller's settings may leak into the empty environment.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("LIMEN_")}
    for leak in ("PYTHONPATH", "VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT"):
        inherited.pop(leak, None)
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    run(UV, "build", "--wheel", "--quiet", "--out-dir", tmp_path / "dist", cwd=ROOT)
    (built,) = (tmp_path / "dist").glob("*.whl")
    return built


def install(wheel: Path, extra: str | None, home: Path, *more: str) -> Path:
    """Make an empty environment, install the wheel with what uv.lock names, return its bin."""
    run(UV, "venv", "--quiet", "--python", sys.executable, home, cwd=home.parent)
    pins = home / "pins.txt"
    export = (
        "export",
        "--frozen",
        "--quiet",
        "--no-emit-project",
        "--no-hashes",
        "--all-extras",
        "--all-groups",
    )
    run(UV, *export, "--output-file", pins, cwd=ROOT)
    wanted = f"{wheel}[{extra}]" if extra else str(wheel)
    target = ("--python", home / "bin" / "python", "--constraint", pins)
    run(UV, "pip", "install", "--quiet", *target, wanted, *more, cwd=home)
    return home / "bin"


IMPORT_ALL = """
import importlib, pkgutil, sys
import limen
for name in ("core", "ports", "adapters.memory"):
    package = importlib.import_module(f"limen.{name}")
    for module in pkgutil.walk_packages(package.__path__, f"limen.{name}."):
        importlib.import_module(module.name)
foreign = {name.partition(".")[0] for name in sys.modules} - sys.stdlib_module_names - {"limen"}
foreign = {name for name in foreign if not name.startswith(("_", "sitecustomize"))}
assert not foreign, foreign
assert limen.Actor.system("x").is_system
print(limen.__file__)
"""


def test_without_extras_the_core_imports_and_needs_nobody(wheel: Path, tmp_path: Path) -> None:
    programs = install(wheel, None, tmp_path / "bare")
    where = run(programs / "python", "-c", IMPORT_ALL, cwd=tmp_path)
    assert str(tmp_path / "bare") in where


# What `limen[testing]` brings is enough for every fixture of limen's.
WITH_FIXTURES = """
async def test_a_signed_in_user_speaks_http(limen, limen_http_client, signed_in_user):
    answer = await limen_http_client.get("/api/v1/me", headers=signed_in_user.headers)
    assert answer.json()["data"]["email"] == signed_in_user.email
"""


def test_the_unit_tests_of_the_core_pass_on_the_wheel_alone(wheel: Path, tmp_path: Path) -> None:
    # pyotp is what limen's own codes are held against.
    programs = install(wheel, "testing", tmp_path / "testing", "pyotp")
    shutil.copytree(ROOT / "tests/unit/core", tmp_path / "tests")
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    (tmp_path / "tests" / "test_application.py").write_text(WITH_FIXTURES)
    options = ("-q", "--import-mode=importlib", "-p", "no:cacheprovider", "--assert=plain", "tests")
    printed = run(programs / "python", "-m", "pytest", *options, cwd=tmp_path)
    assert " passed" in printed
    assert "skipped" not in printed


def test_the_installed_limen_serves_from_an_empty_directory(wheel: Path, tmp_path: Path) -> None:
    programs = install(wheel, "standard", tmp_path / "standard")
    home = tmp_path / "home"
    home.mkdir()
    limen = programs / "limen"
    assert "users" in run(limen, "--help", cwd=home)
    run(limen, "migrate", cwd=home)
    run(limen, "users", "create", "ada@example.org", "--no-password", cwd=home)
    listed = json.loads(run(limen, "users", "list", "--json", cwd=home))
    assert [user["email"] for user in listed["data"]] == ["ada@example.org"]
    port = str(free_port())
    environment = {"PATH": os.environ["PATH"], "LIMEN_HTTP_PORT": port}
    with subprocess.Popen([str(limen), "serve"], cwd=home, env=environment) as server:
        try:
            assert answer(f"http://127.0.0.1:{port}/health/ready", server) == 200
        finally:
            server.terminate()
    assert server.returncode == 0


def answer(url: str, server: subprocess.Popen[bytes]) -> int:
    """Ask until there is an answer; return its status."""
    found: list[int] = []

    def has_answered() -> bool:
        assert server.poll() is None
        with suppress(OSError), urllib.request.urlopen(url, timeout=5) as response:  # noqa: S310 - loopback
            found.append(int(response.status))
        return bool(found)

    wait_until(has_answered)
    return found[0]

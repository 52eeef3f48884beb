"""A real server, a page on an origin of its own, and a real browser that looks at it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import CDPSession, Page, async_playwright, expect

from tests.ports import free_port
from tests.waiting import PATIENCE, wait_until

PAGES: Final = Path(__file__).parents[2] / "examples" / "passkeys"
LIMEN: Final = "http://localhost:8000"
PASSWORD: Final = "correct horse battery"
WHY_NOT: Final = "there is no Chromium on PATH; `./dev test-browser --install` says how to get one"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")

expect.set_options(timeout=PATIENCE * 1000)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium. Without one these tests are skipped, and the run says so."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    return found or pytest.skip(WHY_NOT)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where limen, its page, and a page that is none of its are."""

    limen: str
    page: str
    elsewhere: str


@pytest.fixture(scope="module")
def place(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """`limen serve` at one origin, the example's page at another."""
    assert chromium
    tmp_path = tmp_path_factory.mktemp("browser")
    port = free_port()
    limen = f"http://localhost:{port}"
    with (
        _page(tmp_path / "page", limen) as page,
        _page(tmp_path / "elsewhere", limen) as elsewhere,
        _limen(tmp_path, port, page),
    ):
        yield Place(limen=limen, page=page, elsewhere=elsewhere)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _page(folder: Path, limen: str) -> Iterator[str]:
    """Serve the example, which calls limen where it is here."""
    shutil.copytree(PAGES, folder)
    index = folder / "index.html"
    index.write_text(index.read_text().replace(LIMEN, limen))
    port = free_port()
    server = ThreadingHTTPServer(("127.0.0.1", port), partial(_Quiet, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _limen(folder: Path, port: int, page: str) -> Iterator[None]:
    """Run `limen serve` for pages of this origin."""
    environment = {
        "PATH": os.environ["PATH"],
        "LIMEN_DATA_DIR": str(folder),
        "LIMEN_PUBLIC_URL": f"http://localhost:{port}",
        "LIMEN_PASSKEY_ORIGINS": page,
        "LIMEN_CORS_ORIGINS": page,
        "LIMEN_BCRYPT_COST": "10",
    }
    log = folder / "limen.log"
    with log.open("wb") as told:
        process = subprocess.Popen(
            (Path(sys.executable).with_name("limen"), "serve", "--port", str(port)),
            env=environment,
            stdout=told,
            stderr=told,
            cwd=folder,
        )
    try:
        wait_until(lambda: _is_ready(process, port, log), log.read_text)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _is_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health/ready").is_success
    except httpx.TransportError:
        return False


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A page in Chromium, the session in which its authenticators are steered, and its user."""

    page: Page
    devtools: CDPSession
    email: str

    async def plug_in(self, **kind: object) -> str:
        """Give it an authenticator that verifies its user; return its id."""
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
            **kind,
        }
        made = await self.devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return str(made["authenticatorId"])

    async def do(
        self, button: str, told: str | re.Pattern[str], *, email: str | None = None
    ) -> None:
        """Press a button of the page, as the user or whoever, and wait until it tells this."""
        await self.page.locator("#email").fill(self.email if email is None else email)
        await self.page.locator("#password").fill(PASSWORD)
        await self.page.get_by_role("button", name=button).click()
        await expect(self.page.locator("#told")).to_have_text(told)


@pytest_asyncio.fixture
async def browser(chromium: str, place: Place) -> AsyncIterator[Browser]:
    """Chromium at the page, and a user of its own."""
    email = f"ada.{uuid4().hex}@example.org"
    async with httpx.AsyncClient() as client:
        body = {"email": email, "password": PASSWORD}
        made = await client.post(f"{place.limen}/api/v1/auth/register", json=body)
    made.raise_for_status()
    # As root there is no sandbox; what is loaded here is ours alone.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        chrome = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        page = await chrome.new_page()
        devtools = await page.context.new_cdp_session(page)
        await devtools.send("WebAuthn.enable")
        await page.goto(place.page)
        yield Browser(page=page, devtools=devtools, email=email)
        await chrome.close()

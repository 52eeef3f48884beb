"""Cross-origin requests: off, or exactly those listed."""

import pytest

from tests.unit.entrypoints.http.site import Site, open_site

OURS = "https://app.example.org"
PREFLIGHT = {"access-control-request-method": "PATCH", "origin": OURS}


def told(headers: object) -> list[str]:
    return [name for name in headers if name.startswith("access-control")]  # type: ignore[attr-defined]


async def test_without_listed_origins_nothing_is_allowed(site: Site) -> None:
    simple = await site.ask("GET", "/health/live", headers={"origin": OURS})
    preflight = await site.ask("OPTIONS", "me", headers=PREFLIGHT)
    assert told(simple.headers) == told(preflight.headers) == []


async def test_a_listed_origin_may_read_answers() -> None:
    async with open_site(cors_origins=(OURS,)) as site:
        response = await site.ask("GET", "me", headers={"origin": OURS})
        assert response.status_code == 401
        assert response.headers["access-control-allow-origin"] == OURS
        assert "ETag" in response.headers["access-control-expose-headers"]
        assert response.headers["access-control-allow-credentials"] == "true"
        assert "Origin" in response.headers["vary"]


async def test_a_listed_origin_may_ask_before() -> None:
    async with open_site(cors_origins=(OURS,)) as site:
        for path in ("me", "nothing"):
            response = await site.ask("OPTIONS", path, headers=PREFLIGHT)
            assert (response.status_code, response.content) == (204, b"")
            assert response.headers["access-control-allow-origin"] == OURS
            assert "PATCH" in response.headers["access-control-allow-methods"]
            assert "Authorization" in response.headers["access-control-allow-headers"]
            assert response.headers["access-control-max-age"] == "600"


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.org.evil.org",
        "https://APP.example.org",
        "http://app.example.org",
        "https://app.example.org:443",
        "https://app.example.org/",
        "null",
        "*",
        "",
    ],
)
async def test_any_other_origin_is_told_nothing(origin: str) -> None:
    async with open_site(cors_origins=(OURS,)) as site:
        simple = await site.ask("GET", "/health/live", headers={"origin": origin})
        preflight = await site.ask("OPTIONS", "me", headers={**PREFLIGHT, "origin": origin})
        assert told(simple.headers) == told(preflight.headers) == []
        assert "Origin" in simple.headers["vary"]

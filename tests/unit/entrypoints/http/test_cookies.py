"""Cookie sessions, as browsers meet them."""

import re

import pytest

from tests.unit.entrypoints.http.site import PASSWORD, Site, code_of, open_site

OURS = {"origin": "https://id.example.org"}
ADA = {"identifier": "ada@example.org", "password": PASSWORD}


async def enter(site: Site, **headers: str) -> dict[str, str]:
    """Sign Ada in, and return the headers by which her page writes."""
    if not await site.limen.event_names():
        await site.limen.register()
    site.client.cookies.clear()
    answer = await site.ask("POST", "auth/cookie", json=ADA, headers=headers or OURS)
    assert answer.status_code == 200, answer.text
    return {**OURS, "x-csrf-token": answer.json()["data"]["csrf_token"]}


async def test_signing_in_sets_a_cookie_that_scripts_cannot_read(site: Site) -> None:
    await site.limen.register()
    answer = await site.ask("POST", "auth/cookie", json=ADA, headers=OURS)
    session, device = answer.headers.get_list("set-cookie")
    guarded = "HttpOnly; SameSite=Lax; Secure"
    assert re.fullmatch(
        r"__Host-limen_session=limen_cs_[\w-]{70}; Path=/; Max-Age=7776000; " + guarded, session
    )
    assert re.fullmatch(
        r"__Host-limen_device=limen_dm_[\w-]{43}; Path=/; Max-Age=34560000; " + guarded, device
    )
    data = answer.json()["data"]
    assert set(data) == {"state", "csrf_token", "session", "user"}
    assert answer.headers["cache-control"] == "no-store"
    assert (await site.ask("GET", "me")).json()["data"]["id"] == data["user"]["id"]


async def test_in_development_the_cookie_goes_without_https() -> None:
    async with open_site(public_url="http://localhost:8000") as site:
        await site.limen.register()
        origin = {"origin": "http://localhost:8000"}
        answer = await site.ask("POST", "auth/cookie", json=ADA, headers=origin)
        kept = answer.headers["set-cookie"]
        assert kept.startswith("limen_session=limen_cs_")
        assert "Secure" not in kept
        assert (await site.ask("GET", "me")).status_code == 200


async def test_signing_out_ends_the_session_and_takes_the_cookie_away(site: Site) -> None:
    writing = await enter(site)
    answer = await site.ask("POST", "auth/logout", headers=writing)
    assert answer.status_code == 204
    assert answer.headers["set-cookie"].startswith("__Host-limen_session=; Path=/; Max-Age=0;")
    assert (await site.ask("GET", "me")).status_code == 401


async def test_whoever_signs_out_by_token_is_told_of_no_cookie(site: Site) -> None:
    answer = await site.ask("POST", "auth/logout", by=await site.person())
    assert "set-cookie" not in answer.headers


async def test_a_step_up_gives_another_cookie_and_no_token(site: Site) -> None:
    writing = await enter(site)
    before = site.client.cookies["__Host-limen_session"]
    site.wait(minutes=11)
    refused = await site.ask("DELETE", "me", headers=writing)
    assert (refused.status_code, code_of(refused)) == (403, "access.step_up_needed")
    risen = await site.ask("POST", "auth/step-up", headers=writing, json={"password": PASSWORD})
    assert set(risen.json()["data"]) == {"state", "csrf_token", "session", "user"}
    assert site.client.cookies["__Host-limen_session"] != before
    stale = await site.ask("DELETE", "me", headers=writing)
    assert (stale.status_code, code_of(stale)) == (403, "access.csrf")
    token = (await site.ask("GET", "auth/csrf")).json()["data"]["csrf_token"]
    assert token == risen.json()["data"]["csrf_token"]
    writing["x-csrf-token"] = token
    assert (await site.ask("DELETE", "me", headers=writing)).status_code == 204
    site.client.cookies.set("__Host-limen_session", before)
    assert (await site.ask("GET", "me")).status_code == 401


async def test_any_way_in_is_exchanged_for_a_cookie(site: Site) -> None:
    ada = await site.person()
    refresh = {"refresh_token": ada.tokens.refresh_token.reveal()}
    answer = await site.ask("POST", "auth/cookie/exchange", json=refresh, headers=OURS)
    assert answer.json()["data"]["session"]["id"] == str(ada.session_id)
    listed = (await site.ask("GET", "me/sessions")).json()["data"]
    assert [session["is_current"] for session in listed] == [True]


async def test_a_token_counts_before_a_cookie(site: Site) -> None:
    writing = await enter(site)
    eve = await site.person("eve@example.org")
    assert (await site.ask("GET", "me", by=eve)).json()["data"]["email"] == "eve@example.org"
    assert (await site.ask("POST", "auth/logout", by=eve)).status_code == 204
    assert (await site.ask("GET", "me", by=eve, headers=writing)).status_code == 401
    assert (await site.ask("GET", "me")).json()["data"]["email"] == "ada@example.org"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://id.example.org."},
        {"origin": "https://id.example.org:443"},
        {"origin": "http://id.example.org"},
        {"origin": "https://ID.example.org"},
        {"origin": "https://evil.example.org", "referer": "https://id.example.org/"},
        {"referer": "https://id.example.org.evil.example.org/"},
        {"referer": "https://[::1"},
        {"referer": "id.example.org"},
    ],
)
async def test_a_page_of_another_origin_writes_nothing(site: Site, headers: dict[str, str]) -> None:
    writing = await enter(site)
    del writing["origin"]
    before = await site.limen.event_names()
    refused = await site.ask("POST", "auth/logout", headers={**writing, **headers})
    assert (refused.status_code, code_of(refused)) == (403, "access.csrf")
    cannot_come_in = await site.ask("POST", "auth/cookie", json=ADA, headers=headers)
    assert (cannot_come_in.status_code, code_of(cannot_come_in)) == (403, "access.csrf")
    assert await site.limen.event_names() == before


async def test_a_referrer_tells_as_well_where_a_page_is_from(site: Site) -> None:
    writing = await enter(site, referer="https://id.example.org/sign-in?next=%2F")
    del writing["origin"]
    writing["referer"] = "https://id.example.org:443/account"
    assert (await site.ask("POST", "auth/logout", headers=writing)).status_code == 204


async def test_pages_of_listed_origins_write_too() -> None:
    app = "https://app.example.org"
    async with open_site(cors_origins=(app,)) as site:
        writing = await enter(site, origin=app)
        answer = await site.ask("POST", "auth/logout", headers={**writing, "origin": app})
        assert answer.status_code == 204
        assert answer.headers["access-control-allow-credentials"] == "true"


async def test_the_csrf_token_is_that_of_the_session(site: Site) -> None:
    eves = await enter(site)
    adas = await enter(site)
    for token in ("", "x", eves["x-csrf-token"]):
        refused = await site.ask("POST", "auth/logout", headers={**OURS, "x-csrf-token": token})
        assert (refused.status_code, code_of(refused)) == (403, "access.csrf")
    assert (await site.ask("POST", "auth/logout", headers=adas)).status_code == 204


async def test_a_cookie_that_came_twice_is_none(site: Site) -> None:
    await enter(site)
    cookie = site.client.cookies["__Host-limen_session"]
    site.client.cookies.clear()
    one = f"__Host-limen_session={cookie}"
    for cookies, status in (
        (f"other=1; {one}", 200),
        (f"{one}; {one}", 401),
        (f"limen_session={cookie}", 401),
        ("__Host-limen_session=limen_cs_x", 401),
        ("\xff; ; =", 401),
    ):
        answer = await site.client.request(
            "GET", "/api/v1/me", headers=[(b"cookie", cookies.encode("latin-1"))]
        )
        assert answer.status_code == status, cookies


async def test_a_cookie_is_not_minded_where_nobody_need_be_signed_in(site: Site) -> None:
    await enter(site)
    login = await site.ask("POST", "auth/login", json=ADA)
    assert login.status_code == 200

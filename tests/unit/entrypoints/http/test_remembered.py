"""Browsers that are remembered, as they meet limen."""

import re
from typing import Any
from uuid import UUID

import httpx
import pytest

from limen.core.errors import LimenError, StorageUnavailable
from limen.core.ids import UserId
from limen.core.remembered.service import RememberedService
from limen.testing.assembly import OPERATOR
from tests.unit.entrypoints.http.site import PASSWORD, Site, code_of

OURS = {"origin": "https://id.example.org"}
ADA = {"identifier": "ada@example.org", "password": PASSWORD, "is_remembered": True}
SESSION = "__Host-limen_session"
REMEMBERED = "__Host-limen_remembered"
WEAK = (403, "access.step_up_needed")


async def enter(site: Site, **changes: Any) -> httpx.Response:
    """Sign Ada in to a browser that is to remember her."""
    await site.limen.register()
    answer = await site.ask("POST", "auth/cookie", json=ADA | changes, headers=OURS)
    assert answer.status_code == 200, answer.text
    return answer


async def come_back(site: Site) -> httpx.Response:
    return await site.ask("POST", "auth/cookie/remember", json={}, headers=OURS)


def writing(answer: httpx.Response) -> dict[str, str]:
    return {**OURS, "x-csrf-token": answer.json()["data"]["csrf_token"]}


async def test_a_second_cookie_remembers_the_browser_if_it_is_asked_for(site: Site) -> None:
    answer = await enter(site)
    _, _, kept = answer.headers.get_list("set-cookie")
    assert re.fullmatch(
        r"__Host-limen_remembered=limen_rm_[\w-]{107}; "
        "Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure",
        kept,
    )
    assert "limen_rm_" not in answer.text


async def test_nobody_is_remembered_unasked(site: Site) -> None:
    answer = await enter(site, is_remembered=False)
    assert REMEMBERED not in "".join(answer.headers.get_list("set-cookie"))
    refused = await come_back(site)
    assert (refused.status_code, code_of(refused)) == (401, "session.remembered_invalid")


async def test_an_identified_session_reads_a_little_and_rises(site: Site) -> None:
    await enter(site)
    site.wait(days=15)
    assert (await site.ask("GET", "me")).status_code == 401
    back = await come_back(site)
    data = back.json()["data"]
    assert (data["state"], data["session"]["state"]) == ("identified", "identified")
    assert data["session"]["methods"] == ["remember"]
    assert (await site.ask("GET", "me")).status_code == 200
    (listed,) = (await site.ask("GET", "me/sessions")).json()["data"]
    assert listed["is_current"] is True
    refused = await site.ask("GET", "me/remembered")
    assert (refused.status_code, code_of(refused)) == WEAK
    assert refused.headers["www-authenticate"].startswith(
        'Bearer realm="limen", error="insufficient_user_authentication"'
    )
    risen = await site.ask(
        "POST", "auth/step-up", json={"password": PASSWORD}, headers=writing(back)
    )
    assert risen.json()["data"]["state"] == "full"
    (known,) = (await site.ask("GET", "me/remembered")).json()["data"]
    assert known["is_current"] is True
    path = f"me/remembered/{known['id']}"
    assert (await site.ask("DELETE", path, headers=writing(risen))).status_code == 204
    assert (await come_back(site)).status_code == 401
    assert (await site.ask("GET", "me")).status_code == 200


async def test_the_cookie_changes_each_time_and_a_stolen_one_ends_everything(site: Site) -> None:
    await enter(site)
    stolen = site.client.cookies[REMEMBERED]
    await come_back(site)
    assert site.client.cookies[REMEMBERED] != stolen
    site.wait(seconds=11)
    thief = {**OURS, "cookie": f"{REMEMBERED}={stolen}"}
    site.client.cookies.clear()
    refused = await site.ask("POST", "auth/cookie/remember", json={}, headers=thief)
    assert (refused.status_code, code_of(refused)) == (401, "session.remembered_reused")
    assert (await site.limen.last_event()).name == "remembered.reuse_detected"
    again = await site.ask("POST", "auth/cookie/remember", json={}, headers=thief)
    assert (again.status_code, code_of(again)) == (401, "session.remembered_invalid")


async def test_a_second_tab_is_asked_to_look_again(site: Site) -> None:
    await enter(site)
    used = site.client.cookies[REMEMBERED]
    await come_back(site)
    site.client.cookies.clear()
    tab = {**OURS, "cookie": f"{REMEMBERED}={used}"}
    refused = await site.ask("POST", "auth/cookie/remember", json={}, headers=tab)
    assert (refused.status_code, code_of(refused)) == (409, "storage.concurrent_update")
    assert "set-cookie" not in refused.headers


async def test_a_page_of_another_origin_brings_nobody_back(site: Site) -> None:
    await enter(site)
    for headers in ({}, {"origin": "https://evil.example.org"}):
        refused = await site.ask("POST", "auth/cookie/remember", json={}, headers=headers)
        assert (refused.status_code, code_of(refused)) == (403, "access.csrf")
        assert "set-cookie" not in refused.headers
    assert (await come_back(site)).status_code == 200


GONE = f"{REMEMBERED}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"


@pytest.mark.parametrize("state", ["unknown", "malformed", "used", "over", "shut out"])
async def test_what_remembers_nobody_is_taken_away(site: Site, state: str) -> None:
    data = (await enter(site)).json()["data"]
    shown = site.client.cookies[REMEMBERED]
    match state:
        case "unknown":
            path = f"users/{data['user']['id']}/sessions"
            root = await site.administrator()
            assert (await site.ask("DELETE", path, by=root)).status_code == 204
        case "malformed":
            shown = "limen_rm_nothing"
        case "used":
            await come_back(site)
            site.wait(seconds=11)
        case "over":
            site.wait(days=31)
        case "shut out":
            await site.limen.users.suspend(UserId(UUID(data["user"]["id"])), actor=OPERATOR)
    site.client.cookies.clear()
    headers = {**OURS, "cookie": f"{REMEMBERED}={shown}"}
    refused = await site.ask("POST", "auth/cookie/remember", json={}, headers=headers)
    assert refused.status_code == 401
    assert refused.headers.get_list("set-cookie") == [GONE]


async def test_problem_documents_take_it_away_too(site: Site) -> None:
    headers = {**OURS, "cookie": f"{REMEMBERED}=x", "accept": "application/problem+json"}
    refused = await site.ask("POST", "auth/cookie/remember", json={}, headers=headers)
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers.get_list("set-cookie") == [GONE]


@pytest.mark.parametrize("refusal", [StorageUnavailable, LimenError])
async def test_a_refusal_for_now_takes_nothing_away(
    site: Site, monkeypatch: pytest.MonkeyPatch, refusal: type[LimenError]
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise refusal

    await enter(site)
    monkeypatch.setattr(RememberedService, "exchange", refuse)
    answer = await come_back(site)
    assert answer.status_code in {500, 503}
    assert "set-cookie" not in answer.headers


async def test_signing_out_takes_both_cookies_away(site: Site) -> None:
    answer = await enter(site)
    gone = await site.ask("POST", "auth/logout", headers=writing(answer))
    assert [cookie.partition(";")[0] for cookie in gone.headers.get_list("set-cookie")] == [
        f"{SESSION}=",
        f"{REMEMBERED}=",
    ]
    assert REMEMBERED not in site.client.cookies
    assert (await come_back(site)).status_code == 401


async def test_an_identified_session_signs_out(site: Site) -> None:
    await enter(site)
    back = await come_back(site)
    assert (await site.ask("POST", "auth/logout", headers=writing(back))).status_code == 204
    assert (await site.ask("GET", "me")).status_code == 401
    assert (await come_back(site)).status_code == 401


async def test_administrators_see_and_forget_browsers(site: Site) -> None:
    root = await site.administrator()
    user_id = (await enter(site)).json()["data"]["user"]["id"]
    path = f"users/{user_id}/remembered"
    (known,) = (await site.ask("GET", path, by=root)).json()["data"]
    assert (known["is_current"], known["user_id"]) == (False, user_id)
    assert (await site.ask("DELETE", f"{path}/{known['id']}", by=root)).status_code == 204
    missing = await site.ask("DELETE", f"{path}/{known['id']}", by=root)
    assert (missing.status_code, code_of(missing)) == (404, "session.remembered_not_found")

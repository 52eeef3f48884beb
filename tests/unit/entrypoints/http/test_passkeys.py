"""Passkeys, as those who call see them."""

from typing import Any

import pytest

from tests.unit.entrypoints.http.site import Person, Site

OWN = "me/factors/passkeys"


async def enrolled(site: Site, ada: Person, name: str = "Laptop") -> dict[str, Any]:
    """Enrol a passkey of Ada's, and return it."""
    asked = (await site.ask("POST", f"{OWN}/options", by=ada)).json()["data"]
    credential = site.device.create(asked["options"])
    body = {"ceremony": asked["ceremony"], "credential": credential, "name": name}
    made = await site.ask("POST", OWN, by=ada, json=body)
    assert made.status_code == 201, made.text
    data: dict[str, Any] = made.json()["data"]
    assert made.headers["location"] == f"/api/v1/{OWN}/{data['id']}"
    assert made.headers["etag"] == '"1"'
    return data


async def sign_in(site: Site, **asked: str) -> Any:
    """Sign in by the device."""
    question = (await site.ask("POST", "auth/passkey/options", json=asked)).json()["data"]
    credential = site.device.get(question["options"])
    body = {"ceremony": question["ceremony"], "credential": credential}
    return await site.ask("POST", "auth/passkey", json=body)


@pytest.mark.parametrize("asked", [{}, {"identifier": "ada@example.org"}])
async def test_a_passkey_is_enrolled_and_lets_its_owner_in(
    site: Site, asked: dict[str, str]
) -> None:
    ada = await site.person()
    made = await enrolled(site, ada)
    answer = await sign_in(site, **asked)
    assert answer.status_code == 200
    tokens = answer.json()["data"]
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    (seen,) = (await site.ask("GET", OWN, headers=headers)).json()["data"]
    assert seen == {**made, "last_used_at": seen["last_used_at"]}
    sessions = (await site.ask("GET", "me/sessions", headers=headers)).json()["data"]
    assert [one["methods"] for one in sessions if one["is_current"]] == [["hwk", "user", "mfa"]]


async def test_what_is_no_answer_of_an_authenticator_is_refused_field_by_field(site: Site) -> None:
    answer = await site.ask("POST", "auth/passkey", json={"ceremony": "x", "credential": {}})
    assert answer.status_code == 400
    fields = [detail["field"] for detail in answer.json()["error"]["details"]]
    assert fields[:2] == ["credential.type", "credential.response"]


async def test_a_passkey_is_renamed_and_removed_by_its_version(site: Site) -> None:
    ada = await site.person()
    made = await enrolled(site, ada)
    path = f"{OWN}/{made['id']}"
    renamed = await site.ask(
        "PATCH", path, by=ada, json={"name": "Phone"}, headers={"if-match": '"1"'}
    )
    assert (renamed.json()["data"]["name"], renamed.headers["etag"]) == ("Phone", '"2"')
    stale = await site.ask("DELETE", path, by=ada, headers={"if-match": '"1"'})
    assert stale.status_code == 412
    assert (await site.ask("DELETE", path, by=ada)).status_code == 204
    assert (await site.ask("GET", path, by=ada)).status_code == 404
    refused = await sign_in_refused(site)
    assert refused == (422, "passkey.refused")


async def sign_in_refused(site: Site) -> tuple[int, str]:
    answer = await sign_in(site)
    return answer.status_code, answer.json()["error"]["code"]


async def test_enrolling_needs_a_fresh_sign_in(site: Site) -> None:
    ada = await site.person()
    site.wait(minutes=11)
    answer = await site.ask("POST", f"{OWN}/options", by=ada)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "access.step_up_needed")


async def test_administrators_see_and_remove_the_passkeys_of_others(site: Site) -> None:
    ada, root = await site.person(), await site.administrator()
    made = await enrolled(site, ada)
    path = f"users/{ada.id}/passkeys"
    assert (await site.ask("GET", path, by=root)).json()["data"] == [made]
    assert (await site.ask("DELETE", f"{path}/{made['id']}", by=root)).status_code == 204
    assert (await site.ask("GET", path, by=root)).json()["data"] == []

"""Idempotency keys: once is enough."""

import asyncio
from typing import Any

import pytest

from limen.core.errors import StorageUnavailable
from tests.unit.entrypoints.http.site import PASSWORD, Site, code_of, faults_of

KEY = {"idempotency-key": "a-key"}
ROLE = {"name": "support"}


async def test_the_first_answer_comes_again(site: Site) -> None:
    root = await site.administrator()
    first = await site.ask("POST", "roles", by=root, json=ROLE, headers=KEY)
    site.wait(hours=0, minutes=5)
    again = await site.ask("POST", "roles", by=root, json=ROLE, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    for name in ("etag", "location", "content-type"):
        assert first.headers[name] == again.headers[name]
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    names = await site.limen.event_names()
    assert names.count("role.created") == 1


async def test_a_refusal_comes_again_too(site: Site) -> None:
    root = await site.administrator()
    body = {"name": "NOT A NAME"}
    first = await site.ask("POST", "roles", by=root, json=body, headers=KEY)
    again = await site.ask("POST", "roles", by=root, json=body, headers=KEY)
    assert (first.status_code, again.status_code) == (400, 400)
    assert again.headers["idempotency-replayed"] == "true"


async def test_an_empty_answer_comes_again(site: Site) -> None:
    ada = await site.person()
    body = {"current_password": PASSWORD, "new_password": "another good sentence"}
    for replayed in (None, "true"):
        response = await site.ask("POST", "me/password", by=ada, json=body, headers=KEY)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers.get("idempotency-replayed") == replayed


@pytest.mark.parametrize(
    ("path", "body", "more"),
    [
        ("roles", {"name": "other"}, {}),
        ("roles", {"name": "support", "description": ""}, {}),
        ("users", {"email": "new@example.org"}, {}),
        ("roles", ROLE, {"if-match": '"1"'}),
    ],
)
async def test_another_request_under_the_same_key_is_422(
    site: Site, path: str, body: Any, more: dict[str, str]
) -> None:
    root = await site.administrator()
    await site.ask("POST", "roles", by=root, json=ROLE, headers=KEY)
    response = await site.ask("POST", path, by=root, json=body, headers={**KEY, **more})
    assert (response.status_code, code_of(response)) == (422, "idempotency.key_reused")


async def test_keys_of_others_never_meet(site: Site) -> None:
    root, other = await site.administrator(), await site.administrator("two@example.org")
    await site.ask("POST", "roles", by=root, json=ROLE, headers=KEY)
    response = await site.ask("POST", "roles", by=other, json=ROLE, headers=KEY)
    assert (response.status_code, code_of(response)) == (409, "role.name_taken")


async def test_a_key_is_forgotten_after_a_day(site: Site) -> None:
    body = {"email": "ada@example.org", "password": PASSWORD}
    first = await site.ask("POST", "auth/register", json=body, headers=KEY)
    site.wait(hours=23, minutes=59)
    assert (await site.ask("POST", "auth/register", json=body, headers=KEY)).text == first.text
    site.wait(minutes=2)
    assert (await site.ask("POST", "auth/register", json=body, headers=KEY)).status_code == 409


async def test_what_fails_for_now_is_not_remembered(site: Site) -> None:
    body = {"email": "ada@example.org", "password": PASSWORD}
    site.limen.hasher.is_busy = True
    busy = await site.ask("POST", "auth/register", json=body, headers=KEY)
    site.limen.hasher.is_busy = False
    done = await site.ask("POST", "auth/register", json=body, headers=KEY)
    assert (busy.status_code, done.status_code) == (429, 201)


async def test_a_bug_is_not_remembered(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    body = {"email": "ada@example.org", "password": PASSWORD}
    with monkeypatch.context() as patch:
        patch.setattr(site.limen.users, "register", broken)
        assert (await site.ask("POST", "auth/register", json=body, headers=KEY)).status_code == 500
    done = await site.ask("POST", "auth/register", json=body, headers=KEY)
    assert done.status_code == 201


async def test_two_at_once_are_one(site: Site) -> None:
    root = await site.administrator()
    asked = [site.ask("POST", "roles", by=root, json=ROLE, headers=KEY) for _ in range(20)]
    answers = await asyncio.gather(*asked)
    made = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert len(made) + len(waiting) == 20
    assert made
    assert {code_of(answer) for answer in waiting} <= {"idempotency.in_progress"}
    assert all(answer.headers["retry-after"] == "1" for answer in waiting)
    assert len({answer.text for answer in made}) == 1
    assert (await site.limen.event_names()).count("role.created") == 1


async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def unavailable(*_: object, **__: object) -> None:
        raise StorageUnavailable

    root = await site.administrator()
    monkeypatch.setattr(site.limen.idempotency, "finish", unavailable)
    response = await site.ask("POST", "roles", by=root, json=ROLE, headers=KEY)
    assert response.status_code == 201
    assert "storage.unavailable" in caplog.text


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "ä", "a\tb"])
async def test_a_malformed_key_is_400(site: Site, key: str) -> None:
    root = await site.administrator()
    headers = {"idempotency-key": key.encode("latin-1")}
    response = await site.ask("POST", "roles", by=root, json=ROLE, headers=headers)  # type: ignore[arg-type]
    assert (response.status_code, faults_of(response)) == (400, {"Idempotency-Key": "invalid"})
    assert "role.created" not in await site.limen.event_names()


async def test_two_keys_are_none(site: Site) -> None:
    root = await site.administrator()
    headers = [*root.headers.items(), *KEY.items(), *KEY.items()]
    response = await site.client.post("/api/v1/roles", json=ROLE, headers=headers)
    assert (response.status_code, faults_of(response)) == (400, {"Idempotency-Key": "repeated"})


async def test_secrets_are_never_replayed(site: Site) -> None:
    await site.user_id("ada@example.org")
    body = {"identifier": "ada@example.org", "password": PASSWORD}
    first = await site.ask("POST", "auth/login", json=body, headers=KEY)
    again = await site.ask("POST", "auth/login", json=body, headers=KEY)
    assert first.json()["data"]["session_id"] != again.json()["data"]["session_id"]
    assert "idempotency-replayed" not in again.headers

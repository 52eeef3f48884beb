"""Malformed bodies: the status, the code, every fault, and nothing changed."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from limen.entrypoints.http import bodies
from limen.entrypoints.http.bodies import MOST_VALUES
from limen.entrypoints.http.rules import BODY_LIMIT
from limen.entrypoints.nesting import DEEPEST
from tests.unit.entrypoints.http.site import JSON, Site, code_of, faults_of

REGISTER = "auth/register"
GOOD = {"email": "ada@example.org", "password": "correct horse battery"}


async def events(site: Site) -> list[str]:
    return await site.limen.event_names()


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b'{"email": "a@b.org"',
        b'{"email": NaN}',
        b'{"email": Infinity}',
        b'{"email": 1e999}',
        b'{"email": "a@b.org",}',
        b"{'email': 'a@b.org'}",
        b'{"email": "\\ud800"}',
        b'{"email": "\xff\xfe"}',
        b'{"email": "a\nb"}',
        b'\xef\xbb\xbf{"email": "a@b.org"}',
        b'{"email": "a@b.org", "email": "c@d.org", "password": "correct horse battery"}',
        b'{"email": "a@b.org", "password": "p"} {"more": 1}',
        b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1),
        b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1),
        b"[" + b"1," * MOST_VALUES + b"1,1]",
        b"",
    ],
)
async def test_what_is_no_json_is_refused(site: Site, body: bytes) -> None:
    response = await site.ask("POST", REGISTER, content=body, headers=JSON)
    assert (response.status_code, code_of(response)) == (400, "http.body_malformed")
    assert await events(site) == []


@pytest.mark.parametrize("body", [b"[]", b"1", b'"text"', b"null", b"true"])
async def test_a_body_must_be_an_object(site: Site, body: bytes) -> None:
    response = await site.ask("POST", REGISTER, content=body, headers=JSON)
    assert (response.status_code, code_of(response)) == (400, "input.invalid")
    assert faults_of(response) == {"": "invalid_type"}


async def test_every_bad_field_is_named_at_once(site: Site) -> None:
    body = {"email": 5, "username": ["a"], "nam": "x", "role": "admin", "status": "active"}
    response = await site.ask("POST", REGISTER, json=body)
    assert response.status_code == 400
    assert faults_of(response) == {
        "email": "invalid_type",
        "username": "invalid_type",
        "password": "missing",
        "nam": "unknown_field",
        "role": "unknown_field",
        "status": "unknown_field",
    }
    messages = {fault["field"]: fault["message"] for fault in response.json()["error"]["details"]}
    assert messages["email"] == "must be text, not a whole number"
    assert messages["username"] == "must be text or null, not a list"
    assert messages["role"].startswith("is not known here; may be email, password")
    assert await events(site) == []


async def test_the_rules_of_the_core_name_every_field_too(site: Site) -> None:
    body = {
        "email": "no",
        "password": "short",
        "username": "-",
        "name": "\u0000",
        "locale": "de_AT",
    }
    response = await site.ask("POST", REGISTER, json=body)
    assert response.status_code == 400
    assert set(faults_of(response)) == {"email", "password", "username", "name", "locale"}
    assert await events(site) == []


async def test_elements_of_lists_are_named_one_by_one(site: Site) -> None:
    root = await site.administrator()
    body = {"name": 1, "permissions": ["users.read", 5, None, "roles.read", {}]}
    response = await site.ask("POST", "roles", by=root, json=body)
    assert faults_of(response) == {
        "name": "invalid_type",
        "permissions[1]": "invalid_type",
        "permissions[2]": "invalid_type",
        "permissions[4]": "invalid_type",
    }


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("yesterday", "invalid"),
        (5, "invalid_type"),
        ("2026-13-01T00:00:00Z", "invalid"),
        ("2027-01-01T00:00:00", "invalid"),
        ("2020-01-01T00:00:00Z", "in_the_past"),
    ],
)
async def test_instants_must_be_instants(site: Site, value: object, code: str) -> None:
    root = await site.administrator()
    path = f"users/{root.id}/roles/admin"
    response = await site.ask("PUT", path, by=root, json={"ends_at": value})
    assert (response.status_code, faults_of(response)) == (400, {"ends_at": code})


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=latin-1",
        "application/msgpack",
        "application/merge-patch+json",
        "application/jsonp",
    ],
)
async def test_other_media_types_are_refused(site: Site, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    body = json.dumps(GOOD).encode()
    response = await site.ask("POST", REGISTER, content=body, headers=headers)
    assert (response.status_code, code_of(response)) == (415, "http.unsupported_media_type")
    assert await events(site) == []


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=UTF-8"],
)
async def test_json_is_accepted_however_it_is_written(site: Site, content_type: str) -> None:
    response = await site.ask(
        "POST", REGISTER, content=json.dumps(GOOD), headers={"content-type": content_type}
    )
    assert response.status_code == 201


async def test_a_content_coding_is_refused(site: Site) -> None:
    headers = {**JSON, "content-encoding": "gzip"}
    response = await site.ask("POST", REGISTER, content=json.dumps(GOOD), headers=headers)
    assert response.status_code == 415


async def test_a_merge_patch_is_json_for_patch_alone(site: Site) -> None:
    ada = await site.person()
    headers = {"content-type": "application/merge-patch+json"}
    body = json.dumps({"name": "Ada"})
    assert (await site.ask("PATCH", "me", by=ada, content=body, headers=headers)).json()["data"][
        "name"
    ] == "Ada"


async def test_null_takes_ones_own_language_away_and_silence_does_not(site: Site) -> None:
    ada = await site.person()
    bodies = {"locale": "PT-br"}, {"name": "Ada"}, {"locale": None}
    for body, kept in zip(bodies, ("pt-BR", "pt-BR", None), strict=True):
        response = await site.ask("PATCH", "me", by=ada, json=body)
        assert response.json()["data"]["locale"] == kept
    assert (await site.ask("GET", "me", by=ada)).json()["data"]["locale"] is None


async def test_a_body_over_the_limit_is_refused_by_its_length(site: Site) -> None:
    body = json.dumps({**GOOD, "name": "x" * BODY_LIMIT}).encode()
    response = await site.ask("POST", REGISTER, content=body, headers=JSON)
    assert (response.status_code, code_of(response)) == (413, "http.body_too_large")
    assert await events(site) == []


async def test_a_body_over_the_limit_is_refused_without_a_length_too(site: Site) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 8192

    response = await site.ask("POST", REGISTER, content=chunks(), headers=JSON)
    assert (response.status_code, code_of(response)) == (413, "http.body_too_large")


@pytest.mark.parametrize("length", ["x", "-1", "1" * 30, "99999999"])
async def test_a_length_that_cannot_be_is_refused(site: Site, length: str) -> None:
    headers = {**JSON, "content-length": length}
    response = await site.ask("POST", REGISTER, content=b"", headers=headers)
    assert response.status_code == 413


async def test_routes_without_a_body_take_none(site: Site) -> None:
    root = await site.administrator()
    user = await site.user_id("ada@example.org")
    path = f"users/{user}/suspend"
    refused = await site.ask("POST", path, by=root, json={"status": "active"})
    assert (refused.status_code, faults_of(refused)) == (400, {"status": "unknown_field"})
    assert (await site.ask("POST", path, by=root, json={})).status_code == 200
    assert (await site.ask("POST", path, by=root)).status_code == 200


async def test_who_may_not_come_in_is_told_before_their_body_is_read(site: Site) -> None:
    response = await site.ask("POST", "users", content=b"{", headers=JSON)
    assert response.status_code == 401


async def test_surrogates_beyond_json_never_reach_the_core(site: Site) -> None:
    root = await site.administrator()
    body = b'{"email": "a@example.org", "attributes": {"a": "\\udc00"}}'
    response = await site.ask("POST", "users", by=root, content=body, headers=JSON)
    assert response.status_code == 400


@pytest.mark.parametrize("marks", [b'\\"', b'"', b"\\", b'a"', b"{", b'\\\\"'])
async def test_no_body_costs_more_than_its_length(site: Site, marks: bytes) -> None:
    # Were it looked at again from every mark, this would outlast any run.
    body = b'"' + marks * ((BODY_LIMIT - 1) // len(marks))
    response = await site.ask("POST", REGISTER, content=body, headers=JSON)
    assert (response.status_code, code_of(response)) == (400, "http.body_malformed")


async def test_a_body_that_does_not_come_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_BODY_SECONDS", 0)

    async def never() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    response = await site.ask("POST", REGISTER, content=never(), headers=JSON)
    assert (response.status_code, code_of(response)) == (408, "http.body_too_slow")


async def test_a_grant_needs_no_body_and_a_change_does(site: Site) -> None:
    root = await site.administrator()
    ada = await site.person()
    assert (await site.ask("PUT", f"users/{ada.id}/roles/admin", by=root)).status_code == 200
    for method, path in (
        ("PATCH", "me"),
        ("PUT", "roles/admin"),
        ("PATCH", f"users/{ada.id}"),
    ):
        response = await site.ask(method, path, by=root)
        assert (response.status_code, code_of(response)) == (400, "http.body_malformed")

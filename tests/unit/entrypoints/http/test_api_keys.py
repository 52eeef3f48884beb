"""API keys over HTTP: what they look like, where they may come, and what each scope opens."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import pytest

from limen.core.api_keys.form import public_part, read_key
from limen.core.ids import ApiKeyId
from limen.core.roles.model import ADMIN, ME_READ, NEVER_BY_KEY, OWN, Permission
from limen.core.secret import Secret
from limen.entrypoints.http.examples import EXAMPLES
from limen.testing.assembly import OPERATOR
from tests.unit.entrypoints.http.contract import document
from tests.unit.entrypoints.http.site import Person, Site, open_site

SCOPES: Final = sorted((OWN - NEVER_BY_KEY) | {ME_READ})

# Which scope opens each route that keys may use.
OPENED_BY: Final[Mapping[str, str]] = {
    "GET me": ME_READ,
    "GET users": Permission.USERS_READ,
    "POST users": Permission.USERS_WRITE,
    "GET users/{eve}": Permission.USERS_READ,
    "PUT users/{eve}": Permission.USERS_WRITE,
    "PATCH users/{eve}": Permission.USERS_WRITE,
    "DELETE users/{eve}": Permission.USERS_DELETE,
    "POST users/{eve}/suspend": Permission.USERS_WRITE,
    "POST users/{eve}/reactivate": Permission.USERS_WRITE,
    "GET users/{eve}/sessions": Permission.SESSIONS_READ,
    "DELETE users/{eve}/sessions": Permission.SESSIONS_REVOKE,
    "DELETE users/{eve}/sessions/{session}": Permission.SESSIONS_REVOKE,
    "GET users/{eve}/remembered": Permission.SESSIONS_READ,
    "DELETE users/{eve}/remembered/{browser}": Permission.SESSIONS_REVOKE,
    "GET users/{eve}/factors": Permission.FACTORS_READ,
    "GET users/{eve}/passkeys": Permission.PASSKEYS_READ,
    "GET users/{eve}/roles": Permission.ROLES_READ,
    "PUT users/{eve}/roles/idle": Permission.ROLES_GRANT,
    "DELETE users/{eve}/roles/idle": Permission.ROLES_GRANT,
    "GET users/{eve}/api-keys": Permission.API_KEYS_READ,
    "GET users/{eve}/api-keys/{key}": Permission.API_KEYS_READ,
    "GET api-keys/{key}": Permission.API_KEYS_READ,
    "GET roles": Permission.ROLES_READ,
    "POST roles": Permission.ROLES_MANAGE,
    "GET roles/idle": Permission.ROLES_READ,
    "PUT roles/idle": Permission.ROLES_MANAGE,
    "DELETE roles/other": Permission.ROLES_MANAGE,
    "GET permissions": Permission.ROLES_READ,
    "GET messages": Permission.MESSAGES_READ,
    "GET messages/{message}": Permission.MESSAGES_READ,
    "POST messages/{message}/send-again": Permission.MESSAGES_SEND,
    "GET service-accounts": Permission.SERVICE_ACCOUNTS_READ,
    "GET service-accounts/{account}": Permission.SERVICE_ACCOUNTS_READ,
    "GET service-accounts/{account}/api-keys": Permission.API_KEYS_READ,
    "GET service-accounts/{account}/api-keys/{account_key}": Permission.API_KEYS_READ,
}
BODIES: Final[Mapping[str, Any]] = {
    "POST users": {"email": "new@example.org"},
    "PUT users/{eve}": {"email": "eve@example.org", "name": "Eve"},
    "PATCH users/{eve}": {"name": "Eve"},
    "PUT users/{eve}/roles/idle": {},
    "POST roles": {"name": "made"},
    "PUT roles/idle": {"permissions": []},
}


async def names_of(site: Site) -> dict[str, object]:
    """Set the stage: somebody, a service account, roles, a message."""
    eve = await site.person("eve@example.org")
    for role in ("idle", "other"):
        await site.limen.roles.create(actor=OPERATOR, name=role)
    await site.limen.roles.grant(eve.tokens.user.id, "idle", actor=OPERATOR)
    account = await site.limen.service_accounts.create(actor=OPERATOR, username="robot")
    made = await site.limen.api_keys.create(account.id, actor=OPERATOR, name="nightly")
    key = await site.limen.api_keys.create(eve.tokens.user.id, actor=OPERATOR, name="x")
    begun = await site.limen.cookie_sessions.exchange(
        refresh_token=eve.tokens.refresh_token, is_remembered=True
    )
    assert begun.kept is not None
    async with site.limen.unit_of_work.view() as view:
        (message, *_) = await view.messages.list()
    return {
        "eve": eve.id,
        "session": eve.session_id,
        "browser": begun.kept.remembered.id,
        "key": key.key.id,
        "account": account.id,
        "account_key": made.key.id,
        "message": message.id,
    }


def test_every_route_that_keys_may_use_is_tried() -> None:
    """`/auth/check` asks for scopes in its own way."""
    open_routes = {
        (method.upper(), path.removeprefix("/api/v1/").split("/")[0], path.count("/"))
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
        if {"api_key": []} in operation.get("security", []) and path != "/api/v1/auth/check"
    }
    tried = {
        (method, path.split("/")[0], path.count("/") + 3)
        for method, path in (route.split(" ") for route in OPENED_BY)
    }
    assert tried == open_routes
    count = sum(
        {"api_key": []} in operation.get("security", [])
        for methods in document()["paths"].values()
        for operation in methods.values()
    )
    assert count == len(OPENED_BY) + 1


@pytest.mark.parametrize("route", OPENED_BY)
async def test_one_scope_opens_a_route_and_no_other_does(route: str) -> None:
    async with open_site() as site:
        names = await names_of(site)
        root = await site.administrator()
        method, path = route.format(**names).split(" ")
        body = {"json": BODIES.get(route, {})} if method in {"POST", "PUT", "PATCH"} else {}
        # Who may see everybody may see themselves.
        opening = {OPENED_BY[route]} | ({Permission.USERS_READ} if route == "GET me" else set())
        others = set(SCOPES) - opening
        before = await site.limen.event_names()
        for scope in sorted(others):
            refused = await site.ask(method, path, headers=await key(site, root, scope), **body)
            assert refused.status_code == 403, scope
        refused = await site.ask(method, path, headers=await key(site, root, *others), **body)
        assert refused.json()["error"]["code"] == "access.permission_missing"
        told = (await site.limen.event_names())[len(before) :]
        assert set(told) == {"api_key.created"}
        headers = await key(site, root, OPENED_BY[route])
        allowed = await site.ask(method, path, headers=headers, **body)
        assert allowed.status_code in {200, 201, 204, 422}, allowed.text
        assert allowed.status_code != 422 or "send-again" in path


async def key(site: Site, owner: Person, *scopes: str) -> dict[str, str]:
    made = await site.limen.api_keys.create(
        owner.tokens.user.id, actor=OPERATOR, name="key", scopes=scopes
    )
    return {"authorization": f"Bearer {made.text.reveal()}"}


async def test_a_key_is_made_used_rotated_and_revoked() -> None:
    async with open_site() as site:
        ada = await site.person()
        wanted = {"name": "Build", "scopes": ["me.read"], "expires_at": "2026-12-31T12:00:00Z"}
        answer = await site.ask("POST", "me/api-keys", by=ada, json=wanted)
        assert answer.status_code == 201
        assert answer.headers["cache-control"] == "no-store"
        made = answer.json()["data"]
        shown = {"authorization": f"Bearer {made['key']}"}
        me = await site.ask("GET", "me", headers=shown)
        assert me.json()["data"]["email"] == "ada@example.org"
        place = answer.headers["location"]
        seen = await site.ask("GET", place, by=ada)
        assert seen.json()["data"]["id"] == made["api_key"]["id"]
        assert seen.headers["etag"] == '"1"'
        assert made["key"] not in seen.text
        assert (
            await site.ask("GET", place, by=ada, headers={"if-none-match": '"1"'})
        ).status_code == 304
        listed = await site.ask("GET", "me/api-keys", by=ada)
        assert [one["id"] for one in listed.json()["data"]] == [made["api_key"]["id"]]
        assert made["key"] not in listed.text
        stale = await site.ask(
            "POST", f"{place}/rotate", by=ada, json={}, headers={"if-match": '"2"'}
        )
        assert stale.status_code == 412
        rotated = await site.ask("POST", f"{place}/rotate", by=ada, json={"overlap_seconds": 60})
        assert rotated.status_code == 201
        successor = rotated.json()["data"]
        old = (await site.ask("GET", place, by=ada)).json()["data"]
        assert (old["status"], old["successor_id"]) == ("rotated", successor["api_key"]["id"])
        assert (await site.ask("GET", "me", headers=shown)).status_code == 200
        site.wait(minutes=1)
        refused = await site.ask("GET", "me", headers=shown)
        assert refused.status_code == 401
        assert 'error="invalid_token"' in refused.headers["www-authenticate"]
        shown = {"authorization": f"Bearer {successor['key']}"}
        assert (await site.ask("GET", "me", headers=shown)).status_code == 200
        gone = await site.ask("DELETE", rotated.headers["location"], by=ada)
        assert gone.status_code == 204
        assert (await site.ask("GET", "me", headers=shown)).status_code == 401
        over = await site.ask("DELETE", rotated.headers["location"], by=ada)
        assert (over.status_code, over.json()["error"]["code"]) == (422, "api_key.over")


async def test_making_keys_needs_a_fresh_sign_in() -> None:
    async with open_site() as site:
        ada = await site.person()
        site.wait(minutes=11)
        refused = await site.ask("POST", "me/api-keys", by=ada, json={"name": "x"})
        assert refused.status_code == 403
        challenge = refused.headers["www-authenticate"]
        assert 'error="insufficient_user_authentication"' in challenge


@pytest.mark.parametrize("seconds", [-1, 604_801, 10**15, -(10**15)])
async def test_an_overlap_out_of_bounds_is_named(seconds: int) -> None:
    async with open_site() as site:
        ada = await site.person()
        answer = await site.ask("POST", "me/api-keys", by=ada, json={"name": "x"})
        place = f"{answer.headers['location']}/rotate"
        refused = await site.ask("POST", place, by=ada, json={"overlap_seconds": seconds})
        assert refused.status_code == 400
        assert refused.json()["error"]["details"][0]["field"] == "overlap_seconds"


async def test_a_proxy_lets_keys_in_where_it_asks_for_a_scope() -> None:
    async with open_site() as site:
        root = await site.administrator()
        await site.limen.roles.create(actor=OPERATOR, name="bills", permissions=["invoices.read"])
        await site.limen.roles.grant(root.tokens.user.id, "bills", actor=OPERATOR)
        shown = await key(site, root, "invoices.read", "users.read")
        unasked = await site.ask("GET", "auth/check", headers=shown)
        assert (unasked.status_code, unasked.json()["error"]["code"]) == (403, "access.not_by_key")
        asked = await site.ask("GET", "auth/check?scope=invoices.read", headers=shown)
        assert asked.status_code == 204
        told = {name: asked.headers[f"x-limen-{name}"] for name in ("user-id", "scopes", "roles")}
        assert told == {
            "user-id": str(root.id),
            "scopes": "invoices.read,users.read",
            "roles": "",
        }
        assert asked.headers["x-limen-session-id"] == ""
        for query in ("scope=roles.read", "scope=invoices.read&scope=roles.read", "scope="):
            refused = await site.ask("GET", f"auth/check?{query}", headers=shown)
            assert refused.status_code == 403
        await site.limen.roles.withdraw(root.tokens.user.id, "bills", actor=OPERATOR)
        refused = await site.ask("GET", "auth/check?scope=invoices.read", headers=shown)
        assert refused.status_code == 403
        person = await site.ask("GET", "auth/check?scope=invoices.read", by=root)
        assert person.headers["x-limen-roles"] == ADMIN
        assert person.headers["x-limen-scopes"] == person.headers["x-limen-key-id"] == ""


async def test_a_key_that_was_found_is_reported_and_its_public_part_finds_it() -> None:
    async with open_site() as site:
        ada, root = await site.person(), await site.administrator()
        made = (await site.ask("POST", "me/api-keys", by=ada, json={"name": "x"})).json()["data"]
        part = made["api_key"]["public_part"]
        found = await site.ask("GET", f"api-keys/{part}", by=root)
        assert found.json()["data"]["owner_id"] == str(ada.id)
        for text in (part, made["key"][:-1], ""):
            unknown = await site.ask("POST", "auth/api-keys/report", json={"key": text})
            assert unknown.json()["error"]["code"] == "api_key.not_found"
        for _ in range(2):
            answer = await site.ask("POST", "auth/api-keys/report", json={"key": made["key"]})
            assert answer.status_code == 204
        seen = (await site.ask("GET", f"api-keys/{part}", by=root)).json()["data"]
        assert (seen["status"], seen["end_reason"]) == ("revoked", "reported")
        other = (await site.ask("POST", "me/api-keys", by=ada, json={"name": "y"})).json()["data"]
        part = other["api_key"]["public_part"]
        assert (await site.ask("DELETE", f"api-keys/{part}", by=root)).status_code == 204
        for nothing in ("limen_ak_x", "x", part[:-1]):
            missing = await site.ask("GET", f"api-keys/{nothing}", by=root)
            assert missing.json()["error"]["code"] == "api_key.not_found"


async def test_many_wrong_keys_from_one_address_are_throttled() -> None:
    async with open_site() as site:
        ada = await site.person()
        bad = await key(site, ada)
        seen = await site.ask("GET", "me/api-keys", by=ada)
        await site.ask("DELETE", f"me/api-keys/{seen.json()['data'][0]['id']}", by=ada)
        codes = {(await site.ask("GET", "me", headers=bad)).status_code for _ in range(100)}
        assert codes == {401}
        waiting = await site.ask("GET", "me", headers=bad)
        assert (waiting.status_code, int(waiting.headers["retry-after"]) > 0) == (429, True)
        good = await key(site, ada, "me.read")
        assert (await site.ask("GET", "me", headers=good)).status_code == 200


async def test_a_service_account_has_keys_and_roles_of_its_own() -> None:
    async with open_site() as site:
        root = await site.administrator()
        answer = await site.ask(
            "POST", "service-accounts", by=root, json={"username": "robot", "name": "Builds"}
        )
        assert answer.status_code == 201
        account = answer.json()["data"]
        place = answer.headers["location"]
        assert (await site.ask("GET", place, by=root)).json()["data"] == account
        await site.ask(
            "POST", "roles", by=root, json={"name": "seer", "permissions": ["users.read"]}
        )
        await site.ask("PUT", f"users/{account['id']}/roles/seer", by=root, json={})
        wanted = {"name": "nightly", "scopes": ["users.read"]}
        made = await site.ask("POST", f"{place}/api-keys", by=root, json=wanted)
        assert made.status_code == 201
        shown = {"authorization": f"Bearer {made.json()['data']['key']}"}
        users = await site.ask("GET", "users?filter[kind]=service_account", headers=shown)
        assert [user["username"] for user in users.json()["data"]] == ["robot"]
        suspended = await site.ask("POST", f"{place}/suspend", by=root, json={})
        assert suspended.json()["data"]["status"] == "suspended"
        assert (await site.ask("GET", "users", headers=shown)).status_code == 401
        await site.ask("POST", f"{place}/reactivate", by=root, json={})
        rotated = await site.ask("POST", f"{made.headers['location']}/rotate", by=root, json={})
        assert rotated.json()["data"]["api_key"]["owner_id"] == account["id"]
        listed = await site.ask("GET", "service-accounts?sort=username", by=root)
        assert [one["id"] for one in listed.json()["data"]] == [account["id"]]
        person = await site.ask("PATCH", f"users/{account['id']}", by=root, json={"name": "x"})
        assert person.json()["error"]["code"] == "user.not_a_person"
        changed = await site.ask("PATCH", place, by=root, json={"name": "Tests"})
        assert changed.json()["data"]["name"] == "Tests"
        assert (await site.ask("DELETE", place, by=root)).status_code == 204
        assert (await site.ask("GET", "users", headers=shown)).status_code == 401


def test_the_example_of_a_key_is_one() -> None:
    example = EXAMPLES["NewApiKeyOut"]
    key_id = ApiKeyId(UUID(example["api_key"]["id"]))
    assert read_key(Secret(example["key"])).key_id == key_id
    assert example["api_key"]["public_part"] == public_part(key_id)

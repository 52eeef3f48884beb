"""A whole life over HTTP, on every store."""

from tests.unit.entrypoints.http.site import PASSWORD, Site, code_of, faults_of


async def sign_in(site: Site, email: str, password: str = PASSWORD) -> dict[str, str]:
    body = {"identifier": email, "password": password, "label": "test"}
    response = await site.ask("POST", "auth/login", json=body)
    assert response.status_code == 200, response.text
    return {"authorization": f"Bearer {response.json()['data']['access_token']}"}


async def test_somebody_comes_stays_and_goes(site: Site) -> None:
    await site.administrator()
    body = {"email": "Ada@Example.org", "password": PASSWORD, "name": "Ada"}
    made = await site.ask("POST", "auth/register", json=body)
    assert made.status_code == 201
    assert made.json()["data"]["email"] == "Ada@Example.org"
    taken = await site.ask("POST", "auth/register", json={**body, "email": "ada@example.org"})
    assert (taken.status_code, code_of(taken)) == (409, "user.email_taken")

    first, second = await sign_in(site, "ada@example.org"), await sign_in(site, "ADA@EXAMPLE.ORG")
    me = (await site.ask("GET", "me", headers=first)).json()["data"]
    assert me["last_sign_in_at"] is not None
    patched = await site.ask("PATCH", "me", headers=first, json={"username": "ada", "name": "A"})
    assert patched.json()["data"]["username"] == "ada"
    cleared = await site.ask("PATCH", "me", headers=first, json={"username": None})
    assert (cleared.json()["data"]["username"], cleared.json()["data"]["name"]) == (None, "A")
    assert (await site.ask("PATCH", "me", headers=first, json={"email": "x@y.org"})).json()[
        "error"
    ]["details"][0]["code"] == "unknown_field"

    sessions = (await site.ask("GET", "me/sessions", headers=first)).json()["data"]
    assert [session["is_current"] for session in sessions].count(True) == 1
    assert len(sessions) == 2
    assert (await site.ask("DELETE", "me/sessions", headers=first)).status_code == 204
    assert (await site.ask("GET", "me", headers=second)).status_code == 401
    assert len((await site.ask("GET", "me/sessions", headers=first)).json()["data"]) == 1

    change = {"current_password": PASSWORD, "new_password": "another good sentence"}
    wrong = await site.ask(
        "POST", "me/password", headers=first, json={**change, "current_password": "wrong"}
    )
    assert (wrong.status_code, code_of(wrong)) == (422, "password.current_wrong")
    weak = await site.ask(
        "POST", "me/password", headers=first, json={**change, "new_password": "short"}
    )
    assert (weak.status_code, faults_of(weak)) == (422, {"new_password": "too_short"})
    assert (await site.ask("POST", "me/password", headers=first, json=change)).status_code == 204
    third = await sign_in(site, "ada@example.org", "another good sentence")

    assert (await site.ask("DELETE", "me", headers=third)).status_code == 204
    assert (await site.ask("GET", "me", headers=third)).status_code == 401
    assert (await site.ask("POST", "auth/register", json=body)).status_code == 201


async def test_an_administrator_administers(site: Site) -> None:
    root = await site.administrator()
    body = {
        "email": "eve@example.org",
        "attributes": {"team": "a", "deep": {"x": [1, None, "ä"]}},
        "status": "pending",
        "email_verified": True,
        "password": PASSWORD,
    }
    made = await site.ask("POST", "users", by=root, json=body)
    assert made.status_code == 201
    user = made.json()["data"]
    assert (user["status"], user["email_verified"]) == ("pending", True)
    where = f"users/{user['id']}"

    merged = await site.ask(
        "PATCH", where, by=root, json={"attributes": {"team": None, "deep": {"y": 2}}}
    )
    assert merged.json()["data"]["attributes"] == {"deep": {"x": [1, None, "ä"], "y": 2}}
    replaced = await site.ask("PUT", where, by=root, json={"email": "eve@example.org"})
    assert replaced.json()["data"]["attributes"] == {}
    assert (await site.ask("PUT", where, by=root, json={})).status_code == 400

    assert (await site.ask("POST", f"{where}/reactivate", by=root)).json()["data"][
        "status"
    ] == "active"
    eve = await sign_in(site, "eve@example.org")
    sessions = (await site.ask("GET", f"{where}/sessions", by=root)).json()["data"]
    assert [session["is_current"] for session in sessions] == [False]
    one = f"{where}/sessions/{sessions[0]['id']}"
    assert (await site.ask("DELETE", one, by=root)).status_code == 204
    assert (await site.ask("DELETE", one, by=root)).status_code == 404
    assert (await site.ask("GET", "me", headers=eve)).status_code == 401

    new = {"new_password": "set by somebody else"}
    assert (await site.ask("POST", f"{where}/password", by=root, json=new)).status_code == 204
    eve = await sign_in(site, "eve@example.org", "set by somebody else")
    suspended = await site.ask("POST", f"{where}/suspend", by=root)
    assert suspended.json()["data"]["status"] == "suspended"
    assert code_of(await site.ask("GET", "me", headers=eve)) == "session.ended"
    assert (await site.ask("DELETE", f"{where}/sessions", by=root)).status_code == 204
    assert (await site.ask("DELETE", where, by=root)).status_code == 204
    gone = await site.ask("GET", where, by=root)
    assert (gone.status_code, code_of(gone)) == (404, "user.not_found")


async def test_roles_are_made_given_and_taken(site: Site) -> None:
    root = await site.administrator()
    ada = await site.person()
    role = {"name": "support", "permissions": ["users.read", "tickets.read"]}
    made = await site.ask("POST", "roles", by=root, json=role)
    assert made.json()["data"]["permissions"] == ["tickets.read", "users.read"]
    again = await site.ask("POST", "roles", by=root, json=role)
    assert (again.status_code, code_of(again)) == (409, "role.name_taken")
    assert "tickets.read" in (await site.ask("GET", "permissions", by=root)).json()["data"]

    where = f"users/{ada.id}/roles"
    until = {"ends_at": "2027-01-01T00:00:00+01:00"}
    given = await site.ask("PUT", f"{where}/support", by=root, json=until)
    assert given.json()["data"]["ends_at"] == "2026-12-31T23:00:00Z"
    assert (await site.ask("GET", "users", by=ada)).status_code == 200
    assert [grant["role"] for grant in (await site.ask("GET", where, by=ada)).json()["data"]] == [
        "support"
    ]
    in_use = await site.ask("DELETE", "roles/support", by=root)
    assert (in_use.status_code, code_of(in_use)) == (422, "role.in_use")
    assert (await site.ask("DELETE", f"{where}/support", by=root)).status_code == 204
    assert (await site.ask("GET", "users", by=ada)).status_code == 403
    missing = await site.ask("DELETE", f"{where}/support", by=root)
    assert (missing.status_code, code_of(missing)) == (404, "role.grant_not_found")
    unknown = await site.ask("PUT", f"{where}/nothing", by=root, json={})
    assert (unknown.status_code, code_of(unknown)) == (404, "role.not_found")

    built_in = await site.ask("PUT", "roles/admin", by=root, json={"permissions": []})
    assert (built_in.status_code, code_of(built_in)) == (422, "role.built_in")
    last = await site.ask("DELETE", f"users/{root.id}/roles/admin", by=root)
    assert (last.status_code, code_of(last)) == (422, "role.last_administrator")
    assert (await site.ask("DELETE", "roles/support", by=root)).status_code == 204


async def test_nobody_gives_more_than_they_have(site: Site) -> None:
    root = await site.administrator()
    ada = await site.person()
    granting = {"name": "granters", "permissions": ["roles.grant", "roles.manage", "users.write"]}
    await site.ask("POST", "roles", by=root, json=granting)
    await site.ask("PUT", f"users/{ada.id}/roles/granters", by=root, json={})
    attempts = [
        ("PUT", f"users/{ada.id}/roles/admin", {}),
        ("POST", "roles", {"name": "more", "permissions": ["users.delete"]}),
        ("PATCH", f"users/{root.id}", {"email": "mine@example.org"}),
        ("POST", f"users/{root.id}/suspend", None),
    ]
    for method, path, body in attempts:
        response = await site.ask(method, path, by=ada, json=body)
        assert (response.status_code, code_of(response)) == (403, "access.beyond_own_permissions")


async def test_every_event_says_through_which_request(site: Site) -> None:
    root = await site.administrator()
    headers = {"x-request-id": "find-me", "user-agent": "Browser/1"}
    body = {"name": "support"}
    await site.ask("POST", "roles", by=root, json=body, headers=headers)
    async with site.limen.unit_of_work.view() as view:
        event = (await view.outbox.list(limit=1000))[-1]
    assert event.name == "role.created"
    assert (event.actor.user_id, event.actor.session_id) == (root.id, root.session_id)
    assert (event.actor.request_id, event.actor.user_agent) == ("find-me", "Browser/1")
    assert event.actor.address == "198.51.100.9"


async def test_a_repeated_request_is_answered_once(site: Site) -> None:
    body = {"email": "ada@example.org", "password": PASSWORD}
    key = {"idempotency-key": "k"}
    answers = [await site.ask("POST", "auth/register", json=body, headers=key) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    other = await site.ask("POST", "auth/register", json={**body, "name": "x"}, headers=key)
    assert (other.status_code, code_of(other)) == (422, "idempotency.key_reused")

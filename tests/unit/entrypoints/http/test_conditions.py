"""Entity tags: what is shown has one, and changes heed it."""

import pytest

from tests.unit.entrypoints.http.site import Person, Site, code_of, faults_of

SINGLE = ["users/{id}", "me"]


async def changes(site: Site, path: str, by: Person, tag: str) -> int:
    response = await site.ask(
        "PATCH", path, by=by, json={"name": f"Name {tag}"}, headers={"if-match": tag}
    )
    return response.status_code


@pytest.mark.parametrize("path", ["me", "users/{id}", "roles/support"])
async def test_what_is_known_is_not_sent_again(site: Site, path: str) -> None:
    root = await site.administrator()
    await site.ask("POST", "roles", by=root, json={"name": "support"})
    where = path.format(id=root.id)
    tag = (await site.ask("GET", where, by=root)).headers["etag"]
    assert tag == '"1"'
    for known in (tag, f"W/{tag}", "*", f'"9", {tag}', f' {tag} ,"x"'):
        response = await site.ask("GET", where, by=root, headers={"if-none-match": known})
        assert (response.status_code, response.content) == (304, b"")
        assert response.headers["etag"] == tag
    for other in ('"2"', "1", "nonsense", '"11"', ""):
        response = await site.ask("GET", where, by=root, headers={"if-none-match": other})
        assert response.status_code == 200


@pytest.mark.parametrize("path", SINGLE)
async def test_a_change_needs_the_version_it_names(site: Site, path: str) -> None:
    root = await site.administrator()
    where = path.format(id=root.id)
    assert await changes(site, where, root, '"1"') == 200
    assert await changes(site, where, root, '"1"') == 412
    assert await changes(site, where, root, '"2"') == 200
    assert await changes(site, where, root, "*") == 200
    now = await site.ask("GET", where, by=root)
    assert now.headers["etag"] == '"4"'
    assert now.json()["data"]["version"] == 4


@pytest.mark.parametrize("tag", ['W/"1"', '"one"', '"01"', '""', '"-1"', '"99999999999999999999"'])
async def test_a_tag_that_limen_never_gave_matches_nothing(site: Site, tag: str) -> None:
    ada = await site.person()
    response = await site.ask("PATCH", "me", by=ada, json={"name": "x"}, headers={"if-match": tag})
    assert (response.status_code, code_of(response)) == (412, "storage.version_mismatch")


@pytest.mark.parametrize("tag", ["1", "", '"1", "2"', '"1', "w/1", '"a"b"'])
async def test_what_is_no_tag_is_400(site: Site, tag: str) -> None:
    ada = await site.person()
    response = await site.ask("PATCH", "me", by=ada, json={"name": "x"}, headers={"if-match": tag})
    assert (response.status_code, faults_of(response)) == (400, {"If-Match": "invalid"})
    assert (await site.ask("GET", "me", by=ada)).headers["etag"] == '"1"'


async def test_two_tags_in_two_headers_are_400(site: Site) -> None:
    ada = await site.person()
    headers = [*ada.headers.items(), ("if-match", '"1"'), ("if-match", '"1"')]
    response = await site.client.patch("/api/v1/me", json={"name": "x"}, headers=headers)
    assert faults_of(response) == {"If-Match": "invalid"}


async def test_every_way_to_change_a_user_heeds_the_version(site: Site) -> None:
    root = await site.administrator()
    user = await site.user_id("ada@example.org")
    stale = {"if-match": '"7"'}
    asked = [
        ("PUT", f"users/{user}", {"email": "ada@example.org"}),
        ("PATCH", f"users/{user}", {"name": "x"}),
        ("POST", f"users/{user}/suspend", None),
        ("POST", f"users/{user}/reactivate", None),
        ("DELETE", f"users/{user}", None),
    ]
    for method, path, body in asked:
        response = await site.ask(method, path, by=root, json=body, headers=stale)
        assert response.status_code == 412, (method, path)
    assert (await site.ask("GET", f"users/{user}", by=root)).headers["etag"] == '"1"'
    good = {"if-match": '"1"'}
    assert (await site.ask("DELETE", f"users/{user}", by=root, headers=good)).status_code == 204


async def test_every_way_to_change_a_role_heeds_the_version(site: Site) -> None:
    root = await site.administrator()
    await site.ask("POST", "roles", by=root, json={"name": "support"})
    for method, body in (("PUT", {"permissions": []}), ("DELETE", None)):
        for tag, status in (('"5"', 412), ("5", 400)):
            response = await site.ask(
                method, "roles/support", by=root, json=body, headers={"if-match": tag}
            )
            assert response.status_code == status
    replaced = await site.ask(
        "PUT", "roles/support", by=root, json={"permissions": []}, headers={"if-match": '"1"'}
    )
    assert replaced.headers["etag"] == '"2"'


async def test_deleting_oneself_heeds_the_version(site: Site) -> None:
    ada = await site.person()
    stale = await site.ask("DELETE", "me", by=ada, headers={"if-match": '"2"'})
    assert stale.status_code == 412
    assert (await site.ask("DELETE", "me", by=ada, headers={"if-match": '"1"'})).status_code == 204
    assert (await site.ask("GET", "me", by=ada)).status_code == 401


async def test_what_is_new_says_where_it_is(site: Site) -> None:
    root = await site.administrator()
    asked = [
        ("auth/register", {"email": "new@example.org", "password": "correct horse battery"}),
        ("users", {"email": "other@example.org"}),
        ("roles", {"name": "support"}),
    ]
    for path, body in asked:
        made = await site.ask("POST", path, by=root, json=body)
        assert (made.status_code, made.headers["etag"]) == (201, '"1"')
        found = await site.ask("GET", made.headers["location"], by=root)
        assert found.json()["data"] == made.json()["data"]

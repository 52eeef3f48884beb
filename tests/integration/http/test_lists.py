"""The list contract, complete, on every store."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from limen.core.users.model import Status
from limen.testing.assembly import OPERATOR
from tests.unit.entrypoints.http.site import API, Person, Site, code_of, faults_of

NAMES = ["ada", "bob", "cyd", "dot", "eve", "fay", "gus"]


async def people(site: Site) -> Person:
    """Make seven users and an administrator, each a minute after the one before."""
    for number, name in enumerate(NAMES):
        site.wait(minutes=1)
        await site.limen.users.create(
            actor=OPERATOR,
            email=f"{name}@example.org",
            username=name if number % 2 else None,
            name=name.title(),
            status=Status.SUSPENDED if name == "eve" else Status.ACTIVE,
            is_email_verified=number < 3,
        )
    site.wait(minutes=1)
    return await site.administrator()


async def ask(site: Site, by: Person, query: str) -> httpx.Response:
    return await site.ask("GET", f"users?{query}", by=by)


def names(response: httpx.Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [user["email"].partition("@")[0] for user in response.json()["data"]]


def links(response: httpx.Response) -> Mapping[str, str]:
    found = (part.rpartition(">; rel=") for part in response.headers["link"].split(", "))
    return {rel.strip('"'): where.removeprefix("<") for where, _, rel in found}


async def test_a_page_says_where_it_is(site: Site) -> None:
    root = await people(site)
    response = await ask(site, root, "page=2&limit=3&sort=email")
    assert names(response) == ["dot", "eve", "fay"]
    meta = response.json()["meta"]
    assert (meta["page"], meta["limit"], meta["total"]) == (2, 3, 8)
    assert meta["next_cursor"]
    where = links(response)
    assert set(where) == {"first", "prev", "next"}
    assert names(await site.ask("GET", where["first"], by=root)) == ["ada", "bob", "cyd"]
    assert names(await site.ask("GET", where["prev"], by=root)) == ["ada", "bob", "cyd"]
    last = await site.ask("GET", where["next"], by=root)
    assert names(last) == ["gus", "root"]
    assert set(links(last)) == {"first", "prev"}
    assert last.json()["meta"]["next_cursor"] is None


async def test_a_walk_by_cursor_gives_everybody_once(site: Site) -> None:
    root = await people(site)
    for sort in ("-created_at", "email", "-email", "username", "-last_sign_in_at,email"):
        seen: list[str] = []
        where = f"{API}/users?limit=3&sort={sort}"
        while where:
            response = await site.ask("GET", where, by=root)
            seen += names(response)
            meta = response.json()["meta"]
            assert (meta["page"], meta["total"]) == (None, None)
            where = links(response).get("next", "")
        assert sorted(seen) == sorted([*NAMES, "root"]), sort


async def test_the_default_is_the_newest_first_without_a_total(site: Site) -> None:
    root = await people(site)
    response = await site.ask("GET", "users", by=root)
    assert names(response) == ["root", *reversed(NAMES)]
    assert response.json()["meta"] == {
        "page": None,
        "limit": 20,
        "total": None,
        "next_cursor": None,
    }
    assert set(links(response)) == {"first"}


@pytest.mark.parametrize(
    ("query", "total"),
    [
        ("count=exact", 8),
        ("page=1", 8),
        ("page=1&count=none", None),
        ("count=exact&filter[status]=suspended", 1),
        ("limit=1&count=exact", 8),
    ],
)
async def test_counts_are_made_when_asked(site: Site, query: str, total: int | None) -> None:
    root = await people(site)
    assert (await ask(site, root, query)).json()["meta"]["total"] == total


async def test_an_estimate_is_a_number(site: Site) -> None:
    root = await people(site)
    total = (await ask(site, root, "count=estimate")).json()["meta"]["total"]
    assert isinstance(total, int)
    assert total >= 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter[status]=suspended", ["eve"]),
        ("filter[status][ne]=active", ["eve"]),
        ("filter[status][in]=suspended,pending", ["eve"]),
        ("filter[role]=admin", ["root"]),
        ("filter[email]=ADA@EXAMPLE.ORG", ["ada"]),
        ("filter[email][prefix]=f", ["fay"]),
        ("filter[name][contains]=AY", ["fay"]),
        ("filter[name][contains]=%25", []),
        ("filter[email][contains]=_", []),
        ("filter[username][exists]=true", ["bob", "dot", "fay"]),
        ("filter[username][exists]=false&filter[email][lt]=d", ["ada", "cyd"]),
        ("filter[email_verified_at][exists]=true", ["ada", "bob", "cyd"]),
        ("filter[email][gte]=f&filter[email][lt]=h", ["fay", "gus"]),
        ("q=gus", ["gus"]),
        ("q=example.org&filter[email][in]=ada@example.org,bob@example.org", ["ada", "bob"]),
        ("q=nobody", []),
    ],
)
async def test_filters_and_search_find(site: Site, query: str, expected: list[str]) -> None:
    root = await people(site)
    assert names(await ask(site, root, f"sort=email&{query}")) == expected


async def test_instants_are_compared(site: Site) -> None:
    root = await people(site)
    users = (await ask(site, root, "sort=created_at")).json()["data"]
    third = users[2]["created_at"]
    assert names(await ask(site, root, f"sort=email&filter[created_at][lte]={third}")) == NAMES[:3]
    later = f"filter[created_at][gt]={third}&filter[created_at][lt]={users[4]['created_at']}"
    assert names(await ask(site, root, later)) == ["dot"]


async def test_only_the_wanted_fields_are_shown(site: Site) -> None:
    root = await people(site)
    response = await ask(site, root, "fields=email,id&limit=1&sort=email")
    (user,) = response.json()["data"]
    assert list(user) == ["email", "id"]
    assert "fields=email,id" in links(response)["next"]


@pytest.mark.parametrize(
    ("query", "faults"),
    [
        ("page=0", {"page": "out_of_range"}),
        ("page=-1", {"page": "out_of_range"}),
        ("page=x", {"page": "invalid"}),
        ("page=", {"page": "invalid"}),
        ("page=1.5", {"page": "invalid"}),
        ("page=9999999999999", {"page": "invalid"}),
        ("limit=0", {"limit": "out_of_range"}),
        ("limit=201", {"limit": "out_of_range"}),
        ("limit=ten", {"limit": "invalid"}),
        ("page=1&cursor=abc", {"cursor": "exclusive"}),
        ("count=maybe", {"count": "unknown"}),
        ("sort=password", {"sort": "unknown_field"}),
        ("sort=role", {"sort": "unknown_field"}),
        ("sort=email,-email", {"sort": "repeated"}),
        ("fields=password,id", {"fields": "unknown_field"}),
        ("fields=", {"fields": "unknown_field"}),
        ("filter[password]=x", {"filter[password]": "unknown_field"}),
        ("filter[email][like]=x", {"filter[email][like]": "unknown_operator"}),
        ("filter[status][gt]=active", {"filter[status][gt]": "unknown_operator"}),
        ("filter[status]=sleeping", {"filter[status]": "invalid_value"}),
        ("filter[created_at]=yesterday", {"filter[created_at]": "invalid_value"}),
        ("filter[created_at]=2026-01-01T00:00:00", {"filter[created_at]": "invalid_value"}),
        ("filter[id]=1", {"filter[id]": "invalid_value"}),
        ("filter[username][exists]=maybe", {"filter[username]": "invalid_value"}),
        ("filter=x", {"filter": "invalid"}),
        ("filter[]=x", {"filter[]": "invalid"}),
        ("filter[a][b][c]=x", {"filter[a][b][c]": "invalid"}),
        ("order=email", {"order": "unknown_parameter"}),
        ("Page=1", {"Page": "unknown_parameter"}),
        ("limit=1&limit=2", {"limit": "repeated"}),
        ("filter[status]=active&filter[status][eq]=active", {"filter[status][eq]": "repeated"}),
        ("q=" + "x" * 201, {"q": "too_long"}),
        ("q=%00", {"q": "too_long"}),
        ("q=%ff", {"query": "not_text"}),
        ("q=\xff", None),
        ("&".join(f"a{n}=1" for n in range(65)), {"query": "too_many"}),
        ("q=" + "x" * 9000, {"query": "too_long"}),
    ],
)
async def test_what_cannot_be_asked_is_named(
    site: Site, query: str, faults: dict[str, str] | None
) -> None:
    root = await people(site)
    response = await ask(site, root, query)
    if faults is None:
        assert response.status_code in {200, 400}
        return
    assert (response.status_code, code_of(response)) == (400, "query.invalid")
    assert faults_of(response) == faults


async def test_everything_that_is_wrong_is_named_at_once(site: Site) -> None:
    root = await people(site)
    query = "page=x&limit=0&sort=no&fields=no&count=no&filter[no]=1&filter[id]=1&no=1&filter=1"
    assert faults_of(await ask(site, root, query)) == {
        "page": "invalid",
        "limit": "out_of_range",
        "sort": "unknown_field",
        "fields": "unknown_field",
        "count": "unknown",
        "filter[no]": "unknown_field",
        "filter[id]": "invalid_value",
        "no": "unknown_parameter",
        "filter": "invalid",
    }


async def test_pages_end_where_cursors_go_on(site: Site) -> None:
    root = await people(site)
    for query in ("page=501&limit=20", "page=51&limit=200"):
        response = await ask(site, root, query)
        assert (response.status_code, code_of(response)) == (422, "query.page_too_deep")
    assert names(await ask(site, root, "page=500&limit=20")) == []


async def test_a_cursor_belongs_to_its_question(site: Site) -> None:
    root = await people(site)
    first = await ask(site, root, "limit=2&sort=email&filter[status]=active")
    cursor = first.json()["meta"]["next_cursor"]
    good = f"limit=2&sort=email&filter[status]=active&cursor={cursor}"
    assert names(await ask(site, root, good)) == ["cyd", "dot"]
    # The window may change, the question may not.
    assert len(names(await ask(site, root, good.replace("limit=2", "limit=3")))) == 3
    changed = cursor[:-1] + ("A" if cursor[-1] != "A" else "B")
    for query in (
        f"limit=2&sort=-email&filter[status]=active&cursor={cursor}",
        f"limit=2&sort=email&cursor={cursor}",
        f"limit=2&sort=email&filter[status]=active&q=x&cursor={cursor}",
        f"limit=2&sort=email&filter[status]=active&cursor={changed}",
        "cursor=",
        "cursor=x",
        "cursor=" + "A" * 5000,
        "cursor=%C3%A4",
    ):
        response = await ask(site, root, query)
        assert (response.status_code, code_of(response)) == (400, "query.cursor_invalid"), query


async def test_rows_that_come_and_go_do_not_disturb_a_walk(site: Site) -> None:
    root = await people(site)
    first = await ask(site, root, "limit=3&sort=email")
    for email in ("aaa@example.org", "zzz@example.org"):
        await site.limen.users.create(actor=OPERATOR, email=email)
    gone = first.json()["data"][0]["id"]
    await site.ask("DELETE", f"users/{gone}", by=root)
    rest = await site.ask("GET", links(first)["next"].replace("limit=3", "limit=20"), by=root)
    assert names(rest) == ["dot", "eve", "fay", "gus", "root", "zzz"]


async def test_links_keep_the_question(site: Site) -> None:
    root = await people(site)
    query = "limit=1&sort=email&filter[created_at][gte]=2020-01-01T00:00:00%2B00:00&q=example.org"
    where: Any = links(await ask(site, root, query))["next"]
    kept = parse_qs(urlsplit(where).query)
    assert kept["filter[created_at][gte]"] == ["2020-01-01T00:00:00+00:00"]
    assert kept["q"] == ["example.org"]
    assert names(await site.ask("GET", where, by=root)) == ["bob"]


async def test_who_may_not_list_learns_nothing_of_the_query(site: Site) -> None:
    ada = await site.person()
    response = await site.ask("GET", "users?filter[no]=1", by=ada)
    assert (response.status_code, code_of(response)) == (403, "access.permission_missing")

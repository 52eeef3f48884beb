"""Addresses, links and codes, as those who call see them."""

from limen.core.users.model import UserPolicy
from limen.testing.assembly import Assembly
from limen.testing.policies import Policies
from tests.unit.entrypoints.http.site import PASSWORD, Site, faults_of, open_site


async def test_another_address_from_an_administrator_ends_what_the_former_opened(
    site: Site,
) -> None:
    ada, root = await site.person(), await site.administrator()
    body = {"email": "safe@example.org"}
    changed = await site.ask("PATCH", f"users/{ada.id}", by=root, json=body)
    assert changed.status_code == 200
    assert (await site.ask("GET", "me", by=ada)).status_code == 401


async def test_where_nobody_signs_in_unproved_registering_tells_nothing() -> None:
    policies = Policies(users=UserPolicy(allows_unverified_sign_in=False))
    async with open_site(limen=Assembly(policies=policies)) as site:
        answers = []
        for email in ("ada@example.org", "ada@example.org", "free@example.org"):
            body = {"email": email, "password": PASSWORD}
            answers.append(await site.ask("POST", "auth/register", json=body))
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.text for answer in answers}) == 1
        assert not any({"etag", "location"} & set(answer.headers) for answer in answers)
        body = {"email": "new@example.org", "password": PASSWORD, "username": "ada"}
        refused = await site.ask("POST", "auth/register", json=body)
        assert (refused.status_code, faults_of(refused)) == (400, {"username": "too_early"})


async def test_a_link_that_a_stranger_asks_for_takes_none_away(site: Site) -> None:
    await site.limen.register()
    body = {"identifier": "ada@example.org"}
    asked = await site.ask("POST", "auth/link", json=body)
    token = (await site.limen.read_mail())["link"].partition("#")[2]
    assert (await site.ask("POST", "auth/link", json=body)).status_code == 202
    await site.limen.delivery.deliver()
    shown = {"token": token, "browser_token": asked.json()["data"]["browser_token"]}
    assert (await site.ask("POST", "auth/link/complete", json=shown)).status_code == 200


async def test_registrations_are_among_the_mails_that_an_address_may_ask_for(site: Site) -> None:
    for number in range(30):
        body = {"identifier": f"nobody{number}@example.org"}
        assert (await site.ask("POST", "auth/password/forgot", json=body)).status_code == 202
    who = {"email": "ada@example.org", "password": PASSWORD}
    refused = await site.ask("POST", "auth/register", json=who)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)

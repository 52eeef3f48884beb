"""What callers read of the limits of their network, and what they cannot learn from it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from limen.core.users.model import UserPolicy
from limen.testing.assembly import Assembly
from limen.testing.policies import Policies
from tests.unit.entrypoints.http.site import PASSWORD, Site, open_site

ADA = "ada@example.org"
NOBODY = "nobody@example.org"
SIGN_IN = '"sign-in";q=100;w=900'


def told(answer: Any) -> tuple[str | None, str | None]:
    return answer.headers.get("ratelimit"), answer.headers.get("ratelimit-policy")


async def guess(site: Site, who: str, password: str = "wrong password") -> Any:
    body = {"identifier": who, "password": password}
    return await site.ask("POST", "auth/login", json=body)


@pytest_asyncio.fixture
async def proving() -> AsyncIterator[Site]:
    """A door where registering tells nothing."""
    policies = Policies(users=UserPolicy(allows_unverified_sign_in=False))
    async with open_site(limen=Assembly(policies=policies)) as opened:
        yield opened


async def test_a_failure_says_what_is_left_and_a_success_costs_nothing(site: Site) -> None:
    await site.limen.register()
    assert told(await guess(site, ADA)) == ('"sign-in";r=99;t=900', SIGN_IN)
    site.wait(minutes=1, milliseconds=1)
    assert told(await guess(site, ADA, PASSWORD)) == ('"sign-in";r=99;t=840', SIGN_IN)
    assert told(await guess(site, ADA)) == ('"sign-in";r=98;t=840', SIGN_IN)


async def test_what_nobody_judged_costs_nothing(site: Site) -> None:
    await site.limen.register()
    site.limen.hasher.is_busy = True
    refused = await guess(site, ADA, PASSWORD)
    assert told(refused) == ('"password";r=0;t=1', SIGN_IN)
    site.limen.hasher.is_busy = False
    assert told(await guess(site, ADA)) == ('"sign-in";r=99;t=900', SIGN_IN)


async def test_a_network_that_used_up_everything_reads_for_how_long(site: Site) -> None:
    for number in range(100):
        assert (await guess(site, f"nobody{number}@example.org")).status_code == 401
    refused = await guess(site, ADA)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
    assert told(refused) == ('"sign-in";r=0;t=900', SIGN_IN)


async def test_what_is_malformed_counts_nothing_and_says_nothing(site: Site) -> None:
    assert told(await site.ask("POST", "auth/login", json={})) == (None, None)
    assert told(await site.ask("GET", "me", by=await site.person())) == (None, None)


async def test_a_registration_counts_as_that_and_as_mail(site: Site) -> None:
    body = {"email": ADA, "password": PASSWORD}
    answer = await site.ask("POST", "auth/register", json=body)
    assert told(answer) == (
        '"registration";r=29;t=900, "mail";r=29;t=900',
        '"registration";q=30;w=900, "mail";q=30;w=900',
    )


async def test_a_wrong_key_says_what_is_left(site: Site) -> None:
    ada = await site.person()
    headers = await site.key(ada)
    key = headers["authorization"].removeprefix("Bearer ")
    await site.ask("POST", "auth/api-keys/report", json={"key": key})
    limit, policy = told(await site.ask("GET", "me", headers=headers))
    assert limit is not None
    assert policy is not None
    assert limit.startswith('"api-key";r=')
    assert policy.startswith('"api-key";q=')


@pytest.mark.parametrize(
    ("route", "body"),
    [
        ("auth/login", {"identifier": "?", "password": "wrong password"}),
        ("auth/password/forgot", {"identifier": "?"}),
        ("auth/password/reset", {"identifier": "?", "code": "BCDF-GHJK", "new_password": PASSWORD}),
        ("auth/email/verify", {"identifier": "?", "code": "BCDF-GHJK"}),
        ("auth/email/verify/resend", {"identifier": "?"}),
        ("auth/link", {"identifier": "?"}),
        (
            "auth/link/complete",
            {"identifier": "?", "code": "BCDF-GHJK", "browser_token": "of another"},
        ),
        ("auth/passkey/options", {"identifier": "?"}),
        ("auth/register", {"email": "?", "password": PASSWORD}),
    ],
)
async def test_the_numbers_are_the_same_for_a_name_that_is_there_and_for_one_that_is_not(
    proving: Site, route: str, body: dict[str, str]
) -> None:
    await proving.limen.register(ADA)
    seen = []
    for who in (ADA, NOBODY):
        sent = {name: who if value == "?" else value for name, value in body.items()}
        proving.wait(hours=1)
        answers = [await proving.ask("POST", route, json=sent) for _ in range(9)]
        seen.append([(answer.status_code, *told(answer)) for answer in answers])
    assert seen[0] == seen[1]
    assert any(limit for _, limit, _ in seen[0])

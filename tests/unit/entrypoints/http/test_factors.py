"""Second factors, as those who call see them."""

import pyotp

from limen.core.signin.levels import FactorPolicy
from limen.testing.assembly import Assembly
from limen.testing.policies import Policies
from tests.unit.entrypoints.http.site import Site, code_of, open_site


async def test_what_is_shown_once_is_kept_by_nobody_on_the_way(site: Site) -> None:
    ada = await site.person()
    begun = await site.ask(
        "POST", "me/factors/totp", by=ada, headers={"accept-encoding": "gzip, br"}
    )
    assert begun.headers["cache-control"] == "no-store"
    assert "content-encoding" not in begun.headers
    data = begun.json()["data"]
    assert data["svg"].startswith("<svg ")
    assert data["expires_at"] == "2026-03-20T12:15:00Z"
    code = pyotp.TOTP(data["secret"]).at(site.limen.clock.now())
    confirmed = await site.ask("POST", "me/factors/totp/confirm", by=ada, json={"code": code})
    assert confirmed.headers["cache-control"] == "no-store"
    assert len(confirmed.json()["data"]["recovery_codes"]) == 10
    seen = await site.ask("GET", "me/factors", by=ada)
    assert seen.json()["data"] == {
        "totp": {"created_at": "2026-03-20T12:00:00Z", "confirmed_at": "2026-03-20T12:00:00Z"},
        "recovery_codes_left": 10,
        "reset": None,
    }


async def test_changing_factors_asks_for_a_fresh_sign_in(site: Site) -> None:
    ada = await site.person()
    site.wait(minutes=11)
    for method, path, body in (
        ("POST", "me/factors/totp", None),
        ("POST", "me/factors/totp/confirm", {"code": "123456"}),
        ("DELETE", "me/factors/totp", None),
        ("POST", "me/factors/recovery-codes", None),
    ):
        refused = await site.ask(method, path, by=ada, json=body)
        assert refused.status_code == 403
        assert refused.json()["error"]["code"] == "access.step_up_needed"
        assert "insufficient_user_authentication" in refused.headers["www-authenticate"]


async def test_a_reset_waits_for_another_administrator_where_that_is_asked_for() -> None:
    policies = Policies(factors=FactorPolicy(needs_approval=True))
    async with open_site(limen=Assembly(policies=policies)) as site:
        bob = await site.administrator("bob@example.org")
        eve = await site.administrator("eve@example.org")
        ada = await site.person()
        begun = await site.ask("POST", "me/factors/totp", by=ada)
        code = pyotp.TOTP(begun.json()["data"]["secret"]).at(site.limen.clock.now())
        await site.ask("POST", "me/factors/totp/confirm", by=ada, json={"code": code})
        path = f"users/{ada.id}/factors"
        asked = await site.ask("DELETE", path, by=bob)
        waits = {
            "requested_by": str(bob.id),
            "requested_at": "2026-03-20T12:00:00Z",
            "expires_at": "2026-03-21T12:00:00Z",
        }
        assert asked.status_code == 202
        assert asked.json()["data"] == {"taken": [], "pending": waits}
        shown = await site.ask("GET", path, by=eve)
        assert shown.json()["data"]["reset"] == waits
        refused = await site.ask("POST", f"{path}/reset/approve", by=bob)
        assert (refused.status_code, code_of(refused)) == (403, "factor.approval_by_another")
        for taken_back in (f"{path}/reset", "me/factors/reset"):
            withdrawn = await site.ask("DELETE", taken_back, by=ada)
            assert withdrawn.status_code == 204
            await site.ask("DELETE", path, by=bob)
        approved = await site.ask("POST", f"{path}/reset/approve", by=eve)
        assert approved.status_code == 200
        assert approved.json()["data"] == {"taken": ["totp", "recovery_code"], "pending": None}
        again = await site.ask("POST", f"{path}/reset/approve", by=eve)
        assert (again.status_code, code_of(again)) == (404, "factor.reset_not_found")

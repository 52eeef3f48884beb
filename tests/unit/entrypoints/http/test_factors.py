"""Second factors, as those who call see them."""

import pyotp

from tests.unit.entrypoints.http.site import Site


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

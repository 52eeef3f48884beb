"""Who asks: every form of the header, every state of the token."""

import pytest

from tests.unit.entrypoints.http.site import PASSWORD, Site, code_of


@pytest.mark.parametrize(
    "value", ["Basic YTpi", "Bearertoken", "token", "", "Digest x", "Negotiate abc"]
)
async def test_another_scheme_is_nobody(site: Site, value: str) -> None:
    response = await site.ask("GET", "me", headers={"authorization": value})
    expected = "token.invalid" if value.lower().startswith("bearer") else "access.not_signed_in"
    assert (response.status_code, code_of(response)) == (401, expected)


async def test_nobody_is_challenged_without_an_error(site: Site) -> None:
    response = await site.ask("GET", "me")
    assert response.headers["www-authenticate"] == 'Bearer realm="limen"'


@pytest.mark.parametrize(
    "value",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer a.b.c",
        "Bearer " + "a" * 5000,
        "Bearer eyJhbGciOiJub25lIn0.e30.",
        'Bearer "quoted"',
        "Bearer ümlaut",
        "Bearer \x7f",
    ],
)
async def test_what_is_no_token_of_ours_is_401(site: Site, value: str) -> None:
    headers = {"authorization": value.encode("latin-1")}
    response = await site.ask("GET", "me", headers=headers)  # type: ignore[arg-type]
    assert (response.status_code, code_of(response)) == (401, "token.invalid")
    assert response.headers["www-authenticate"].startswith(
        'Bearer realm="limen", error="invalid_token", error_description="'
    )


async def test_two_tokens_are_none(site: Site) -> None:
    ada = await site.person()
    bearer = ada.headers["authorization"]
    response = await site.client.get(
        "/api/v1/me", headers=[("authorization", bearer), ("authorization", bearer)]
    )
    assert (response.status_code, code_of(response)) == (401, "token.invalid")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer  "])
async def test_the_scheme_is_written_as_people_like(site: Site, scheme: str) -> None:
    ada = await site.person()
    headers = {"authorization": f"{scheme} {ada.tokens.access_token.reveal()}"}
    assert (await site.ask("GET", "me", headers=headers)).status_code == 200


async def test_a_changed_token_is_refused(site: Site) -> None:
    ada = await site.person()
    token = ada.tokens.access_token.reveal()
    for place in (0, len(token) // 2, len(token) - 1):
        other = "A" if token[place] != "A" else "B"
        changed = token[:place] + other + token[place + 1 :]
        response = await site.ask("GET", "me", headers={"authorization": f"Bearer {changed}"})
        assert response.status_code == 401


async def test_an_expired_token_says_so(site: Site) -> None:
    ada = await site.person()
    site.wait(minutes=16)
    response = await site.ask("GET", "me", by=ada)
    assert (response.status_code, code_of(response)) == (401, "token.expired")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]


async def test_a_refresh_token_is_no_access_token(site: Site) -> None:
    ada = await site.person()
    headers = {"authorization": f"Bearer {ada.tokens.refresh_token.reveal()}"}
    assert (await site.ask("GET", "me", headers=headers)).status_code == 401


async def test_a_token_in_the_query_counts_for_nothing(site: Site) -> None:
    ada = await site.person()
    token = ada.tokens.access_token.reveal()
    response = await site.ask("GET", f"me?access_token={token}")
    assert response.status_code == 401
    assert token not in response.text


async def test_the_check_tells_a_proxy_who_asks(site: Site) -> None:
    root = await site.administrator()
    response = await site.ask("GET", "auth/check", by=root, headers={"accept": "text/html"})
    assert response.status_code == 204
    assert not response.content
    assert response.headers["x-limen-user-id"] == str(root.id)
    assert response.headers["x-limen-session-id"] == str(root.session_id)
    assert response.headers["x-limen-roles"] == "admin"
    ada = await site.person()
    assert (await site.ask("GET", "auth/check?a=b", by=ada)).headers["x-limen-roles"] == ""


async def test_the_check_reads_no_store(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await site.person()
    assert (await site.ask("GET", "auth/check", by=ada)).status_code == 204

    def closed() -> None:
        raise AssertionError("the store was asked")

    monkeypatch.setattr(site.limen.unit_of_work, "view", closed)
    monkeypatch.setattr(site.limen.denials, "_unit_of_work", site.limen.unit_of_work)
    for _ in range(20):
        assert (await site.ask("GET", "auth/check", by=ada)).status_code == 204


async def test_a_check_of_nobody_is_401_and_tells_nothing(site: Site) -> None:
    response = await site.ask("GET", "auth/check")
    assert response.status_code == 401
    assert "x-limen-user-id" not in response.headers


async def test_signing_out_ends_the_token_at_once(site: Site) -> None:
    ada = await site.person()
    assert (await site.ask("POST", "auth/logout", by=ada)).status_code == 204
    for path in ("me", "auth/check", "me/sessions"):
        response = await site.ask("GET", path, by=ada)
        assert (response.status_code, code_of(response)) == (401, "session.ended")


async def test_wrong_password_unknown_user_and_suspended_user_look_the_same(site: Site) -> None:
    root = await site.administrator()
    for name in ("ada", "eve"):
        await site.user_id(f"{name}@example.org")
    eve = await site.user_id("mallory@example.org")
    await site.ask("POST", f"users/{eve}/suspend", by=root)
    tries = [
        ("ada@example.org", "wrong password"),
        ("nobody@example.org", PASSWORD),
        ("mallory@example.org", PASSWORD),
        ("not an address", PASSWORD),
    ]
    answers = [
        await site.ask(
            "POST",
            "auth/login",
            json={"identifier": who, "password": password},
            headers={"x-request-id": "same"},
        )
        for who, password in tries
    ]
    left = [answer.headers.pop("ratelimit") for answer in answers]
    assert left == [f'"sign-in";r={number};t=900' for number in (99, 98, 97, 96)]
    assert len({(a.status_code, a.text, str(sorted(a.headers.items()))) for a in answers}) == 1
    assert (answers[0].status_code, code_of(answers[0])) == (401, "signin.invalid_credentials")


async def test_sign_in_gives_what_oauth_calls_it(site: Site) -> None:
    await site.user_id("ada@example.org")
    body = {"identifier": "ada@example.org", "password": PASSWORD, "label": "Laptop"}
    agent = {"user-agent": "Browser/1"}
    data = (await site.ask("POST", "auth/login", json=body, headers=agent)).json()["data"]
    assert (data["token_type"], data["expires_in"]) == ("Bearer", 900)
    assert data["refresh_expires_in"] == 14 * 24 * 3600
    headers = {"authorization": f"Bearer {data['access_token']}"}
    (session,) = (await site.ask("GET", "me/sessions", headers=headers)).json()["data"]
    assert session["id"] == data["session_id"]
    assert session["is_current"]
    assert (session["label"], session["user_agent"]) == ("Laptop", "Browser/1")
    assert session["address"] == "198.51.100.9"


async def test_too_many_attempts_say_how_long_to_wait(site: Site) -> None:
    await site.user_id("ada@example.org")
    body = {"identifier": "ada@example.org", "password": "wrong password"}
    for _ in range(6):
        assert (await site.ask("POST", "auth/login", json=body)).status_code == 401
    response = await site.ask("POST", "auth/login", json=body)
    assert (response.status_code, code_of(response)) == (429, "signin.too_many_attempts")
    assert response.headers["retry-after"] == "1"
    assert response.headers["ratelimit"] == '"account";r=0;t=1'


async def test_a_busy_hasher_says_so(site: Site) -> None:
    await site.user_id("ada@example.org")
    site.limen.hasher.is_busy = True
    body = {"identifier": "ada@example.org", "password": PASSWORD}
    response = await site.ask("POST", "auth/login", json=body)
    assert (response.status_code, code_of(response)) == (429, "password.hashing_busy")
    assert int(response.headers["retry-after"]) >= 1


async def test_refreshing_rotates_and_reuse_ends_the_session(site: Site) -> None:
    ada = await site.person()
    first = {"refresh_token": ada.tokens.refresh_token.reveal()}
    second = (await site.ask("POST", "auth/refresh", json=first)).json()["data"]
    again = (await site.ask("POST", "auth/refresh", json=first)).json()["data"]
    assert second["refresh_token"] == again["refresh_token"] != first["refresh_token"]
    site.wait(seconds=11)
    reused = await site.ask("POST", "auth/refresh", json=first)
    assert (reused.status_code, code_of(reused)) == (401, "token.refresh_reused")
    assert (await site.ask("GET", "me", by=ada)).status_code == 401
    gone = await site.ask("POST", "auth/refresh", json={"refresh_token": second["refresh_token"]})
    assert code_of(gone) == "token.refresh_invalid"


@pytest.mark.parametrize("token", ["", "x", "limen_rt_", "limen_rt_" + "A" * 70, "limen_rt_ä"])
async def test_what_is_no_refresh_token_is_401(site: Site, token: str) -> None:
    response = await site.ask("POST", "auth/refresh", json={"refresh_token": token})
    assert (response.status_code, code_of(response)) == (401, "token.refresh_invalid")
    assert response.headers["www-authenticate"] == 'Bearer realm="limen"'

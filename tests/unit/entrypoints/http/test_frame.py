"""What holds around every request, known route or not."""

import re

import pytest

from limen.entrypoints.http.protection import Protection
from tests.unit.entrypoints.http.site import Site, code_of, faults_of, open_site

ANYWHERE = ["/health/live", "/api/v1/me", "/api/v1/nothing", "/nothing", "/schema", "/metrics"]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("path", ANYWHERE)
async def test_every_answer_protects_the_browser(site: Site, path: str) -> None:
    headers = (await site.ask("GET", path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["strict-transport-security"] == "max-age=63072000"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "camera=()" in headers["permissions-policy"]
    assert len(headers.get_list("content-security-policy")) == 1
    assert len(headers.get_list("cache-control")) == 1


def test_https_is_promised_only_where_there_is_https() -> None:
    from limen.entrypoints.http.rules import Rules  # noqa: PLC0415

    assert b"strict-transport-security" not in dict(Protection(is_secure=False).of(Rules()))


async def test_nothing_of_the_api_is_stored(site: Site) -> None:
    ada = await site.person()
    for path in ("me", "me/sessions", "auth/check", f"users/{ada.id}", "nothing"):
        assert (await site.ask("GET", path, by=ada)).headers["cache-control"] == "no-store"
    jwks = await site.ask("GET", "/.well-known/jwks.json")
    assert jwks.headers["cache-control"] == "public, max-age=300"


@pytest.mark.parametrize("given", ["a", "0b5a1d6c-9f3e.4a7d_8c2b", "x" * 128])
async def test_a_good_request_id_is_kept(site: Site, given: str) -> None:
    response = await site.ask("GET", "me", headers={"x-request-id": given})
    assert response.headers["x-request-id"] == given
    assert response.json()["error"]["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb", "a;b", "ä", "<script>"])
async def test_another_request_id_is_made(site: Site, given: str) -> None:
    response = await site.ask("GET", "me", headers={"x-request-id": given.encode()})  # type: ignore[dict-item]
    assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])
    assert response.json()["error"]["request_id"] == response.headers["x-request-id"]


async def test_request_ids_differ(site: Site) -> None:
    found = {(await site.ask("GET", "/health/live")).headers["x-request-id"] for _ in range(50)}
    assert len(found) == 50


async def test_a_trace_is_continued(site: Site) -> None:
    headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    response = (await site.ask("GET", "/health/live", headers=headers)).headers["traceresponse"]
    assert re.fullmatch(f"00-{TRACE}-[0-9a-f]{{16}}-01", response)
    assert "00f067aa0ba902b7" not in response


@pytest.mark.parametrize(
    "given",
    [
        f"00-{TRACE}-0000000000000000-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        f"00-{TRACE}-00f067aa0ba902b7",
        "nonsense",
    ],
)
async def test_a_malformed_trace_is_left_alone(site: Site, given: str) -> None:
    headers = {"traceparent": given}
    response = await site.ask("GET", "/health/live", headers=headers)
    assert response.status_code == 200
    assert "traceresponse" not in response.headers


async def test_an_unknown_route_is_404_in_our_form(site: Site) -> None:
    for path in ("/", "/api", "/api/v1", "/api/v1/users/1/2/3", "/api/v2/me", "/%00", "/é"):
        response = await site.ask("GET", path)
        assert (response.status_code, code_of(response)) == (404, "http.route_not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "me", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("GET", "auth/login", "OPTIONS, POST"),
        ("POST", "auth/check", "GET, HEAD, OPTIONS"),
        ("TRACE", "me", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("BREW", "users", "GET, HEAD, OPTIONS, POST"),
        ("DELETE", "/health/live", "GET, HEAD, OPTIONS"),
    ],
)
async def test_a_wrong_method_is_405_with_the_right_ones(
    site: Site, method: str, path: str, allow: str
) -> None:
    response = await site.ask(method, path)
    assert (response.status_code, code_of(response)) == (405, "http.method_not_allowed")
    assert response.headers["allow"] == allow


async def test_options_tells_the_methods_to_anybody(site: Site) -> None:
    response = await site.ask("OPTIONS", "users/0199-any")
    assert response.status_code == 204
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert not response.content


async def test_head_is_get_without_a_body(site: Site) -> None:
    ada = await site.person()
    whole = await site.ask("GET", "me", by=ada)
    head = await site.ask("HEAD", "me", by=ada)
    assert head.status_code == 200
    assert not head.content
    assert head.headers["content-length"] == whole.headers["content-length"]
    assert head.headers["etag"] == whole.headers["etag"]
    assert (await site.ask("HEAD", "me")).status_code == 401


@pytest.mark.parametrize(
    "accept",
    ["text/html", "application/xml", "application/json;q=0", "text/*", "application/json;q=0, */*"],
)
async def test_what_cannot_be_given_is_406(site: Site, accept: str) -> None:
    response = await site.ask("GET", "/health/live", headers={"accept": accept})
    assert (response.status_code, code_of(response)) == (406, "http.not_acceptable")


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "",
        "application/*",
        "Application/JSON",
        "text/html, */*;q=0.1",
        "application/problem+json",
        "application/json; q=0.5",
        "nonsense, application/json",
    ],
)
async def test_json_is_given_to_whoever_takes_it(site: Site, accept: str) -> None:
    response = await site.ask("GET", "/health/live", headers={"accept": accept})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"


async def test_refusals_are_problem_documents_for_who_asks_so(site: Site) -> None:
    headers = {"accept": "application/json, application/problem+json", "x-request-id": "abc"}
    response = await site.ask("POST", "auth/register", headers=headers, json={"email": 1})
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:limen:error:input.invalid",
        "title": "Some fields are not valid.",
        "status": 400,
        "detail": "Some fields are not valid.",
        "instance": "urn:limen:request:abc",
        "code": "input.invalid",
        "errors": [
            {
                "field": "email",
                "code": "invalid_type",
                "message": "must be text, not a whole number",
            },
            {"field": "password", "code": "missing", "message": "is required"},
        ],
    }
    unknown = await site.ask("GET", "/nothing", headers=headers)
    assert unknown.json()["code"] == "http.route_not_found"


async def test_too_many_or_too_large_headers_are_431(site: Site) -> None:
    many = {f"x-{n}": "1" for n in range(120)}
    large = {"x-large": "x" * 17_000}
    for headers in (many, large):
        response = await site.ask("GET", "/health/live", headers=headers)
        assert (response.status_code, code_of(response)) == (431, "http.headers_too_large")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("id.example.org", 200),
        ("ID.example.org:8443", 200),
        ("other.example.org", 400),
        ("id.example.org.evil.org", 400),
        ("evil.org:id.example.org", 400),
        ("", 400),
        ("[::1]", 400),
        ("internal", 200),
    ],
)
async def test_the_host_must_be_ours(host: str, status: int) -> None:
    async with open_site(allowed_hosts=("internal",)) as site:
        headers = {"host": host}
        response = await site.ask("GET", "/.well-known/jwks.json", headers=headers)
        # Without keys the set is refused only after the host was found to be ours.
        assert response.status_code == status
        probe = await site.ask("GET", "/health/live", headers=headers)
        assert probe.status_code == 200
        if status == 400:
            assert code_of(response) == "http.host_not_allowed"


async def test_without_listed_hosts_any_will_do(site: Site) -> None:
    response = await site.ask("GET", "me", headers={"host": "anything.example"})
    assert response.status_code == 401


@pytest.mark.parametrize("path", ["me", "roles", "me/sessions", "users/x/roles", "permissions"])
async def test_parameters_nobody_knows_are_refused(site: Site, path: str) -> None:
    ada = await site.person()
    response = await site.ask("GET", f"{path}?fields=id&a%5Bb%5D=1", by=ada)
    assert (response.status_code, code_of(response)) == (400, "query.invalid")
    assert faults_of(response) == {
        "fields": "unknown_parameter",
        "a[b]": "unknown_parameter",
    }


@pytest.mark.parametrize("path", ["users/zz", "users/1", f"users/{'0' * 33}/roles"])
async def test_an_id_that_is_none_is_400(site: Site, path: str) -> None:
    ada = await site.person()
    response = await site.ask("GET", path, by=ada)
    assert (response.status_code, faults_of(response)) == (400, {"user_id": "invalid"})


async def test_an_id_may_be_written_without_dashes(site: Site) -> None:
    ada = await site.person()
    assert (await site.ask("GET", f"users/{ada.id.hex}", by=ada)).status_code == 200


async def test_a_bug_is_told_to_the_log_and_to_nobody_else(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ada = await site.person()

    async def broken(*_: object, **__: object) -> None:
        secret = "do not tell"  # noqa: F841 - what a renderer of locals would show
        raise ZeroDivisionError("an internal name")

    monkeypatch.setattr(site.limen.users, "get", broken)
    response = await site.ask("GET", "me", by=ada, headers={"x-request-id": "find-me"})
    assert response.status_code == 500
    assert response.json()["error"] == {
        "code": "limen.error",
        "message": "Something went wrong.",
        "details": [],
        "request_id": "find-me",
    }
    (record,) = [record for record in caplog.records if record.name.startswith("limen")]
    assert record.__dict__["request_id"] == "find-me"
    assert record.__dict__["route"] == "/api/v1/me"
    assert "ZeroDivisionError" in caplog.text
    assert "do not tell" not in caplog.text.replace('secret = "do not tell"', "")
    assert "Bearer" not in caplog.text


async def test_a_broken_limen_does_not_say_how(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from limen.core.errors import SealBroken  # noqa: PLC0415

    ada = await site.person()

    async def broken(*_: object, **__: object) -> None:
        raise SealBroken

    monkeypatch.setattr(site.limen.users, "get", broken)
    response = await site.ask("GET", "me", by=ada)
    assert (response.status_code, code_of(response)) == (500, "limen.error")
    assert "SealBroken" in caplog.text

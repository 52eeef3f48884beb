"""The OpenAPI document: valid, complete, and the page that shows it."""

import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate as validate_document

import limen.entrypoints.http as door
from limen.entrypoints.http.document import openapi_document
from limen.entrypoints.http.examples import EXAMPLES
from tests.unit.entrypoints.http.contract import document, followed, validate
from tests.unit.entrypoints.http.site import Site

SWAGGER = Path(door.__file__).parent / "swagger"


def operations() -> list[tuple[str, str, dict[str, object]]]:
    return [
        (path, method, operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_document_is_valid_and_always_the_same() -> None:
    plain: Any = document()
    validate_document(plain)
    assert document()["openapi"].startswith("3.1")
    assert json.dumps(openapi_document()) == json.dumps(openapi_document())


def test_the_document_is_plain_json() -> None:
    assert json.loads(json.dumps(document())) == document()


@pytest.mark.parametrize(("path", "method", "operation"), operations())
def test_every_operation_says_what_it_is(
    path: str, method: str, operation: dict[str, object]
) -> None:
    assert operation["summary"], (path, method)
    assert operation["description"]
    assert operation["tags"]
    assert re.fullmatch("[a-z][A-Za-z]+", str(operation["operationId"]))
    responses = operation["responses"]
    assert isinstance(responses, dict)
    assert {"400", "500", "503"} <= set(responses)
    assert any(status.startswith("2") for status in responses)
    for status, part in responses.items():
        response = followed(part)
        assert response["description"]
        if int(status) >= 400 and path != "/health/ready":
            assert set(response["content"]) == {"application/json", "application/problem+json"}


def test_a_route_that_heeds_a_version_says_both_how_and_how_it_refuses() -> None:
    for path, method, operation in operations():
        asks: Any = operation.get("parameters", [])
        heeds = {"$ref": "#/components/parameters/IfMatch"} in asks
        refuses: Any = operation["responses"]
        assert heeds is ("412" in refuses), (path, method)


def test_operation_ids_are_unique() -> None:
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(map(str, names)))


def test_the_routes_are_those_of_the_contract() -> None:
    found = {f"{method.upper()} {path}" for path, method, _ in operations()}
    api = "/api/v1"
    user = f"{api}/users/{{user_id}}"
    account = f"{api}/service-accounts/{{account_id}}"
    assert found == {
        *(f"POST {api}/auth/{name}" for name in ("register", "login", "refresh", "logout")),
        f"GET {api}/auth/check",
        *(f"POST {api}/auth/cookie{name}" for name in ("", "/factor", "/exchange")),
        f"GET {api}/auth/csrf",
        *(f"POST {api}/auth/email/verify{name}" for name in ("", "/resend")),
        *(
            f"POST {api}/auth/{step}passkey{name}"
            for step in ("", "factor/", "step-up/")
            for name in ("", "/options")
        ),
        *(f"{method} {api}/me/factors/passkeys" for method in ("GET", "POST")),
        f"POST {api}/me/factors/passkeys/options",
        *(
            f"{method} {api}/me/factors/passkeys/{{passkey_id}}"
            for method in ("GET", "PATCH", "DELETE")
        ),
        f"GET {user}/passkeys",
        f"DELETE {user}/passkeys/{{passkey_id}}",
        *(f"POST {api}/auth/password/{name}" for name in ("forgot", "reset")),
        f"POST {api}/me/email",
        *(f"POST {api}/auth/link{name}" for name in ("", "/complete")),
        *(f"POST {api}/auth/{name}" for name in ("factor", "factor/stop", "step-up")),
        *(f"POST {api}/auth/factor/totp{name}" for name in ("", "/confirm")),
        *(f"{method} {api}/me" for method in ("GET", "PATCH", "DELETE")),
        f"POST {api}/me/password",
        *(f"{method} {api}/me/sessions" for method in ("GET", "DELETE")),
        f"DELETE {api}/me/sessions/{{session_id}}",
        f"POST {api}/auth/cookie/remember",
        f"GET {api}/me/remembered",
        f"DELETE {api}/me/remembered/{{remembered_id}}",
        f"GET {api}/users/{{user_id}}/remembered",
        f"DELETE {api}/users/{{user_id}}/remembered/{{remembered_id}}",
        f"GET {api}/me/factors",
        *(f"POST {api}/me/factors/totp{name}" for name in ("", "/confirm")),
        f"DELETE {api}/me/factors/totp",
        f"POST {api}/me/factors/recovery-codes",
        f"DELETE {api}/me/factors/reset",
        *(f"{method} {user}/factors" for method in ("GET", "DELETE")),
        f"DELETE {user}/factors/reset",
        f"POST {user}/factors/reset/approve",
        *(f"{method} {api}/users" for method in ("GET", "POST")),
        *(f"{method} {user}" for method in ("GET", "PUT", "PATCH", "DELETE")),
        *(f"POST {user}/{name}" for name in ("suspend", "reactivate", "password")),
        *(f"POST {user}/{name}" for name in ("password/require-reset", "email/verify", "unlock")),
        *(f"{method} {user}/sessions" for method in ("GET", "DELETE")),
        f"DELETE {user}/sessions/{{session_id}}",
        f"GET {user}/roles",
        *(f"{method} {user}/roles/{{role}}" for method in ("PUT", "DELETE")),
        *(f"{method} {api}/roles" for method in ("GET", "POST")),
        *(f"{method} {api}/roles/{{role}}" for method in ("GET", "PUT", "DELETE")),
        f"GET {api}/permissions",
        *(f"GET {api}/messages{name}" for name in ("", "/{message_id}")),
        f"POST {api}/messages/{{message_id}}/send-again",
        f"POST {api}/auth/api-keys/report",
        *(f"{method} {api}/api-keys/{{key}}" for method in ("GET", "DELETE")),
        *(f"{method} {api}/me/api-keys" for method in ("GET", "POST")),
        *(f"{method} {api}/me/api-keys/{{key_id}}" for method in ("GET", "DELETE")),
        f"POST {api}/me/api-keys/{{key_id}}/rotate",
        f"GET {user}/api-keys",
        *(f"{method} {user}/api-keys/{{key_id}}" for method in ("GET", "DELETE")),
        *(f"{method} {api}/service-accounts" for method in ("GET", "POST")),
        *(f"{method} {account}" for method in ("GET", "PATCH", "DELETE")),
        *(f"POST {account}/{verb}" for verb in ("suspend", "reactivate")),
        *(f"{method} {account}/api-keys" for method in ("GET", "POST")),
        *(f"{method} {account}/api-keys/{{key_id}}" for method in ("GET", "DELETE")),
        f"POST {account}/api-keys/{{key_id}}/rotate",
        "GET /.well-known/jwks.json",
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
    }


def test_every_shape_has_an_example_that_fits() -> None:
    schemas = document()["components"]["schemas"]
    named = {name for name in schemas if name.endswith(("In", "Out"))}
    shapes = {name for name in named if not name.startswith("Sparse")}
    assert set(EXAMPLES) == shapes
    for name in shapes:
        validate(EXAMPLES[name], {"$ref": f"#/components/schemas/{name}"})


def test_every_shape_says_what_it_is() -> None:
    for name, schema in document()["components"]["schemas"].items():
        if not name.endswith("Answer"):
            assert schema["description"], name


def test_what_comes_in_is_closed() -> None:
    for name, schema in document()["components"]["schemas"].items():
        if name.endswith("In"):
            assert schema["additionalProperties"] is False, name


def test_the_page_is_what_was_published() -> None:
    noted = dict(re.findall(r"\| (\S+) \| ([0-9a-f]{64}) \|", (SWAGGER / "README.md").read_text()))
    assert set(noted) == {"swagger-ui-bundle.js", "swagger-ui.css"}
    for name, digest in noted.items():
        content = gzip.decompress((SWAGGER / f"{name}.gz").read_bytes())
        assert hashlib.sha256(content).hexdigest() == digest


@pytest.mark.parametrize("path", ["/schema", "/schema/"])
async def test_the_page_asks_nobody_else(site: Site, path: str) -> None:
    page = await site.ask("GET", path, headers={"accept": "text/html"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", page.text)
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self';" in policy
    assert "unsafe-eval" not in policy
    for asset in re.findall(r'(?:src|href)="(/[^"]+)"', page.text):
        response = await site.ask("GET", asset)
        assert response.status_code == 200
        assert response.headers["content-type"].partition(";")[0] in {
            "text/javascript",
            "text/css",
            "application/json",
        }


async def test_the_document_is_served(site: Site) -> None:
    response = await site.ask("GET", "/schema/openapi.json")
    assert response.json() == document()
    tag = response.headers["etag"]
    known = await site.ask("GET", "/schema/openapi.json", headers={"if-none-match": tag})
    assert known.status_code == 304


async def test_the_bundle_travels_packed_to_whoever_takes_it(site: Site) -> None:
    where = "/schema/swagger-ui.css"
    packed = await site.ask("GET", where, headers={"accept-encoding": "br, gzip"})
    plain = await site.ask("GET", where, headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) * 5 < len(plain.content)


@pytest.mark.parametrize("name", ["page.html", "README.md", "LICENSE", "..%2fapp.py", "x"])
async def test_nothing_else_is_served(site: Site, name: str) -> None:
    assert (await site.ask("GET", f"/schema/{name}")).status_code == 404

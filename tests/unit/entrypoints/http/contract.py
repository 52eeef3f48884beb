"""Every answer that a test gets is held against the OpenAPI document."""

import copy
import json
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import httpx
from jsonschema import (  # type: ignore[import-untyped]
    Draft202012Validator,
    FormatChecker,
)

from limen.entrypoints.http.document import openapi_document

# These befall any address, known or not, and say so without being told of at each.
EVERYWHERE = {404, 405}


@cache
def document() -> dict[str, Any]:
    return openapi_document()


def followed(part: Any) -> Any:
    """Return the part itself, or what it refers to."""
    found: Any = document()
    if part is None or "$ref" not in part:
        return part
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


@cache
def _strict() -> dict[str, Any]:
    """The schemas, without room for fields they do not name."""
    components: dict[str, Any] = copy.deepcopy(document()["components"])
    for schema in components["schemas"].values():
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return components


@cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    """Templates as patterns; those without parameters first, as the router has it."""
    templates = sorted(document()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), path) for path in templates]


def template_of(path: str) -> str | None:
    return next((found for pattern, found in _paths() if pattern.fullmatch(path)), None)


@cache
def _validator(schema: str) -> Draft202012Validator:
    whole = {**json.loads(schema), "components": _strict()}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def validate(value: Any, schema: dict[str, Any]) -> None:
    """Raise `jsonschema.ValidationError` unless the value is exactly what the schema says."""
    _validator(json.dumps(schema, sort_keys=True)).validate(value)


def limits_of(response: httpx.Response) -> set[str]:
    """Return the limits that a request was counted against."""
    return set(re.findall('"([^"]+)";q=', response.headers.get("ratelimit-policy", "")))


@dataclass
class Contract:
    """Remembers which answers were seen, and what was counted."""

    seen: set[tuple[str, int]] = field(default_factory=set)
    counted: set[tuple[str, str]] = field(default_factory=set)

    def check(self, response: httpx.Response) -> None:
        """Fail unless the document tells of this answer, as it is."""
        request = response.request
        template = template_of(request.url.path)
        assert response.headers["x-request-id"], "every answer names its request"
        operation = document()["paths"].get(template, {}).get(request.method.lower())
        if operation is None or response.status_code in EVERYWHERE:
            return
        told = followed(operation["responses"].get(str(response.status_code)))
        about = f"{request.method} {template} {response.status_code}: {response.text[:300]}"
        assert told is not None, f"not in the document: {about}"
        self.seen.add((operation["operationId"], response.status_code))
        self._check_headers(told, response, about)
        self._check_limits(operation, response, about)
        self._check_body(told, response, about)

    def _check_headers(self, told: dict[str, Any], response: httpx.Response, about: str) -> None:
        optional = {"Idempotency-Replayed", "RateLimit", "RateLimit-Policy"}
        optional |= {"Retry-After"} if response.status_code != 503 else set()
        for name in told["headers"]:
            assert name in response.headers or name in optional, f"{name} is missing: {about}"

    def _check_limits(
        self, operation: dict[str, Any], response: httpx.Response, about: str
    ) -> None:
        """Wrong API keys count wherever they are shown; anything else says that it counts."""
        limits = limits_of(response)
        told = {*operation.get("x-rate-limits", ()), "api-key"}
        assert limits <= told, f"counted, and not in the document: {limits - told}, {about}"
        self.counted |= {(operation["operationId"], limit) for limit in limits}

    def _check_body(self, told: dict[str, Any], response: httpx.Response, about: str) -> None:
        if "content" not in told:
            assert not response.content, about
            return
        media = response.headers["content-type"]
        kinds = {kind.partition(";")[0]: content for kind, content in told["content"].items()}
        assert media.partition(";")[0] in kinds, f"{media} is not in the document: {about}"
        if "json" in media:
            validate(json.loads(response.content), kinds[media]["schema"])

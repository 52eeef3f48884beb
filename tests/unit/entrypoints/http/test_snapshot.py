"""The API that people have written clients for stays: the document is kept, and compared."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.entrypoints.http.compatibility import breaks
from tests.unit.entrypoints.http.contract import document

SNAPSHOT = Path(__file__).parents[4] / "docs" / "reference" / "openapi.json"
USER = "/api/v1/users/{user_id}"


def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
    return found


def test_nothing_that_worked_is_broken() -> None:
    assert breaks(kept(), document()) == [], (
        "This breaks clients of version 1: announce a removal with Deprecation and Sunset headers "
        "for one minor release first."
    )


def test_the_kept_document_is_the_present_one() -> None:
    assert kept() == document(), "Run ./dev limen openapi --output docs/reference/openapi.json"


def gone_route(changed: dict[str, Any]) -> None:
    del changed["paths"][USER]["delete"]


def renamed_operation(changed: dict[str, Any]) -> None:
    changed["paths"][USER]["get"]["operationId"] = "fetchUser"


def gone_parameter(changed: dict[str, Any]) -> None:
    del changed["paths"]["/api/v1/users"]["get"]["parameters"][0]


def required_parameter(changed: dict[str, Any]) -> None:
    changed["paths"]["/api/v1/users"]["get"]["parameters"][0]["required"] = True


def required_field(changed: dict[str, Any]) -> None:
    changed["components"]["schemas"]["RegisterUserIn"]["required"].append("username")


def gone_input(changed: dict[str, Any]) -> None:
    del changed["components"]["schemas"]["RegisterUserIn"]["properties"]["name"]


def gone_choice(changed: dict[str, Any]) -> None:
    changed["components"]["schemas"]["CreateUserIn"]["properties"]["status"]["enum"].pop()


def other_type(changed: dict[str, Any]) -> None:
    changed["components"]["schemas"]["UserOut"]["properties"]["version"]["type"] = "string"


def gone_output(changed: dict[str, Any]) -> None:
    changed["components"]["schemas"]["UserOut"]["required"].remove("email")


def gone_output_in_a_list(changed: dict[str, Any]) -> None:
    changed["components"]["schemas"]["SessionOut"]["required"].remove("label")


def gone_status(changed: dict[str, Any]) -> None:
    del changed["paths"]["/api/v1/users"]["post"]["responses"]["201"]


def gone_header(changed: dict[str, Any]) -> None:
    del changed["paths"][USER]["get"]["responses"]["200"]["headers"]["ETag"]


def gone_form(changed: dict[str, Any]) -> None:
    refusal = changed["components"]["responses"]["Refusal404"]
    del refusal["content"]["application/problem+json"]


def gone_media(changed: dict[str, Any]) -> None:
    del changed["paths"][USER]["patch"]["requestBody"]["content"]["application/merge-patch+json"]


def gone_body(changed: dict[str, Any]) -> None:
    del changed["paths"][USER]["patch"]["requestBody"]


def new_body(changed: dict[str, Any]) -> None:
    body = changed["paths"][USER]["patch"]["requestBody"]
    changed["paths"][f"{USER}/suspend"]["post"]["requestBody"] = body


@pytest.mark.parametrize(
    "change",
    [
        gone_route,
        renamed_operation,
        gone_parameter,
        required_parameter,
        required_field,
        gone_input,
        gone_choice,
        other_type,
        gone_output,
        gone_output_in_a_list,
        gone_status,
        gone_header,
        gone_form,
        gone_media,
        gone_body,
        new_body,
    ],
)
def test_a_break_is_seen(change: Callable[[dict[str, Any]], None]) -> None:
    changed = copy.deepcopy(document())
    change(changed)
    assert breaks(document(), changed)


def test_an_addition_is_no_break() -> None:
    changed = copy.deepcopy(document())
    changed["paths"]["/api/v1/more"] = changed["paths"]["/api/v1/me"]
    schemas = changed["components"]["schemas"]
    schemas["UserOut"]["properties"]["phone"] = {"type": "string"}
    schemas["UserOut"]["required"].append("phone")
    schemas["UpdateMeIn"]["properties"]["phone"] = {"type": "string"}
    assert breaks(document(), changed) == []

"""Passkeys in a real Chromium with its virtual authenticator, through the page of the example."""

import re
from typing import Any, Final, cast

import httpx
from playwright.async_api import expect

from tests.browser.conftest import Browser, Place

WELCOME: Final = re.compile("^Signed in as ada[.].*@example.org[.]$")
REFUSED: Final = "passkey.refused: The passkey did not prove what it should, or is not known here."


async def enrolled(browser: Browser) -> str:
    """Ada came in by her password and added a passkey; then she went."""
    device = await browser.plug_in()
    await browser.do("Sign in by password", WELCOME)
    await browser.do("Add a passkey", "Added.")
    await browser.page.reload()
    return device


async def test_a_passkey_is_enrolled_and_lets_its_owner_in_without_a_name(
    browser: Browser,
) -> None:
    await enrolled(browser)
    await browser.do("Sign in by passkey", WELCOME, email="")
    await expect(browser.page.get_by_role("button", name="Remove This device")).to_be_visible()


async def test_and_with_a_name(browser: Browser) -> None:
    await enrolled(browser)
    await browser.do("Sign in by passkey", WELCOME)
    await browser.do("Sign in by passkey", WELCOME, email=browser.email.upper())


async def test_a_security_key_without_room_is_good_with_a_name(browser: Browser) -> None:
    await browser.plug_in(transport="usb", hasResidentKey=False)
    await browser.do("Sign in by password", WELCOME)
    await browser.do("Add a passkey", "Added.")
    await browser.page.reload()
    await browser.do("Sign in by passkey", WELCOME)


async def test_a_removed_passkey_is_refused(browser: Browser) -> None:
    await enrolled(browser)
    await browser.do("Sign in by passkey", WELCOME, email="")
    await browser.do("Remove This device", "Removed.")
    await expect(browser.page.get_by_role("button", name="Remove This device")).to_have_count(0)
    await browser.page.reload()
    await browser.do("Sign in by passkey", REFUSED, email="")


async def test_an_authenticator_that_is_enrolled_already_enrols_no_other(browser: Browser) -> None:
    await enrolled(browser)
    await browser.do("Sign in by password", WELCOME)
    await browser.do("Add a passkey", re.compile("^InvalidStateError"))


async def test_an_authenticator_that_cannot_verify_its_user_is_not_taken(browser: Browser) -> None:
    await browser.plug_in(transport="usb", hasUserVerification=False, isUserVerified=False)
    await browser.do("Sign in by password", WELCOME)
    await browser.do("Add a passkey", re.compile("^NotAllowedError"))


async def test_a_copied_passkey_is_refused_once_the_other_was_used(browser: Browser) -> None:
    device = await enrolled(browser)
    named = {"authenticatorId": device}
    (copy,) = (await browser.devtools.send("WebAuthn.getCredentials", named))["credentials"]
    await browser.do("Sign in by passkey", WELCOME, email="")
    await browser.page.reload()
    await browser.devtools.send("WebAuthn.clearCredentials", named)
    await browser.devtools.send("WebAuthn.addCredential", {**named, "credential": copy})
    await browser.do("Sign in by passkey", REFUSED, email="")


async def test_a_page_of_another_origin_lets_nobody_in(browser: Browser, place: Place) -> None:
    await enrolled(browser)
    asked = await _post(place, "auth/passkey/options", {})
    read = """async (options) => {
      const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
      return (await navigator.credentials.get({ publicKey })).toJSON();
    }"""
    await browser.page.goto(place.elsewhere)
    answer = await browser.page.evaluate(read, asked["data"]["options"])
    body = {"ceremony": asked["data"]["ceremony"], "credential": answer}
    assert (await _post(place, "auth/passkey", body))["error"]["code"] == "passkey.refused"


async def _post(place: Place, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{place.limen}/api/v1/{path}", json=body)
    return cast("dict[str, Any]", answer.json())

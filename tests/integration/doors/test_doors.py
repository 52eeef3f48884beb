"""One scenario through every door, on every store: the same results, the same refusals."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeAlias
from uuid import UUID

import pyotp
import pytest

from limen.core.errors import UserNotFound
from limen.core.ids import UserId
from limen.core.signin.levels import FactorPolicy
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly
from limen.testing.machine_builders import a_reset_request
from limen.testing.passkeys import Authenticator
from limen.testing.policies import Policies
from tests.integration.doors.answers import Answer
from tests.integration.doors.cli_door import CliDoor
from tests.integration.doors.doors import Door
from tests.integration.doors.http_door import HttpDoor
from tests.integration.doors.library_door import LibraryDoor
from tests.unit.entrypoints.http.site import open_site

ROOT: Final = "root@example.org"
NOBODY: Final = "0197b6c2-8a4e-7c3d-9f51-2b6d1e0a4c77"
NOTHING: Final[dict[str, list[str]]] = {"permissions": []}
ADA: Final = "ada@example.org"
NEW: Final = "ada@example.com"
OTHER_PASSWORD: Final = "another long sentence"
# The role whose holders must have a second factor.
GUARDED: Final = "guarded"
POLICIES: Final = Policies(factors=FactorPolicy(required_for=frozenset({GUARDED})))

Transcript: TypeAlias = list[tuple[str, Answer]]
Scenario: TypeAlias = Callable[[Door, Transcript], Awaitable[None]]


# --- the scenarios -------------------------------------------------------------------------------


async def coming_in(door: Door, told: Transcript) -> None:
    """Registering, signing in, refreshing, and what goes wrong with it."""
    ada = await door.register(
        {"email": "Ada@Example.org", "password": PASSWORD, "name": "Ada", "locale": "DE-at"}
    )
    told.append(("registered", ada))
    for reason, fields in {
        "taken address": {"email": "ada@example.org", "password": PASSWORD},
        "weak password": {"email": "bob@example.org", "password": "short"},
        "own words": {"email": "bob@example.org", "password": "bob@example.org"},
        "all wrong": {
            "email": "bob",
            "password": "short",
            "username": "!",
            "name": "\u200b",
            "locale": "_",
        },
        "good": {"email": "bob@example.org", "password": PASSWORD, "username": "Bob"},
        "taken username": {"email": "eve@example.org", "password": PASSWORD, "username": "BOB"},
    }.items():
        told.append((f"register: {reason}", await door.register(fields)))
    tokens = await door.sign_in("ada@example.org", PASSWORD)
    told.append(("signed in", tokens))
    told.append(("who", await door.who_am_i(tokens["access_token"])))
    told.append(("by username", await door.sign_in("bob", PASSWORD)))
    told.append(("wrong password", await door.sign_in("ada@example.org", "wrong")))
    told.append(("unknown", await door.sign_in("nobody@example.org", PASSWORD)))
    next_tokens = await door.refresh(tokens["refresh_token"])
    told.append(("refreshed", next_tokens))
    told.append(("again within the grace", await door.refresh(tokens["refresh_token"])))
    door.limen.clock.advance(timedelta(seconds=11))
    told.append(("reused", await door.refresh(tokens["refresh_token"])))
    told.append(("its family", await door.refresh(next_tokens["refresh_token"])))
    told.append(("its access token", await door.who_am_i(tokens["access_token"])))
    told.append(("no token", await door.refresh("made-up")))


async def looking_people_up(door: Door, told: Transcript) -> None:
    """Lists and their questions."""
    for number in range(4):
        fields = {"email": f"user{number}@example.org", "name": f"Number {number}"}
        fields |= {"locale": "de-AT"} if number % 2 else {}
        await door.create_user(fields)
    queries: dict[str, dict[str, Any]] = {
        "all": {"filters": {}, "sort": "email"},
        "newest": {"filters": {}, "limit": 1, "count": "exact"},
        "page": {"filters": {}, "sort": "-email", "page": 2, "limit": 2},
        "filter": {"filters": {("email", "prefix"): "user", ("name", "ne"): "Number 1"}},
        "role": {"filters": {("role", "in"): "admin,nobody"}},
        "language": {"filters": {("locale", "prefix"): "DE"}, "sort": "email"},
        "no language": {"filters": {("locale", "exists"): "false"}, "sort": "email"},
        "sort by language": {"filters": {}, "sort": "locale"},
        "search": {"filters": {}, "search": "NUMBER 3"},
        "unknown operator": {"filters": {("status", "like"): "a"}},
        "unknown field": {"filters": {("gone", "eq"): "a", ("id", "eq"): "x"}},
        "unknown sort": {"filters": {}, "sort": "gone"},
        "limit": {"filters": {}, "limit": 500},
        "too deep": {"filters": {}, "page": 9999},
        "cursor": {"filters": {}, "cursor": "made-up"},
    }
    for name, query in queries.items():
        told.append((name, await door.list_users(query)))
    first = await door.list_users({"filters": {}, "sort": "email", "limit": 3})
    cursor = first["meta"]["next_cursor"]
    told.append(
        (
            "behind",
            await door.list_users({"filters": {}, "sort": "email", "limit": 3, "cursor": cursor}),
        )
    )
    told.append(
        (
            "bound",
            await door.list_users({"filters": {}, "sort": "name", "limit": 3, "cursor": cursor}),
        )
    )


async def changing_people(door: Door, told: Transcript) -> None:
    """Changing, suspending, deleting."""
    ada = (await door.create_user({"email": "ada@example.org", "password": PASSWORD}))["id"]
    await door.create_user({"email": "bob@example.org", "username": "bob"})
    told.append(("named", await door.update_user(ada, {"name": "Ada", "username": "ada"}, 1)))
    told.append(("the same", await door.update_user(ada, {"name": "Ada"})))
    told.append(("old version", await door.update_user(ada, {"name": "A"}, 1)))
    told.append(("language", await door.update_user(ada, {"locale": "zh-hant-TW"})))
    told.append(("the same language", await door.update_user(ada, {"locale": "ZH-HANT-tw"})))
    told.append(("no language", await door.update_user(ada, {"locale": None})))
    told.append(("taken username", await door.update_user(ada, {"username": "Bob"})))
    told.append(("taken address", await door.update_user(ada, {"email": "BOB@example.org"})))
    told.append(
        ("not valid", await door.update_user(ada, {"email": "x", "name": "\u200b", "locale": ""}))
    )
    tokens = await door.sign_in("ada", PASSWORD)
    told.append(("suspended", await door.suspend(ada)))
    told.append(("refresh", await door.refresh(tokens["refresh_token"])))
    told.append(("access", await door.who_am_i(tokens["access_token"])))
    told.append(("sign in", await door.sign_in("ada", PASSWORD)))
    told.append(("suspended again", await door.suspend(ada)))
    told.append(("reactivated", await door.reactivate(ada)))
    tokens = await door.sign_in("ada", PASSWORD)
    told.append(("weak", await door.set_password(ada, "short")))
    told.append(("set", await door.set_password(ada, OTHER_PASSWORD)))
    told.append(("old session", await door.refresh(tokens["refresh_token"])))
    told.append(("old password", await door.sign_in("ada", PASSWORD)))
    told.append(("new password", await door.sign_in("ada", OTHER_PASSWORD)))
    told.append(("deleted", await door.delete_user(ada)))
    for name in (
        "show_user",
        "suspend",
        "reactivate",
        "delete_user",
        "list_sessions",
        "list_grants",
    ):
        told.append((name, await getattr(door, name)(ada)))
        told.append((name, await getattr(door, name)(NOBODY)))
    told.append(("set for nobody", await door.set_password(NOBODY, OTHER_PASSWORD)))
    told.append(("nobody", await door.update_user(NOBODY, {"name": "x"})))


async def ending_sessions(door: Door, told: Transcript) -> None:
    """Sessions, seen and ended."""
    ada = (await door.create_user({"email": "ada@example.org", "password": PASSWORD}))["id"]
    one, two, three = [await door.sign_in("ada@example.org", PASSWORD) for _ in range(3)]
    live = await door.list_sessions(ada)
    told.append(("three", sorted(live, key=lambda session: session["id"])))
    told.append(("ended", await door.revoke(ada, one["session_id"])))
    told.append(("ended already", await door.revoke(ada, one["session_id"])))
    told.append(("nobody's", await door.revoke(ada, NOBODY)))
    told.append(("its token", await door.refresh(one["refresh_token"])))
    told.append(("another token", await door.who_am_i(two["access_token"])))
    told.append(("all", await door.revoke(ada, None)))
    told.append(("none", await door.list_sessions(ada)))
    told.append(("last token", await door.who_am_i(three["access_token"])))
    told.append(("of nobody", await door.revoke(NOBODY, None)))


async def remembering_browsers(door: Door, told: Transcript) -> None:
    """Browsers that remember somebody, seen and made to forget."""
    ada = (await door.create_user({"email": "ada@example.org", "password": PASSWORD}))["id"]
    told.append(("none", await door.list_remembered(ada)))
    await door.remember("ada@example.org")
    await door.remember("ada@example.org")
    known = await door.list_remembered(ada)
    told.append(("two", [(one["label"], one["is_current"]) for one in known]))
    told.append(("forgotten", await door.forget_browser(ada, known[0]["id"])))
    told.append(("forgotten already", await door.forget_browser(ada, known[0]["id"])))
    told.append(("nobody's", await door.forget_browser(ada, NOBODY)))
    told.append(("one", len(await door.list_remembered(ada))))
    told.append(("of nobody", await door.list_remembered(NOBODY)))
    told.append(("all", await door.revoke(ada, None)))
    told.append(("none", await door.list_remembered(ada)))


async def giving_roles(door: Door, told: Transcript) -> None:
    """Roles, grants and the last administrator."""
    ada = (await door.create_user({"email": "ada@example.org", "password": PASSWORD}))["id"]
    root = await door.list_users({"filters": {("email", "eq"): ROOT}})
    root_id = root["data"][0]["id"]
    role = {"description": "Reads", "permissions": ["users.read", "invoices.read"]}
    told.append(("made", await door.create_role("auditor", role)))
    told.append(("taken", await door.create_role("auditor", NOTHING)))
    told.append(("all wrong", await door.create_role("X", {"permissions": ["users.fly", "x"]})))
    told.append(
        ("replaced", await door.replace_role("auditor", {"permissions": ["roles.read"]}, 1))
    )
    told.append(("old version", await door.replace_role("auditor", NOTHING, 1)))
    told.append(("unknown", await door.replace_role("gone", NOTHING)))
    told.append(("built in", await door.replace_role("admin", NOTHING)))
    told.append(("built in", await door.delete_role("admin")))
    told.append(("granted", await door.grant(ada, "auditor")))
    end = (door.limen.clock.now() + timedelta(days=1)).isoformat()
    told.append(("for a day", await door.grant(ada, "auditor", end)))
    told.append(("past", await door.grant(ada, "auditor", "2001-01-01T00:00:00+00:00")))
    told.append(("no role", await door.grant(ada, "gone")))
    told.append(("nobody", await door.grant(NOBODY, "auditor")))
    told.append(("held", await door.list_grants(ada)))
    told.append(("in use", await door.delete_role("auditor")))
    told.append(("withdrawn", await door.withdraw(ada, "auditor")))
    told.append(("not held", await door.withdraw(ada, "auditor")))
    told.append(("deleted", await door.delete_role("auditor")))
    told.append(("gone", await door.delete_role("auditor")))
    told.append(("roles", await door.list_roles()))
    told.append(("permissions", await door.list_permissions()))
    told.append(("last suspended", await door.suspend(root_id)))
    told.append(("last deleted", await door.delete_user(root_id)))
    told.append(("last withdrawn", await door.withdraw(root_id, "admin")))
    told.append(("last for a day", await door.grant(root_id, "admin", end)))
    told.append(("second", await door.grant(ada, "admin")))
    told.append(("not the last", await door.withdraw(ada, "admin")))


async def second_factors(door: Door, told: Transcript) -> None:
    """An authenticator app and recovery codes, set up, given up and reset."""
    ada = (await door.create_user({"email": "ada@example.org", "password": PASSWORD}))["id"]
    token = (await door.sign_in("ada@example.org", PASSWORD))["access_token"]
    clock = door.limen.clock
    told.append(("none", await door.show_factors(ada)))
    told.append(("no app to remove", await door.remove_totp(token)))
    told.append(("nothing to stand in for", await door.make_recovery_codes(token)))
    told.append(("nothing begun", await door.confirm_totp(token, "123456")))
    begun = await door.begin_totp(token)
    told.append(("begun", sorted(begun)))
    app = pyotp.TOTP(begun["secret"])
    told.append(("wrong", await door.confirm_totp(token, "no code")))
    told.append(("confirmed", await door.confirm_totp(token, app.at(clock.now()))))
    told.append(("again", await door.confirm_totp(token, app.at(clock.now()))))
    told.append(("both", await door.show_factors(ada)))
    told.append(("new codes", await door.make_recovery_codes(token)))
    told.append(("given up", await door.remove_totp(token)))
    told.append(("left", await door.show_factors(ada)))
    app = pyotp.TOTP((await door.begin_totp(token))["secret"])
    await door.confirm_totp(token, app.at(clock.now()))
    told.append(("reset", await door.reset_factors(ada)))
    told.append(("after it", await door.show_factors(ada)))
    told.append(("its session", await door.begin_totp(token)))
    told.append(("nobody's", await door.show_factors(NOBODY)))
    told.append(("nobody", await door.reset_factors(NOBODY)))
    told.append(("none waits", await door.approve_reset(ada)))
    told.append(("nor is withdrawn", await door.withdraw_reset(ada)))
    await _wait_for_approval(door, ada)
    told.append(("withdrawn", await door.withdraw_reset(ada)))
    token = (await door.sign_in("ada@example.org", PASSWORD))["access_token"]
    told.append(("nothing to take back", await door.keep_factors(token)))
    await _wait_for_approval(door, ada)
    told.append(("taken back", await door.keep_factors(token)))
    await _wait_for_approval(door, ada)
    waiting = (await door.show_factors(ada))["reset"]
    told.append(("waits", waiting["expires_at"]))
    told.append(("approved", await door.approve_reset(ada)))
    told.append(("once", await door.approve_reset(ada)))
    token = (await door.sign_in("ada@example.org", PASSWORD))["access_token"]
    clock.advance(timedelta(minutes=14))
    told.append(("not fresh", await door.begin_totp(token)))


async def _wait_for_approval(door: Door, user: str) -> None:
    """Store what another administrator asked for."""
    try:
        other = await door.limen.users.find("second@example.org", actor=OPERATOR)
    except UserNotFound:
        other = await door.limen.administrator("second@example.org")
    now = door.limen.clock.now()
    request = a_reset_request(UserId(UUID(user)), requested_at=now, requested_by=other.id)
    async with door.limen.unit_of_work() as uow:
        await uow.factor_resets.put(request)
        await uow.commit()


async def passkeys(door: Door, told: Transcript) -> None:
    """Passkeys, enrolled, used, seen and removed."""
    ada = (await door.create_user({"email": "ada@example.org", "password": PASSWORD}))["id"]
    await door.create_user({"email": "eve@example.org", "password": PASSWORD})
    token = (await door.sign_in("ada@example.org", PASSWORD))["access_token"]
    device, stranger = Authenticator(), Authenticator(seed=1)
    told.append(("none", await door.list_passkeys(ada)))
    told.append(("a lie", await door.enrol_passkey(token, Authenticator(seed=2), rp_id="x")))
    enrolled = await door.enrol_passkey(token, device)
    told.append(("enrolled", enrolled))
    told.append(("twice", await door.enrol_passkey(token, Authenticator())))
    told.append(("in", await door.sign_in_by_passkey(device)))
    told.append(("in by name", await door.sign_in_by_passkey(device, "ADA@example.org")))
    for name in ("eve@example.org", "nobody@example.org"):
        told.append((f"as {name}", await door.sign_in_by_passkey(device, name)))
    told.append(("elsewhere", await door.sign_in_by_passkey(device, origin="https://evil.example")))
    await door.enrol_passkey(token, stranger)
    told.append(("both", await door.list_passkeys(ada)))
    told.append(("removed", await door.remove_passkey(ada, enrolled["id"])))
    told.append(("again", await door.remove_passkey(ada, enrolled["id"])))
    told.append(("refused", await door.sign_in_by_passkey(device)))
    told.append(("the other", await door.sign_in_by_passkey(stranger)))
    told.append(("of nobody", await door.list_passkeys(NOBODY)))
    told.append(("nobody's", await door.remove_passkey(NOBODY, enrolled["id"])))


async def rising_by_passkey(door: Door, told: Transcript) -> None:
    """A passkey as the second factor, and to be fresh again."""
    clock, device = door.limen.clock, Authenticator()
    ada = await door.register({"email": ADA, "password": PASSWORD})
    token = (await door.sign_in(ADA, PASSWORD))["access_token"]
    await door.enrol_passkey(token, device)
    await door.create_role(GUARDED, NOTHING)
    await door.grant(ada["id"], GUARDED)
    waiting = await door.sign_in(ADA, PASSWORD)
    told.append(("waits", waiting))
    partial = waiting["partial_token"]
    told.append(("a lie", await door.finish_by_passkey(partial, device, origin="https://x.test")))
    tokens = await door.finish_by_passkey(partial, device)
    told.append(("finished", tokens))
    told.append(("over", await door.finish_by_passkey(partial, device)))
    token = tokens["access_token"]
    clock.advance(timedelta(minutes=11))
    told.append(("not fresh", await door.begin_totp(token)))
    told.append(("a lie", await door.step_up_by_passkey(token, device, origin="https://x.test")))
    risen = await door.step_up_by_passkey(token, device)
    told.append(("fresh", risen))
    token = risen["access_token"]
    told.append(("begun", sorted(await door.begin_totp(token))))
    await door.sign_out(token)
    told.append(("ended", await door.step_up_by_passkey(token, device)))


async def acting_by_keys(door: Door, told: Transcript) -> None:
    """Accounts without people, and their keys."""
    made = await door.create_account({"username": "Robot", "name": "Builds"})
    robot = made["id"]
    told.append(("made", made))
    told.append(("taken", await door.create_account({"username": "robot"})))
    told.append(("wrong", await door.create_account({"username": "!", "name": "a\u202eb"})))
    told.append(("shown", await door.show_account(robot)))
    told.append(("listed", await door.list_accounts()))
    told.append(("changed", await door.update_account(robot, {"name": "Tests"}, 1)))
    told.append(("old version", await door.update_account(robot, {"name": "x"}, 1)))
    told.append(("no person", await door.suspend(robot)))
    lacking = {"name": "x", "scopes": ["users.read"]}
    told.append(("beyond", await door.create_key(robot, lacking)))
    await door.create_role("seer", {"permissions": ["users.read"]})
    await door.grant(robot, "seer")
    wanted = {
        "name": "Nightly",
        "scopes": ["users.read", "me.read"],
        "expires_at": "2027-01-31T12:00:00+00:00",
    }
    key = await door.create_key(robot, wanted)
    told.append(("key", without_maker(key)))
    told.append(("what", await door.create_key(robot, {"name": "", "scopes": ["passwords.set"]})))
    told.append(("used", await door.use_key(key["key"])))
    await door.limen.key_uses.settled()
    told.append(("misspelt", await door.use_key(key["key"][:-1])))
    part = key["api_key"]["public_part"]
    told.append(("by its public part", without_maker(await door.show_key(part))))
    told.append(("no key", await door.show_key("limen_ak_x")))
    key_id = key["api_key"]["id"]
    told.append(("too long an overlap", await door.rotate_key(robot, key_id, 10**9)))
    successor = await door.rotate_key(robot, key_id, 3600)
    told.append(("rotated", without_maker(successor)))
    told.append(("once", await door.rotate_key(robot, key_id)))
    told.append(("both", [one["status"] for one in await door.list_keys(robot)]))
    told.append(("the old one", await door.use_key(key["key"])))
    door.limen.clock.advance(timedelta(minutes=9))
    await door.revoke_key(part)
    told.append(("revoked", await door.use_key(key["key"])))
    told.append(("over", (await door.revoke_key(part))))
    await door.suspend_account(robot)
    told.append(("suspended", await door.use_key(successor["key"])))
    told.append(("again", (await door.reactivate_account(robot))["status"]))
    told.append(("let in again", await door.use_key(successor["key"])))
    await door.report_key(successor["key"])
    told.append(("reported", await door.use_key(successor["key"])))
    told.append(("not whole", await door.report_key(part)))
    await door.limen.key_uses.settled()
    ends = [one["end_reason"] for one in await door.list_keys(robot)]
    told.append(("how they ended", ends))
    await door.delete_account(robot)
    told.append(("deleted", await door.show_account(robot)))
    told.append(("its keys", await door.show_key(part)))
    told.append(("nobody", await door.delete_account(NOBODY)))


def without_maker(answer: Any) -> Any:
    """Leave out who made a key: an administrator, or nobody where a shell did."""
    if "api_key" in answer:
        return {**answer, "api_key": without_maker(answer["api_key"])}
    return {name: value for name, value in answer.items() if name != "made_by"}


async def helping_people(door: Door, told: Transcript) -> None:
    """Another password, a proved address, an end of waiting."""
    ada = (await door.create_user({"email": "ada@example.org", "password": PASSWORD}))["id"]
    tokens = await door.sign_in("ada@example.org", PASSWORD)
    told.append(("vouched for", await door.verify_email(ada)))
    told.append(("once more", await door.verify_email(ada)))
    told.append(("must reset", await door.require_reset(ada)))
    told.append(("sessions", await door.list_sessions(ada)))
    told.append(("refresh", await door.refresh(tokens["refresh_token"])))
    for _ in range(6):
        told.append(("not by it any more", await door.sign_in("ada@example.org", PASSWORD)))
    told.append(("locked", await door.sign_in("ada@example.org", PASSWORD)))
    told.append(("unlocked", await door.unlock(ada)))
    told.append(("may try", await door.sign_in("ada@example.org", PASSWORD)))
    told.append(("another one", await door.set_password(ada, "staple of the battery")))
    told.append(("in again", await door.sign_in("ada@example.org", "staple of the battery")))
    told.append(("nobody's reset", await door.require_reset(NOBODY)))
    told.append(("nobody's address", await door.verify_email(NOBODY)))
    told.append(("nobody's lock", await door.unlock(NOBODY)))


async def proving_an_address(door: Door, told: Transcript) -> None:
    """Links and codes: to prove an address, to change it, to set a lost password."""
    await door.register({"email": ADA, "password": PASSWORD})
    link = {"token": _token(await door.limen.read_mail())}
    token = (await door.sign_in(ADA, PASSWORD))["access_token"]
    told.append(("wrong password", await door.verify({**link, "password": "wrong"})))
    told.append(("verified", await door.verify({**link, "password": PASSWORD})))
    told.append(("again", await door.verify(link)))
    told.append(("nothing to prove", await door.send_verification(ADA)))
    told.append(("renamed", await door.update_me(token, {"username": "ada", "locale": None})))
    told.append(("same address", await door.change_email(token, ADA)))
    told.append(("change", await door.change_email(token, NEW)))
    confirm = {"token": _token(await door.limen.read_mail(NEW))}
    told.append(("a stranger confirms", await door.verify(confirm)))
    told.append(("confirmed", await door.verify(confirm, token)))
    approve = {"token": _token(await door.limen.read_mail())}
    told.append(("approved", await door.verify(approve)))
    told.append(("forgot", await door.forgot(NEW)))
    told.append(("unknown", await door.forgot("nobody@example.org")))
    code = {"identifier": "ada", "code": (await door.limen.read_mail(NEW))["code"]}
    told.append(("weak", await door.reset(code, "short")))
    told.append(("wrong code", await door.reset({**code, "code": "BBBB-BBBB"}, OTHER_PASSWORD)))
    told.append(("reset", await door.reset(code, OTHER_PASSWORD)))
    told.append(("used", await door.reset(code, OTHER_PASSWORD)))
    told.append(("its session", await door.who_am_i(token)))
    await door.register({"email": "bob@example.org", "password": PASSWORD})
    told.append(("sent again", await door.send_verification("bob@example.org")))
    bob = {"token": _token(await door.limen.read_mail("bob@example.org"))}
    taken = await door.verify(bob)
    told.append(("by its owner", taken))
    told.append(("set", await door.reset({"token": taken["reset_token"]}, OTHER_PASSWORD)))


async def signing_in_by_mail(door: Door, told: Transcript) -> None:
    """A link, and what it is of no use without."""
    await door.register({"email": ADA, "password": PASSWORD})
    await door.limen.read_mail()
    browser = (await door.ask_link(ADA))["browser_token"]
    told.append(("unknown", await door.ask_link("nobody@example.org")))
    proof = {"token": _token(await door.limen.read_mail())}
    told.append(("elsewhere", await door.complete_link("made-up", proof)))
    tokens = await door.complete_link(browser, proof)
    told.append(("in", tokens))
    told.append(("who", await door.who_am_i(tokens["access_token"])))
    told.append(("again", await door.complete_link(browser, proof)))


async def rising(door: Door, told: Transcript) -> None:
    """Sign-ins that wait for a second factor, and fresh ones."""
    await door.register({"email": ADA, "password": PASSWORD})
    clock = door.limen.clock
    token = (await door.sign_in(ADA, PASSWORD))["access_token"]
    app = pyotp.TOTP((await door.begin_totp(token))["secret"])
    codes = await door.confirm_totp(token, app.at(clock.now()))
    clock.advance(timedelta(seconds=30))
    waiting = await door.sign_in(ADA, PASSWORD)
    told.append(("waits", waiting))
    partial = waiting["partial_token"]
    told.append(("nothing else", await door.who_am_i(partial)))
    told.append(("no code", await door.finish(partial, "no code")))
    finished = await door.finish(partial, app.at(clock.now()))
    told.append(("finished", finished))
    told.append(("over", await door.finish(partial, app.at(clock.now()))))
    partial = (await door.sign_in(ADA, PASSWORD))["partial_token"]
    told.append(("stopped", await door.stop(partial)))
    told.append(("stopped already", await door.stop(partial)))
    token = finished["access_token"]
    clock.advance(timedelta(minutes=11))
    told.append(("not fresh", await door.change_email(token, NEW)))
    told.append(("not fresh", await door.change_password(token, PASSWORD, OTHER_PASSWORD)))
    told.append(("not fresh", await door.delete_me(token)))
    told.append(("no code", await door.step_up(token, PASSWORD)))
    told.append(("wrong password", await door.step_up(token, "wrong", app.at(clock.now()))))
    code = codes["recovery_codes"][0]
    risen = await door.step_up(token, PASSWORD, code)
    told.append(("fresh", risen))
    told.append(("used", await door.step_up(token, PASSWORD, code)))
    token = risen["access_token"]
    told.append(("wrong", await door.change_password(token, "wrong", OTHER_PASSWORD)))
    told.append(("changed", await door.change_password(token, PASSWORD, OTHER_PASSWORD)))
    told.append(("deleted", await door.delete_me(token)))
    told.append(("gone", await door.who_am_i(token)))


async def having_to_have_a_factor(door: Door, told: Transcript) -> None:
    """A sign-in that ends once the second factor is there that a role asks for."""
    clock = door.limen.clock
    ada = await door.register({"email": ADA, "password": PASSWORD})
    await door.create_role(GUARDED, NOTHING)
    await door.grant(ada["id"], GUARDED)
    waiting = await door.sign_in(ADA, PASSWORD)
    told.append(("nothing to show yet", waiting))
    partial = waiting["partial_token"]
    told.append(("nothing begun", await door.confirm_required_totp(partial, "123456")))
    begun = await door.begin_required_totp(partial)
    app = pyotp.TOTP(begun["secret"])
    told.append(("begun", sorted(begun)))
    told.append(("wrong", await door.confirm_required_totp(partial, "no code")))
    first = await door.confirm_required_totp(partial, app.at(clock.now()))
    told.append(("in", first))
    told.append(("who", await door.who_am_i(first["tokens"]["access_token"])))
    told.append(("over", await door.begin_required_totp(partial)))
    partial = (await door.sign_in(ADA, PASSWORD))["partial_token"]
    told.append(("there is one", await door.begin_required_totp(partial)))


async def own_sessions(door: Door, told: Transcript) -> None:
    """Seeing one's own sessions and ending them."""
    await door.register({"email": ADA, "password": PASSWORD})
    one, two, three = [await door.sign_in(ADA, PASSWORD) for _ in range(3)]
    token = one["access_token"]
    live = await door.my_sessions(token)
    told.append(("three", sorted(live, key=lambda session: session["id"])))
    told.append(("ended", await door.end_session(token, two["session_id"])))
    told.append(("ended already", await door.end_session(token, two["session_id"])))
    told.append(("its token", await door.my_sessions(two["access_token"])))
    told.append(("others", await door.end_session(token, None)))
    told.append(("another's token", await door.who_am_i(three["access_token"])))
    told.append(("one", await door.my_sessions(token)))
    told.append(("signed out", await door.sign_out(token)))
    told.append(("signed out already", await door.sign_out(token)))


def _token(mail: dict[str, str]) -> str:
    return mail["link"].partition("#")[2]


SCENARIOS: Final = (
    coming_in,
    looking_people_up,
    changing_people,
    ending_sessions,
    remembering_browsers,
    giving_roles,
    second_factors,
    proving_an_address,
    signing_in_by_mail,
    rising,
    having_to_have_a_factor,
    own_sessions,
    passkeys,
    rising_by_passkey,
    acting_by_keys,
    helping_people,
)


# --- the same through each door ------------------------------------------------------------------


@asynccontextmanager
async def library(limen: Assembly, _: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    yield LibraryDoor(limen)


@asynccontextmanager
async def http(limen: Assembly, _: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    async with open_site(limen=limen) as site:
        door = HttpDoor(site)
        await door.enter(ROOT)
        yield door


@asynccontextmanager
async def command_line(limen: Assembly, patch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    with TemporaryDirectory() as folder:
        yield CliDoor(limen, patch, Path(folder))


async def transcript(
    door: Any, scenario: Scenario, limen: Assembly, patch: pytest.MonkeyPatch
) -> Transcript:
    await limen.administrator(ROOT)
    await limen.enter(ROOT)
    told: Transcript = []
    async with door(limen, patch) as opened:
        await scenario(opened, told)
    return told


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("door", [library, http, command_line])
async def test_every_door_gives_the_same_results_and_refusals(
    unit_of_work: UnitOfWorkFactory,
    monkeypatch: pytest.MonkeyPatch,
    scenario: Scenario,
    door: Any,
) -> None:
    reference = await transcript(library, scenario, Assembly(policies=POLICIES), monkeypatch)
    limen = Assembly(unit_of_work, policies=POLICIES)
    told = await transcript(door, scenario, limen, monkeypatch)
    for expected, found in zip(masked(reference), masked(told), strict=True):
        assert found == expected


async def test_the_scenarios_meet_these_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    met = set()
    for scenario in SCENARIOS:
        limen = Assembly(policies=POLICIES)
        for _, answer in await transcript(library, scenario, limen, monkeypatch):
            if isinstance(answer, dict) and "refused" in answer:
                met.add(answer["refused"]["code"])
    assert met == {
        "access.beyond_own_permissions",
        "access.not_signed_in",
        "access.step_up_needed",
        "api_key.invalid",
        "api_key.not_found",
        "api_key.over",
        "factor.enrolment_over",
        "factor.invalid",
        "factor.missing",
        "factor.not_found",
        "factor.reset_not_found",
        "input.invalid",
        "passkey.not_found",
        "passkey.refused",
        "passkey.taken",
        "password.current_wrong",
        "password.refused",
        "proof.invalid",
        "query.cursor_invalid",
        "query.invalid",
        "query.page_too_deep",
        "role.built_in",
        "role.grant_not_found",
        "role.in_use",
        "role.last_administrator",
        "role.name_taken",
        "role.not_found",
        "service_account.not_found",
        "session.ended",
        "session.not_found",
        "session.partial_invalid",
        "session.remembered_not_found",
        "session.second_factor_needed",
        "signin.invalid_credentials",
        "signin.too_many_attempts",
        "storage.version_mismatch",
        "token.refresh_invalid",
        "token.refresh_reused",
        "user.email_taken",
        "user.not_a_person",
        "user.not_found",
        "user.username_taken",
    }


# --- what differs from run to run ----------------------------------------------------------------

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")
_SECRETS = {
    "access_token",
    "browser_token",
    "key",
    "next_cursor",
    "partial_token",
    "public_part",
    "recovery_codes",
    "refresh_token",
    "reset_token",
}
# What a door knows of who calls; a shell knows nothing.
_CALLER = {"address", "user_agent"}


def masked(told: Transcript) -> Transcript:
    """Replace what chance or time made: ids by the order in which they appear."""
    seen: dict[str, str] = {}

    def number(found: re.Match[str]) -> str:
        return seen.setdefault(found[0], f"id {len(seen)}")

    def mask(value: Answer) -> Answer:
        if isinstance(value, dict):
            return {
                name: "secret" if name in _SECRETS and item else mask(item)
                for name, item in value.items()
                if name not in _CALLER
            }
        if isinstance(value, list):
            return [mask(item) for item in value]
        if isinstance(value, str):
            return _INSTANT.sub("instant", _ID.sub(number, value))
        return value

    return [(name, mask(answer)) for name, answer in told]

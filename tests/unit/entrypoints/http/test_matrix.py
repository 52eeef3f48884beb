"""Every route by every kind of caller: what happens equals the table, cell by cell.

The rows come from the routes themselves; a route without a row fails, and so does a row without a
route. Each cell is asked at a limen of its own.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

import httpx
import pyotp
import pytest

from limen.core.api_keys.form import public_part
from limen.core.api_keys.service import NewKey
from limen.core.errors import LimenError, StepUpNeeded
from limen.core.ids import UserId
from limen.core.page import ListQuery
from limen.core.passkeys.asking import Asked
from limen.core.passkeys.model import Passkey
from limen.core.roles.model import ME_READ, NEVER_BY_KEY, OWN
from limen.entrypoints.http.examples import EXAMPLES
from limen.testing.assembly import OPERATOR, acting
from limen.testing.builders import a_remembered
from limen.testing.passkeys import Authenticator
from tests.unit.entrypoints.http.contract import document, limits_of
from tests.unit.entrypoints.http.site import PASSWORD, Person, Site, open_site

OURS: Final = "https://id.example.org"

# Who calls. `owner` is the user whom the address names; `other` is somebody else without roles;
# `key` is a key of the administrator with all scopes there are, `bare key` one without any.
CALLERS: Final = (
    "nobody",
    "garbage",
    "expired",
    "ended",
    "suspended",
    "owner",
    "other",
    "administrator",
    "key",
    "bare key",
)

_OUT = "401 401 401 401 401"
TABLE: Final = f"""
POST   /api/v1/auth/register                          201 201 201 201 201  201 201 201
POST   /api/v1/auth/login                             200 200 200 200 401  200 200 200
POST   /api/v1/auth/refresh                           200 200 200 401 401  200 200 200
POST   /api/v1/auth/cookie                            200 200 200 200 401  200 200 200
POST   /api/v1/auth/cookie/factor                     200 200 401 200 401  200 200 200
POST   /api/v1/auth/cookie/exchange                   200 200 200 401 401  200 200 200
POST   /api/v1/auth/cookie/remember                   {_OUT}  401 401 401  401 401
GET    /api/v1/auth/csrf                              {_OUT}  401 401 401
POST   /api/v1/auth/factor                            200 200 401 200 401  200 200 200
POST   /api/v1/auth/factor/stop                       204 204 401 204 401  204 204 204
POST   /api/v1/auth/factor/totp                       403 403 401 403 401  403 403 403
POST   /api/v1/auth/factor/totp/confirm               403 403 401 403 401  403 403 403
POST   /api/v1/auth/step-up                           {_OUT}  200 200 200
POST   /api/v1/auth/factor/passkey/options            200 200 401 200 401  200 200 200
POST   /api/v1/auth/factor/passkey                    200 200 401 200 401  200 200 200
POST   /api/v1/auth/step-up/passkey/options           {_OUT}  200 200 200
POST   /api/v1/auth/step-up/passkey                   {_OUT}  200 422 422
GET    /api/v1/auth/check                             {_OUT}  204 204 204
POST   /api/v1/auth/logout                            {_OUT}  204 204 204
POST   /api/v1/auth/link                              202 202 202 202 202  202 202 202
POST   /api/v1/auth/link/complete                     200 200 422 200 422  200 200 200
POST   /api/v1/auth/passkey/options                   200 200 200 200 200  200 200 200
POST   /api/v1/auth/passkey                           200 200 422 200 422  200 200 200
POST   /api/v1/auth/email/verify                      200 401 401 401 401  200 200 200  403 403
POST   /api/v1/auth/email/verify/resend               202 202 202 202 202  202 202 202
POST   /api/v1/auth/password/forgot                   202 202 202 202 202  202 202 202
POST   /api/v1/auth/password/reset                    204 204 204 204 422  204 204 204
POST   /api/v1/me/email                               {_OUT}  202 202 202
GET    /api/v1/me                                     {_OUT}  200 200 200  200 403
PATCH  /api/v1/me                                     {_OUT}  200 200 200
DELETE /api/v1/me                                     {_OUT}  204 204 422
POST   /api/v1/me/password                            {_OUT}  204 204 204
GET    /api/v1/me/sessions                            {_OUT}  200 200 200
DELETE /api/v1/me/sessions                            {_OUT}  204 204 204
DELETE /api/v1/me/sessions/{{session_id}}               {_OUT}  204 404 404
GET    /api/v1/me/remembered                          {_OUT}  200 200 200
DELETE /api/v1/me/remembered/{{remembered_id}}          {_OUT}  204 404 404
GET    /api/v1/me/factors                             {_OUT}  200 200 200
POST   /api/v1/me/factors/totp                        {_OUT}  200 200 200
POST   /api/v1/me/factors/totp/confirm                {_OUT}  200 422 422
DELETE /api/v1/me/factors/totp                        {_OUT}  204 404 404
POST   /api/v1/me/factors/recovery-codes              {_OUT}  200 422 422
DELETE /api/v1/me/factors/reset                       {_OUT}  404 404 404
POST   /api/v1/me/factors/passkeys/options            {_OUT}  200 200 200
POST   /api/v1/me/factors/passkeys                    {_OUT}  201 201 201
GET    /api/v1/me/factors/passkeys                    {_OUT}  200 200 200
GET    /api/v1/me/factors/passkeys/{{passkey_id}}       {_OUT}  200 404 404
PATCH  /api/v1/me/factors/passkeys/{{passkey_id}}       {_OUT}  200 404 404
DELETE /api/v1/me/factors/passkeys/{{passkey_id}}       {_OUT}  204 404 404
GET    /api/v1/users                                  {_OUT}  403 403 200  200 403
POST   /api/v1/users                                  {_OUT}  403 403 201  201 403
GET    /api/v1/users/{{user_id}}                        {_OUT}  200 403 200  200 403
PUT    /api/v1/users/{{user_id}}                        {_OUT}  403 403 200  200 403
PATCH  /api/v1/users/{{user_id}}                        {_OUT}  403 403 200  200 403
DELETE /api/v1/users/{{user_id}}                        {_OUT}  204 403 204  204 403
POST   /api/v1/users/{{user_id}}/suspend                {_OUT}  403 403 200  200 403
POST   /api/v1/users/{{user_id}}/reactivate             {_OUT}  403 403 200  200 403
POST   /api/v1/users/{{user_id}}/password               {_OUT}  403 403 204
POST   /api/v1/users/{{user_id}}/password/require-reset {_OUT}  403 403 204
POST   /api/v1/users/{{user_id}}/email/verify           {_OUT}  403 403 200
POST   /api/v1/users/{{user_id}}/unlock                 {_OUT}  403 403 204
GET    /api/v1/users/{{user_id}}/sessions               {_OUT}  200 403 200  200 403
DELETE /api/v1/users/{{user_id}}/sessions               {_OUT}  204 403 204  204 403
DELETE /api/v1/users/{{user_id}}/sessions/{{session_id}}  {_OUT}  204 403 204  204 403
GET    /api/v1/users/{{user_id}}/remembered             {_OUT}  200 403 200  200 403
DELETE /api/v1/users/{{user_id}}/remembered/{{remembered_id}} {_OUT}  204 403 204  204 403
GET    /api/v1/users/{{user_id}}/factors                {_OUT}  200 403 200  200 403
DELETE /api/v1/users/{{user_id}}/factors                {_OUT}  403 403 200
POST   /api/v1/users/{{user_id}}/factors/reset/approve  {_OUT}  403 403 404
DELETE /api/v1/users/{{user_id}}/factors/reset          {_OUT}  404 403 404
GET    /api/v1/users/{{user_id}}/passkeys               {_OUT}  200 403 200  200 403
DELETE /api/v1/users/{{user_id}}/passkeys/{{passkey_id}}  {_OUT}  204 403 204
GET    /api/v1/users/{{user_id}}/roles                  {_OUT}  200 403 200  200 403
PUT    /api/v1/users/{{user_id}}/roles/{{role}}           {_OUT}  403 403 200  200 403
DELETE /api/v1/users/{{user_id}}/roles/{{role}}           {_OUT}  403 403 204  204 403
GET    /api/v1/roles                                  {_OUT}  403 403 200  200 403
POST   /api/v1/roles                                  {_OUT}  403 403 201  201 403
GET    /api/v1/roles/{{role}}                           {_OUT}  403 403 200  200 403
PUT    /api/v1/roles/{{role}}                           {_OUT}  403 403 200  200 403
DELETE /api/v1/roles/{{role}}                           {_OUT}  403 403 422  422 403
GET    /api/v1/permissions                            {_OUT}  403 403 200  200 403
GET    /api/v1/messages                               {_OUT}  403 403 200  200 403
GET    /api/v1/messages/{{message_id}}                  {_OUT}  403 403 200  200 403
POST   /api/v1/messages/{{message_id}}/send-again       {_OUT}  403 403 422  422 403
POST   /api/v1/auth/api-keys/report                   204 204 204 204 204  204 204 204
GET    /api/v1/me/api-keys                            {_OUT}  200 200 200
POST   /api/v1/me/api-keys                            {_OUT}  201 201 201
GET    /api/v1/me/api-keys/{{key_id}}                 {_OUT}  200 404 404
DELETE /api/v1/me/api-keys/{{key_id}}                 {_OUT}  204 404 404
POST   /api/v1/me/api-keys/{{key_id}}/rotate          {_OUT}  201 404 404
GET    /api/v1/users/{{user_id}}/api-keys             {_OUT}  200 403 200  200 403
GET    /api/v1/users/{{user_id}}/api-keys/{{key_id}}  {_OUT}  200 403 200  200 403
DELETE /api/v1/users/{{user_id}}/api-keys/{{key_id}}  {_OUT}  204 403 204
GET    /api/v1/api-keys/{{key}}                       {_OUT}  200 403 200  200 403
DELETE /api/v1/api-keys/{{key}}                       {_OUT}  204 403 204
GET    /api/v1/service-accounts                       {_OUT}  403 403 200  200 403
POST   /api/v1/service-accounts                       {_OUT}  403 403 201
GET    /api/v1/service-accounts/{{account_id}}        {_OUT}  403 403 200  200 403
PATCH  /api/v1/service-accounts/{{account_id}}        {_OUT}  403 403 200
DELETE /api/v1/service-accounts/{{account_id}}        {_OUT}  403 403 204
POST   /api/v1/service-accounts/{{account_id}}/suspend {_OUT}  403 403 200
POST   /api/v1/service-accounts/{{account_id}}/reactivate {_OUT}  403 403 200
GET    /api/v1/service-accounts/{{account_id}}/api-keys {_OUT}  403 403 200  200 403
POST   /api/v1/service-accounts/{{account_id}}/api-keys {_OUT}  403 403 201
GET    /api/v1/service-accounts/{{account_id}}/api-keys/{{key_id}} {_OUT}  403 403 200  200 403
DELETE /api/v1/service-accounts/{{account_id}}/api-keys/{{key_id}} {_OUT}  403 403 204
POST   /api/v1/service-accounts/{{account_id}}/api-keys/{{key_id}}/rotate {_OUT}  403 403 201
GET    /.well-known/jwks.json                         200 200 200 200 200  200 200 200
GET    /health/live                                   200 200 200 200 200  200 200 200
GET    /health/ready                                  200 200 200 200 200  200 200 200
GET    /metrics                                       200 200 200 200 200  200 200 200
"""


def _of_keys(statuses: list[str]) -> list[str]:
    """Return what keys get where the table does not say: they are nobody, and not let in."""
    return ["403" if statuses[0] == "401" else statuses[0]] * 2


ROUTES: Final = {
    f"{method.upper()} {path}": operation
    for path, methods in document()["paths"].items()
    for method, operation in methods.items()
}
EXPECTED: Final = {
    (f"{method} {path}", caller): int(status)
    for method, path, *statuses in map(str.split, TABLE.strip().splitlines())
    for caller, status in zip(
        CALLERS, [*statuses, *_of_keys(statuses)][: len(CALLERS)], strict=True
    )
}

# What needs a sign-in of the last ten minutes.
FRESH: Final = {
    "POST /api/v1/me/email",
    "DELETE /api/v1/me",
    "POST /api/v1/me/password",
    "POST /api/v1/me/factors/totp",
    "POST /api/v1/me/factors/totp/confirm",
    "DELETE /api/v1/me/factors/totp",
    "POST /api/v1/me/factors/recovery-codes",
    "POST /api/v1/me/factors/passkeys/options",
    "POST /api/v1/me/factors/passkeys",
    "DELETE /api/v1/me/factors/passkeys/{passkey_id}",
    "DELETE /api/v1/users/{user_id}/passkeys/{passkey_id}",
    "POST /api/v1/me/api-keys",
    "POST /api/v1/me/api-keys/{key_id}/rotate",
    "DELETE /api/v1/service-accounts/{account_id}",
    "POST /api/v1/service-accounts/{account_id}/reactivate",
    "POST /api/v1/service-accounts/{account_id}/api-keys",
    "POST /api/v1/service-accounts/{account_id}/api-keys/{key_id}/rotate",
    "POST /api/v1/users",
    "PUT /api/v1/users/{user_id}",
    "PATCH /api/v1/users/{user_id}",
    "DELETE /api/v1/users/{user_id}",
    "POST /api/v1/users/{user_id}/email/verify",
    "POST /api/v1/users/{user_id}/reactivate",
    "POST /api/v1/users/{user_id}/unlock",
    "POST /api/v1/users/{user_id}/password",
    "POST /api/v1/roles",
    "PUT /api/v1/roles/{role}",
    "DELETE /api/v1/roles/{role}",
    "PUT /api/v1/users/{user_id}/roles/{role}",
    "DELETE /api/v1/users/{user_id}/roles/{role}",
    "DELETE /api/v1/users/{user_id}/factors",
    "POST /api/v1/users/{user_id}/factors/reset/approve",
}
# Of these only what gives a password, a proved address or another one.
FRESH_AT_TIMES: Final = {
    "POST /api/v1/users",
    "PUT /api/v1/users/{user_id}",
    "PATCH /api/v1/users/{user_id}",
}
# What else has become too old by then.
OVER: Final = {
    "POST /api/v1/auth/link/complete": 422,
    "POST /api/v1/auth/passkey": 422,
    "POST /api/v1/me/factors/passkeys": 422,
    "POST /api/v1/auth/factor": 401,
    "POST /api/v1/auth/factor/stop": 401,
    "POST /api/v1/auth/factor/totp": 401,
    "POST /api/v1/auth/factor/totp/confirm": 401,
    "POST /api/v1/auth/cookie/factor": 401,
    "POST /api/v1/auth/factor/passkey/options": 401,
    "POST /api/v1/auth/factor/passkey": 401,
}


def _when_stale(route: str) -> int:
    """Tell what the owner hears eleven minutes after signing in."""
    if route in OVER:
        return OVER[route]
    return 403 if route in FRESH else EXPECTED[route, "owner"]


# What asks for a fresh sign-in for another address alone, or for a password or a proved address.
AT_TIMES_FRESH: Final = {
    "POST /api/v1/users",
    "PUT /api/v1/users/{user_id}",
    "PATCH /api/v1/users/{user_id}",
}
BY_ADMINISTRATORS: Final = [
    route for route in ROUTES if "/me" not in route and "/auth/" not in route
]
# It looks for a cookie of its own, and at nothing else.
COMING_BACK: Final = "POST /api/v1/auth/cookie/remember"


def _when_partial(route: str) -> int:
    """Tell what the owner hears before the second factor: what everybody may, and 403."""
    status = EXPECTED[route, "nobody"]
    minds_who_asks = EXPECTED[route, "garbage"] == 401 and route != COMING_BACK
    return 403 if minds_who_asks else status


# What whoever is merely remembered hears where a session is needed; everywhere else it is 403.
IDENTIFIED: Final = {
    "GET /api/v1/auth/csrf": 200,
    "POST /api/v1/auth/step-up": 200,
    "POST /api/v1/auth/step-up/passkey/options": 200,
    "POST /api/v1/auth/step-up/passkey": 200,
    "POST /api/v1/auth/logout": 204,
    "GET /api/v1/me": 200,
    "GET /api/v1/me/sessions": 200,
}
# What is about tokens or no cookie, of which there are none.
NO_TOKENS: Final = {
    "GET /api/v1/auth/check": 401,
    "POST /api/v1/auth/refresh": 401,
    "POST /api/v1/auth/cookie/exchange": 401,
    COMING_BACK: 200,
}


def _when_identified(route: str) -> int:
    """Tell what whoever is merely remembered hears: what everybody may, a little, and 403."""
    return (IDENTIFIED | NO_TOKENS).get(route, _when_partial(route))


# What a cookie session hears that no token does, or the other way round.
BY_COOKIE: Final = {
    "GET /api/v1/auth/csrf": 200,
    "GET /api/v1/auth/check": 401,
    "POST /api/v1/auth/refresh": 401,
    "POST /api/v1/auth/cookie/exchange": 401,
}


def _by_cookie(route: str) -> int:
    """Tell what the owner hears in a browser: the same, but for what is about tokens."""
    return BY_COOKIE.get(route, EXPECTED[route, "owner"])


def _without_csrf(route: str) -> int:
    """Tell what a cookie alone does: it reads, and comes along where nobody is asked for."""
    if route.startswith("GET") or EXPECTED[route, "nobody"] != 401 or route == COMING_BACK:
        return _by_cookie(route)
    return 403


def _from_elsewhere(route: str) -> int:
    """Tell what a page of another origin hears, though it knew the CSRF token."""
    if "/auth/cookie" in route or route == "POST /api/v1/auth/email/verify":
        return 403
    return _without_csrf(route)


@dataclass(kw_only=True)
class Scene:
    """Ada, who has a role and a second session; the caller; and an administrator."""

    site: Site
    ada: Person
    totp_code: str
    recovery_codes: list[str]
    partial_token: str
    verify_token: str
    reset_token: str
    link: dict[str, str]
    message_id: UUID
    passkey_id: UUID
    remembered_id: UUID
    answer: dict[str, Any]
    finishing: dict[str, Any]
    enrolment: dict[str, Any]
    stepping_up: dict[str, Any]
    key: NewKey
    account_key: NewKey
    caller: Person | None
    headers: dict[str, str]


async def _nobody(_: Site, __: Person) -> tuple[Person | None, dict[str, str]]:
    return None, {}


async def _garbage(_: Site, __: Person) -> tuple[Person | None, dict[str, str]]:
    return None, {"authorization": "Bearer a.b.c"}


async def _expired(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    site.wait(minutes=16)
    return ada, ada.headers


async def _ended(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    await site.ask("POST", "auth/logout", by=ada)
    return ada, ada.headers


async def _suspended(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    root = await site.enter("root@example.org")
    await site.ask("POST", f"users/{ada.id}/suspend", by=root)
    return ada, ada.headers


async def _owner(_: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    return ada, ada.headers


async def _other(site: Site, _: Person) -> tuple[Person | None, dict[str, str]]:
    eve = await site.person("eve@example.org")
    return eve, eve.headers


async def _administrator(site: Site, _: Person) -> tuple[Person | None, dict[str, str]]:
    root = await site.enter("root@example.org")
    return root, root.headers


async def _key(site: Site, _: Person) -> tuple[Person | None, dict[str, str]]:
    root = await site.enter("root@example.org")
    return root, await site.key(root, *(OWN - NEVER_BY_KEY), ME_READ)


async def _bare_key(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    return ada, await site.key(ada)


async def _stale(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    site.wait(minutes=11)
    return ada, ada.headers


async def _stale_administrator(site: Site, _: Person) -> tuple[Person | None, dict[str, str]]:
    root = await site.enter("root@example.org")
    site.wait(minutes=11)
    return root, root.headers


async def _partial(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    return ada, {"authorization": f"Bearer {await _partial_token(site, ada)}"}


async def _cookie(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    begun = await site.limen.cookie_sessions.exchange(refresh_token=ada.tokens.refresh_token)
    cookie, token = begun.cookie.reveal(), begun.csrf_token.reveal()
    return ada, {"cookie": f"__Host-limen_session={cookie}", "x-csrf-token": token}


async def _identified(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    begun = await site.limen.cookie_sessions.exchange(
        refresh_token=ada.tokens.refresh_token, is_remembered=True
    )
    assert begun.kept is not None
    back = await site.limen.remembered.exchange(credential=begun.kept.credential)
    assert back.kept is not None
    session, remembered = back.cookie.reveal(), back.kept.credential.reveal()
    cookies = f"__Host-limen_session={session}; __Host-limen_remembered={remembered}"
    headers = {"cookie": cookies, "x-csrf-token": back.csrf_token.reveal()}
    return Person(tokens=replace(ada.tokens, session_id=back.session.id)), headers


async def _bare_cookie(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    _, headers = await _cookie(site, ada)
    return ada, {"cookie": headers["cookie"]}


async def _foreign_cookie(site: Site, ada: Person) -> tuple[Person | None, dict[str, str]]:
    _, headers = await _cookie(site, ada)
    return ada, {**headers, "origin": "https://evil.example.org"}


Entering = Callable[[Site, Person], Awaitable[tuple[Person | None, dict[str, str]]]]
ENTERING: Final[dict[str, Entering]] = dict(
    zip(
        (
            *(*CALLERS, "stale", "stale administrator", "partial", "identified"),
            *("cookie", "cookie without csrf", "cookie from elsewhere"),
        ),
        (
            *(_nobody, _garbage, _expired, _ended, _suspended, _owner, _other, _administrator),
            *(_key, _bare_key, _stale, _stale_administrator, _partial, _identified),
            *(_cookie, _bare_cookie, _foreign_cookie),
        ),
        strict=True,
    )
)


async def _stage(site: Site, caller: str) -> Scene:
    root = await site.administrator()
    ada = await site.person()
    await site.ask("POST", "roles", by=root, json={"name": "support"})
    await site.ask("PUT", f"users/{ada.id}/roles/support", by=root, json={})
    totp_code, recovery_codes = await _totp(site, ada)
    partial_token = await _partial_token(site, ada)
    await site.limen.emails.send_verification(identifier=ada.tokens.user.email.address)
    verify_token = await _token(site, ada)
    await site.limen.recovery.forgot(identifier=ada.tokens.user.email.address)
    reset_token = await _token(site, ada)
    browser = await site.limen.links.ask(identifier=ada.tokens.user.email.address)
    link = {"token": await _token(site, ada), "browser_token": browser.reveal()}
    messages = await site.limen.messages.list(ListQuery(filters={}), actor=OPERATOR)
    passkey = await _enrolled(site, ada)
    answer = await _answer(site)
    finishing = await _finishing(site, partial_token)
    account = await site.limen.service_accounts.create(actor=OPERATOR, username="robot")
    account_key = await site.limen.api_keys.create(account.id, actor=OPERATOR, name="nightly")
    key = await site.limen.api_keys.create(UserId(ada.id), actor=OPERATOR, name="build")
    remembered_id = await _remembered(site, ada)
    person, headers = await ENTERING[caller](site, ada)
    return Scene(
        site=site,
        ada=ada,
        totp_code=totp_code,
        recovery_codes=recovery_codes,
        partial_token=partial_token,
        verify_token=verify_token,
        reset_token=reset_token,
        link=link,
        message_id=messages.items[0].id,
        passkey_id=passkey.id,
        remembered_id=remembered_id,
        answer=answer,
        finishing=finishing,
        enrolment=await _enrolment(site, person),
        stepping_up=await _stepping_up(site, person),
        key=key,
        account_key=account_key,
        caller=person,
        headers=headers,
    )


async def _partial_token(site: Site, person: Person) -> str:
    email = person.tokens.user.email.address
    answer = await site.ask("POST", "auth/login", json={"identifier": email, "password": PASSWORD})
    token: str = answer.json()["data"]["partial_token"]
    return token


async def _totp(site: Site, person: Person) -> tuple[str, list[str]]:
    """Let somebody have an authenticator app, and return a code of another one that waits.

    With their recovery codes.
    """
    own, me, codes = site.limen.factors, acting(person.tokens), []
    recovery_codes: list[str] = []
    for _ in range(2):
        made = await own.begin_totp(actor=me)
        codes.append(pyotp.TOTP(made.secret.reveal()).at(site.limen.clock.now()))
        if len(codes) == 1:
            made_codes = await own.confirm_totp(code=codes[0], actor=me)
            recovery_codes = [code.reveal() for code in made_codes]
    return codes[1], recovery_codes


async def _enrolled(site: Site, ada: Person) -> Passkey:
    actor = acting(ada.tokens)
    asked = await site.limen.passkeys.begin_enrolment(actor=actor)
    answer = site.device.create(asked.options)
    return await site.limen.passkeys.enrol(ceremony=asked.ceremony, answer=answer, actor=actor)


async def _remembered(site: Site, ada: Person) -> UUID:
    """Let a browser remember Ada."""
    remembered = a_remembered(UserId(ada.id))
    async with site.limen.unit_of_work() as uow:
        await uow.remembered.add(remembered)
        await uow.commit()
    return remembered.id


async def _answer(site: Site) -> dict[str, Any]:
    return _answered(site, await site.limen.passkey_sign_in.ask())


async def _finishing(site: Site, partial_token: str) -> dict[str, Any]:
    asked = await site.limen.passkey_steps.ask_to_finish(partial_token=partial_token)
    return _answered(site, asked) | {"partial_token": partial_token}


async def _stepping_up(site: Site, caller: Person | None) -> dict[str, Any]:
    """Return the answer of Ada's passkey to a question of the caller's."""
    if caller is None:
        return {}
    return _answered(
        site, await site.limen.passkey_steps.ask_to_step_up(actor=acting(caller.tokens))
    )


def _answered(site: Site, asked: Asked) -> dict[str, Any]:
    answer = site.device.get({**asked.options, "allowCredentials": []})
    return {"ceremony": asked.ceremony.reveal(), "credential": answer}


async def _enrolment(site: Site, caller: Person | None) -> dict[str, Any]:
    """Return the answer to a question of the caller's, if they may still ask."""
    if caller is None:
        return {}
    try:
        asked = await site.limen.passkeys.begin_enrolment(actor=acting(caller.tokens))
    except LimenError:
        return {}
    credential = Authenticator(seed=1).create(asked.options)
    return {"ceremony": asked.ceremony.reveal(), "credential": credential}


async def _token(site: Site, person: Person) -> str:
    mail = await site.limen.read_mail(person.tokens.user.email.address)
    return mail["link"].partition("#")[2]


def _body(operation: dict[str, Any], scene: Scene) -> dict[str, Any] | None:
    if "requestBody" not in operation:
        return None
    content = operation["requestBody"]["content"]["application/json"]
    shape = content["schema"]["$ref"].rpartition("/")[2]
    body = dict(EXAMPLES[shape])
    tokens = (scene.caller or scene.ada).tokens
    refresh = {"refresh_token": tokens.refresh_token.reveal()}
    sign_in = {"identifier": tokens.user.email.address, "password": PASSWORD}
    finish = {"partial_token": scene.partial_token, "code": scene.recovery_codes[0]}
    fitting: dict[str, dict[str, Any]] = {
        "RegisterUserIn": {"email": "new@example.org", "username": "new"},
        "SignInIn": sign_in,
        "RefreshIn": refresh,
        "ExchangeForCookieIn": refresh,
        "CookieSignInIn": sign_in,
        "FinishCookieSignInIn": finish,
        "ChangePasswordIn": {"current_password": PASSWORD},
        "CreateRoleIn": {"name": "auditors"},
        "FinishSignInIn": finish,
        "BeginRequiredTotpIn": {"partial_token": scene.partial_token},
        "ConfirmRequiredTotpIn": {"partial_token": scene.partial_token, "code": scene.totp_code},
        "StopSignInIn": {"partial_token": scene.partial_token},
        "StepUpIn": {"password": PASSWORD, "code": scene.recovery_codes[0]},
        "ConfirmTotpIn": {"code": scene.totp_code},
        "CreateApiKeyIn": {"scopes": []},
        "ReportApiKeyIn": {"key": scene.key.text.reveal()},
        "VerifyEmailIn": {"token": scene.verify_token},
        "ResetPasswordIn": {"token": scene.reset_token},
        "AnswerPasskeyIn": scene.answer,
        "EnrolPasskeyIn": scene.enrolment,
        "AskToFinishIn": {"partial_token": scene.partial_token},
        "FinishByPasskeyIn": scene.finishing,
        "StepUpByPasskeyIn": scene.stepping_up,
    }
    if shape == "CompleteLinkIn":
        return scene.link
    if shape == "ResetPasswordIn":
        body = {"new_password": body["new_password"]}
    return body | fitting.get(shape, {})


def test_the_table_has_a_row_for_every_route_and_none_beside() -> None:
    assert {route for route, _ in EXPECTED} == set(ROUTES)


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("route", ROUTES)
async def test_the_cell(route: str, caller: str) -> None:
    await _check(route, caller, EXPECTED[route, caller])


@pytest.mark.parametrize("route", ROUTES)
async def test_the_cell_of_a_stale_sign_in(route: str) -> None:
    await _check(route, "stale", _when_stale(route))


@pytest.mark.parametrize("route", BY_ADMINISTRATORS)
async def test_the_cell_of_an_administrators_stale_sign_in(route: str) -> None:
    if route in FRESH - AT_TIMES_FRESH:
        response = await _check(route, "stale administrator", 403)
        assert response.json()["error"]["code"] == StepUpNeeded.code
    else:
        await _check(route, "stale administrator", EXPECTED[route, "administrator"])


@pytest.mark.parametrize("route", ROUTES)
async def test_the_cell_of_a_sign_in_that_waits_for_its_second_factor(route: str) -> None:
    await _check(route, "partial", _when_partial(route))


@pytest.mark.parametrize("route", ROUTES)
async def test_the_cell_of_a_cookie(route: str) -> None:
    await _check(route, "cookie", _by_cookie(route))


@pytest.mark.parametrize("route", ROUTES)
async def test_the_cell_of_a_cookie_without_its_csrf_token(route: str) -> None:
    await _check(route, "cookie without csrf", _without_csrf(route))


@pytest.mark.parametrize("route", ROUTES)
async def test_the_cell_of_a_cookie_from_elsewhere(route: str) -> None:
    await _check(route, "cookie from elsewhere", _from_elsewhere(route))


@pytest.mark.parametrize("route", ROUTES)
async def test_the_cell_of_an_identified_session(route: str) -> None:
    await _check(route, "identified", _when_identified(route))


def test_the_routes_for_which_being_identified_is_enough_say_so() -> None:
    described = {route: operation["description"] for route, operation in ROUTES.items()}
    told = {route for route, text in described.items() if "identified session is enough" in text}
    assert told == set(IDENTIFIED)


def test_the_routes_that_need_a_fresh_sign_in_say_so() -> None:
    described = {route: operation["description"] for route, operation in ROUTES.items()}
    told = {route: text.count("fresh sign-in") for route, text in described.items()}
    assert {route: times for route, times in told.items() if times} == dict.fromkeys(FRESH, 1)
    always = {route for route, text in described.items() if "It needs a fresh sign-in" in text}
    assert always == FRESH - FRESH_AT_TIMES


# A link is not counted, for it cannot be guessed; a code is.
BY_LINK: Final = {
    "POST /api/v1/auth/link/complete",
    "POST /api/v1/auth/email/verify",
    "POST /api/v1/auth/password/reset",
}


@pytest.mark.parametrize("route", ROUTES)
async def test_a_route_counts_what_the_document_says(route: str) -> None:
    told = set(ROUTES[route].get("x-rate-limits", ()))
    counted = limits_of(await _check(route, "owner", EXPECTED[route, "owner"]))
    assert counted == (set() if route in BY_LINK else told)


WRITING: Final = [route for route in ROUTES if not route.startswith("GET")]


def _minds_versions(route: str) -> bool:
    parameters = ROUTES[route].get("parameters", ())
    return {"$ref": "#/components/parameters/IfMatch"} in parameters


def test_what_shows_a_version_and_is_not_new_minds_versions() -> None:
    shows = {
        route
        for route in WRITING
        if "ETag" in ROUTES[route]["responses"].get("200", {}).get("headers", {})
    }
    assert shows == {route for route in shows if _minds_versions(route)}


@pytest.mark.parametrize("route", WRITING)
async def test_a_route_minds_versions_where_the_document_says_so(route: str) -> None:
    caller = "owner" if EXPECTED[route, "owner"] < 300 else "administrator"
    expected = 412 if _minds_versions(route) else EXPECTED[route, caller]
    await _check(route, caller, expected, **{"if-match": '"999"'})


async def _check(route: str, caller: str, expected: int, **headers: str) -> httpx.Response:
    async with open_site() as site:
        scene = await _stage(site, caller)
        before = await site.limen.event_names()
        method, _, template = route.partition(" ")
        path = template.format(
            user_id=scene.ada.id,
            session_id=scene.ada.session_id,
            remembered_id=scene.remembered_id,
            role="support",
            message_id=scene.message_id,
            passkey_id=scene.passkey_id,
            key_id=(scene.account_key if "service-accounts" in template else scene.key).key.id,
            key=public_part(scene.key.key.id),
            account_id=scene.account_key.key.owner_id,
        )
        body = _body(ROUTES[route], scene)
        response = await site.ask(
            method, path, headers={"origin": OURS, **scene.headers, **headers}, json=body
        )
        assert response.status_code == expected, response.text
        after = await site.limen.event_names()
        if expected >= 400 and "/auth/" not in path:
            assert after == before, "what was refused changed something"
    return response

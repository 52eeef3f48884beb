"""The secret of a cookie, and the token that guards what is written by it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from limen.core.cookies.carrying import PREFIX, SessionCookies, read_cookie
from limen.core.errors import CsrfRefused, SessionEnded
from limen.core.secret import Secret
from limen.core.tokens.family import PREFIX as REFRESH
from limen.core.tokens.family import RefreshTokens, read_token
from limen.testing.builders import a_session_id
from limen.testing.fakes import NOON

KEY = Secret(b"k" * 32)
SEED = Secret(b"s" * 16)
COOKIES = SessionCookies(KEY)


def test_a_cookie_is_that_of_its_family_until_it_is_renewed() -> None:
    family, cookie = COOKIES.begin(a_session_id(), SEED, NOON)
    assert cookie.reveal().startswith(PREFIX)
    assert read_cookie(cookie).is_of(family)
    renewed, successor = COOKIES.renew(family, NOON)
    assert renewed.generation == 2
    assert renewed.previous_digest == family.digest
    assert not read_cookie(cookie).is_of(renewed)
    assert read_cookie(successor).is_of(renewed)
    assert COOKIES.carries(family)
    assert COOKIES.carries(renewed)


def test_a_cookie_of_a_family_that_ended_is_worthless() -> None:
    family, cookie = COOKIES.begin(a_session_id(), SEED, NOON)
    assert not read_cookie(cookie).is_of(replace(family, ended_at=NOON))


def test_no_cookie_passes_for_a_refresh_token_and_none_for_a_cookie() -> None:
    tokens, session_id = RefreshTokens(KEY, timedelta(seconds=10)), a_session_id()
    family, cookie = COOKIES.begin(session_id, SEED, NOON)
    disguised = Secret(cookie.reveal().replace(PREFIX, REFRESH))
    assert read_token(disguised).digest != family.digest
    carried, token = tokens.begin(session_id, SEED, NOON)
    assert not read_cookie(token.reveal().replace(REFRESH, PREFIX)).is_of(carried)
    assert not COOKIES.carries(carried)


def test_another_key_makes_other_cookies_and_other_csrf_tokens() -> None:
    family, cookie = COOKIES.begin(a_session_id(), SEED, NOON)
    other = SessionCookies(Secret(b"o" * 32))
    assert not other.carries(family)
    assert other.csrf_token(cookie).reveal() != COOKIES.csrf_token(cookie).reveal()


def test_a_last_generation_is_not_passed() -> None:
    family, _ = COOKIES.begin(a_session_id(), SEED, NOON)
    with pytest.raises(SessionEnded):
        COOKIES.renew(replace(family, generation=2**31 - 1), NOON)


@pytest.mark.parametrize(
    "text", ["", PREFIX, f"{PREFIX}{'A' * 69}", f"{PREFIX}{'*' * 70}", "x" * 79]
)
def test_what_has_not_the_form_of_a_cookie_is_none(text: str) -> None:
    with pytest.raises(SessionEnded):
        read_cookie(text)


def test_a_csrf_token_is_that_of_one_cookie() -> None:
    family, cookie = COOKIES.begin(a_session_id(), SEED, NOON)
    token = COOKIES.csrf_token(cookie).reveal()
    COOKIES.check_csrf(cookie, token)
    _, successor = COOKIES.renew(family, NOON)
    for given, shown in ((successor, token), (cookie, ""), (cookie, "é"), (cookie, token[:-1])):
        with pytest.raises(CsrfRefused):
            COOKIES.check_csrf(given, shown)


def test_nothing_of_a_cookie_is_shown_by_accident() -> None:
    _, cookie = COOKIES.begin(a_session_id(), SEED, NOON)
    assert cookie.reveal() not in repr(cookie)
    assert repr(read_cookie(cookie).raw) == repr(Secret(b"x"))

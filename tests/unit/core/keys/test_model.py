from datetime import UTC, datetime, timedelta

import pytest

from limen.core.errors import NoSigningKey
from limen.core.keys.model import (
    Algorithm,
    KeyPolicy,
    KeyState,
    SigningKey,
    published,
    signing_key,
    state,
)

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = KeyPolicy()


def a_key(name: str, signs_from: datetime) -> SigningKey:
    return SigningKey(
        id=name,
        algorithm=Algorithm.EDDSA,
        public={},
        sealed=b"",
        created_at=NOW,
        signs_from=signs_from,
    )


OLD = a_key("old", NOW)
NEW = a_key("new", NOW + timedelta(days=1))
KEYS = (OLD, NEW)


def test_without_a_begun_key_nothing_signs() -> None:
    with pytest.raises(NoSigningKey):
        signing_key((), NOW)
    with pytest.raises(NoSigningKey):
        signing_key((NEW,), NOW)


def test_the_newest_begun_key_signs() -> None:
    assert signing_key(KEYS, NOW) is OLD
    assert signing_key(KEYS, NEW.signs_from) is NEW


@pytest.mark.parametrize(
    ("after_new", "old", "new"),
    [
        (timedelta(seconds=-1), KeyState.SIGNING, KeyState.ANNOUNCED),
        (timedelta(0), KeyState.VERIFYING, KeyState.SIGNING),
        (POLICY.verifies - timedelta(seconds=1), KeyState.VERIFYING, KeyState.SIGNING),
        (POLICY.verifies, KeyState.RETIRED, KeyState.SIGNING),
    ],
)
def test_the_life_of_two_keys(after_new: timedelta, old: KeyState, new: KeyState) -> None:
    now = NEW.signs_from + after_new
    assert state(OLD, KEYS, POLICY, now) is old
    assert state(NEW, KEYS, POLICY, now) is new
    expected = [key for key, does in ((OLD, old), (NEW, new)) if does is not KeyState.RETIRED]
    assert published(KEYS, POLICY, now) == tuple(expected)


def test_two_keys_of_the_same_instant_have_one_order_everywhere() -> None:
    twin = a_key("older-name", NOW)
    assert signing_key((OLD, twin), NOW) is signing_key((twin, OLD), NOW)
    assert state(OLD, (OLD, twin), POLICY, NOW) is KeyState.VERIFYING

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from limen.core.ids import SessionId, UserId
from limen.core.sessions.model import EndReason, Session, SessionPolicy, begin_session

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = SessionPolicy()


def a_session(**more: Any) -> Session:
    return begin_session(SessionId(UUID(int=1)), UserId(UUID(int=2)), POLICY, NOW, **more)


def test_a_session_lives_until_it_idles_too_long() -> None:
    session = a_session()
    assert session.is_live(NOW + POLICY.idle - timedelta(microseconds=1))
    assert not session.is_live(NOW + POLICY.idle)


def test_use_pushes_the_idle_end_on_but_never_past_the_absolute_one() -> None:
    session = a_session()
    used = session.used(NOW + timedelta(days=10), POLICY)
    assert used.idle_expires_at == NOW + timedelta(days=24)
    late = session.used(NOW + timedelta(days=89), POLICY)
    assert late.idle_expires_at == session.expires_at == NOW + POLICY.absolute


def test_an_ended_session_is_not_live() -> None:
    assert not replace(a_session(), ended_at=NOW).is_live(NOW)


def test_a_session_lives_until_its_absolute_end_however_often_it_is_used() -> None:
    session = a_session()
    used = replace(session, idle_expires_at=session.expires_at + timedelta(days=1))
    assert used.is_live(session.expires_at - timedelta(microseconds=1))
    assert not used.is_live(session.expires_at)


def test_a_session_begins_with_everything_that_is_known() -> None:
    session = a_session(label="laptop", address="192.0.2.1", user_agent="test")
    assert session == Session(
        id=SessionId(UUID(int=1)),
        user_id=UserId(UUID(int=2)),
        label="laptop",
        address="192.0.2.1",
        user_agent="test",
        methods=("pwd",),
        authenticated_at=NOW,
        created_at=NOW,
        last_used_at=NOW,
        idle_expires_at=NOW + timedelta(days=14),
        expires_at=NOW + timedelta(days=90),
    )
    assert (a_session().label, a_session().user_agent, a_session().address) == ("", None, None)


def test_a_session_has_no_label_of_its_own_accord() -> None:
    session = Session(
        id=SessionId(UUID(int=1)),
        user_id=UserId(UUID(int=2)),
        authenticated_at=NOW,
        created_at=NOW,
        last_used_at=NOW,
        idle_expires_at=NOW,
        expires_at=NOW,
    )
    assert (session.label, session.methods) == ("", ("pwd",))


def test_no_session_idles_longer_than_it_may_last() -> None:
    policy = SessionPolicy(idle=timedelta(days=2), absolute=timedelta(days=1))
    session = begin_session(SessionId(UUID(int=1)), UserId(UUID(int=2)), policy, NOW)
    assert session.idle_expires_at == session.expires_at == NOW + timedelta(days=1)


def test_a_session_is_fresh_for_ten_minutes_after_its_user_proved_who_they_are() -> None:
    session = a_session()
    just_before = NOW + timedelta(minutes=10, microseconds=-1)
    assert session.is_fresh(just_before)
    assert not session.is_fresh(NOW + timedelta(minutes=10))
    again = session.proved(("pwd", "otp", "mfa"), just_before)
    assert again.methods == ("pwd", "otp", "mfa")
    assert again.is_fresh(just_before + timedelta(minutes=10, microseconds=-1))
    assert replace(again, methods=("pwd",), authenticated_at=NOW) == session


def test_use_moves_both_instants() -> None:
    later = NOW + timedelta(hours=1)
    used = a_session().used(later, POLICY)
    assert (used.last_used_at, used.idle_expires_at) == (later, later + POLICY.idle)


def test_the_reasons_of_an_end_are_stored_under_these_names() -> None:
    assert [reason.value for reason in EndReason] == [
        "signed_out",
        "revoked",
        "password_changed",
        "suspended",
        "deleted",
        "refresh_reused",
        "email_changed",
        "taken_over",
        "factor_changed",
        "replaced",
        "remembered_reused",
        "factor_required",
    ]


def test_texts_from_outside_are_cut_and_cleaned() -> None:
    session = a_session(label="x\n" * 200, user_agent="y\x1b[31m" * 500, address="192.0.2.1")
    assert session.label == "x" * 100
    assert session.user_agent is not None
    assert len(session.user_agent) == 400
    assert "\x1b" not in session.user_agent

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from limen.core.errors import TokenExpired, TokenInvalid
from limen.core.ids import SessionId, UserId
from limen.core.tokens.model import AccessClaims, TokenPolicy

NOW = datetime(2026, 1, 2, tzinfo=UTC)
POLICY = TokenPolicy(issuer="https://id.example.org", audience="limen")
CLAIMS = AccessClaims(
    user_id=UserId(UUID(int=1)),
    session_id=SessionId(UUID(int=2)),
    token_id=UUID(int=3),
    roles=("admin",),
    methods=("pwd",),
    authenticated_at=NOW,
    issued_at=NOW,
    expires_at=NOW + timedelta(minutes=15),
)
WRITTEN = CLAIMS.write(POLICY)


def test_claims_come_back_as_written() -> None:
    assert AccessClaims.read(WRITTEN, POLICY, NOW) == CLAIMS


def test_claims_are_written_as_a_jwt_carries_them() -> None:
    assert WRITTEN == {
        "iss": "https://id.example.org",
        "aud": "limen",
        "sub": "00000000-0000-0000-0000-000000000001",
        "client_id": "limen",
        "sid": "00000000-0000-0000-0000-000000000002",
        "jti": "00000000-0000-0000-0000-000000000003",
        "roles": ["admin"],
        "amr": ["pwd"],
        "acr": "1",
        "auth_time": 1767312000,
        "iat": 1767312000,
        "exp": 1767312900,
    }
    assert isinstance(WRITTEN["auth_time"], int)


def test_the_claims_of_rfc_9068_are_all_there() -> None:
    required = {"iss", "exp", "aud", "sub", "client_id", "iat", "jti", "auth_time", "acr", "amr"}
    assert required <= WRITTEN.keys()


@pytest.mark.parametrize(
    "name", ["iss", "aud", "sub", "sid", "jti", "exp", "iat", "auth_time", "roles", "amr"]
)
def test_a_missing_claim_is_refused(name: str) -> None:
    with pytest.raises(TokenInvalid):
        AccessClaims.read({key: WRITTEN[key] for key in WRITTEN if key != name}, POLICY, NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"aud": "other"},
        {"aud": ["limen"]},
        {"sub": "7"},
        {"sub": 7},
        {"sid": None},
        {"jti": {}},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 1e12},
        {"exp": 10**12},
        {"exp": 2**60},
        {"exp": 10**30},
        {"iat": None},
        {"iat": 1767312000.0},
        {"roles": "admin"},
        {"roles": [1]},
        {"amr": None},
    ],
)
def test_a_claim_of_the_wrong_form_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(TokenInvalid):
        AccessClaims.read({**WRITTEN, **change}, POLICY, NOW)


def test_a_token_is_over_at_its_end_and_not_good_before_its_beginning() -> None:
    AccessClaims.read(WRITTEN, POLICY, CLAIMS.expires_at - timedelta(microseconds=1))
    with pytest.raises(TokenExpired):
        AccessClaims.read(WRITTEN, POLICY, CLAIMS.expires_at)
    AccessClaims.read(WRITTEN, POLICY, NOW - timedelta(seconds=5))
    with pytest.raises(TokenInvalid):
        AccessClaims.read(WRITTEN, POLICY, NOW - timedelta(seconds=5, microseconds=1))

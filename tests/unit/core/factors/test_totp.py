"""Codes of authenticator apps, by their standard and by others who know it."""

import shutil
import subprocess
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.factors.totp import (
    code_at,
    find_step,
    read_totp_code,
    step_at,
    write_secret,
    write_uri,
)
from limen.core.secret import Secret

RFC_SECRET = Secret(b"12345678901234567890")
NOW = datetime(2026, 3, 20, 12, 0, 7, tzinfo=UTC)
STEP = timedelta(seconds=30)
secrets = st.binary(min_size=20, max_size=20).map(Secret)
instants = st.integers(0, 30_000_000_000).map(lambda at: datetime.fromtimestamp(at, UTC))


@pytest.mark.parametrize(
    ("count", "code"),
    [
        *((0, "755224"), (1, "287082"), (2, "359152"), (3, "969429"), (4, "338314")),
        *((5, "254676"), (6, "287922"), (7, "162583"), (8, "399871"), (9, "520489")),
    ],
)
def test_a_code_is_that_of_rfc_4226_appendix_d(count: int, code: str) -> None:
    assert code_at(RFC_SECRET, count).reveal() == code


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_a_code_is_that_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    step = step_at(datetime.fromtimestamp(seconds, UTC))
    assert code_at(RFC_SECRET, step, digits=8).reveal() == code


@given(secret=secrets, now=instants)
def test_pyotp_makes_the_same_code(secret: Secret[bytes], now: datetime) -> None:
    theirs = pyotp.TOTP(write_secret(secret).reveal()).at(now)
    assert code_at(secret, step_at(now)).reveal() == theirs


@pytest.mark.skipif(shutil.which("oathtool") is None, reason="needs Debian's package oathtool")
@pytest.mark.parametrize("days", range(5))
def test_oathtool_makes_the_same_code(days: int) -> None:
    now = NOW + timedelta(days=days)
    secret = write_secret(Secret(bytes(range(days, days + 20)))).reveal()
    command = ["oathtool", "--totp", "--base32", f"--now=@{now.timestamp():.0f}", "-"]
    theirs = subprocess.run(
        command, input=secret + "\n", capture_output=True, text=True, check=True
    )
    ours = code_at(Secret(bytes(range(days, days + 20))), step_at(now))
    assert theirs.stdout.strip() == ours.reveal()


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_code_is_good_a_step_early_and_a_step_late(drift: int) -> None:
    code = code_at(RFC_SECRET, step_at(NOW) + drift)
    assert find_step(RFC_SECRET, code, NOW, after=0) == step_at(NOW) + drift


@pytest.mark.parametrize("drift", [-2, 2])
def test_a_code_is_not_good_two_steps_off(drift: int) -> None:
    code = code_at(RFC_SECRET, step_at(NOW) + drift)
    assert find_step(RFC_SECRET, code, NOW, after=0) is None


def test_a_code_is_not_good_for_a_step_that_was_used_or_is_before_one() -> None:
    present = step_at(NOW)
    for step in (present - 1, present):
        assert find_step(RFC_SECRET, code_at(RFC_SECRET, step), NOW, after=present) is None
    next_code = code_at(RFC_SECRET, present + 1)
    assert find_step(RFC_SECRET, next_code, NOW, after=present) == present + 1


@pytest.mark.parametrize("typed", ["123456", "123 456", " 123-456\n", "1 2 3 4 5 6"])
def test_a_code_counts_however_it_is_typed(typed: str) -> None:
    read = read_totp_code(Secret(typed))
    assert read is not None
    assert read.reveal() == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "12345a",
        "\uff11\uff12\uff13\uff14\uff15\uff16",
        "123456" + " " * 64,
        "+12345",
    ],
)
def test_anything_else_is_no_code(typed: str) -> None:
    assert read_totp_code(Secret(typed)) is None


@given(
    secret=secrets,
    issuer=st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30),
    account=st.emails(),
)
def test_pyotp_reads_the_uri(secret: Secret[bytes], issuer: str, account: str) -> None:
    read = pyotp.parse_uri(write_uri(secret, issuer=issuer, account=account).reveal())
    assert isinstance(read, pyotp.TOTP)
    assert read.byte_secret() == secret.reveal()
    assert (read.issuer, read.name, read.digits, read.interval) == (issuer, account, 6, 30)


def test_a_uri_names_issuer_and_account_as_apps_show_them() -> None:
    uri = write_uri(RFC_SECRET, issuer="Acme & Söhne: 1", account="ada+x@example.org").reveal()
    assert uri == (
        "otpauth://totp/Acme%20%26%20S%C3%B6hne%3A%201:ada%2Bx@example.org"
        "?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Acme%20%26%20S%C3%B6hne%3A%201"
        "&algorithm=SHA1&digits=6&period=30"
    )

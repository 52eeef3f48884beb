from pathlib import Path

import pytest

from limen.core.secret import Secret
from limen.wiring.report import describe, masked_url
from limen.wiring.settings import CATALOGUE, from_code

KEY = "pUeKcXW3xG0nLb7YyQ2VtZ5sR8mD1aHf4jNwOiTkEuA"


def test_every_setting_is_shown_with_its_origin_and_without_secrets() -> None:
    settings = from_code(
        {
            "database_url": "postgresql://limen:hunter2@db:5432/limen?sslmode=require",
            "secret_key": Secret(KEY),
            "smtp_url": "smtps://limen:hunter2@mail.example.org",
            "mail_from": "id@example.org",
            "trusted_proxies": "10.0.0.0/8,fd00::/8",
            "bootstrap_admin_email": "root@example.org",
            "bootstrap_admin_password": "hunter2",
        }
    )
    lines = list(describe(settings))
    shown = {line.name: line.value for line in lines}
    assert [line.name for line in lines] == [setting.name for setting in CATALOGUE]
    assert "hunter2" not in str(shown)
    assert KEY not in str(shown)
    assert shown["LIMEN_DATABASE_URL"] == "postgresql://limen:***@db:5432/limen?sslmode=require"
    assert shown["LIMEN_SMTP_URL"] == "smtps://limen:***@mail.example.org"
    assert shown["LIMEN_SECRET_KEY"] == "***"
    assert shown["LIMEN_SECRET_KEY_OLD"] is None
    assert shown["LIMEN_TRUSTED_PROXIES"] == "10.0.0.0/8, fd00::/8"
    assert shown["LIMEN_UNVERIFIED_SIGN_IN"] == "yes"
    assert shown["LIMEN_TOKEN_ALGORITHM"] == "EdDSA"
    assert shown["LIMEN_HTTP_PORT"] == "8000"
    origins = {line.name: line.origin for line in lines}
    assert origins["LIMEN_DATABASE_URL"] == "code"
    assert origins["LIMEN_HTTP_PORT"] == "default"


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("memory://", "memory://"),
        ("sqlite:///var/limen.db", "sqlite:///var/limen.db"),
        ("sqlite:////srv/limen.db", "sqlite:////srv/limen.db"),
        ("postgresql://h/d", "postgresql://h/d"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p:q@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p@ss@h/d", "postgresql://u:***@h/d"),
        ("postgresql://u:p/ss@h/d", "postgresql://u:***@h/d"),
        ("postgresql://h:5432/d", "postgresql://h:5432/d"),
        ("postgresql://h/d?user=u&password=p", "postgresql://h/d?user=u&password=***"),
        ("postgresql:///d?host=/run&password=p", "postgresql:///d?host=/run&password=***"),
    ],
)
def test_a_url_is_shown_without_its_password(url: str, masked: str) -> None:
    assert masked_url(url) == masked


def test_a_path_is_shown_as_it_stands() -> None:
    lines = {line.name: line.value for line in describe(from_code({"data_dir": Path("/srv/x")}))}
    assert lines["LIMEN_DATA_DIR"] == "/srv/x"
    assert lines["LIMEN_DATABASE_URL"] == "sqlite:////srv/x/limen.db"

import contextlib
import os
import string
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.errors import SettingsInvalid
from limen.core.keys.model import Algorithm
from limen.core.secret import Secret
from limen.wiring.catalogue import Shown
from limen.wiring.choices import Environment, ForeignHash, LogFormat, PasswordHash, Registration
from limen.wiring.groups import Settings
from limen.wiring.settings import CATALOGUE, Store, from_code, load

KEY = "pUeKcXW3xG0nLb7YyQ2VtZ5sR8mD1aHf4jNwOiTkEuA"
ANYWHERE = "0.0.0.0"  # noqa: S104 - read, not bound.
OLD_KEY = "0123456789abcdef" * 4
PRODUCTION = {
    "LIMEN_ENVIRONMENT": "production",
    "LIMEN_PUBLIC_URL": "https://id.example.org",
    "LIMEN_SECRET_KEY": KEY,
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no `limen.toml` of the checkout count."""
    monkeypatch.chdir(tmp_path)


def read(environ: Mapping[str, str] | None = None, **variables: str) -> Settings:
    given_ = {f"LIMEN_{name}": text for name, text in variables.items()}
    return load(environ={**(environ or {}), **given_})


def faults(environ: Mapping[str, str] | None = None, **variables: str) -> dict[str, str]:
    with pytest.raises(SettingsInvalid) as refusal:
        read(environ, **variables)
    found = {fault.field: fault.message for fault in refusal.value.details}
    assert all(f"{name} {message}" in str(refusal.value) for name, message in found.items())
    return found


# --- what holds ----------------------------------------------------------------------------


def test_everything_has_a_default_in_development() -> None:
    settings = read()
    assert settings.environment is Environment.DEVELOPMENT
    assert not settings.is_production
    assert settings.data_dir == Path("var")
    assert settings.database.url == Secret("sqlite:///var/limen.db")
    assert settings.database.store is Store.SQLITE
    assert settings.database.sqlite_path == Path("var/limen.db")
    assert settings.http.public_url == "http://127.0.0.1:8000"
    assert settings.http.allowed_hosts == ()
    assert settings.token.issuer == settings.http.public_url
    assert settings.secret.key is None
    assert settings.password.hashing_threads >= 1
    assert set(settings.origins.values()) == {"default"}


def test_everything_can_be_set(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("a long pass word\n")
    settings = read(
        PRODUCTION,
        DATA_DIR="/srv/limen",
        DATABASE_URL="postgresql://limen:secret@db/limen",
        DATABASE_POOL_SIZE="5",
        HTTP_HOST="::",
        HTTP_PORT="8443",
        TRUSTED_PROXIES="10.0.0.0/8, fd00::/8",
        ALLOWED_HOSTS="id.example.org,[::1]",
        CORS_ORIGINS="https://app.example.org,https://b.example.org:8443",
        LOG_FORMAT="json",
        LOG_LEVEL="debug",
        BOOTSTRAP_ADMIN_EMAIL="root@example.org",
        BOOTSTRAP_ADMIN_PASSWORD_FILE=str(tmp_path / "password"),
        PASSWORD_MIN_LENGTH="15",
        PASSWORD_HASH="argon2id",
        PASSWORD_FOREIGN="phpass, bcrypt-sha256",
        FORMER_PASSWORDS_URL="https://old.example.org/check?v=1",
        FORMER_PASSWORDS_TOKEN="a token",
        BCRYPT_COST="13",
        HASHING_THREADS="3",
        HASHING_QUEUE="9",
        SECRET_KEY_OLD=f"{OLD_KEY}\n{KEY}",
        TOKEN_ISSUER="https://issuer.example.org/",
        TOKEN_AUDIENCE="shop",
        TOKEN_ALGORITHM="ES256",
        ACCESS_TOKEN_SECONDS="300",
        SESSION_IDLE_DAYS="2",
        SESSION_ABSOLUTE_DAYS="3",
        REGISTRATION="closed",
        UNVERIFIED_SIGN_IN="no",
        SIGN_IN_PER_ADDRESS="7",
        SMTP_URL="smtp://limen:p%40ss@mail.example.org",
        MAIL_FROM="id@example.org",
    )
    assert settings.is_production
    assert settings.http.is_secure
    assert settings.database.store is Store.POSTGRESQL
    assert settings.database.sqlite_path is None
    assert [str(network) for network in settings.http.trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]
    assert settings.http.allowed_hosts == ("id.example.org", "::1")
    assert settings.http.cors_origins == (
        "https://app.example.org",
        "https://b.example.org:8443",
    )
    assert settings.log.format is LogFormat.JSON
    assert settings.bootstrap.admin_password == Secret("a long pass word")
    assert settings.password.hash is PasswordHash.ARGON2ID
    assert settings.password.foreign == (ForeignHash.BCRYPT_SHA256, ForeignHash.PHPASS)
    assert settings.former.url == "https://old.example.org/check?v=1"
    assert settings.former.token == Secret("a token")
    assert settings.password.policy.min_length == 15
    assert settings.secret.key == Secret(KEY.encode())
    assert settings.secret.old_keys == (Secret(OLD_KEY.encode()), Secret(KEY.encode()))
    assert settings.token.issuer == "https://issuer.example.org"
    assert settings.token.policy.access_lifetime.total_seconds() == 300
    assert settings.token.key_policy.algorithm is Algorithm.ES256
    assert settings.token.key_policy.verifies.total_seconds() == 360
    assert settings.token.denial_policy.memory.total_seconds() == 360
    assert settings.session.policy.idle.days == 2
    assert settings.account.registration is Registration.CLOSED
    assert not settings.account.policy.is_registration_open
    assert not settings.account.policy.allows_unverified_sign_in
    assert settings.sign_in_policy.throttle.per_address == 7
    url = settings.mail.smtp_url
    assert url is not None
    assert (url.host, url.port, url.username) == ("mail.example.org", 587, "limen")
    assert url.password == Secret("p@ss")


def test_the_strong_hashes_of_others_are_verified_unless_none_are_wanted() -> None:
    assert {name.value for name in read().password.foreign} == {
        "bcrypt-sha256", "scrypt", "firebase-scrypt", "pbkdf2", "keycloak", "aspnet-v3",
    }  # fmt: skip
    assert read(PASSWORD_FOREIGN="none").password.foreign == ()
    assert from_code({"password_foreign": [*ForeignHash]}).password.foreign == tuple(ForeignHash)


@pytest.mark.parametrize("text", ["md5", "none,phpass", ",", "PHPASS", "phpass;ssha"])
def test_only_known_hashes_of_others_can_be_switched_on(text: str) -> None:
    told = faults(PASSWORD_FOREIGN=text)["LIMEN_PASSWORD_FOREIGN"]
    assert told.startswith("must be none, or some of bcrypt-sha256, scrypt,")


@pytest.mark.parametrize(
    ("url", "is_safe"),
    [
        ("https://old.example.org/check", True),
        ("http://127.0.0.1:8080/check", True),
        ("http://127.9.9.9/check", True),
        ("http://[::1]/check", True),
        ("http://localhost/check", True),
        ("http://old.example.org/check", False),
        ("http://127.0.0.1.example.org/check", False),
        ("http://localhost.example.org/check", False),
        ("http://192.168.0.1/check", False),
        ("https://user:secret@old.example.org/check", False),
        ("https://old.example.org/check#part", False),
        ("ftp://127.0.0.1/check", False),
        ("file:///etc/passwd", False),
        ("https:///check", False),
        ("old.example.org", False),
    ],
)
def test_passwords_go_to_a_former_system_by_https_or_on_this_machine(
    url: str, is_safe: bool
) -> None:
    named = {"LIMEN_FORMER_PASSWORDS_URL": url, "LIMEN_FORMER_PASSWORDS_TOKEN": "a token"}
    if is_safe:
        assert read(named).former.url == url
    else:
        assert "LIMEN_FORMER_PASSWORDS_URL" in faults(named)


def test_a_former_system_needs_both_an_address_and_a_token() -> None:
    found = faults(FORMER_PASSWORDS_URL="https://old.example.org/check")
    assert found == {"LIMEN_FORMER_PASSWORDS_TOKEN": "is required with LIMEN_FORMER_PASSWORDS_URL"}
    found = faults(FORMER_PASSWORDS_TOKEN="a token")
    assert found == {"LIMEN_FORMER_PASSWORDS_URL": "is required with LIMEN_FORMER_PASSWORDS_TOKEN"}


def test_the_catalogue_and_the_settings_are_the_same_list() -> None:
    settings = read()
    found = {"environment", "data_dir"}
    for group in fields(settings):
        if group.name not in {*found, "origins"}:
            value = getattr(settings, group.name)
            found |= {f"{group.name}.{field.name}" for field in fields(value)}
    assert {setting.key for setting in CATALOGUE} == found


def test_the_catalogue_says_something_of_everything() -> None:
    names = [setting.name for setting in CATALOGUE]
    assert len(names) == len(set(names))
    for setting in CATALOGUE:
        assert setting.name.startswith("LIMEN_")
        assert setting.sentence.endswith(".")
        assert setting.form.says
        if setting.default is not None:
            setting.form.parse(setting.default)


def test_an_empty_variable_counts_as_none() -> None:
    assert read(HTTP_PORT="", SECRET_KEY_FILE="").http.port == 8000


def test_production_answers_its_own_host_only() -> None:
    assert read(PRODUCTION).http.allowed_hosts == ("id.example.org",)


@pytest.mark.parametrize(
    ("url", "issuer"),
    [
        ("https://id.example.org/auth", "id.example.org"),
        ("http://127.0.0.1:8000", "limen"),
        ("https://[2001:db8::1]", "limen"),
    ],
)
def test_the_name_in_authenticator_apps_follows_from_the_public_url(url: str, issuer: str) -> None:
    assert read(PUBLIC_URL=url).factors.issuer == issuer
    assert read(PUBLIC_URL=url, SECOND_FACTORS_ISSUER="Acme & Co").factors.issuer == "Acme & Co"


@pytest.mark.parametrize("name", ["Acme: staff", " ", "two\nlines"])
def test_a_name_that_apps_would_misread_is_refused(name: str) -> None:
    with pytest.raises(SettingsInvalid, match="without a colon"):
        read(SECOND_FACTORS_ISSUER=name)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (ANYWHERE, "http://127.0.0.1:8000"),
        ("::", "http://[::1]:8000"),
        ("localhost", "http://localhost:8000"),
    ],
)
def test_the_public_url_follows_from_the_host(host: str, url: str) -> None:
    assert read(HTTP_HOST=host).http.public_url == url


def test_a_data_folder_of_any_name_makes_a_url() -> None:
    database = read(DATA_DIR="/srv/50% of ?").database
    assert database.sqlite_path == Path("/srv/50% of ?/limen.db")
    assert "?" not in database.url.reveal()


def test_nothing_secret_prints(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2hunter2")
    settings = read(
        PRODUCTION,
        DATABASE_URL="postgresql://limen:hunter2@db/limen",
        SMTP_URL="smtps://limen:hunter2@mail.example.org",
        MAIL_FROM="id@example.org",
        BOOTSTRAP_ADMIN_EMAIL="root@example.org",
        BOOTSTRAP_ADMIN_PASSWORD_FILE=str(tmp_path / "password"),
        SECRET_KEY_OLD=OLD_KEY,
    )
    assert not any(secret in repr(settings) for secret in ("hunter2", KEY, OLD_KEY))


def test_where_the_system_does_not_say_which_cores_may_be_used_all_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 5)
    assert read().password.hashing_threads == 5


# --- what is refused -----------------------------------------------------------------------


def test_all_faults_are_told_at_once() -> None:
    found = faults(
        ENVIRONMENT="production",
        HTTP_PORT="80a",
        HTP_HOST="localhost",
        BCRYPT_COST="9",
        SECRET_KEY_FILE="/nowhere/secret.key",
        SESSION_IDLE_DAYS="100",
        SMTP_URL="smtp://mail.example.org",
    )
    assert found["LIMEN_HTTP_PORT"] == "must be a whole number, 1 to 65535, not '80a'"
    assert found["LIMEN_HTP_HOST"].endswith("did you mean LIMEN_HTTP_HOST?")
    assert found["LIMEN_BCRYPT_COST"].startswith("must be a whole number, 10 to 15")
    assert "No such file" in found["LIMEN_SECRET_KEY_FILE"]
    assert "openssl rand" in found["LIMEN_SECRET_KEY"]
    assert "https://id.example.org" in found["LIMEN_PUBLIC_URL"]
    assert "LIMEN_SESSION_ABSOLUTE_DAYS" in found["LIMEN_SESSION_IDLE_DAYS"]
    assert found["LIMEN_MAIL_FROM"] == "is required with LIMEN_SMTP_URL"


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("ENVIRONMENT", ["prod", "Production"]),
        (
            "DATABASE_URL",
            [
                "mysql://h/d",
                "sqlite:///",
                "sqlite:///:memory:",
                "sqlite://var/limen.db",
                "sqlite:///a?mode=ro",
                "postgresql://h",
                "postgresql://h:x/d",
                "memory:///x",
                "limen.db",
            ],
        ),
        ("DATABASE_POOL_SIZE", ["0", "-1", "1.5", "²", "1_0"]),
        ("HTTP_HOST", ["a b", "http://h", "-h"]),
        ("HTTP_PORT", ["0", "65536", " 80"]),
        (
            "PUBLIC_URL",
            [
                "id.example.org",
                "ftp://h",
                "https://",
                "https://h?a=b",
                "https://u:p@h",
                "https://h:x",
            ],
        ),
        ("TRUSTED_PROXIES", ["10.0.0.1/8", "everything"]),
        ("ALLOWED_HOSTS", ["https://h", "*"]),
        ("CORS_ORIGINS", ["*", "https://App.example.org", "https://a.example.org/", "null"]),
        ("LOG_LEVEL", ["verbose"]),
        ("BOOTSTRAP_ADMIN_EMAIL", ["root"]),
        ("PASSWORD_MIN_LENGTH", ["7"]),
        ("BCRYPT_COST", ["9", "16"]),
        ("SECRET_KEY", ["short", "a" * 64, "changeme" * 8, OLD_KEY[:63], KEY[:42]]),
        ("SECRET_KEY_OLD", [f"{KEY}\nshort"]),
        ("TOKEN_ALGORITHM", ["HS256", "none"]),
        ("TOKEN_AUDIENCE", ["a\nb"]),
        ("UNVERIFIED_SIGN_IN", ["maybe"]),
        ("SMTP_URL", ["http://h", "smtp://", "smtp://h/path", "smtp+plain://u:p@h"]),
    ],
)
def test_what_is_no_value_is_refused_by_name(name: str, texts: list[str]) -> None:
    for text in texts:
        assert f"LIMEN_{name}" in faults({f"LIMEN_{name}": text})


def test_what_is_wrong_with_a_secret_is_told_without_it() -> None:
    found = faults(SECRET_KEY="hunter2hunter2", DATABASE_URL="mysql://limen:hunter2@h/d")
    assert "hunter2" not in str(found)


def test_production_wants_https_and_a_password_from_a_file() -> None:
    found = faults(
        PRODUCTION | {"LIMEN_PUBLIC_URL": "http://id.example.org"},
        BOOTSTRAP_ADMIN_EMAIL="root@example.org",
        BOOTSTRAP_ADMIN_PASSWORD="correct horse battery",
    )
    assert set(found) == {"LIMEN_PUBLIC_URL", "LIMEN_BOOTSTRAP_ADMIN_PASSWORD"}
    assert "LIMEN_BOOTSTRAP_ADMIN_PASSWORD_FILE" in found["LIMEN_BOOTSTRAP_ADMIN_PASSWORD"]


@pytest.mark.parametrize("url", ["http://localhost:8000", "http://127.0.0.1", "http://[::1]:80"])
def test_production_on_this_machine_needs_no_https(url: str) -> None:
    assert read(PRODUCTION | {"LIMEN_PUBLIC_URL": url}).is_production


def test_a_bootstrap_password_needs_its_address() -> None:
    assert "LIMEN_BOOTSTRAP_ADMIN_EMAIL" in faults(BOOTSTRAP_ADMIN_PASSWORD="correct horse")


def test_a_setting_by_value_and_by_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY)
    assert "give one" in faults(SECRET_KEY=KEY, SECRET_KEY_FILE="key")["LIMEN_SECRET_KEY"]


def test_an_empty_secret_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("\n")
    found = faults(
        BOOTSTRAP_ADMIN_EMAIL="root@example.org",
        BOOTSTRAP_ADMIN_PASSWORD_FILE=str(tmp_path / "password"),
    )
    assert found["LIMEN_BOOTSTRAP_ADMIN_PASSWORD"].startswith("must be a secret (file ")


def test_code_spares_the_file_of_the_environment() -> None:
    settings = load(environ={"LIMEN_SECRET_KEY_FILE": "/nowhere/key"}, options={"secret_key": KEY})
    assert settings.origins["LIMEN_SECRET_KEY"] == "code"


def test_only_what_may_be_secret_is_read_from_files() -> None:
    assert "did you mean" in faults(HTTP_PORT_FILE="port")["LIMEN_HTTP_PORT_FILE"]
    assert [setting.name for setting in CATALOGUE if setting.has_file] == [
        setting.name for setting in CATALOGUE if setting.shown is not Shown.PLAIN
    ]


def test_variables_of_tests_and_other_programs_are_left_alone() -> None:
    read({"LIMEN_TEST_POSTGRES_URL": "x", "LIMENADE": "y", "PATH": "/bin"})


@given(
    st.dictionaries(
        st.sampled_from([setting.name for setting in CATALOGUE])
        | st.text(string.ascii_uppercase + "_").map(lambda rest: f"LIMEN_{rest}"),
        st.text(),
    )
)
def test_whatever_the_environment_holds_is_read_or_refused(environ: dict[str, str]) -> None:
    with contextlib.suppress(SettingsInvalid):
        load(environ=environ)


# --- limen.toml and code -------------------------------------------------------------------


def test_the_file_is_read_where_it_lies_and_the_environment_comes_first(tmp_path: Path) -> None:
    (tmp_path / "limen.toml").write_text(
        """
        data_dir = "/srv/limen"
        [http]
        port = 9000
        host = "0.0.0.0"
        cors_origins = ["https://a.example.org", "https://b.example.org"]
        [account]
        unverified_sign_in = false
        [secret]
        key_file = "keys/secret.key"
        """
    )
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "secret.key").write_text(f"{KEY}\n")
    settings = load(environ={"LIMEN_HTTP_PORT": "9001"}, directory=tmp_path)
    assert settings.data_dir == Path("/srv/limen")
    assert (settings.http.host, settings.http.port) == (ANYWHERE, 9001)
    assert len(settings.http.cors_origins) == 2
    assert not settings.account.unverified_sign_in
    assert settings.secret.key == Secret(KEY.encode())
    assert settings.origins["LIMEN_HTTP_HOST"] == "limen.toml"
    assert settings.origins["LIMEN_HTTP_PORT"] == "environment"
    assert settings.origins["LIMEN_SECRET_KEY"].endswith("keys/secret.key")


def test_every_fault_of_the_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(
        """
        colour = "red"
        [http]
        prot = 80
        port = 8.5
        host = { name = "x" }
        [log]
        level = "loud"
        [secret]
        key = "x"
        """
    )
    found = faults(CONFIG=str(path))
    assert set(found) == {
        "colour",
        "http.prot",
        "http.port",
        "http.host",
        "LIMEN_LOG_LEVEL",
        "secret.key",
    }
    assert "did you mean http.port?" in found["http.prot"]
    assert "(other.toml)" in found["LIMEN_LOG_LEVEL"]
    assert "secret.key_file" in found["secret.key"]


@pytest.mark.parametrize("content", [b"port = ", b"\xff", b"#" * 70_000])
def test_a_file_that_is_none_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "limen.toml").write_bytes(content)
    assert "cannot be read" in faults()["LIMEN_CONFIG"]


def test_a_named_file_must_be_there() -> None:
    assert "nowhere.toml" in faults(CONFIG="nowhere.toml")["LIMEN_CONFIG"]


def test_code_comes_first_and_takes_values_as_they_are(tmp_path: Path) -> None:
    settings = load(
        environ={"LIMEN_HTTP_PORT": "9000", "LIMEN_DATA_DIR": "/srv"},
        options={
            "http_port": 9001,
            "data_dir": tmp_path,
            "unverified_sign_in": False,
            "registration": Registration.CLOSED,
            "secret_key": Secret(KEY.encode()),
            "bootstrap_admin_email": "root@example.org",
            "bootstrap_admin_password": Secret("correct horse"),
            "cors_origins": ["https://a.example.org"],
            "log_level": None,
        },
    )
    assert settings.http.port == 9001
    assert settings.data_dir == tmp_path
    assert not settings.account.unverified_sign_in
    assert settings.account.registration is Registration.CLOSED
    assert settings.secret.key == Secret(KEY.encode())
    assert settings.bootstrap.admin_password == Secret("correct horse")
    assert settings.http.cors_origins == ("https://a.example.org",)
    assert settings.origins["LIMEN_HTTP_PORT"] == "code"


def test_code_alone_reads_no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LIMEN_HTTP_PORT", "9000")
    (tmp_path / "limen.toml").write_text("data_dir = '/srv'")
    settings = from_code({})
    assert settings.http.port == 8000
    assert settings.data_dir == Path("var")
    assert load().http.port == 9000


def test_an_unknown_option_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="did you mean http_port"):
        from_code({"htp_port": 1})


def test_nothing_of_the_environment_names_the_file_of_code() -> None:
    with pytest.raises(SettingsInvalid, match="LIMEN_HTTP_PORT must be"):
        from_code({"http_port": "x"})

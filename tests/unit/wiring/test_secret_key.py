import logging
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from limen.core.errors import SettingsInvalid
from limen.core.secret import Secret
from limen.wiring.secret_key import SecretKeys, find_secret_keys
from limen.wiring.settings import from_code

KEY = "pUeKcXW3xG0nLb7YyQ2VtZ5sR8mD1aHf4jNwOiTkEuA"
OLD = "0123456789abcdef" * 4


def test_a_configured_key_is_used_and_nothing_is_written(tmp_path: Path) -> None:
    settings = from_code({"secret_key": KEY, "secret_key_old": OLD, "data_dir": tmp_path / "var"})
    keys = find_secret_keys(settings, os.urandom)
    assert keys.all == (Secret(KEY.encode()), Secret(OLD.encode()))
    assert not (tmp_path / "var").exists()


def test_in_development_a_key_is_made_once_and_announced(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    settings = from_code({"data_dir": tmp_path / "var"})
    with caplog.at_level(logging.WARNING):
        first = find_secret_keys(settings, os.urandom)
        again = find_secret_keys(settings, os.urandom)
    path = tmp_path / "var" / "secret.key"
    assert first == again
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [path.name for path in path.parent.iterdir()] == ["secret.key"]
    (record,) = caplog.records
    assert str(path) in record.getMessage()
    assert first.current.reveal().decode() not in caplog.text


def test_the_key_that_was_made_can_be_configured(tmp_path: Path) -> None:
    made = find_secret_keys(from_code({"data_dir": tmp_path}), os.urandom)
    text = (tmp_path / "secret.key").read_text().strip()
    assert find_secret_keys(from_code({"secret_key": text}), os.urandom) == made


def test_many_at_once_agree_on_one_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = from_code({"data_dir": tmp_path})
    # Threads stand in for processes, which each have a number of their own.
    numbers = iter(range(1, 100))
    monkeypatch.setattr(os, "getpid", lambda: next(numbers))
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: find_secret_keys(settings, os.urandom), range(16)))
    assert len({keys.current.reveal() for keys in found}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret.key"]


def test_a_store_in_memory_needs_no_file(tmp_path: Path) -> None:
    settings = from_code({"data_dir": tmp_path / "var", "database_url": "memory://"})
    first = find_secret_keys(settings, os.urandom)
    assert len(first.current.reveal()) == 32
    assert first != find_secret_keys(settings, os.urandom)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 40])
def test_a_file_of_no_use_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(content)
    with pytest.raises(SettingsInvalid, match=r"LIMEN_SECRET_KEY in .*secret.key") as refusal:
        find_secret_keys(from_code({"data_dir": tmp_path}), os.urandom)
    assert refusal.value.details[0].field == "LIMEN_SECRET_KEY"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsInvalid, match="LIMEN_SECRET_KEY"):
        find_secret_keys(from_code({"data_dir": tmp_path / "file" / "var"}), os.urandom)


def test_keys_for_purposes_are_those_of_rfc_5869() -> None:
    keys = SecretKeys(current=Secret(KEY.encode()))
    expected = HKDF(SHA256(), 32, salt=None, info=b"limen 1 refresh tokens").derive(KEY.encode())
    assert keys.derive("refresh tokens") == Secret(expected)
    assert keys.derive("refresh tokens") != keys.derive("list cursors")


def test_former_keys_are_derived_from_as_well() -> None:
    keys = SecretKeys(current=Secret(KEY.encode()), old=(Secret(OLD.encode()),))
    former = SecretKeys(current=Secret(OLD.encode()))
    assert keys.derive_all("codes") == (keys.derive("codes"), former.derive("codes"))

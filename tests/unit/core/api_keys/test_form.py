"""The text of an API key: whatever is not exactly what we wrote is refused."""

import re
from uuid import UUID
from zlib import crc32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from limen.core.api_keys.form import (
    LENGTH,
    PATTERN,
    digest_of,
    is_key,
    public_part,
    read_key,
    read_key_id,
    write_key,
)
from limen.core.encoding import write_base62
from limen.core.errors import ApiKeyInvalid
from limen.core.ids import ApiKeyId
from limen.core.secret import Secret

KEY_ID = ApiKeyId(UUID("019a3c5e-a0c1-7d11-8b6e-2f3a4b5c6d7e"))
SECRET = bytes(range(32))
KEY = write_key(KEY_ID, SECRET).reveal()

ids = st.uuids().map(ApiKeyId)
secrets = st.binary(min_size=32, max_size=32)


def test_a_key_is_written_as_it_always_was() -> None:
    assert KEY == (
        "limen_ak_031TeYfUuzTTXDv2O7cL3m_003aUlTJC7tjlCTQj2uNU3MFagCXG9LRKRcwGkBIDlf_2tyDku"
    )
    assert public_part(KEY_ID) == KEY[: len("limen_ak_") + 22]


@given(key_id=ids, secret=secrets)
@example(key_id=ApiKeyId(UUID(int=0)), secret=bytes(32))
@example(key_id=ApiKeyId(UUID(int=2**128 - 1)), secret=b"\xff" * 32)
def test_reading_undoes_writing(key_id: ApiKeyId, secret: bytes) -> None:
    text = write_key(key_id, secret).reveal()
    shown = read_key(Secret(text))
    assert (shown.key_id, shown.digest) == (key_id, digest_of(secret))
    assert shown.has_secret_of(digest_of(secret))
    assert len(text) == LENGTH
    assert re.fullmatch(PATTERN, text)
    assert is_key(text)
    assert text.startswith(public_part(key_id) + "_")


@given(place=st.integers(0, LENGTH - 1), char=st.characters())
def test_one_wrong_character_is_refused(place: int, char: str) -> None:
    text = KEY[:place] + char + KEY[place + 1 :]
    if text != KEY:
        with pytest.raises(ApiKeyInvalid):
            read_key(Secret(text))


@given(first=st.integers(9, LENGTH - 2))
def test_two_neighbours_that_changed_places_are_refused(first: int) -> None:
    text = KEY[:first] + KEY[first + 1] + KEY[first] + KEY[first + 2 :]
    if text != KEY:
        with pytest.raises(ApiKeyInvalid):
            read_key(Secret(text))


@given(text=st.text())
@example(text="")
@example(text=KEY + " ")
@example(text=" " + KEY)
@example(text=KEY + "\n")
@example(text=KEY[:-1])
@example(text=KEY * 2)
@example(text=KEY.upper())
@example(text="x" * 10_000_000)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ApiKeyInvalid):
        read_key(Secret(text))


@pytest.mark.parametrize("part", ["id", "secret"])
def test_a_number_too_large_for_its_bytes_is_refused_though_its_checksum_is_right(
    part: str,
) -> None:

    named, secret = KEY.split("_")[2:4]
    body = f"limen_ak_{'z' * 22}_{secret}" if part == "id" else f"limen_ak_{named}_{'z' * 43}"
    checksum = write_base62(crc32(body.encode()).to_bytes(4))
    with pytest.raises(ApiKeyInvalid):
        read_key(Secret(f"{body}_{checksum}"))


def test_another_secret_is_told_apart_and_so_is_none() -> None:
    shown = read_key(Secret(KEY))
    assert not shown.has_secret_of(digest_of(bytes(32)))
    assert not shown.has_secret_of(None)


@given(key_id=ids)
def test_a_key_is_named_by_its_id_or_its_public_part(key_id: ApiKeyId) -> None:
    assert read_key_id(str(key_id)) == key_id
    assert read_key_id(public_part(key_id)) == key_id


@pytest.mark.parametrize("text", ["", "x", "limen_ak_", "limen_ak_" + "z" * 22, KEY])
def test_nothing_else_names_a_key(text: str) -> None:
    assert read_key_id(text) is None


def test_a_key_never_prints() -> None:
    assert KEY not in f"{write_key(KEY_ID, SECRET)!r} {read_key(Secret(KEY))!r}"

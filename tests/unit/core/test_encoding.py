import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.encoding import (
    base62_length,
    read_base62,
    read_base64url,
    write_base62,
    write_base64url,
)


@given(st.binary(max_size=60))
def test_bytes_come_back(raw: bytes) -> None:
    assert read_base64url(write_base64url(raw)) == raw


@given(st.text(max_size=60))
def test_every_text_is_the_one_form_of_its_bytes_or_refused(text: str) -> None:
    try:
        raw = read_base64url(text)
    except ValueError:
        return
    assert write_base64url(raw) == text


@pytest.mark.parametrize("text", ["AB", "AAB", "A", "AA==", "A A", "A+", "A/", "é"])
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_base64url(text)


@given(st.binary(max_size=60))
def test_bytes_come_back_from_base_62_whose_length_tells_nothing_of_them(raw: bytes) -> None:
    text = write_base62(raw)
    assert read_base62(text, len(raw)) == raw
    assert len(text) == base62_length(len(raw)) == len(write_base62(bytes(len(raw))))


@given(st.text(alphabet="09AZaz_-+", max_size=8), st.integers(0, 5))
def test_every_base_62_is_the_one_form_of_its_bytes_or_refused(text: str, size: int) -> None:
    try:
        raw = read_base62(text, size)
    except ValueError:
        return
    assert write_base62(raw) == text

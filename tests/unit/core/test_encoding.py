import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.encoding import read_base64url, write_base64url


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

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.core.users.locale import LONGEST_LOCALE, parse_locale
from limen.testing import strategies


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("de", "de"),
        ("DE-at", "de-AT"),
        (" en-us ", "en-US"),
        ("ZH-hANT-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("gsw", "gsw"),
        ("zh-CMN-hans-cn", "zh-cmn-Hans-CN"),
        ("aa-bbb-ccc-ddd", "aa-bbb-ccc-ddd"),
        ("qaaa", "qaaa"),
        ("abcdefgh", "abcdefgh"),
        ("SL-Rozaj-BISKE", "sl-rozaj-biske"),
        ("DE-ch-1901", "de-CH-1901"),
        ("de-1ABC", "de-1abc"),
        ("en-ca-X-ca", "en-CA-x-ca"),
        ("AZ-latn-X-LATN", "az-Latn-x-latn"),
        ("de-de-U-CO-PHONEBK", "de-DE-u-co-phonebk"),
        ("en-0-latn-1-ab", "en-0-latn-1-ab"),
        ("de-x-1", "de-x-1"),
    ],
)
def test_a_tag_is_kept_in_canonical_case(written: str, tag: str) -> None:
    assert parse_locale(written) == tag


def test_a_tag_has_at_most_35_characters() -> None:
    longest = f"en-x-{'a' * 8}-{'b' * 8}-{'c' * 8}-def"
    assert parse_locale(longest) == longest
    with pytest.raises(ValueError, match="at most 35 letters"):
        parse_locale(f"{longest}g")


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", "d", "d-e", "de-", "-de", "de--AT", "de_AT", "de AT", "de-A", "de-12",
        "de-1234567890", "1a", "abcdefghi", "abcd-efg", "de-Latn-Latn", "de-AT-Latn", "de-AT-CH",
        "aa-bbb-ccc-ddd-eee", "de-u", "de-u-", "de-u-a", "de-x", "x-private", "i-klingon",
        "de\nat", "de\0", "*", "de-*", "français", "de-\u212a\u212a", "\uff44\uff45", "д",
        "a" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_tag_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="must be a language tag such as en or de-AT"):
        parse_locale(text)


@given(tag=strategies.locales())
def test_case_says_nothing_about_a_language(tag: str) -> None:
    assert parse_locale(tag.upper()) == parse_locale(tag.lower()) == parse_locale(tag) == tag


@given(text=st.text(max_size=LONGEST_LOCALE + 5) | st.text("aZ1-xu", max_size=20))
def test_a_tag_that_is_taken_is_short_plain_and_taken_again(text: str) -> None:
    try:
        tag = parse_locale(text)
    except ValueError:
        return
    assert parse_locale(tag) == tag
    assert len(tag) <= LONGEST_LOCALE
    assert tag.isascii()
    assert tag.lower() == text.strip().lower()

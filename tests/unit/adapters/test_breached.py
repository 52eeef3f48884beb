import gzip
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limen.adapters.breached import build
from limen.adapters.breached.offline import OfflineBreachedPasswords, read_list
from limen.core.secret import Secret
from limen.core.text import fold

OFFLINE = OfflineBreachedPasswords()
LISTED = read_list().decode().strip("\n").split("\n")


def test_the_list_is_long_folded_sorted_and_without_repetitions() -> None:
    assert len(LISTED) > 39_000
    assert sorted(set(LISTED)) == LISTED
    assert all(len(word) >= 4 and fold(word) == word for word in LISTED)


@pytest.mark.parametrize(
    "password",
    [
        "password",
        "PassWord",
        "1234567890qwertyuiop",
        "pass\U0001d534ord",
        "passwordpassword",
        "DragonDragonDragon",
        "xyxyxyxyxyxy",
        "aaaaaaaaaaaaaaaa",
        "123456789012",
        "210987654321",
        "qwertyuiopas",
        "abcdefghijklmnop",
        "lkjhgfdsapoi",
    ],
)
async def test_what_attackers_try_first_is_known(password: str) -> None:
    assert await OFFLINE.contains(Secret(password))


@pytest.mark.parametrize(
    "password",
    ["", "pass\nword", "\n", "correct horse battery", "Sunflower-42-river", "dragonmonkey!"],
)
async def test_other_passwords_are_not(password: str) -> None:
    assert not await OFFLINE.contains(Secret(password))


@given(st.sampled_from(LISTED))
async def test_every_listed_password_is_known(word: str) -> None:
    assert await OFFLINE.contains(Secret(word))
    assert await OFFLINE.contains(Secret(word.upper()))


@given(st.text(max_size=64))
async def test_any_text_may_be_asked_about(text: str) -> None:
    await OFFLINE.contains(Secret(text))


def test_the_list_is_built_from_its_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zxcvbn, django = tmp_path / "frequency_lists.py", tmp_path / "common-passwords.txt.gz"
    zxcvbn.write_text('LISTS = {"passwords": "Dragon,abc".split(","), "names": "mary".split(",")}')
    django.write_bytes(gzip.compress(b"dragon\nletmein\n"))
    monkeypatch.setattr(build, "__file__", str(tmp_path / "build.py"))
    build.main(str(zxcvbn), str(django))
    made = (tmp_path / "common_passwords.zz").read_bytes()
    assert zlib.decompress(made) == b"\ndragon\nletmein\n"

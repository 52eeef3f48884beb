"""What `limen.ports.former_passwords.FormerPasswords` promises."""

import pytest

from limen.core.errors import FormerSystemUnavailable
from limen.core.secret import Secret
from limen.ports.former_passwords import FormerPasswords
from limen.testing.contract import Contract

_NAMES = ("ada", "ada@example.org", "Zoë Q", "o'neil; --", 'quote" \\', "日本", "x" * 320)
_OTHERS = ("", "Correct horse battery", "correct horse batter", "a\0b", "pässword")


class FormerPasswordsContract(Contract):
    """A system that answers. Fixtures: `former`; `name` and `password`, of somebody it knows."""

    async def test_matches_is_true_of_the_password_of_somebody_there(
        self, former: FormerPasswords, name: str, password: str
    ) -> None:
        assert await former.matches(name, Secret(password)) is True

    @pytest.mark.parametrize("other", _OTHERS)
    async def test_matches_is_false_of_any_other_password(
        self, former: FormerPasswords, name: str, other: str
    ) -> None:
        assert await former.matches(name, Secret(other)) is False

    @pytest.mark.parametrize("stranger", _NAMES)
    async def test_matches_is_false_of_somebody_who_is_not_there(
        self, former: FormerPasswords, password: str, stranger: str
    ) -> None:
        assert await former.matches(f"{stranger}?", Secret(password)) is False


class UnreachableFormerPasswordsContract(Contract):
    """A system that gives no clear answer. Fixture: `former`."""

    async def test_matches_raises_former_system_unavailable_and_never_guesses(
        self, former: FormerPasswords
    ) -> None:
        for text in ("correct horse battery", ""):
            with pytest.raises(FormerSystemUnavailable):
                await former.matches("ada", Secret(text))

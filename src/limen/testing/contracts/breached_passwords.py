"""What `limen.ports.breached_passwords.BreachedPasswords` promises."""

import pytest

from limen.core.errors import StorageUnavailable
from limen.core.secret import Secret
from limen.ports.breached_passwords import BreachedPasswords
from limen.testing.contract import Contract


class BreachedPasswordsContract(Contract):
    """Known passwords. Fixtures: `breached`, and `known`: a password it knows, with letters."""

    async def test_contains_is_true_of_a_known_password(
        self, breached: BreachedPasswords, known: str
    ) -> None:
        assert await breached.contains(Secret(known)) is True

    async def test_contains_looks_at_no_case(self, breached: BreachedPasswords, known: str) -> None:
        for text in (known.upper(), known.lower(), known.title(), known.swapcase()):
            assert await breached.contains(Secret(text)) is True

    @pytest.mark.parametrize(
        "password",
        [
            "vJ7#kQ2!pZ9xWm4",
            "ölig-Rettich-über-Nacht-47",
            "日本の猫は木曜日に泳ぐ",
            "🜁🜂🜃🜄 four elements",
            "",
        ],
    )
    async def test_contains_is_false_of_a_password_nobody_has(
        self, breached: BreachedPasswords, password: str
    ) -> None:
        assert await breached.contains(Secret(password)) is False

    async def test_contains_never_knows_part_of_a_password_only(
        self, breached: BreachedPasswords, known: str
    ) -> None:
        # Neither a longer password with a known one inside nor two of them with a line between.
        for text in (f"vJ7#kQ2{known}pZ9xWm4", f"{known}\n{known}x7Q", f"\n{known}\nq#1Z"):
            assert await breached.contains(Secret(text)) is False


class UnreachableBreachedPasswordsContract(Contract):
    """What a source that can be out does then. Fixture: `breached`, out of reach."""

    async def test_contains_raises_storage_unavailable_and_never_guesses(
        self, breached: BreachedPasswords
    ) -> None:
        for password in ("password1234", "vJ7#kQ2!pZ9xWm4"):
            with pytest.raises(StorageUnavailable):
                await breached.contains(Secret(password))

"""From a password somebody chose to a hash that may be stored, or to every fault it has."""

import pytest

from limen.core.errors import PasswordMismatch, PasswordRefused
from limen.core.passwords.model import PasswordPolicy
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.secret import Secret
from limen.testing.fakes import ListedPasswords, PlainHasher


class CountingList(ListedPasswords):
    """Notes what it is asked."""

    def __init__(self) -> None:
        super().__init__(("short", "password1234"))
        self.asked: list[Secret[str]] = []

    async def contains(self, password: Secret[str]) -> bool:
        self.asked.append(password)
        return await super().contains(password)


LIST, HASHER = CountingList(), PlainHasher()
PREPARATION = PasswordPreparation(policy=PasswordPolicy(), breached=LIST, hasher=HASHER)


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("correct horse battery", []),
        ("password1234", ["common"]),
        ("\uff50assword1234", ["common"]),
        ("short", ["too_short", "common"]),
        ("ada@example.org", ["own_words"]),
    ],
)
async def test_every_fault_is_named(password: str, expected: list[str]) -> None:
    for given in (password, Secret(password)):
        found = await PREPARATION.faults(given, ["ada@example.org"])
        assert [fault.code for fault in found] == expected


@pytest.mark.parametrize(("password", "code"), [("x" * 257, "too_long"), ("\ud800", "not_text")])
async def test_what_nobody_can_have_is_not_looked_up(password: str, code: str) -> None:
    LIST.asked.clear()
    for given in (password, Secret(password)):
        assert [fault.code for fault in await PREPARATION.faults(given, [])] == [code]
    assert LIST.asked == []


async def test_what_is_looked_up_and_hashed_has_one_form() -> None:
    LIST.asked.clear()
    for given in ("cafe\u0301 au lait", Secret("caf\u00e9 au lait")):
        digest = await PREPARATION.prepare(given, [], field="password")
        await HASHER.verify(Secret("caf\u00e9 au lait"), digest)
        with pytest.raises(PasswordMismatch):
            await HASHER.verify(Secret("another"), digest)
    assert LIST.asked == [Secret("caf\u00e9 au lait")] * 2


async def test_a_refusal_names_every_fault_of_the_field_that_the_caller_knows() -> None:
    with pytest.raises(PasswordRefused) as refused:
        await PREPARATION.prepare("short", [], field="secret")
    assert [(fault.field, fault.code) for fault in refused.value.details] == [
        ("secret", "too_short"),
        ("secret", "common"),
    ]

"""Recovery codes."""

import re
from uuid import UUID

import pytest

from limen.core.factors.model import FactorKind
from limen.core.factors.recovery_codes import (
    COUNT,
    digest_of,
    make_recovery_codes,
    read_recovery_code,
)
from limen.core.factors.totp import read_totp_code
from limen.core.ids import UserId
from limen.core.secret import Secret
from limen.testing.assembly import Assembly
from limen.testing.builders import a_user_id
from limen.testing.fakes import NOON, SeededEntropy

KNOWN = "cd1b88aeab124b30740d376ee46ca4ed82af40e8783cc90bb0afa50d2ac98e12"


async def test_ten_codes_of_69_bits_are_made_and_kept_as_digests_alone() -> None:
    limen = Assembly()
    ada = await limen.register()
    async with limen.unit_of_work() as uow:
        codes = await make_recovery_codes(uow, SeededEntropy(), ada.id, NOON)
        await uow.commit()
    texts = [code.reveal() for code in codes]
    assert len(set(texts)) == COUNT == 10
    assert all(re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}(-[B-Z]{4}){3}", text) for text in texts)
    async with limen.unit_of_work.view() as view:
        kept = await view.recovery_codes.list(ada.id)
    assert {(code.user_id, code.made_at) for code in kept} == {(ada.id, NOON)}
    letters = (Secret(text.replace("-", "")) for text in texts)
    assert {code.digest for code in kept} == {digest_of(ada.id, each) for each in letters}


def test_the_form_of_a_digest_does_not_change_unseen() -> None:
    digest = digest_of(UserId(UUID(int=7)), Secret("BCDFGHJKLMNPQRST"))
    assert digest.hex() == KNOWN


def test_the_same_code_of_another_user_has_another_digest() -> None:
    letters = Secret("BCDFGHJKLMNPQRST")
    assert digest_of(a_user_id(), letters) != digest_of(a_user_id(), letters)


@pytest.mark.parametrize("typed", ["BCDF-GHJK-LMNP-QRST", "bcdf ghjk lmnp qrst"])
def test_a_code_counts_however_it_is_typed_and_is_none_of_an_app(typed: str) -> None:
    read = read_recovery_code(Secret(typed))
    assert read is not None
    assert read.reveal() == "BCDFGHJKLMNPQRST"
    assert read_totp_code(Secret(typed)) is None


def test_a_code_of_an_app_is_no_recovery_code() -> None:
    assert read_recovery_code(Secret("123456")) is None
    assert [kind.value for kind in FactorKind] == ["totp", "recovery_code", "passkey"]

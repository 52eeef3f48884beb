"""Proving a second factor."""

from dataclasses import replace
from datetime import timedelta

import pytest

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import FactorInvalid, SealBroken, TooManyAttempts
from limen.core.factors.holding import factors_of, remove_lonely_codes
from limen.core.factors.making import TotpMaker
from limen.core.factors.model import FactorKind, Totp, place_of
from limen.core.factors.proving import FactorProver
from limen.core.factors.recovery_codes import make_recovery_codes
from limen.core.factors.totp import code_at, step_at
from limen.core.ids import UserId
from limen.core.messages.model import MessageKind
from limen.core.messages.posting import Postbox
from limen.core.secret import Secret
from limen.core.throttles.model import ThrottlePolicy
from limen.core.users.model import User
from limen.testing.assembly import PASSWORD, Assembly
from limen.testing.builders import a_totp, a_user_id
from limen.testing.contracts.steps import keep, look
from limen.testing.fakes import FrozenClock, PlainCipher, PlainDrawer, SeededEntropy

SECRET = Secret(b"s" * 20)
STRANGER = Actor.anonymous(address="192.0.2.7")
STEP = timedelta(seconds=30)


async def enrolled(limen: Assembly) -> tuple[User, list[str]]:
    """Ada has an authenticator app and recovery codes."""
    ada = await limen.register()
    bare = a_totp(ada.id, confirmed_at=limen.clock.now())
    await keep(limen.unit_of_work, _sealed(bare, PlainCipher()))
    async with limen.unit_of_work() as uow:
        now = limen.clock.now()
        codes = await make_recovery_codes(uow, SeededEntropy(), ada.id, now)
        await uow.commit()
    return ada, [code.reveal() for code in codes]


def _sealed(totp: Totp, cipher: PlainCipher) -> Totp:
    return replace(totp, sealed=cipher.seal(SECRET, place_of(totp.id)))


def code_of(limen: Assembly, drift: int = 0) -> str:
    return code_at(SECRET, step_at(limen.clock.now()) + drift).reveal()


def wrong_code(limen: Assembly) -> str:
    good = {code_of(limen, drift) for drift in (-1, 0, 1)}
    return next(text for text in ("000000", "111111", "222222", "333333") if text not in good)


async def prove(limen: Assembly, user_id: UserId, code: str) -> str:
    return await limen.factor_prover.prove(user_id, code, actor=STRANGER)


async def refuse(limen: Assembly, user_id: UserId, code: str) -> None:
    with pytest.raises(FactorInvalid):
        await prove(limen, user_id, code)


async def test_the_code_of_an_app_proves_its_user_once() -> None:
    limen = Assembly()
    ada, _ = await enrolled(limen)
    code = code_of(limen)
    assert await prove(limen, ada.id, f"{code[:3]} {code[3:]}") == "otp"
    await refuse(limen, ada.id, code)
    limen.clock.advance(STEP)
    await refuse(limen, ada.id, code)
    assert await prove(limen, ada.id, code_of(limen)) == "otp"
    assert (await limen.event_names(ada.id))[-2:] == ["factor.refused", "factor.refused"]


async def test_after_a_later_code_an_earlier_one_is_good_for_nothing() -> None:
    limen = Assembly()
    ada, _ = await enrolled(limen)
    await prove(limen, ada.id, code_of(limen, 1))
    for drift in (-1, 0, 1):
        await refuse(limen, ada.id, code_of(limen, drift))


async def test_a_recovery_code_proves_its_user_once_and_mail_tells_of_it() -> None:
    limen = Assembly()
    ada, codes = await enrolled(limen)
    assert await prove(limen, ada.id, codes[3].lower()) == "rc"
    await refuse(limen, ada.id, codes[3])
    assert await prove(limen, ada.id, codes[4]) == "rc"
    events = [name for name in await limen.event_names(ada.id) if "code" in name]
    assert events == ["recovery_code.used"] * 2
    messages = await look(limen.unit_of_work, lambda view: view.messages.list())
    kinds = [m.kind for m in messages if m.kind is MessageKind.RECOVERY_CODE_USED]
    assert len(kinds) == 2


async def test_the_mail_names_how_many_codes_are_left() -> None:
    limen = Assembly()
    ada, codes = await enrolled(limen)
    await limen.emails.send_verification(identifier="ada@example.org")
    mail = await limen.read_mail()
    await limen.emails.verify(token=mail["link"].partition("#")[2], password=PASSWORD)
    await prove(limen, ada.id, codes[0])
    assert (await limen.read_mail())["left"] == "9"


@pytest.mark.parametrize("code", ["", "12345", "not a code", "1" * 1000, "BCDF-GHJK"])
async def test_what_can_be_no_code_is_refused_and_counts_for_nothing(code: str) -> None:
    limen = Assembly()
    ada, _ = await enrolled(limen)
    for _ in range(10):
        await refuse(limen, ada.id, code)
    assert await prove(limen, ada.id, code_of(limen)) == "otp"


async def test_codes_prove_nobody_else_and_nobody_without_a_factor() -> None:
    limen = Assembly()
    _, codes = await enrolled(limen)
    eve = await limen.register("eve@example.org")
    for user_id in (eve.id, a_user_id()):
        await refuse(limen, user_id, codes[0])
        await refuse(limen, user_id, code_of(limen))


async def test_an_app_that_still_waits_proves_nothing() -> None:
    limen = Assembly()
    ada = await limen.register()
    await keep(limen.unit_of_work, _sealed(a_totp(ada.id), PlainCipher()))
    await refuse(limen, ada.id, code_of(limen))
    assert await look(limen.unit_of_work, lambda view: factors_of(view, ada.id)) == ()


async def test_attempts_are_counted_before_the_check_and_each_factor_by_itself() -> None:
    limen = Assembly()
    ada, codes = await enrolled(limen)
    for _ in range(6):
        await refuse(limen, ada.id, wrong_code(limen))
    with pytest.raises(TooManyAttempts) as waiting:
        await prove(limen, ada.id, code_of(limen))
    assert waiting.value.retry_after == 1
    assert await prove(limen, ada.id, codes[0]) == "rc"
    with pytest.raises(TooManyAttempts):
        await prove(limen, ada.id, code_of(limen))


async def test_a_new_sign_in_or_password_gives_no_new_tries() -> None:
    limen = Assembly()
    ada, _ = await enrolled(limen)
    for _ in range(6):
        await refuse(limen, ada.id, wrong_code(limen))
    await limen.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)
    with pytest.raises(TooManyAttempts):
        await prove(limen, ada.id, code_of(limen))


async def test_a_good_code_forgives_the_wrong_ones_before_it() -> None:
    limen = Assembly()
    ada, _ = await enrolled(limen)
    for _ in range(4):
        for _ in range(5):
            await refuse(limen, ada.id, wrong_code(limen))
        await prove(limen, ada.id, code_of(limen))
        limen.clock.advance(STEP)


async def test_a_secret_sealed_with_a_former_key_is_sealed_anew_when_it_is_used() -> None:
    class Rotated(PlainCipher):
        """Sealed everything it has not sealed itself long ago."""

        def __init__(self) -> None:
            super().__init__()
            self.made: set[bytes] = set()

        def seal(self, plain: Secret[bytes], place: str) -> bytes:
            sealed = super().seal(plain, place)
            self.made.add(sealed)
            return sealed

        def is_current(self, sealed: bytes) -> bool:
            return sealed in self.made

    limen = Assembly()
    ada, _ = await enrolled(limen)
    before = await look(limen.unit_of_work, lambda view: view.totps.find(ada.id))
    cipher = Rotated()
    cipher.seal(SECRET, "elsewhere")
    prover = _prover(limen, cipher)
    sealed = [before.sealed if before else b""]
    for _ in range(2):
        await prover.prove(ada.id, code_of(limen), actor=STRANGER)
        limen.clock.advance(STEP)
        after = await look(limen.unit_of_work, lambda view: view.totps.find(ada.id))
        sealed.append(after.sealed if after else b"")
    assert sealed[0] != sealed[1] == sealed[2]
    assert await prove(limen, ada.id, code_of(limen)) == "otp"


async def test_without_the_secret_key_the_app_is_of_no_use_and_recovery_codes_are() -> None:
    limen = Assembly()
    ada, codes = await enrolled(limen)
    prover = _prover(limen, PlainCipher(b"another key"))
    with pytest.raises(SealBroken):
        await prover.prove(ada.id, code_of(limen), actor=STRANGER)
    assert await prover.prove(ada.id, codes[0], actor=STRANGER) == "rc"


def _prover(limen: Assembly, cipher: PlainCipher) -> FactorProver:
    ambient = Ambient(limen.clock, limen.ids, SeededEntropy())
    maker = TotpMaker(
        issuer="limen",
        cipher=cipher,
        ids=ambient.ids,
        entropy=ambient.entropy,
        drawer=PlainDrawer(),
    )
    return FactorProver(
        unit_of_work=limen.unit_of_work,
        ambient=ambient,
        maker=maker,
        postbox=Postbox(cipher=cipher, ids=limen.ids),
        policy=ThrottlePolicy(),
    )


async def test_a_secret_is_good_in_its_own_row_alone() -> None:
    limen = Assembly()
    ada, _ = await enrolled(limen)
    eve = await limen.register("eve@example.org")
    hers = await look(limen.unit_of_work, lambda view: view.totps.find(ada.id))
    assert hers is not None
    moved = a_totp(eve.id, sealed=hers.sealed, confirmed_at=limen.clock.now())
    await keep(limen.unit_of_work, moved)
    with pytest.raises(SealBroken):
        await prove(limen, eve.id, code_of(limen))


def test_what_counts_does_not_wait() -> None:
    now = FrozenClock().now()
    assert a_totp(a_user_id()).waits(now)
    assert not a_totp(a_user_id(), confirmed_at=now).waits(now)


# --- which factors there are ---------------------------------------------------------------------


async def test_recovery_codes_count_beside_another_factor_alone() -> None:
    limen = Assembly()
    ada, codes = await enrolled(limen)
    both = (FactorKind.TOTP, FactorKind.RECOVERY_CODE)
    assert await look(limen.unit_of_work, lambda view: factors_of(view, ada.id)) == both
    for code in codes:
        await prove(limen, ada.id, code)
    alone = (FactorKind.TOTP,)
    assert await look(limen.unit_of_work, lambda view: factors_of(view, ada.id)) == alone


async def test_codes_go_when_they_are_alone() -> None:
    limen = Assembly()
    ada, _ = await enrolled(limen)
    async with limen.unit_of_work() as uow:
        await remove_lonely_codes(uow, ada.id)
        assert len(await uow.recovery_codes.list(ada.id)) == 10
        await uow.totps.remove(ada.id)
        assert await factors_of(uow, ada.id) == ()
        await remove_lonely_codes(uow, ada.id)
        assert await uow.recovery_codes.list(ada.id) == ()
        await uow.commit()

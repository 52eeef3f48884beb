"""The fakes keep the promises of their ports: what is proved with them holds with the real ones."""

import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta

import pytest

from limen.core.passwords.former import AskingHasher
from limen.core.secret import Secret
from limen.ports.mailer import Mail
from limen.testing.contracts.breached_passwords import (
    BreachedPasswordsContract,
    UnreachableBreachedPasswordsContract,
)
from limen.testing.contracts.cipher import CipherContract
from limen.testing.contracts.clock import ClockContract
from limen.testing.contracts.entropy import EntropyContract
from limen.testing.contracts.former_passwords import (
    FormerPasswordsContract,
    UnreachableFormerPasswordsContract,
)
from limen.testing.contracts.ids import IdSourceContract
from limen.testing.contracts.mailer import (
    Inbox,
    MailerContract,
    RefusedMailContract,
    UnreachableMailContract,
)
from limen.testing.contracts.message_writer import MessageWriterContract
from limen.testing.contracts.password_hasher import (
    PASSWORD,
    PasswordHasherContract,
    UpgradeContract,
)
from limen.testing.contracts.qr import QrDrawerContract
from limen.testing.contracts.token_signer import TokenSignerContract
from limen.testing.fakes import (
    CountingIds,
    FormerSystem,
    FrozenClock,
    ListedPasswords,
    MailBox,
    PlainCipher,
    PlainDrawer,
    PlainHasher,
    PlainSigner,
    PlainWriter,
    SeededEntropy,
)


class TestFrozenClock(ClockContract):
    @pytest.fixture
    def clock(self) -> FrozenClock:
        return FrozenClock()


class TestCountingIds(IdSourceContract):
    @pytest.fixture
    def ids(self) -> CountingIds:
        return CountingIds()


class TestSeededEntropy(EntropyContract):
    @pytest.fixture
    def entropy(self) -> SeededEntropy:
        return SeededEntropy()


class TestPlainCipher(CipherContract):
    @pytest.fixture
    def cipher(self) -> PlainCipher:
        return PlainCipher()


class TestPlainDrawer(QrDrawerContract):
    @pytest.fixture
    def drawer(self) -> PlainDrawer:
        return PlainDrawer()


class TestPlainSigner(TokenSignerContract):
    @pytest.fixture
    def signer(self) -> PlainSigner:
        return PlainSigner()


class TestListedPasswords(BreachedPasswordsContract):
    @pytest.fixture
    def known(self) -> str:
        return "Password1234"

    @pytest.fixture
    def breached(self, known: str) -> ListedPasswords:
        return ListedPasswords([known])


class TestListedPasswordsThatAreOut(UnreachableBreachedPasswordsContract):
    @pytest.fixture
    def breached(self) -> ListedPasswords:
        breached = ListedPasswords()
        breached.is_out = True
        return breached


class TestFormerSystem(FormerPasswordsContract):
    @pytest.fixture
    def name(self) -> str:
        return "ada"

    @pytest.fixture
    def password(self) -> str:
        return "correct horse battery"

    @pytest.fixture
    def former(self, name: str, password: str) -> FormerSystem:
        return FormerSystem({name: password})


class TestFormerSystemThatIsOut(UnreachableFormerPasswordsContract):
    @pytest.fixture
    def former(self) -> FormerSystem:
        former = FormerSystem({"ada": "correct horse battery"})
        former.is_out = True
        return former


class TestMailBox(MailerContract):
    @pytest.fixture
    def mailer(self) -> MailBox:
        return MailBox()

    @pytest.fixture
    def inbox(self, mailer: MailBox) -> Inbox:
        def read() -> Sequence[Mail]:
            return mailer.mails

        return read


class TestPlainWriter(MessageWriterContract):
    @pytest.fixture
    def writer(self) -> PlainWriter:
        return PlainWriter()


class TestMailBoxThatIsOut(RefusedMailContract):
    @pytest.fixture
    def mailer(self) -> MailBox:
        box = MailBox()
        box.is_out = True
        return box


class TestPlainHasher(PasswordHasherContract):
    @pytest.fixture
    def hasher(self) -> PlainHasher:
        return PlainHasher()


class TestPlainHasherThatAsks(PasswordHasherContract):
    @pytest.fixture
    def hasher(self) -> AskingHasher:
        return AskingHasher(PlainHasher(), FormerSystem())


class TestPlainHasherOfAnotherCost(UpgradeContract):
    @pytest.fixture
    def hasher(self) -> PlainHasher:
        return PlainHasher(cost=5)

    @pytest.fixture
    async def older(self) -> Secret[str]:
        return await PlainHasher(cost=4).hash(PASSWORD)

    @pytest.fixture
    async def too_costly(self) -> Secret[str]:
        return await PlainHasher(cost=21, ceiling=30).hash(PASSWORD)


def test_the_clock_moves_when_told_to() -> None:
    clock = FrozenClock()
    before = clock.now()
    assert clock.now() == before
    assert clock.advance(timedelta(seconds=2)) == clock.now() == before + timedelta(seconds=2)


def test_the_same_seed_gives_the_same_chance() -> None:
    def draw(seed: int) -> list[bytes]:
        entropy = SeededEntropy(seed)
        return [entropy.bytes(8) for _ in range(3)]

    assert draw(1) == draw(1) != draw(2)


def test_identifiers_are_the_same_in_every_run() -> None:
    assert CountingIds().new() == CountingIds().new()
    assert str(CountingIds().new()).startswith("019d")


async def test_the_mail_box_shows_what_went_to_whom() -> None:
    box = MailBox()
    mails = [Mail(to=to, subject=to, text="") for to in ("a@x.org", "b@x.org", "a@x.org")]
    for mail in mails:
        await box.send(mail)
    assert box.to("a@x.org") == (mails[0], mails[2])


@pytest.mark.parametrize("module", ["limen.testing", "limen.testing.assembly"])
def test_where_no_pytest_is_installed_nobody_opens_a_limen_over_fakes(module: str) -> None:
    program = f"import sys; sys.modules['pytest'] = None; import {module}"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert "ModuleNotFoundError" in done.stderr


class TestMailBoxThatReadsOnlyAscii(UnreachableMailContract):
    @pytest.fixture
    def mailer(self) -> MailBox:
        box = MailBox()
        box.reads_only_ascii = True
        return box

"""Everything that a store promises, in three strengths; each holds the weaker ones too.

`PlainStoreContract` asks what one caller sees who commits, `TransactionalStoreContract` also what a
change is (whole or not at all, seen by nobody before), `StoreContract` also what holds when many
come at once. limen runs on nothing less than the last.
"""

from limen.testing.contract import Contract
from limen.testing.contracts.accounts import AccountsContract
from limen.testing.contracts.api_keys import ApiKeysContract
from limen.testing.contracts.ceremonies import CeremoniesContract
from limen.testing.contracts.concurrency import ConcurrencyContract
from limen.testing.contracts.devices import DevicesContract
from limen.testing.contracts.directory import DirectoryContract
from limen.testing.contracts.factor_resets import FactorResetsContract
from limen.testing.contracts.factors import RecoveryCodesContract, TotpsContract
from limen.testing.contracts.families import FamiliesContract
from limen.testing.contracts.grants import GrantsContract
from limen.testing.contracts.idempotency import AttemptsContract
from limen.testing.contracts.keys import SigningKeysContract
from limen.testing.contracts.locks import LocksContract
from limen.testing.contracts.messages import MessagesContract
from limen.testing.contracts.one_time import OneTimeContract
from limen.testing.contracts.outbox import OutboxContract
from limen.testing.contracts.partial_sessions import PartialSessionsContract
from limen.testing.contracts.passkeys import PasskeysContract
from limen.testing.contracts.passwords import PasswordsContract
from limen.testing.contracts.proofs import ProofsContract
from limen.testing.contracts.remembered import RememberedContract
from limen.testing.contracts.roles import RolesContract
from limen.testing.contracts.sessions import SessionEndingsContract, SessionsContract
from limen.testing.contracts.throttles import ThrottlesContract
from limen.testing.contracts.unit_of_work import UnitOfWorkContract
from limen.testing.contracts.users import UsersContract
from limen.testing.contracts.values import ValuesContract
from limen.testing.contracts.view import ViewContract


class PlainStoreContract(Contract):
    """What one caller sees who commits every change. Fixture: `unit_of_work`, on an empty store."""

    class TestUsers(UsersContract):
        """See `limen.ports.users`."""

    class TestDirectory(DirectoryContract):
        """See `limen.ports.users.Users.list`."""

    class TestPasswords(PasswordsContract):
        """See `limen.ports.passwords`."""

    class TestSessions(SessionsContract):
        """See `limen.ports.sessions`."""

    class TestSessionEndings(SessionEndingsContract):
        """See `limen.ports.sessions.Sessions.end` and `purge`."""

    class TestFamilies(FamiliesContract):
        """See `limen.ports.families`."""

    class TestSigningKeys(SigningKeysContract):
        """See `limen.ports.keys`."""

    class TestRoles(RolesContract):
        """See `limen.ports.roles`."""

    class TestGrants(GrantsContract):
        """See `limen.ports.grants`."""

    class TestThrottles(ThrottlesContract):
        """See `limen.ports.throttles`."""

    class TestOutbox(OutboxContract):
        """See `limen.ports.outbox`."""

    class TestAttempts(AttemptsContract):
        """See `limen.ports.idempotency`."""

    class TestAccounts(AccountsContract):
        """See `limen.ports.accounts`."""

    class TestProofs(ProofsContract):
        """See `limen.ports.proofs`."""

    class TestPartialSessions(PartialSessionsContract):
        """See `limen.ports.partial_sessions`."""

    class TestPasskeys(PasskeysContract):
        """See `limen.ports.passkeys`."""

    class TestCeremonies(CeremoniesContract):
        """See `limen.ports.ceremonies`."""

    class TestTotps(TotpsContract):
        """See `limen.ports.factors.Totps`."""

    class TestRecoveryCodes(RecoveryCodesContract):
        """See `limen.ports.factors.RecoveryCodes`."""

    class TestApiKeys(ApiKeysContract):
        """See `limen.ports.api_keys`."""

    class TestRemembered(RememberedContract):
        """See `limen.ports.remembered`."""

    class TestFactorResets(FactorResetsContract):
        """See `limen.ports.factor_resets`."""

    class TestDevices(DevicesContract):
        """See `limen.ports.devices`."""

    class TestMessages(MessagesContract):
        """See `limen.ports.messages`."""

    class TestValues(ValuesContract):
        """See `limen.ports.unit_of_work.View`."""


class TransactionalStoreContract(PlainStoreContract):
    """A change is whole or not at all, too. Fixture: `unit_of_work`, on an empty store."""

    class TestUnitOfWork(UnitOfWorkContract):
        """See `limen.ports.unit_of_work.UnitOfWork`."""

    class TestView(ViewContract):
        """See `limen.ports.unit_of_work.View`."""


class StoreContract(TransactionalStoreContract):
    """All contracts of a store. Fixture: `unit_of_work`, on an empty store, for each test anew.

    ```python
    class TestMyStore(StoreContract):
        @pytest.fixture
        def unit_of_work(self) -> UnitOfWorkFactory:
            return MyUnitOfWorkFactory(...)
    ```

    A promise that cannot be kept is named as pytest names it, with the reason:

    ```python
        broken_promises = {"TestUsers::test_...": "..."}
    ```
    """

    class TestConcurrency(ConcurrencyContract):
        """Exactly one of many wins."""

    class TestOneTime(OneTimeContract):
        """What is good once is used once."""

    class TestLocks(LocksContract):
        """Nobody waits for ever."""

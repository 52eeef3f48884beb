"""Throttling: who may try, and who has to wait how long, is as a few tallies say."""

from datetime import timedelta
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, consumes, initialize, multiple, rule

from limen.core.actor import Actor
from limen.core.errors import (
    CurrentPasswordWrong,
    EmailTaken,
    HashingBusy,
    InvalidCredentials,
    LimenError,
    TooManyAttempts,
)
from limen.core.sessions.model import SessionPolicy
from limen.core.users.model import UserPolicy
from limen.testing.assembly import OPERATOR, tokens_of
from limen.testing.machines.gate import GatedHasher
from limen.testing.machines.inputs import PASSWORDS
from limen.testing.machines.machine import Bench
from limen.testing.machines.telling import TellingMachine
from limen.testing.machines.tries import (
    IDLE,
    MICROSECOND,
    NETWORKS,
    POLICY,
    WAITS,
    WORTH_TELLING,
    Owner,
    Tally,
    Try,
    network_of,
    staleness,
    throttled,
    window_of,
)
from limen.testing.people import registered
from limen.testing.policies import Policies

HOME: Final = "203.0.113.1"
WRONG: Final = "a wrong horse battery"
REGISTRATIONS: Final = 2

# What people type, and whom they mean; the last two are nobody's names, now and for ever.
_MEANT: Final = {
    "ada@example.org": "ada",
    "ADA@Example.ORG": "ada",
    "eve@example.org": "eve",
    "zoe@example.org": "zoe",
    "nobody": "nobody",
    "no name at all!": None,
}
_NAMES: Final = st.sampled_from(["ada", "ada", "eve", "zoe"])
_IDENTIFIERS: Final = st.sampled_from([*["ada@example.org"] * 4, *_MEANT])
_ADDRESSES: Final = st.sampled_from([None, *[HOME] * 3, *NETWORKS])
_ATTEMPTS: Final = st.tuples(_IDENTIFIERS, _ADDRESSES)
_ADMINISTRATION: Final = st.sampled_from(
    ["suspends", *["lets in again"] * 3, "gives a password to", "deletes", "signs out"]
)
_RARELY: Final = st.sampled_from([False, False, False, False, True])
_NUDGES: Final = st.sampled_from([-MICROSECOND, timedelta(0), MICROSECOND])


Attempt = tuple[str, str | None]


class SignInMachine(TellingMachine):
    """Guesses and knows passwords from many networks at once, while the clock moves."""

    policies: ClassVar[Policies] = Policies(
        throttle=POLICY,
        sessions=SessionPolicy(idle=IDLE),
        users=UserPolicy(
            registrations_per_address=REGISTRATIONS, registration_window=POLICY.window
        ),
    )
    hasher: GatedHasher
    tries: Bundle[Try] = Bundle("tries")

    def __init__(self, bench: Bench) -> None:
        """Begin with nobody."""
        super().__init__(bench)
        self.owners: dict[str, Owner] = {}
        self.tallies: dict[str, Tally] = {}
        self.waiting: list[Try] = []

    def make_hasher(self) -> GatedHasher:
        """Let attempts be under way at the same time."""
        return GatedHasher()

    @initialize()
    def begin(self) -> None:
        self.register("ada", None)
        self.register("eve", None)
        self.sign_in(("ada@example.org", HOME), is_right=True, is_patient=False)

    # --- trying ---

    @rule(attempt=_ATTEMPTS, is_right=st.booleans(), is_patient=st.booleans(), is_busy=_RARELY)
    def sign_in(
        self, attempt: Attempt, *, is_right: bool, is_patient: bool, is_busy: bool = False
    ) -> None:
        begun = self._knock(attempt, is_right=is_right, is_patient=is_patient)
        if begun:
            self.hear(begun, is_busy=is_busy)

    @rule(attempt=_ATTEMPTS, times=st.integers(2, 5))
    def go_on_guessing(self, attempt: Attempt, times: int) -> None:
        """Guess as fast as one may."""
        for _ in range(times):
            self.sign_in(attempt, is_right=False, is_patient=True)

    @rule(address=_ADDRESSES)
    def try_everybody(self, address: str | None) -> None:
        """Try one password with each name, as whoever has a list does."""
        for who in _MEANT:
            self.sign_in((who, address), is_right=False, is_patient=False)

    @rule(target=tries, attempt=_ATTEMPTS, is_right=st.booleans(), is_patient=st.booleans())
    def knock(
        self, attempt: Attempt, *, is_right: bool, is_patient: bool
    ) -> Try | MultipleResults[Try]:
        """Try, and let others go on while the password is being checked."""
        return self._knock(attempt, is_right=is_right, is_patient=is_patient) or multiple()

    def _knock(self, attempt: Attempt, *, is_right: bool, is_patient: bool) -> Try | None:
        who, address = attempt
        owner, network = self._owner(who), network_of(address)
        if is_patient:
            self.pass_time(self._wait(self._names(who, owner, network)) or timedelta(0))
        password = owner.password if owner and is_right else WRONG
        kind = "the right" if owner and is_right else "a wrong"
        did = f"somebody at {address or 'no address'} tries {who} with {kind} password"
        use_case = self.limen.sign_in.sign_in(
            identifier=who, password=password, actor=Actor.anonymous(address=address)
        )
        names, window = self._names(who, owner, network), window_of(self.now)
        is_first = self._tally(names[0]).is_first_since(window)
        wait = self._charge(names)
        underway = self.run(self.hasher.hold(use_case))
        if not underway.is_waiting or wait is not None:
            self._refused(self.attempt(did, underway.go_on(), throttled(wait)), wait)
            return None
        self.story.tell(self.now, f"{did}; it is being checked")
        begun = Try(
            did=did,
            underway=underway,
            names=names,
            network=network,
            owner=owner,
            is_right=owner is not None and is_right,
            was_active=owner is not None and owner.is_active,
            digest=owner.digest if owner else 0,
            begun=window,
            is_first=is_first,
        )
        self.waiting.append(begun)
        return begun

    @rule(begun=consumes(tries), is_busy=_RARELY)
    def hear(self, begun: Try, *, is_busy: bool) -> None:
        """Let an attempt that was counted come to its end."""
        self.waiting.remove(begun)
        right = self._judge(begun, is_busy=is_busy)
        self.hasher.is_busy = is_busy
        try:
            outcome = self.attempt(f"({begun.did}, and hears)", begun.underway.go_on(), right)
        finally:
            self.hasher.is_busy = False
        if begun.owner is not None and not isinstance(outcome, LimenError):
            begun.owner.sessions[-1].session_id = tokens_of(outcome).session_id

    def _judge(self, begun: Try, *, is_busy: bool) -> tuple[type[LimenError], ...]:
        """Return what an attempt must hear, having changed the model as it must."""
        owner = begun.owner
        if is_busy:
            for name in begun.names:
                self.tallies[name] = self._tally(name).forgiven(self.now)
            return (HashingBusy,)
        if owner is None or not (begun.is_right and begun.was_active):
            self.tell("signin.failed")
            self._suspect(begun)
            return (InvalidCredentials,)
        if not owner.is_there:
            return (InvalidCredentials,)
        if not owner.is_active or owner.digest != begun.digest:
            self.tell("signin.failed")
            return (InvalidCredentials,)
        if owner.enters_anew(begun.network, self.now):
            self.tell("device.new")
        self._clear(begun.names)
        self.tell("signin.succeeded")
        return ()

    def _suspect(self, begun: Try) -> None:
        """Count the account for the network, if it was its first attempt in the window."""
        if begun.network is None or not begun.is_first:
            return
        name = f"stuffing {begun.network}"
        before = self._tally(name)
        self.tallies[name] = after = before.failed_in(begun.begun, self.now)
        if after is not before and after.count == POLICY.many_accounts:
            self.tell("signin.stuffing_suspected")

    # --- what is counted ---

    def _tally(self, name: str) -> Tally:
        return self.tallies.get(name, Tally())

    def _names(self, who: str, owner: Owner | None, network: str | None) -> tuple[str, ...]:
        """Return under which names an attempt counts: the account's, then the address's."""
        if owner is None:
            account = f"nobody {_MEANT[who] or who}"
        else:
            live = [one.network for one in owner.sessions if one.is_live(self.now)]
            account = f"user {owner.id}" + (f" at {network}" if network in live else "")
            account = f"user {owner.id}" if network is None else account
        return (account,) if network is None else (account, f"address {network}")

    def _charge(self, names: tuple[str, ...]) -> timedelta | None:
        """Count an attempt; or say how long to wait, and count nothing."""
        account, *address = names
        wait = self._wait(names)
        if wait is not None:
            return wait
        self.tallies[account] = charged = self._tally(account).tried(self.now)
        for name in address:
            self.tallies[name] = self._tally(name).tried_in_window(POLICY.window, self.now)
        if (charged.wait(self.now) or timedelta(0)) >= WORTH_TELLING:
            self.tell("signin.throttled")
        return None

    def _wait(self, names: tuple[str, ...]) -> timedelta | None:
        """Say how long an attempt has to wait: for the account, or else for the address."""
        account, *address = names
        wait = self._tally(account).wait(self.now)
        for name in address:
            full = self._tally(name).window_wait(POLICY.per_address, POLICY.window, self.now)
            wait = full if wait is None else wait
        return wait

    def _clear(self, names: tuple[str, ...]) -> None:
        account, *address = names
        self.tallies.pop(account, None)
        for name in address:
            self.tallies[name] = self._tally(name).forgiven(self.now)

    def _refused(self, outcome: object, wait: timedelta | None) -> None:
        assert isinstance(outcome, TooManyAttempts)
        assert wait is not None
        self.compare("how long to wait", outcome.retry_after, wait.total_seconds())

    # --- accounts ---

    @rule(name=_NAMES, address=_ADDRESSES)
    def register(self, name: str, address: str | None) -> None:
        wait = None
        if address is not None:
            key = f"registration {network_of(address)}"
            wait = self._tally(key).window_wait(REGISTRATIONS, POLICY.window, self.now)
            if wait is None:
                for one in (key, f"mail {network_of(address)}"):
                    self.tallies[one] = self._tally(one).tried_in_window(POLICY.window, self.now)
        is_taken = self._owner(f"{name}@example.org") is not None
        outcome = self.attempt(
            f"{name} registers at {address or 'no address'}",
            self.limen.users.register(
                email=f"{name}@example.org",
                password=PASSWORDS[0],
                actor=Actor.anonymous(address=address),
            ),
            throttled(wait) or ((EmailTaken,) if is_taken else ()),
        )
        if wait is not None:
            self._refused(outcome, wait)
        elif not isinstance(outcome, LimenError):
            self.owners[name] = owner = Owner(registered(outcome).id, PASSWORDS[0])
            tried = self.tallies.pop(f"nobody {name}", Tally())
            if tried.count:
                self.tallies[f"user {owner.id}"] = tried
            self.tell("user.registered")

    @rule(name=_NAMES, is_right=st.booleans(), address=_ADDRESSES, new=st.sampled_from(PASSWORDS))
    def change_password(self, name: str, address: str | None, new: str, *, is_right: bool) -> None:
        owner = self._owner(f"{name}@example.org")
        if owner is None:
            return
        last = next(reversed(owner.sessions), None)
        actor = Actor.anonymous(address=address).as_user(
            owner.id, last.session_id if last else None
        )
        current = owner.password if is_right else WRONG
        use_case = self.limen.passwords.change(current=current, new=new, actor=actor)
        knows = "knowing" if is_right else "not knowing"
        did = f"{name} at {address or 'no address'} changes the password, {knows} the present one"
        stale = staleness(last, self.now)
        if stale:
            self.attempt(did, use_case, stale)
            return
        network = network_of(address)
        names = self._names(f"{name}@example.org", owner, network)
        wait = self._charge(names)
        right = throttled(wait) or (() if is_right else (CurrentPasswordWrong,))
        outcome = self.attempt(did, use_case, right)
        if wait is not None:
            self._refused(outcome, wait)
        elif not is_right:
            self.tell("password.proof_failed")
        else:
            self._clear(names)
            owner.replace_password(new, self.now, keep=last, known=[network])
            self.tell("password.changed")

    @rule(name=_NAMES, what=_ADMINISTRATION)
    def administer(self, name: str, what: str) -> None:
        owner = self._owner(f"{name}@example.org")
        users, sessions = self.limen.users, self.limen.sessions
        if owner is None:
            return
        did = f"the operator {what} {name}"
        if what == "suspends":
            self.attempt(did, users.suspend(owner.id, actor=OPERATOR))
            if owner.is_active:
                owner.end_sessions(self.now)
                self.tell("user.suspended")
            owner.is_active = False
        elif what == "lets in again":
            self.attempt(did, users.reactivate(owner.id, actor=OPERATOR))
            if not owner.is_active:
                self.tell("user.reactivated")
            owner.is_active = True
        elif what == "deletes":
            self.attempt(did, users.delete(owner.id, actor=OPERATOR))
            owner.is_there = False
            self.tell("user.deleted")
        elif what == "gives a password to":
            self.attempt(did, self.limen.passwords.set(owner.id, new=PASSWORDS[1], actor=OPERATOR))
            live = [one.network for one in owner.sessions if one.is_live(self.now)]
            for place in ("", *(f" at {network}" for network in live)):
                self.tallies.pop(f"user {owner.id}{place}", None)
            owner.replace_password(PASSWORDS[1], self.now)
            self.tell("password.set")
        else:
            count = self.attempt(did, sessions.revoke_all(owner.id, actor=OPERATOR))
            self.compare("how many sessions ended", count, owner.end_sessions(self.now))
            if count:
                self.tell("session.all_revoked")

    @rule(name=_NAMES, what=_ADMINISTRATION)
    def administer_while_one_signs_in(self, name: str, what: str) -> None:
        """Act between the check of the right password and its outcome."""
        begun = self._knock((f"{name}@example.org", HOME), is_right=True, is_patient=True)
        self.administer(name, what)
        if begun is not None:
            self.hear(begun, is_busy=False)

    def _owner(self, who: str) -> Owner | None:
        meant = _MEANT[who]
        owner = None if meant is None else self.owners.get(meant)
        return owner if owner and owner.is_there else None

    # --- time ---

    @rule(by=WAITS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule(data=st.data(), nudge=_NUDGES)
    def wait_until_somebody_may(self, data: st.DataObject, nudge: timedelta) -> None:
        """Stand where somebody has waited long enough, or right beside."""
        ends = sorted({tally.wait(self.now) for tally in self.tallies.values()} - {None}, key=str)
        if ends:
            self.pass_time((data.draw(st.sampled_from(ends)) or timedelta(0)) + nudge)

    @rule()
    def purge(self) -> None:
        retention = self.limen.policies.retention
        purged = self.purge_all()
        before = self.kept_since(retention.throttles)
        past = [name for name, tally in self.tallies.items() if tally.is_past(before)]
        for name in past:
            del self.tallies[name]
        self.compare("how many throttles were purged", purged.throttles, len(past))
        before = self.kept_since(retention.sessions)
        for owner in self.owners.values():
            owner.sessions = [one for one in owner.sessions if one.end >= before]

    def teardown(self) -> None:
        """Give up what is still under way."""
        for begun in self.waiting:
            self.run(begun.underway.cancel())
        super().teardown()

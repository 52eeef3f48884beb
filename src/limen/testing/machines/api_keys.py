"""API keys: which one lets in and with what, told by what was done to it and to its owner."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, initialize, invariant, multiple, rule

from limen.core.actor import Actor
from limen.core.api_keys.model import ApiKeyPolicy, ApiKeyStatus
from limen.core.api_keys.service import NewKey
from limen.core.errors import (
    ApiKeyInvalid,
    ApiKeyOver,
    BeyondOwnPermissions,
    LimenError,
    TooManyApiKeys,
)
from limen.core.ids import UserId
from limen.core.page import ListQuery
from limen.core.roles.model import ME_READ
from limen.testing.assembly import OPERATOR
from limen.testing.machines.cast import first
from limen.testing.machines.machine import Bench, StoreMachine
from limen.testing.policies import Policies

_INSTANT: Final = timedelta(microseconds=1)
_HOUR: Final = timedelta(hours=1)
_MOST: Final = 3
_LIFE: Final = timedelta(days=2)
_ROLES: Final = {"seer": "users.read", "biller": "invoices.read"}
_SCOPES: Final = st.frozensets(st.sampled_from([*_ROLES.values(), ME_READ]))
_ROLE: Final = st.sampled_from(sorted(_ROLES))
_SPANS: Final = st.sampled_from([_INSTANT, _HOUR - _INSTANT, _HOUR, timedelta(hours=24), _LIFE])
_OVERLAPS: Final = st.sampled_from([None, timedelta(0), _HOUR])
_LIVES: Final = st.sampled_from([None, _HOUR, _LIFE])
_OWNERS: Final = ("ada", "robot")
_OWNER: Final = st.sampled_from(_OWNERS)
_STRANGER: Final = Actor.anonymous()


@dataclass
class Known:
    """A key as the model knows it."""

    made: NewKey
    owner: str
    scopes: frozenset[str]
    life: timedelta | None
    expires_at: datetime | None
    is_ended: bool = False
    has_successor: bool = False

    def __repr__(self) -> str:
        return f"a key of {self.owner}"

    def holds(self, now: datetime) -> bool:
        return not self.is_ended and (self.expires_at is None or now < self.expires_at)

    def status(self, now: datetime) -> ApiKeyStatus:
        if self.is_ended:
            return ApiKeyStatus.REVOKED
        if not self.holds(now):
            return ApiKeyStatus.EXPIRED
        return ApiKeyStatus.ROTATED if self.has_successor else ApiKeyStatus.ACTIVE


class ApiKeyMachine(StoreMachine):
    """Makes, rotates, ends and uses keys, while their owners change."""

    policies = Policies(api_keys=ApiKeyPolicy(most_live=_MOST))
    keys: Bundle[Known] = Bundle("keys")

    def __init__(self, bench: Bench) -> None:
        """Begin with a person and a service account."""
        super().__init__(bench)
        self.known: list[Known] = []
        self.roles: dict[str, set[str]] = {owner: set() for owner in _OWNERS}
        self.shut_out: set[str] = set()
        account = self.limen.service_accounts.create(actor=OPERATOR, username="robot")
        self.ids: dict[str, UserId] = {
            "ada": self.run(self.limen.register()).id,
            "robot": self.run(account).id,
        }

    @initialize(target=keys)
    def begin_with_a_role_and_a_key_each(self) -> MultipleResults[Known]:
        for role, permission in _ROLES.items():
            self.run(self.limen.roles.create(actor=OPERATOR, name=role, permissions=[permission]))
        for owner in _OWNERS:
            self.grant(owner, "seer")
            scopes = frozenset({ME_READ, _ROLES["seer"]})
            self._create(owner, scopes, None)
        return multiple(*self.known)

    def held(self, owner: str) -> frozenset[str]:
        """Return what an owner may do now."""
        if owner in self.shut_out:
            return frozenset()
        return frozenset(_ROLES[role] for role in self.roles[owner])

    # --- owners ---

    @rule(owner=_OWNER, role=_ROLE)
    def grant(self, owner: str, role: str) -> None:
        use_case = self.limen.roles.grant(self.ids[owner], role, actor=OPERATOR)
        self.attempt(f"{owner} becomes {role}", use_case)
        self.roles[owner].add(role)

    @rule(owner=_OWNER, role=_ROLE)
    def withdraw(self, owner: str, role: str) -> None:
        if role in self.roles[owner]:
            use_case = self.limen.roles.withdraw(self.ids[owner], role, actor=OPERATOR)
            self.attempt(f"{owner} is {role} no more", use_case)
            self.roles[owner].remove(role)

    @rule(owner=_OWNER)
    def shut_out_or_let_in(self, owner: str) -> None:
        is_out = owner in self.shut_out
        service = self.limen.users if owner == "ada" else self.limen.service_accounts
        step = service.reactivate if is_out else service.suspend
        self.attempt(
            f"{owner} is {'let in' if is_out else 'shut out'}",
            step(self.ids[owner], actor=OPERATOR),
        )
        self.shut_out ^= {owner}

    @rule(by=_SPANS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    # --- keys ---

    @rule(target=keys, owner=_OWNER, scopes=_SCOPES, life=_LIVES)
    def create(
        self, owner: str, scopes: frozenset[str], life: timedelta | None
    ) -> MultipleResults[Known]:
        made = self._create(owner, scopes, life)
        return multiple() if made is None else multiple(made)

    def _create(self, owner: str, scopes: frozenset[str], life: timedelta | None) -> Known | None:
        refusals: tuple[type[LimenError], ...] = ()
        live = [k for k in self.known if k.owner == owner and k.holds(self.now)]
        if scopes - self.held(owner) - {ME_READ}:
            refusals = (BeyondOwnPermissions,)
        elif sum(not key.has_successor for key in live) >= _MOST:
            refusals = (TooManyApiKeys,)
        end = None if life is None else self.now + life
        made = self.attempt(
            f"a key of {owner} for {sorted(scopes)} is made",
            self.limen.api_keys.create(
                self.ids[owner], actor=OPERATOR, name="key", scopes=scopes, expires_at=end
            ),
            refusals,
        )
        if isinstance(made, LimenError):
            return None
        return self._know(made, owner, scopes, life)

    @rule(target=keys, key=keys, overlap=_OVERLAPS)
    def rotate(self, key: Known, overlap: timedelta | None) -> MultipleResults[Known]:
        is_over = not key.holds(self.now) or key.has_successor
        beside = [
            other
            for other in self.known
            if other.owner == key.owner and other.has_successor and other.holds(self.now)
        ]
        is_one_too_many = len(beside) >= _MOST and overlap != timedelta(0)
        made = self.attempt(
            f"{key} is rotated, to hold for {overlap}",
            self.limen.api_keys.rotate(
                self.ids[key.owner], key.made.key.id, actor=OPERATOR, overlap=overlap
            ),
            first(TooManyApiKeys if is_one_too_many else None, ApiKeyOver if is_over else None),
        )
        if isinstance(made, LimenError):
            return multiple()
        end = self.now + (timedelta(hours=24) if overlap is None else overlap)
        key.expires_at = end if key.expires_at is None else min(end, key.expires_at)
        key.has_successor = True
        return multiple(self._know(made, key.owner, key.scopes, key.life))

    @rule(key=keys)
    def revoke(self, key: Known) -> None:
        self.attempt(
            f"{key} is revoked",
            self.limen.api_keys.revoke(key.made.key.id, actor=OPERATOR),
            () if key.holds(self.now) else (ApiKeyOver,),
        )
        key.is_ended = key.is_ended or key.holds(self.now)

    @rule(key=keys)
    def report(self, key: Known) -> None:
        self.attempt(f"{key} is reported", self.limen.api_keys.report(key.made.text))
        key.is_ended = key.is_ended or key.holds(self.now)

    @rule(key=keys)
    def use(self, key: Known) -> None:
        is_good = key.holds(self.now) and key.owner not in self.shut_out
        claims = self.attempt(
            f"{key} is used",
            self.limen.api_keys.authenticate(key.made.text, actor=_STRANGER),
            () if is_good else (ApiKeyInvalid,),
        )
        self.run(self.limen.key_uses.settled())
        if not isinstance(claims, LimenError):
            allowed = key.scopes & (self.held(key.owner) | {ME_READ})
            self.compare(f"what {key} may do", claims.permissions, allowed)

    def _know(
        self, made: NewKey, owner: str, scopes: frozenset[str], life: timedelta | None
    ) -> Known:
        end = None if life is None else self.now + life
        key = Known(made=made, owner=owner, scopes=scopes, life=life, expires_at=end)
        self.known.append(key)
        return key

    @invariant()
    def the_store_holds_what_the_model_knows(self) -> None:
        for owner in _OWNERS:
            listing = self.run(
                self.limen.api_keys.list(
                    self.ids[owner], ListQuery(filters={}, limit=200), actor=OPERATOR
                )
            )
            found = {seen.key.id: (seen.status, seen.key.scopes) for seen in listing.items}
            expected = {
                key.made.key.id: (key.status(self.now), key.scopes)
                for key in self.known
                if key.owner == owner
            }
            self.compare(f"the keys of {owner}", found, expected)

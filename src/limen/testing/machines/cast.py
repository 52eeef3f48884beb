"""Who appears in the machine about roles: people, what they hold, and what that allows."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from limen.core.actor import Actor
from limen.core.errors import (
    BeyondOwnPermissions,
    LastAdministrator,
    LimenError,
    NotSignedIn,
    PermissionMissing,
)
from limen.core.ids import UserId
from limen.core.roles.model import Permission
from limen.testing.assembly import OPERATOR

ADMIN: Final = "admin"
THE_OPERATOR: Final = "the operator"
A_STRANGER: Final = "a stranger"
EVERYBODY: Final = ("root", "ada", "eve", "bob")

Refusal = type[LimenError]

_OWN: Final = frozenset(permission.value for permission in Permission)


@dataclass(slots=True)
class Held:
    """A grant as the model knows it."""

    since: datetime
    ends_at: datetime | None

    def counts(self, now: datetime) -> bool:
        """Tell whether it has not ended."""
        return self.ends_at is None or now < self.ends_at


@dataclass(slots=True)
class Person:
    """A user as the model knows them; somebody deleted is only not there."""

    id: UserId
    is_there: bool = True
    is_active: bool = True
    holds: dict[str, Held] = field(default_factory=dict)

    def roles(self, now: datetime) -> list[str]:
        """Name the roles whose grants have not ended."""
        return sorted(role for role, held in self.holds.items() if held.counts(now))

    @property
    def is_administrator_for_good(self) -> bool:
        """Whether this is one of those of whom one must always stay."""
        held = self.holds.get(ADMIN)
        return self.is_there and self.is_active and held is not None and held.ends_at is None


@dataclass(slots=True)
class Shape:
    """A role as the model knows it."""

    permissions: frozenset[str]
    description: str = ""
    version: int = 1


@dataclass(slots=True)
class Cast:
    """Everybody, every role, and who may do what to whom."""

    people: dict[str, Person] = field(default_factory=dict)
    roles: dict[str, Shape] = field(default_factory=lambda: {ADMIN: Shape(frozenset())})

    def actor(self, who: str) -> Actor:
        """Return who acts."""
        if who == THE_OPERATOR:
            return OPERATOR
        stranger = Actor.anonymous()
        return stranger if who == A_STRANGER else stranger.as_user(self.people[who].id)

    def allowed_by(self, role: str) -> frozenset[str]:
        """Return the permissions in a role; `admin` has all of limen's own."""
        return _OWN if role == ADMIN else self.roles[role].permissions

    def own_of(self, roles: Iterable[str]) -> frozenset[str]:
        """Return limen's own permissions in these roles."""
        return frozenset(name for role in roles for name in self.allowed_by(role) if name in _OWN)

    def rights(self, who: str, now: datetime) -> frozenset[str]:
        """Return limen's own permissions that somebody has."""
        if who == THE_OPERATOR:
            return _OWN
        person = self.people.get(who)
        if person is None or not (person.is_there and person.is_active):
            return frozenset()
        return self.own_of(person.roles(now))

    def lacks(self, who: str, permission: Permission, now: datetime) -> Refusal | None:
        """Say why somebody may not do what needs this permission."""
        if who == A_STRANGER:
            return NotSignedIn
        return None if permission.value in self.rights(who, now) else PermissionMissing

    def lacks_over(
        self, who: str, permission: Permission, whom: str, now: datetime
    ) -> Refusal | None:
        """Say why somebody may not do this to that user."""
        if who in {THE_OPERATOR, whom}:
            return self.lacks(who, permission, now)
        theirs = self.own_of(self.people[whom].roles(now))
        return self.lacks(who, permission, now) or self.beyond(who, theirs, now)

    def beyond(self, who: str, permissions: frozenset[str], now: datetime) -> Refusal | None:
        """Say why somebody may not touch a role that allows this."""
        within = permissions & _OWN <= self.rights(who, now)
        return None if within else BeyondOwnPermissions

    def leaves_nobody(self, whom: str, now: datetime) -> Refusal | None:
        """Say why this administrator must stay one."""
        person = self.people[whom]
        rules = person.is_there and person.is_active and ADMIN in person.roles(now)
        others = [one for name, one in self.people.items() if name != whom]
        is_last = rules and not any(one.is_administrator_for_good for one in others)
        return LastAdministrator if is_last else None


def first(*refusals: Refusal | None) -> tuple[Refusal, ...]:
    """Return the first refusal that applies: what people hear does not tell of the rest."""
    return next(((refusal,) for refusal in refusals if refusal is not None), ())

"""Roles and grants: who may do what to whom is as a few dictionaries say."""

from collections.abc import Coroutine
from datetime import timedelta, timezone
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from limen.core.actor import Actor
from limen.core.errors import (
    GrantNotFound,
    InvalidCredentials,
    InvalidInput,
    LimenError,
    RoleBuiltIn,
    RoleInUse,
    RoleNotFound,
    RoleTaken,
    StepUpNeeded,
    UserNotFound,
    VersionMismatch,
)
from limen.core.page import ListQuery
from limen.core.roles.model import Grant, Permission
from limen.testing.assembly import acting
from limen.testing.builders import a_user_id
from limen.testing.machines.cast import (
    A_STRANGER,
    ADMIN,
    EVERYBODY,
    THE_OPERATOR,
    Cast,
    Held,
    Person,
    Shape,
    first,
)
from limen.testing.machines.machine import Bench
from limen.testing.machines.story import span
from limen.testing.machines.telling import TellingMachine

IMPOSSIBLE: Final = "Nope!"
RESERVED: Final = "users.fly"
KEPT: Final = timedelta(days=90)
_ELSEWHERE: Final = timezone(timedelta(hours=5, minutes=30))
_MICROSECOND: Final = timedelta(microseconds=1)

# The powerful more often than not: most of what a stranger hears is always the same.
_ACTORS: Final = st.sampled_from(
    [*[THE_OPERATOR] * 3, *["root"] * 3, *["ada"] * 4, *["eve"] * 4, "bob", A_STRANGER]
)
_PEOPLE: Final = st.sampled_from(EVERYBODY)
_OWN_ROLES: Final = ("helper", "clerk", "chief")
_ROLES: Final = st.sampled_from([*_OWN_ROLES * 4, *[ADMIN] * 3, IMPOSSIBLE])
_PERMISSIONS: Final = st.lists(
    st.sampled_from(
        [
            *["roles.grant", "roles.manage", "roles.read", "users.write", "users.delete"] * 2,
            *["users.read", "invoices.read", RESERVED],
        ]
    ),
    max_size=4,
).map(frozenset)
_SINCE_VERSION: Final = st.sampled_from([None, None, 0, -1])
_ENDS: Final = st.sampled_from(
    [*[None, _MICROSECOND, timedelta(hours=1), timedelta(days=30)] * 3, timedelta(0), -_MICROSECOND]
)
_WAITS: Final = st.sampled_from(
    [_MICROSECOND, timedelta(hours=1), timedelta(days=31), KEPT, -timedelta(hours=1)]
)

_READABLE: Final = st.sampled_from(
    [Permission.ROLES_READ, Permission.KEYS_READ, Permission.USERS_READ]
)


class RoleMachine(TellingMachine):
    """Makes roles, gives and takes them, lets grants end, and has everybody try what they may."""

    def __init__(self, bench: Bench) -> None:
        """Begin with four users, one of them administrator."""
        super().__init__(bench)
        self.cast = Cast()
        self._turn = 0

    @initialize()
    def begin(self) -> None:
        for name in EVERYBODY:
            self._register(name)
        self.grant(THE_OPERATOR, "root", ADMIN, None)
        self.create(THE_OPERATOR, "helper", frozenset({"roles.grant", "users.write"}))
        self.create(THE_OPERATOR, "clerk", frozenset({"roles.manage", "roles.grant"}))
        self.grant(THE_OPERATOR, "ada", "helper", None)
        self.grant(THE_OPERATOR, "eve", "clerk", None)

    # --- roles ---

    @rule(who=_ACTORS, name=_ROLES, permissions=_PERMISSIONS)
    def create(self, who: str, name: str, permissions: frozenset[str]) -> None:
        cast = self.cast
        refusals = first(
            InvalidInput if name == IMPOSSIBLE or RESERVED in permissions else None,
            cast.lacks(who, Permission.ROLES_MANAGE, self.now),
            cast.beyond(who, permissions, self.now),
            RoleTaken if name in cast.roles else None,
        )
        self.attempt(
            f"{who} makes the role {name} ({_list(permissions)})",
            self.limen.roles.create(actor=self._fresh(who), name=name, permissions=permissions),
            refusals,
        )
        if not refusals:
            cast.roles[name] = Shape(permissions)
            self.tell("role.created")

    @rule(who=_ACTORS, name=_ROLES, permissions=_PERMISSIONS, behind=_SINCE_VERSION)
    def replace(self, who: str, name: str, permissions: frozenset[str], behind: int | None) -> None:
        cast, role = self.cast, self.cast.roles.get(name)
        before = role.permissions if role else frozenset[str]()
        refusals = first(
            InvalidInput if name == IMPOSSIBLE or RESERVED in permissions else None,
            cast.lacks(who, Permission.ROLES_MANAGE, self.now),
            RoleNotFound if role is None else None,
            VersionMismatch if behind else None,
            RoleBuiltIn if name == ADMIN else None,
            cast.beyond(who, permissions | before, self.now),
        )
        self.attempt(
            f"{who} makes {name} allow {_list(permissions)}{_as_read(behind)}",
            self.limen.roles.replace(
                name,
                actor=self._fresh(who),
                description="changed",
                permissions=permissions,
                expected_version=self._version(name, behind),
            ),
            refusals,
        )
        if role is not None and not refusals:
            cast.roles[name] = Shape(permissions, "changed", role.version + 1)
            self.tell("role.replaced")

    @rule(who=_ACTORS, name=_ROLES, behind=_SINCE_VERSION)
    def delete(self, who: str, name: str, behind: int | None) -> None:
        cast, role = self.cast, self.cast.roles.get(name)
        named = [person for person in cast.people.values() if name in person.holds]
        is_held = any(person.holds[name].counts(self.now) for person in named)
        refusals = first(
            cast.lacks(who, Permission.ROLES_MANAGE, self.now),
            RoleNotFound if role is None else None,
            VersionMismatch if behind else None,
            RoleBuiltIn if name == ADMIN else None,
            cast.beyond(who, role.permissions if role else frozenset(), self.now),
            RoleInUse if is_held else None,
        )
        version = self._version(name, behind)
        self.attempt(
            f"{who} deletes the role {name}{_as_read(behind)}",
            self.limen.roles.delete(name, actor=self._fresh(who), expected_version=version),
            refusals,
        )
        if not refusals:
            del cast.roles[name]
            for person in named:
                del person.holds[name]
            self.tell("role.deleted")

    def _version(self, name: str, behind: int | None) -> int | None:
        role = self.cast.roles.get(name)
        return None if behind is None else (role.version if role else 1) + behind

    # --- grants ---

    @rule(who=_ACTORS, whom=_PEOPLE, role=_ROLES, ends=_ENDS)
    def grant(self, who: str, whom: str, role: str, ends: timedelta | None) -> None:
        cast, person = self.cast, self.cast.people[whom]
        ends_at = None if ends is None else self.now + ends
        is_shorter = role == ADMIN and ends is not None
        known = role in cast.roles
        refusals = first(
            InvalidInput if ends is not None and ends <= timedelta(0) else None,
            cast.lacks_over(who, Permission.ROLES_GRANT, whom, self.now),
            cast.leaves_nobody(whom, self.now) if is_shorter else None,
            RoleNotFound if not known else None,
            cast.beyond(who, cast.allowed_by(role) if known else frozenset(), self.now),
            UserNotFound if not person.is_there else None,
        )
        outcome = self.attempt(
            f"{who} gives {whom} the role {role} {'for good' if ends is None else span(ends)}",
            self.limen.roles.grant(
                person.id,
                role,
                actor=self._fresh(who),
                ends_at=ends_at and ends_at.astimezone(_ELSEWHERE),
            ),
            refusals,
        )
        if not isinstance(outcome, LimenError):
            person.holds[role] = Held(self.now, ends_at)
            (grant,) = (one for one in _grants(person) if one.role == role)
            self.compare("the new grant", outcome, grant)
            self.tell("role.granted")

    @rule(who=_ACTORS, whom=_PEOPLE, role=_ROLES)
    def withdraw(self, who: str, whom: str, role: str) -> None:
        cast, person = self.cast, self.cast.people[whom]
        refusals = first(
            cast.lacks_over(who, Permission.ROLES_GRANT, whom, self.now),
            UserNotFound if not person.is_there else None,
            cast.leaves_nobody(whom, self.now) if role == ADMIN else None,
            RoleNotFound if role == IMPOSSIBLE else None,
            GrantNotFound if role not in person.holds else None,
        )
        self.attempt(
            f"{who} takes the role {role} from {whom}",
            self.limen.roles.withdraw(person.id, role, actor=self._fresh(who)),
            refusals,
        )
        if not refusals:
            del person.holds[role]
            self.tell("role.withdrawn")

    # --- people ---

    @rule(who=_ACTORS, whom=_PEOPLE)
    def suspend(self, who: str, whom: str) -> None:
        cast, person = self.cast, self.cast.people[whom]
        refusals = first(
            cast.lacks_over(who, Permission.USERS_WRITE, whom, self.now),
            UserNotFound if not person.is_there else None,
            cast.leaves_nobody(whom, self.now),
        )
        self.attempt(
            f"{who} suspends {whom}",
            self.limen.users.suspend(person.id, actor=cast.actor(who)),
            refusals,
        )
        if not refusals and person.is_active:
            person.is_active = False
            self.tell("user.suspended")

    @rule(who=_ACTORS, whom=_PEOPLE)
    def reactivate(self, who: str, whom: str) -> None:
        cast, person = self.cast, self.cast.people[whom]
        refusals = first(
            cast.lacks_over(who, Permission.USERS_WRITE, whom, self.now),
            UserNotFound if not person.is_there else None,
        )
        self.attempt(
            f"{who} lets {whom} in again",
            self.limen.users.reactivate(person.id, actor=self._fresh(who)),
            refusals,
        )
        if not refusals and not person.is_active:
            person.is_active = True
            self.tell("user.reactivated")

    @rule(who=_ACTORS, whom=_PEOPLE)
    def delete_user(self, who: str, whom: str) -> None:
        cast, person = self.cast, self.cast.people[whom]
        is_own, actor = who == whom, self._fresh(who)
        refusals = first(
            StepUpNeeded if is_own and actor.session_id is None else None,
            None if is_own else cast.lacks_over(who, Permission.USERS_DELETE, whom, self.now),
            UserNotFound if not person.is_there else None,
            cast.leaves_nobody(whom, self.now),
        )
        self.attempt(
            f"{who} deletes {whom}",
            self.limen.users.delete(person.id, actor=actor),
            refusals,
        )
        if not refusals:
            cast.people[whom] = Person(person.id, is_there=False)
            self.tell("user.deleted")

    def _fresh(self, who: str) -> Actor:
        """Return who acts; somebody who can, signs in for it."""
        person = self.cast.people.get(who)
        if person is None or not (person.is_there and person.is_active):
            return self.cast.actor(who)
        self.tell("signin.succeeded")
        return acting(self.run(self.limen.enter(f"{who}@example.org")))

    @rule(name=_PEOPLE)
    def come_back(self, name: str) -> None:
        if not self.cast.people[name].is_there:
            self._register(name)

    def _register(self, name: str) -> None:
        outcome = self.attempt(f"{name} registers", self.limen.register(f"{name}@example.org"))
        if not isinstance(outcome, LimenError):
            self.cast.people[name] = Person(outcome.id)
            self.tell("user.registered")

    # --- what roles are for ---

    @rule(who=_ACTORS, permission=_READABLE)
    def read(self, who: str, permission: Permission) -> None:
        """Try something that needs this permission and changes nothing."""
        actor, limen = self.cast.actor(who), self.limen
        use_case: Coroutine[Any, Any, object]
        if permission is Permission.ROLES_READ:
            use_case = limen.roles.list(actor=actor)
        elif permission is Permission.USERS_READ:
            use_case = limen.users.list(ListQuery(filters={}, limit=1), actor=actor)
        else:
            use_case = limen.keys.list(actor=actor)
        refusals = first(self.cast.lacks(who, permission, self.now))
        self.attempt(f"{who} does what needs {permission}", use_case, refusals)

    @rule(name=_PEOPLE)
    def sign_in(self, name: str) -> None:
        person = self.cast.people[name]
        may_enter = person.is_there and person.is_active
        outcome = self.attempt(
            f"{name} signs in",
            self.limen.enter(f"{name}@example.org"),
            () if may_enter else (InvalidCredentials,),
        )
        self.tell("signin.succeeded" if may_enter else "signin.failed")
        if not isinstance(outcome, LimenError):
            claims = self.run(self.limen.tokens.authenticate(outcome.access_token))
            self.compare("the roles in the token", claims.roles, tuple(person.roles(self.now)))

    # --- time ---

    @rule(by=_WAITS)
    def wait(self, by: timedelta) -> None:
        self.pass_time(by)

    @rule(data=st.data(), nudge=st.sampled_from([-_MICROSECOND, timedelta(0), _MICROSECOND]))
    def wait_for_an_end(self, data: st.DataObject, nudge: timedelta) -> None:
        """Stand where a grant ends, or right beside."""
        held = [held for person in self.cast.people.values() for held in person.holds.values()]
        ends = sorted({one.ends_at for one in held if one.ends_at and one.ends_at > self.now})
        if ends:
            self.pass_time(data.draw(st.sampled_from(ends)) + nudge - self.now)

    @rule()
    def purge(self) -> None:
        purged = self.purge_all()
        before = self.kept_since(self.limen.policies.retention.grants)
        removed = 0
        for person in self.cast.people.values():
            over = [r for r, held in person.holds.items() if held.ends_at and held.ends_at < before]
            for role in over:
                del person.holds[role]
            removed += len(over)
        self.compare("how many grants were purged", purged.grants, removed)

    # --- what always holds ---

    @invariant()
    def the_store_holds_what_the_model_knows(self) -> None:
        self.run(self._look())

    async def _look(self) -> None:
        async with self.limen.unit_of_work.view() as view:
            roles = {
                role.name: Shape(role.permissions, role.description, role.version)
                for role in await view.roles.list()
            }
            self.compare("the roles there are", roles, dict(sorted(self.cast.roles.items())))
            accounts = {account.user.id: account for account in await view.accounts.list()}
            # One after the other, a step each.
            self._turn += 1
            whose = EVERYBODY[self._turn % len(EVERYBODY)]
            rights = await view.grants.list_held(self.cast.people[whose].id, self.now)
            count = await view.grants.count_administrators(besides=a_user_id())
        there = {name: one for name, one in self.cast.people.items() if one.is_there}
        self.compare("who there is", set(accounts), {person.id for person in there.values()})
        for name, person in there.items():
            found = accounts[person.id].grants
            self.compare(f"what {name} was given", found, _grants(person))
        person = self.cast.people[whose]
        roles_held = person.roles(self.now) if person.is_there and person.is_active else []
        self.compare(f"what {whose} holds", [role.name for role in rights], roles_held)
        lasting = [one for one in self.cast.people.values() if one.is_administrator_for_good]
        self.compare("how many administrators there are for good", count, len(lasting))

    @invariant()
    def somebody_always_rules(self) -> None:
        assert any(one.is_administrator_for_good for one in self.cast.people.values())


def _grants(person: Person) -> tuple[Grant, ...]:
    return tuple(
        Grant(user_id=person.id, role=role, granted_at=held.since, ends_at=held.ends_at)
        for role, held in sorted(person.holds.items())
    )


def _list(permissions: frozenset[str]) -> str:
    return ", ".join(sorted(permissions)) or "nothing"


def _as_read(behind: int | None) -> str:
    return "" if behind is None else f", having read version {behind:+d}"

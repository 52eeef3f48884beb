"""What is done to others: by users who hold a role, or by the operator's own shell."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from limen.core.actor import Actor
from limen.core.errors import LimenError
from limen.core.ids import UserId
from limen.core.imports.model import AccountRow
from limen.core.roles.model import ADMIN, Permission
from limen.core.users.model import Status
from limen.testing.assembly import OPERATOR
from limen.testing.simulation.journal import Call
from limen.testing.simulation.people import Worker
from limen.testing.simulation.town import Act, Town

Doing = Callable[[Actor], Any]

GRANTORS: Final = "grantors"
# Whoever has it must show a second factor.
CAREFUL: Final = "auditors"
ROLES: Final[Mapping[str, tuple[Permission, ...]]] = {
    "helpers": (Permission.USERS_WRITE, Permission.SESSIONS_REVOKE),
    CAREFUL: (Permission.USERS_READ,),
    GRANTORS: (Permission.ROLES_GRANT, Permission.ROLES_MANAGE),
}
_NAMES: Final = tuple(ROLES)
_PERMISSIONS = (
    Permission.USERS_WRITE,
    Permission.USERS_READ,
    Permission.ROLES_GRANT,
    Permission.SESSIONS_REVOKE,
    Permission.PASSWORDS_SET,
    Permission.ROLES_MANAGE,
)


def administer(town: Town) -> Act | None:
    """Do one thing to somebody."""
    return town.chance.pick(_DEEDS)(town)


def _by(
    town: Town,
    name: str,
    about: object,
    needs: Permission,
    doing: Callable[[Worker, Actor], Any],
    **more: Any,
) -> Act | None:
    """Have something done by the operator, or by a user with whatever token they have."""
    worker = town.worker()
    client = town.powerful() if town.chance.happens(0.6) else town.signed_in()
    shown = None if town.chance.happens(0.3) else town.shown_by(client)

    async def work(call: Call) -> Any:
        actor = OPERATOR
        if shown is not None:
            actor = await town.enter(worker, call, client, shown)
        return await doing(worker, actor)

    by = None if shown is None else shown.user_id
    who = "the operator" if by is None else f"user {by}"
    return town.act(name, f"{about} by {who}", worker, work, by=by, needs=needs, **more)


def _status_of(town: Town, user_id: UserId) -> Status | None:
    user = town.journal.now("users", user_id)
    return None if user is None else user.status


def suspend(town: Town) -> Act | None:
    """Shut somebody out."""
    target = town.somebody()
    if target is None:
        return None
    return _by(
        town,
        "suspend",
        target,
        Permission.USERS_WRITE,
        lambda worker, actor: worker.limen.users.suspend(target, actor=actor),
        over=target,
        holds=lambda: _status_of(town, target) is Status.SUSPENDED,
    )


def _reactivate(town: Town) -> Act | None:
    target = town.somebody()
    if target is None:
        return None
    return _by(
        town,
        "reactivate",
        target,
        Permission.USERS_WRITE,
        lambda worker, actor: worker.limen.users.reactivate(target, actor=actor),
        over=target,
        holds=lambda: _status_of(town, target) is Status.ACTIVE,
    )


def delete(town: Town) -> Act | None:
    """Remove somebody, or oneself."""
    target = town.somebody()
    if target is None or town.chance.happens(0.5):
        return None
    return _by(
        town,
        "delete",
        target,
        Permission.USERS_DELETE,
        lambda worker, actor: worker.limen.users.delete(target, actor=actor),
        tells=("user.deleted",),
        over=target,
        holds=lambda: _status_of(town, target) is None,
    )


def set_password(town: Town) -> Act | None:
    """Give somebody another password."""
    person = town.person()
    target, new = town.id_of(person), town.new_password()
    if target is None:
        return None
    return _by(
        town,
        "set password",
        f"of {person.email} to {new!r}",
        Permission.PASSWORDS_SET,
        lambda worker, actor: worker.limen.passwords.set(target, new=new, actor=actor),
        tells=("password.set",),
        over=target,
        learn=lambda outcome: None if isinstance(outcome, LimenError) else person.may_be(new),
        doubt=lambda: person.may_be(new),
    )


def _revoke_all(town: Town) -> Act | None:
    target = town.somebody()
    if target is None:
        return None
    return _by(
        town,
        "revoke all",
        target,
        Permission.SESSIONS_REVOKE,
        lambda worker, actor: worker.limen.sessions.revoke_all(target, actor=actor),
        over=target,
    )


def grant(town: Town) -> Act | None:
    """Give somebody a role, for good or for hours."""
    target = town.somebody()
    if target is None:
        return None
    role = ADMIN if town.chance.happens(0.4) else town.chance.pick(_NAMES)
    hours = town.chance.between(0.1, 48)
    ends_at = None if town.chance.happens(0.5) else town.clock.now() + timedelta(hours=hours)
    return _by(
        town,
        "grant",
        f"{role} to {target}",
        Permission.ROLES_GRANT,
        lambda worker, actor: worker.limen.roles.grant(target, role, actor=actor, ends_at=ends_at),
        tells=("role.granted",),
        over=target,
    )


def withdraw(town: Town) -> Act | None:
    """Take a role from somebody."""
    target = town.somebody()
    if target is None:
        return None
    role = ADMIN if town.chance.happens(0.4) else town.chance.pick(_NAMES)
    return _by(
        town,
        "withdraw",
        f"{role} from {target}",
        Permission.ROLES_GRANT,
        lambda worker, actor: worker.limen.roles.withdraw(target, role, actor=actor),
        tells=("role.withdrawn",),
        over=target,
    )


def _shape_role(town: Town) -> Act | None:
    role = town.chance.pick(_NAMES)
    permissions = {str(town.chance.pick(_PERMISSIONS)) for _ in range(2)}
    way = town.chance.below(3)

    def doing(worker: Worker, actor: Actor) -> Any:
        roles = worker.limen.roles
        if way == 0:
            return roles.create(actor=actor, name=role, permissions=permissions)
        if way == 1:
            return roles.replace(role, actor=actor, permissions=permissions)
        return roles.delete(role, actor=actor)

    verb = ("created", "replaced", "deleted")[way]
    return _by(
        town,
        f"role {verb}",
        f"{role} with {sorted(permissions)}",
        Permission.ROLES_MANAGE,
        doing,
        tells=(f"role.{verb}",),
    )


def _create(town: Town) -> Act | None:
    person = town.person()
    password = town.new_password()

    def doing(worker: Worker, actor: Actor) -> Any:
        return worker.limen.users.create(
            actor=actor, email=person.email, username=person.username, password=password
        )

    return _by(
        town,
        "create",
        person.email,
        Permission.USERS_WRITE,
        doing,
        tells=("user.created",),
        learn=lambda outcome: None if isinstance(outcome, LimenError) else person.may_be(password),
        doubt=lambda: person.may_be(password),
    )


def _move_address(town: Town) -> Act | None:
    """Give somebody the address of another person, which mostly is taken."""
    target, other = town.somebody(), town.chance.pick(town.people)
    if target is None:
        return None
    return _by(
        town,
        "move address",
        f"{other.email} to {target}",
        Permission.USERS_WRITE,
        lambda worker, actor: worker.limen.users.update(target, actor=actor, email=other.email),
        over=target,
        holds=lambda: town.journal.now("emails", other.email) == target,
    )


def _import(town: Town) -> Act | None:
    rows = [
        AccountRow(line=n, email=person.email, username=person.username, roles=roles)
        for n, (person, roles) in enumerate([(town.person(), ()), (town.person(), (ADMIN,))], 1)
    ]
    return _by(
        town,
        "import",
        f"{rows[0].email} and {rows[1].email}",
        Permission.USERS_IMPORT,
        lambda worker, actor: worker.limen.imports.add(rows, actor=actor),
    )


_DEEDS = (
    suspend,
    _reactivate,
    _reactivate,
    delete,
    set_password,
    _revoke_all,
    grant,
    grant,
    withdraw,
    _shape_role,
    _create,
    _move_address,
    _import,
)


def purge(town: Town) -> Act:
    """Remove what is over, as every server does now and then."""
    worker = town.worker()
    return town.act("purge", "", worker, lambda _: worker.limen.maintenance.purge(actor=OPERATOR))


def rotate_keys(town: Town) -> Act:
    """Make a new signing key."""
    worker = town.worker()
    return town.act(
        "rotate keys",
        "",
        worker,
        lambda _: worker.limen.keys.rotate(actor=OPERATOR),
        tells=("key.added",),
    )

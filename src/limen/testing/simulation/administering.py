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
from limen.testing.simulation.stage import Act, Stage

Doing = Callable[[Actor], Any]

GRANTORS: Final = "grantors"
ROLES: Final[Mapping[str, tuple[Permission, ...]]] = {
    "helpers": (Permission.USERS_WRITE, Permission.SESSIONS_REVOKE),
    "auditors": (Permission.USERS_READ,),
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


def administer(stage: Stage) -> Act | None:
    """Do one thing to somebody."""
    return stage.chance.pick(_DEEDS)(stage)


def _by(
    stage: Stage,
    name: str,
    about: object,
    needs: Permission,
    doing: Callable[[Worker, Actor], Any],
    **more: Any,
) -> Act | None:
    """Have something done by the operator, or by a user with whatever token they have."""
    worker = stage.worker()
    client = stage.powerful() if stage.chance.happens(0.6) else stage.signed_in()
    shown = None if stage.chance.happens(0.3) else stage.shown_by(client)

    async def work(call: Call) -> Any:
        actor = OPERATOR
        if shown is not None:
            actor = await stage.enter(worker, call, client, shown)
        return await doing(worker, actor)

    by = None if shown is None else shown.user_id
    who = "the operator" if by is None else f"user {by}"
    return stage.act(name, f"{about} by {who}", worker, work, by=by, needs=needs, **more)


def _status_of(stage: Stage, user_id: UserId) -> Status | None:
    user = stage.journal.now("users", user_id)
    return None if user is None else user.status


def suspend(stage: Stage) -> Act | None:
    """Shut somebody out."""
    target = stage.somebody()
    if target is None:
        return None
    return _by(
        stage,
        "suspend",
        target,
        Permission.USERS_WRITE,
        lambda worker, actor: worker.limen.users.suspend(target, actor=actor),
        over=target,
        holds=lambda: _status_of(stage, target) is Status.SUSPENDED,
    )


def _reactivate(stage: Stage) -> Act | None:
    target = stage.somebody()
    if target is None:
        return None
    return _by(
        stage,
        "reactivate",
        target,
        Permission.USERS_WRITE,
        lambda worker, actor: worker.limen.users.reactivate(target, actor=actor),
        over=target,
        holds=lambda: _status_of(stage, target) is Status.ACTIVE,
    )


def delete(stage: Stage) -> Act | None:
    """Remove somebody, or oneself."""
    target = stage.somebody()
    if target is None or stage.chance.happens(0.5):
        return None
    return _by(
        stage,
        "delete",
        target,
        Permission.USERS_DELETE,
        lambda worker, actor: worker.limen.users.delete(target, actor=actor),
        tells=("user.deleted",),
        over=target,
        holds=lambda: _status_of(stage, target) is None,
    )


def set_password(stage: Stage) -> Act | None:
    """Give somebody another password."""
    person = stage.person()
    target, new = stage.id_of(person), stage.new_password()
    if target is None:
        return None
    return _by(
        stage,
        "set password",
        f"of {person.email} to {new!r}",
        Permission.PASSWORDS_SET,
        lambda worker, actor: worker.limen.passwords.set(target, new=new, actor=actor),
        tells=("password.set",),
        over=target,
        learn=lambda outcome: None if isinstance(outcome, LimenError) else person.may_be(new),
        doubt=lambda: person.may_be(new),
    )


def _revoke_all(stage: Stage) -> Act | None:
    target = stage.somebody()
    if target is None:
        return None
    return _by(
        stage,
        "revoke all",
        target,
        Permission.SESSIONS_REVOKE,
        lambda worker, actor: worker.limen.sessions.revoke_all(target, actor=actor),
        over=target,
    )


def grant(stage: Stage) -> Act | None:
    """Give somebody a role, for good or for hours."""
    target = stage.somebody()
    if target is None:
        return None
    role = ADMIN if stage.chance.happens(0.4) else stage.chance.pick(_NAMES)
    hours = stage.chance.between(0.1, 48)
    ends_at = None if stage.chance.happens(0.5) else stage.clock.now() + timedelta(hours=hours)
    return _by(
        stage,
        "grant",
        f"{role} to {target}",
        Permission.ROLES_GRANT,
        lambda worker, actor: worker.limen.roles.grant(target, role, actor=actor, ends_at=ends_at),
        tells=("role.granted",),
        over=target,
    )


def withdraw(stage: Stage) -> Act | None:
    """Take a role from somebody."""
    target = stage.somebody()
    if target is None:
        return None
    role = ADMIN if stage.chance.happens(0.4) else stage.chance.pick(_NAMES)
    return _by(
        stage,
        "withdraw",
        f"{role} from {target}",
        Permission.ROLES_GRANT,
        lambda worker, actor: worker.limen.roles.withdraw(target, role, actor=actor),
        tells=("role.withdrawn",),
        over=target,
    )


def _shape_role(stage: Stage) -> Act | None:
    role = stage.chance.pick(_NAMES)
    permissions = {str(stage.chance.pick(_PERMISSIONS)) for _ in range(2)}
    way = stage.chance.below(3)

    def doing(worker: Worker, actor: Actor) -> Any:
        roles = worker.limen.roles
        if way == 0:
            return roles.create(actor=actor, name=role, permissions=permissions)
        if way == 1:
            return roles.replace(role, actor=actor, permissions=permissions)
        return roles.delete(role, actor=actor)

    verb = ("created", "replaced", "deleted")[way]
    return _by(
        stage,
        f"role {verb}",
        f"{role} with {sorted(permissions)}",
        Permission.ROLES_MANAGE,
        doing,
        tells=(f"role.{verb}",),
    )


def _create(stage: Stage) -> Act | None:
    person = stage.person()
    password = stage.new_password()

    def doing(worker: Worker, actor: Actor) -> Any:
        return worker.limen.users.create(
            actor=actor, email=person.email, username=person.username, password=password
        )

    return _by(
        stage,
        "create",
        person.email,
        Permission.USERS_WRITE,
        doing,
        tells=("user.created",),
        learn=lambda outcome: None if isinstance(outcome, LimenError) else person.may_be(password),
        doubt=lambda: person.may_be(password),
    )


def _move_address(stage: Stage) -> Act | None:
    """Give somebody the address of another person, which mostly is taken."""
    target, other = stage.somebody(), stage.chance.pick(stage.people)
    if target is None:
        return None
    return _by(
        stage,
        "move address",
        f"{other.email} to {target}",
        Permission.USERS_WRITE,
        lambda worker, actor: worker.limen.users.update(target, actor=actor, email=other.email),
        over=target,
        holds=lambda: stage.journal.now("emails", other.email) == target,
    )


def _import(stage: Stage) -> Act | None:
    rows = [
        AccountRow(line=n, email=person.email, username=person.username, roles=roles)
        for n, (person, roles) in enumerate([(stage.person(), ()), (stage.person(), (ADMIN,))], 1)
    ]
    return _by(
        stage,
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


def purge(stage: Stage) -> Act:
    """Remove what is over, as every server does now and then."""
    worker = stage.worker()
    return stage.act("purge", "", worker, lambda _: worker.limen.maintenance.purge(actor=OPERATOR))


def rotate_keys(stage: Stage) -> Act:
    """Make a new signing key."""
    worker = stage.worker()
    return stage.act(
        "rotate keys",
        "",
        worker,
        lambda _: worker.limen.keys.rotate(actor=OPERATOR),
        tells=("key.added",),
    )

from collections.abc import Awaitable, Callable

import pytest

from limen.core.actor import Actor
from limen.core.errors import (
    BeyondOwnPermissions,
    InvalidCredentials,
    LimenError,
    PermissionMissing,
    SessionEnded,
    StepUpNeeded,
    UserNotFound,
)
from limen.core.ids import UserId
from limen.core.imports.model import AccountRow
from limen.core.secret import Secret
from limen.core.sessions.model import FRESH
from limen.core.users.model import Status
from limen.testing.assembly import OPERATOR, PASSWORD, Assembly, acting
from limen.testing.fakes import PlainHasher


async def test_accounts_come_in_with_everything_and_sign_in_with_their_old_hash() -> None:
    limen = Assembly()
    await limen.keys.ensure(actor=OPERATOR)
    await limen.roles.create(actor=OPERATOR, name="editor")
    old = await PlainHasher(cost=2).hash(Secret(PASSWORD))
    report = await limen.imports.add(
        [
            AccountRow(
                line=2,
                email="ada@example.org",
                username="ada",
                name="Ada",
                locale="DE-at",
                roles=("editor",),
                email_verified=True,
                password_hash=old.reveal(),
            ),
            AccountRow(line=3, email="bob@example.org", status="suspended", password=PASSWORD),
            AccountRow(line=4, email="eve@example.org"),
        ],
        actor=OPERATOR,
    )
    assert (report.added, report.present, report.faults) == (3, 0, ())
    tokens = await limen.enter()
    assert tokens.user.email_verified_at == limen.clock.now()
    assert tokens.user.locale == "de-AT"
    assert (await limen.tokens.authenticate(tokens.access_token)).roles == ("editor",)
    assert (await limen.users.find("bob@example.org", actor=OPERATOR)).status is Status.SUSPENDED
    with pytest.raises(InvalidCredentials):
        await limen.enter("eve@example.org")
    assert (await limen.event_names()).count("user.imported") == 1
    assert await limen.event_names(tokens.user.id) == [
        "role.granted",
        "password.hash_upgraded",
        "signin.succeeded",
    ]


BAD = [
    AccountRow(line=2, email="ada@example.org"),
    AccountRow(
        line=3,
        email="x",
        username="!",
        name="\0",
        locale="de_AT",
        status="gone",
        roles=("nothing",),
        password="p",
        password_hash="h",
    ),
    AccountRow(line=4, email="bob@example.org", password="short"),
    AccountRow(line=5, email="eve@example.org", password_hash="$unknown$"),
]


async def test_every_fault_of_every_row_is_reported_and_the_good_ones_come_in() -> None:
    limen = Assembly()
    report = await limen.imports.add(BAD, actor=OPERATOR)
    assert report.added == 1
    assert [(fault.line, fault.field) for fault in report.faults] == [
        (3, "email"),
        (3, "username"),
        (3, "name"),
        (3, "locale"),
        (3, "status"),
        (3, "roles"),
        (3, "password"),
        (3, "password_hash"),
        (4, "password"),
        (5, "password_hash"),
    ]


@pytest.mark.parametrize("rows", [BAD, [BAD[0], BAD[2]]])
async def test_a_strict_batch_with_a_fault_adds_nobody(rows: list[AccountRow]) -> None:
    limen = Assembly()
    report = await limen.imports.add(rows, actor=OPERATOR, is_strict=True)
    assert report.added == 0
    assert report.faults
    assert await limen.event_names() == []


async def test_an_import_begun_again_adds_only_what_is_missing() -> None:
    limen = Assembly()
    rows = [AccountRow(line=n, email=f"user{n}@example.org") for n in range(2, 7)]
    await limen.imports.add(rows[:3], actor=OPERATOR)
    report = await limen.imports.add(rows, actor=OPERATOR)
    assert (report.added, report.present) == (2, 3)


async def test_a_username_of_somebody_else_is_a_fault() -> None:
    limen = Assembly()
    await limen.users.create(actor=OPERATOR, email="ada@example.org", username="ada")
    rows = [AccountRow(line=7, email="b@example.org", username="ADA")]
    report = await limen.imports.add(rows, actor=OPERATOR)
    assert [(fault.line, fault.field, fault.code) for fault in report.faults] == [
        (7, "username", "taken")
    ]


async def test_a_dry_run_tells_the_same_and_changes_nothing() -> None:
    limen = Assembly()
    rehearsal = await limen.imports.add(BAD, actor=OPERATOR, is_dry_run=True)
    assert await limen.event_names() == []
    real = await limen.imports.add(BAD, actor=OPERATOR)
    assert (rehearsal.added, rehearsal.faults) == (real.added, real.faults)


async def test_what_went_out_comes_back_in_the_same() -> None:
    limen, other = Assembly(), Assembly(seed=1)
    for place in (limen, other):
        await place.roles.create(actor=OPERATOR, name="editor")
    await limen.imports.add(
        [
            AccountRow(line=1, email="Ada@Example.org", username="Ada", roles=("admin", "editor")),
            AccountRow(line=2, email="bob@example.org", name="Bob", locale="gsw", status="pending"),
            AccountRow(line=3, email="eve@example.org", password=PASSWORD, email_verified=True),
        ],
        actor=OPERATOR,
    )
    first = await limen.imports.export(actor=OPERATOR, limit=2)
    assert first.next is not None
    rest = await limen.imports.export(actor=OPERATOR, limit=2, after=first.next)
    assert rest.next is None
    rows = first.rows + rest.rows
    await other.imports.add(rows, actor=OPERATOR)
    assert (await other.imports.export(actor=OPERATOR)).rows == tuple(
        AccountRow(
            line=line,
            **{
                name: getattr(row, name)
                for name in (
                    "email",
                    "username",
                    "name",
                    "locale",
                    "status",
                    "roles",
                    "email_verified",
                    "password_hash",
                )
            },
        )
        for line, row in enumerate(rows, start=1)
    )


async def test_importing_needs_permission_and_gives_no_role_beyond_ones_own() -> None:
    limen = Assembly()
    ada = await limen.register()
    actor = acting(await limen.enter())
    with pytest.raises(PermissionMissing):
        await limen.imports.add([], actor=actor)
    with pytest.raises(PermissionMissing):
        await limen.imports.export(actor=actor)
    await limen.roles.create(actor=OPERATOR, name="mover", permissions=["users.import"])
    await limen.roles.grant(ada.id, "mover", actor=OPERATOR)
    await limen.imports.add([AccountRow(line=1, email="b@example.org")], actor=actor)
    with pytest.raises(BeyondOwnPermissions):
        await limen.imports.add(
            [AccountRow(line=1, email="c@example.org", roles=("admin",))], actor=actor
        )


async def test_importing_proved_addresses_needs_the_permission_to_vouch() -> None:
    limen = Assembly()
    await limen.roles.create(actor=OPERATOR, name="mover", permissions=["users.import"])
    ada = await limen.register()
    await limen.roles.grant(ada.id, "mover", actor=OPERATOR)
    mover = acting(await limen.enter())
    for row in (
        AccountRow(line=1, email="b@example.org", email_verified=True),
        AccountRow(line=1, email="b@example.org", has_owner=True),
    ):
        with pytest.raises(PermissionMissing, match=r"users\.verify"):
            await limen.imports.add([row], actor=mover)
    await limen.imports.add([AccountRow(line=1, email="b@example.org")], actor=mover)


async def test_an_owner_of_an_unproved_address_comes_back_as_one() -> None:
    limen = Assembly()
    row = AccountRow(line=1, email="b@example.org", has_owner=True)
    await limen.imports.add([row], actor=OPERATOR)
    assert (await limen.imports.export(actor=OPERATOR)).rows == (row,)
    user = await limen.users.find("b@example.org", actor=OPERATOR)
    assert (user.email_verified_at, user.has_owner) == (None, True)


async def _lose_the_role(limen: Assembly, user_id: UserId) -> None:
    await limen.roles.withdraw(user_id, "admin", actor=OPERATOR)


async def _lose_the_session(limen: Assembly, user_id: UserId) -> None:
    await limen.sessions.revoke_all(user_id, actor=OPERATOR)


async def _take_too_long(limen: Assembly, _: UserId) -> None:
    limen.clock.advance(FRESH)


Loss = Callable[[Assembly, UserId], Awaitable[None]]


def _while_hashing(limen: Assembly, actor: Actor, lose: Loss) -> None:
    """Let the actor lose something during the next hashing."""
    assert actor.user_id is not None
    user_id, right = actor.user_id, limen.hasher.hash

    async def hash_slowly(password: Secret[str]) -> Secret[str]:
        limen.hasher.hash = right  # type: ignore[method-assign]
        await lose(limen, user_id)
        return await right(password)

    limen.hasher.hash = hash_slowly  # type: ignore[method-assign]


@pytest.mark.parametrize(
    ("lose", "refusal"),
    [
        (_lose_the_role, PermissionMissing),
        (_lose_the_session, SessionEnded),
        (_take_too_long, StepUpNeeded),
    ],
)
@pytest.mark.parametrize(
    "add",
    [
        lambda limen, row, actor: limen.imports.add([row], actor=actor),
        lambda limen, row, actor: limen.users.create(
            email=row.email, password=row.password, actor=actor
        ),
    ],
    ids=["import", "create"],
)
async def test_who_loses_the_right_to_it_meanwhile_adds_nobody(
    add: Callable[[Assembly, AccountRow, Actor], Awaitable[object]],
    lose: Loss,
    refusal: type[LimenError],
) -> None:
    limen = Assembly()
    await limen.administrator("second@example.org")
    await limen.administrator()
    root = acting(await limen.enter("root@example.org"))
    _while_hashing(limen, root, lose)
    row = AccountRow(line=1, email="b@example.org", password="staple of the battery")
    with pytest.raises(refusal):
        await add(limen, row, root)
    with pytest.raises(UserNotFound):
        await limen.users.find("b@example.org", actor=OPERATOR)

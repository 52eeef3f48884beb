"""What a new installation needs before anybody can come in."""

import base64
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from limen.core.actor import Actor
from limen.core.api_keys.model import ApiKeyEnd
from limen.core.errors import Fault, NoSigningKey, SettingsInvalid, StorageOutdated
from limen.core.events import UserTakenOver
from limen.core.ids import NOBODY
from limen.core.imports.model import AccountRow
from limen.core.roles.model import ADMIN
from limen.core.secret import Secret
from limen.wiring.container import Container

DEVELOPMENT_ADMIN: Final = "admin@limen.localhost"
BOOTSTRAP: Final = Actor.system("bootstrap")
_FEWEST_CHARACTERS: Final = 24
_BITS_PER_CHARACTER: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAdministrator:
    """The administrator just made; with the password if it was made here, to be shown once."""

    email: str
    generated_password: Secret[str] | None


async def prepare(container: Container) -> None:
    """Make the first signing key if there is none, and see that it can be used.

    Raises `StorageOutdated` unless the schema is the one this version works with, and `SealBroken`
    if the secret key is not the one that the signing key is sealed with.
    """
    if not await container.storage().is_current():
        raise StorageOutdated
    await container.keys().ensure(actor=BOOTSTRAP)
    # Where clocks differ a little, a key just made signs in a moment.
    with suppress(NoSigningKey):
        await container.key_ring().signing()


async def first_administrator(container: Container) -> FirstAdministrator | None:
    """Make the first administrator if there is none; return who was made.

    The address is the configured one, in development `admin@limen.localhost` without one; in
    production nobody is made then. Without a configured password one is generated. An account
    that has the address already is taken over: it gets the password, its sessions end, its
    passkeys and API keys go.
    Raises `SettingsInvalid` for an unacceptable password.
    """
    if await has_administrator(container):
        return None
    settings = container.settings()
    configured = settings.bootstrap.admin_email
    if configured is None and settings.is_production:
        return None
    email = DEVELOPMENT_ADMIN if configured is None else configured.address
    given = settings.bootstrap.admin_password
    password = given or _generate(container)
    row = AccountRow(
        line=1, email=email, roles=(ADMIN,), email_verified=True, password=password.reveal()
    )
    report = await container.imports().add([row], actor=BOOTSTRAP)
    if report.faults:
        _refuse(tuple(fault.message for fault in report.faults))
    if report.present and not await _take_over(container, email, password):
        return None
    return FirstAdministrator(email=email, generated_password=None if given else password)


async def has_administrator(container: Container) -> bool:
    """Tell whether somebody holds `admin` without an end."""
    async with container.unit_of_work().view() as view:
        return await view.grants.count_administrators(besides=NOBODY) > 0


async def _take_over(container: Container, email: str, password: Secret[str]) -> bool:
    """Make the account that has the address administrator, unless somebody just became one.

    Whoever registered it need not be the operator: proof of the address was never asked for.
    """
    if await has_administrator(container):
        return False
    users = container.users()
    user = await users.find(email, actor=BOOTSTRAP)
    await container.passwords().set(user.id, new=password, actor=BOOTSTRAP)
    for passkey in await container.passkeys().list(user.id, actor=BOOTSTRAP):
        await container.passkeys().remove(user.id, passkey.id, actor=BOOTSTRAP)
    now = container.clock().now()
    async with container.unit_of_work()() as uow:
        await uow.api_keys.end(user.id, now, ApiKeyEnd.TAKEN_OVER)
        uow.emit(UserTakenOver(at=now, actor=BOOTSTRAP, user_id=user.id))
        await uow.commit()
    await users.reactivate(user.id, actor=BOOTSTRAP)
    await container.roles().grant(user.id, ADMIN, actor=BOOTSTRAP)
    return True


def _generate(container: Container) -> Secret[str]:
    """Return at least 24 lower-case letters and digits, which carry 5 random bits each."""
    wanted = max(_FEWEST_CHARACTERS, container.settings().password.min_length)
    raw = container.entropy().bytes(-(-wanted * _BITS_PER_CHARACTER // 8))
    return Secret(base64.b32encode(raw).decode().rstrip("=").lower())


def _refuse(sentences: tuple[str, ...]) -> None:
    faults = tuple(
        Fault("LIMEN_BOOTSTRAP_ADMIN_PASSWORD", "refused", sentence) for sentence in sentences
    )
    listed = "; ".join(sentences)
    raise SettingsInvalid(f"LIMEN_BOOTSTRAP_ADMIN_PASSWORD {listed}", details=faults)

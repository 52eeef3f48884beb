"""Use cases about API keys and service accounts."""

from typing import Final

from limen.core.api_keys.service import NewKey
from limen.core.errors import UsernameTaken
from limen.core.users.model import User
from limen.testing.assembly import OPERATOR, acting
from limen.testing.crashes.scene import SOMEWHERE, Scene, UseCase


async def _key(scene: Scene) -> NewKey:
    """Make a key of Ada's."""
    return await scene.limen.api_keys.create(scene.ada.id, actor=acting(scene.first), name="key")


async def _rotate(scene: Scene) -> None:
    key = await _key(scene)
    await scene.limen.api_keys.rotate(scene.ada.id, key.key.id, actor=acting(scene.first))


async def _revoke(scene: Scene) -> None:
    key = await _key(scene)
    await scene.limen.api_keys.revoke(key.key.id, actor=acting(scene.first))


async def _report(scene: Scene) -> None:
    key = await _key(scene)
    await scene.limen.api_keys.report(key.text, actor=SOMEWHERE)


async def _show_a_dead_key(scene: Scene) -> None:
    """Come with a key that was ended: it is told, and counted."""
    api_keys, key = scene.limen.api_keys, await _key(scene)
    await api_keys.revoke(key.key.id, actor=acting(scene.first))
    await api_keys.authenticate(key.text, actor=SOMEWHERE)


async def _account(scene: Scene) -> User:
    """Return the service account, made now if there is none."""
    accounts = scene.limen.service_accounts
    try:
        return await accounts.create(actor=OPERATOR, username="robot")
    except UsernameTaken:
        return await accounts.find("robot", actor=OPERATOR)


async def _update_account(scene: Scene) -> None:
    robot = await _account(scene)
    await scene.limen.service_accounts.update(robot.id, actor=OPERATOR, name="Robot")


async def _shut_account_out(scene: Scene) -> None:
    """Shut a service account out and let it in again."""
    accounts, robot = scene.limen.service_accounts, await _account(scene)
    await accounts.suspend(robot.id, actor=OPERATOR)
    await accounts.reactivate(robot.id, actor=OPERATOR)


async def _delete_account(scene: Scene) -> None:
    """Delete a service account that has a key."""
    robot = await _account(scene)
    await scene.limen.api_keys.create(robot.id, actor=OPERATOR, name="key")
    await scene.limen.service_accounts.delete(robot.id, actor=OPERATOR)


USE_CASES: Final[dict[str, UseCase]] = {
    "api_keys.create": _key,
    "api_keys.rotate": _rotate,
    "api_keys.revoke": _revoke,
    "api_keys.report": _report,
    "api_keys.authenticate": _show_a_dead_key,
    "service_accounts.create": _account,
    "service_accounts.update": _update_account,
    "service_accounts.suspend": _shut_account_out,
    "service_accounts.reactivate": _shut_account_out,
    "service_accounts.delete": _delete_account,
}

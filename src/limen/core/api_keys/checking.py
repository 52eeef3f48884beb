"""Believing an API key, or not."""

from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.api_keys.form import PresentedKey, public_part, read_key
from limen.core.api_keys.model import ApiKeyPolicy, KeyClaims
from limen.core.api_keys.uses import KeyUses
from limen.core.errors import ApiKeyInvalid
from limen.core.events import ApiKeyFailure, ApiKeyRefused
from limen.core.ids import UserId
from limen.core.roles.model import allowed_to_keys, permissions_of
from limen.core.secret import Secret
from limen.core.signin.admission import reason_to_refuse
from limen.core.throttles.charging import charge_wrong_key
from limen.core.users.model import UserPolicy
from limen.ports.api_keys import OwnedKey
from limen.ports.unit_of_work import UnitOfWorkFactory


class ApiKeyChecker:
    """Checks API keys against the store at every use: what ends a key ends it at once.

    A key that is misspelt is refused before the store is asked. Any other that is wrong counts
    against the network address it comes from, and costs an event; the answer is the same for all.
    """

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWorkFactory,
        ambient: Ambient,
        uses: KeyUses,
        policy: ApiKeyPolicy,
        users: UserPolicy,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._ambient = ambient
        self._uses = uses
        self._policy = policy
        self._users = users

    async def check(self, key: Secret[str], *, actor: Actor) -> KeyClaims:
        """Return what a good key says; raise `ApiKeyInvalid` or `TooManyAttempts`."""
        shown = read_key(key)
        now = self._ambient.clock.now()
        async with self._unit_of_work.view() as view:
            owned = await view.api_keys.find(shown.key_id)
            roles = () if owned is None else await view.grants.list_held(owned.owner.id, now)
        owned = await self._believe(shown, owned, actor)
        failure = self._failure(owned)
        if failure is not None:
            await self._refuse(shown, owned.owner.id, failure, actor)
        self._uses.note(owned.key, now)
        return KeyClaims(
            key_id=owned.key.id,
            user_id=owned.owner.id,
            name=public_part(owned.key.id),
            scopes=owned.key.scopes,
            permissions=allowed_to_keys(owned.key.scopes, permissions_of(roles)),
        )

    async def find(self, key: Secret[str], *, actor: Actor) -> OwnedKey:
        """Return a key that somebody shows whole, whether it holds or not.

        Raises `ApiKeyInvalid` or `TooManyAttempts`.
        """
        shown = read_key(key)
        async with self._unit_of_work.view() as view:
            owned = await view.api_keys.find(shown.key_id)
        return await self._believe(shown, owned, actor)

    async def _believe(self, shown: PresentedKey, owned: OwnedKey | None, actor: Actor) -> OwnedKey:
        has_secret = shown.has_secret_of(None if owned is None else owned.key.digest)
        if owned is None:
            await self._refuse(shown, None, ApiKeyFailure.UNKNOWN, actor)
        elif has_secret:
            return owned
        else:
            await self._refuse(shown, owned.owner.id, ApiKeyFailure.WRONG_SECRET, actor)
        raise ApiKeyInvalid

    def _failure(self, owned: OwnedKey) -> ApiKeyFailure | None:
        if owned.key.ended_at is not None:
            return ApiKeyFailure.REVOKED
        if not owned.key.is_live(self._ambient.clock.now()):
            return ApiKeyFailure.EXPIRED
        if reason_to_refuse(owned.owner, self._users, is_by_key=True) is not None:
            return ApiKeyFailure.OWNER_REFUSED
        return None

    async def _refuse(
        self, shown: PresentedKey, user_id: UserId | None, reason: ApiKeyFailure, actor: Actor
    ) -> None:
        now = self._ambient.clock.now()
        async with self._unit_of_work() as uow:
            await charge_wrong_key(uow, actor, self._policy.most_wrong, self._policy.window, now)
            uow.emit(
                ApiKeyRefused(
                    at=now, actor=actor, user_id=user_id, key_id=shown.key_id, reason=reason
                )
            )
            await uow.commit()
        raise ApiKeyInvalid

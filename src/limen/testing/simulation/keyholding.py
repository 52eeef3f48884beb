"""API keys of people: making and rotating them, coming in by them, ending them."""

from typing import Any, Final

from limen.core.access import require_person
from limen.core.actor import Actor
from limen.core.api_keys.model import ApiKey
from limen.core.api_keys.service import NewKey
from limen.core.errors import ApiKeyInvalid
from limen.core.ids import ApiKeyId
from limen.core.roles.model import ME_READ, OWN, Permission
from limen.testing.simulation.journal import Call
from limen.testing.simulation.people import Client, Worker
from limen.testing.simulation.town import Act, Town

_KEPT: Final = 4


def hold_keys(town: Town) -> Act | None:
    """Do one thing with API keys."""
    return town.chance.pick(_DEEDS)(town)


def _create(town: Town) -> Act | None:
    """Make a key that may do what its owner may now, or little, or too much."""
    kind = town.chance.below(3)

    def create(worker: Worker, actor: Actor, _: object) -> Any:
        owner_id = require_person(actor)
        held = town.answers.held(owner_id, town.clock.now()) & OWN
        scopes = (held, {ME_READ}, {Permission.USERS_READ.value})[kind]
        return worker.limen.api_keys.create(
            owner_id, actor=actor, name="key", scopes=sorted(scopes)
        )

    return _as_owner(town, "create key", create, tells=("api_key.created",))


def _rotate(town: Town) -> Act | None:
    return _as_owner(
        town,
        "rotate key",
        lambda worker, actor, key_id: worker.limen.api_keys.rotate(
            actor.user_id, key_id, actor=actor
        ),
        tells=("api_key.rotated",),
        is_about_key=True,
    )


def _revoke(town: Town) -> Act | None:
    return _as_owner(
        town,
        "revoke key",
        lambda worker, actor, key_id: worker.limen.api_keys.revoke(key_id, actor=actor),
        tells=("api_key.revoked",),
        is_about_key=True,
    )


def _as_owner(
    town: Town, name: str, doing: Any, *, tells: tuple[str, ...], is_about_key: bool = False
) -> Act | None:
    client, worker = _holder(town), town.worker()
    shown, key = town.shown_by(client), _key_of(town, client)
    if shown is None or (is_about_key and key is None):
        return None
    key_id = None if key is None else key.key.id

    async def work(call: Call) -> Any:
        actor = await town.enter(worker, call, client, shown)
        return await doing(worker, actor, key_id)

    def learn(given: Any) -> None:
        if isinstance(given, NewKey):
            client.keys.append(given)
            del client.keys[:-_KEPT]

    return town.act(name, f"{key_id} of {shown.user_id}", worker, work, tells=tells, learn=learn)


def _holder(town: Town) -> Client:
    """Return somebody who is signed in: at times one who may do something."""
    return town.powerful() if town.chance.happens(0.5) else town.signed_in()


def _key_of(town: Town, client: Client) -> NewKey | None:
    return town.chance.pick(client.keys) if client.keys else None


def _use(town: Town) -> Act | None:
    """Come in by a key, perhaps by one that is over."""
    found = _found(town)
    if found is None:
        return None
    holder, key, worker = found
    actor = Actor.anonymous(address=holder.address)

    async def work(call: Call) -> Any:
        claims = await worker.limen.api_keys.authenticate(key.text, actor=actor)
        town.answers.entered_by_key(call, claims)
        return claims

    def learn(given: Any) -> None:
        if isinstance(given, ApiKeyInvalid) and key in holder.keys:
            holder.keys.remove(key)

    return town.act("use key", str(key.key.id), worker, work, learn=learn)


def _report(town: Town) -> Act | None:
    """End a key that somebody found."""
    found = _found(town)
    if found is None or town.chance.happens(0.5):
        return None
    holder, key, worker = found
    actor = Actor.anonymous(address=holder.address)

    def holds() -> bool:
        now: ApiKey | None = town.journal.now("api_keys", ApiKeyId(key.key.id))
        return now is None or not now.is_live(town.journal.highest)

    return town.act(
        "report key",
        str(key.key.id),
        worker,
        lambda _: worker.limen.api_keys.report(key.text, actor=actor),
        holds=holds,
    )


def _found(town: Town) -> tuple[Client, NewKey, Worker] | None:
    holders = [client for client in town.clients if client.keys]
    if not holders:
        return None
    client = town.chance.pick(holders)
    return client, town.chance.pick(client.keys), town.worker()


_DEEDS: Final = (*(_create,) * 3, *(_use,) * 5, _rotate, _revoke, _report)

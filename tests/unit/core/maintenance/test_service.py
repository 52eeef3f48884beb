from datetime import timedelta

import pytest

from limen.core.errors import InvalidCredentials, PermissionMissing
from limen.core.maintenance.service import Purged
from limen.core.roles.model import OWN, Permission
from limen.testing.assembly import OPERATOR, Assembly, acting


async def test_what_is_over_goes_and_what_counts_stays() -> None:
    limen = Assembly()
    ada = await limen.register()
    tokens = await limen.enter()
    old = await limen.enter()
    await limen.sessions.revoke(ada.id, old.session_id, actor=acting(tokens))
    with pytest.raises(InvalidCredentials):
        await limen.sign_in.sign_in(identifier="ada@example.org", password="wrong one")
    await limen.idempotency.begin("k", owner="ada", request=[])
    await limen.roles.create(actor=OPERATOR, name="guest")
    end = limen.clock.now() + timedelta(days=1)
    await limen.roles.grant(ada.id, "guest", actor=OPERATOR, ends_at=end)
    nothing = Purged(
        sessions=0,
        grants=0,
        throttles=0,
        attempts=0,
        events=0,
        messages=0,
        proofs=0,
        api_keys=0,
        ceremonies=0,
        factors=0,
        partial_sessions=0,
        devices=0,
        remembered=0,
        factor_resets=0,
    )
    assert await limen.maintenance.purge(actor=OPERATOR) == nothing
    for _ in range(3):
        limen.clock.advance(timedelta(days=13))
        tokens = await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    purged = await limen.maintenance.purge(actor=OPERATOR)
    assert (purged.sessions, purged.throttles, purged.attempts) == (1, 1, 1)
    assert purged.events == 0
    await limen.tokens.refresh(refresh_token=tokens.refresh_token)
    limen.clock.advance(timedelta(days=91))
    purged = await limen.maintenance.purge(actor=OPERATOR)
    assert purged.events > 0
    assert purged.grants == 1
    assert await limen.event_names() == []


async def test_to_purge_is_a_permission_of_its_own() -> None:
    limen = Assembly()
    ada = await limen.register()
    ada_herself = acting(await limen.enter())
    others = OWN - {Permission.MAINTENANCE_RUN}
    await limen.roles.create(actor=OPERATOR, name="nearly-all", permissions=sorted(others))
    await limen.roles.grant(ada.id, "nearly-all", actor=OPERATOR)
    with pytest.raises(PermissionMissing):
        await limen.maintenance.purge(actor=ada_herself)
    await limen.roles.create(actor=OPERATOR, name="cleaner", permissions=["maintenance.run"])
    await limen.roles.grant(ada.id, "cleaner", actor=OPERATOR)
    await limen.maintenance.purge(actor=ada_herself)

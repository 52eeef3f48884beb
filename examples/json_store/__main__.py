"""limen's services over the directory of JSON files: open, register, sign in, come back later.

`python -m examples.json_store people` keeps everything in `people`; run it twice.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from examples.json_store.store import open_store
from limen.adapters.aesgcm import AesGcmCipher
from limen.adapters.bcrypt import BcryptScheme
from limen.adapters.breached.offline import OfflineBreachedPasswords
from limen.adapters.hashing_pool import PooledHasher
from limen.adapters.pyjwt import JwtSigner
from limen.adapters.system import SystemClock, SystemEntropy, SystemIds
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.cookies.carrying import SessionCookies
from limen.core.cookies.parts import BrowserParts
from limen.core.devices.book import DeviceBook
from limen.core.errors import LimenError
from limen.core.keys.model import KeyPolicy
from limen.core.keys.ring import KeyRing
from limen.core.keys.service import KeyMaker, KeyService
from limen.core.messages.posting import Postbox
from limen.core.passwords.model import PasswordPolicy
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.query import Lists
from limen.core.remembered.remembering import Memory
from limen.core.sessions.model import SessionPolicy
from limen.core.signin.entering import Entrance, PartialSignIn
from limen.core.signin.levels import FactorPolicy
from limen.core.signin.policy import SignInPolicy
from limen.core.signin.service import SignInService
from limen.core.throttles.model import ThrottlePolicy
from limen.core.tokens.family import RefreshTokens
from limen.core.tokens.issuing import TokenIssuer
from limen.core.tokens.model import TokenPolicy
from limen.core.users.making import AccountParts
from limen.core.users.model import UserPolicy
from limen.core.users.service import UserService
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.wiring.secret_key import find_secret_keys
from limen.wiring.settings import from_code

PASSWORD = "correct horse battery"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The services of this example, and the store behind them."""

    users: UserService
    sign_in: SignInService
    store: UnitOfWorkFactory


@asynccontextmanager
async def open_identity(folder: Path) -> AsyncIterator[Identity]:
    """Open the services over the store in `folder`, beside which lies the secret key."""
    ids, clock, entropy = SystemIds(), SystemClock(), SystemEntropy()
    ambient = Ambient(clock=clock, ids=ids, entropy=entropy)
    # `secret.key` in the folder, made at the first start; each purpose has a key of its own.
    secrets = find_secret_keys(from_code({"data_dir": folder}), entropy.bytes)
    store = open_store(folder / "store", ids)
    signer, cipher = JwtSigner(), AesGcmCipher(keys=secrets.all, entropy=entropy)
    ring = KeyRing(unit_of_work=store, cipher=cipher, clock=clock, policy=KeyPolicy())
    maker = KeyMaker(signer=signer, cipher=cipher, policy=KeyPolicy())
    keys = KeyService(unit_of_work=store, ambient=ambient, maker=maker, ring=ring)
    await keys.ensure(actor=Actor.system("example"))
    tokens = TokenPolicy(issuer="https://id.example.org", audience="example")
    issuer = TokenIssuer(
        ring=ring,
        signer=signer,
        refresh_tokens=RefreshTokens(secrets.derive("refresh tokens"), tokens.grace),
        ambient=ambient,
        policy=tokens,
    )
    policy = SignInPolicy(
        users=UserPolicy(),
        throttle=ThrottlePolicy(),
        sessions=SessionPolicy(),
        factors=FactorPolicy(is_on=False),
    )
    postbox = Postbox(cipher=cipher, ids=ids)
    entrance = Entrance(
        ambient=ambient,
        issuer=issuer,
        policy=policy,
        browsers=BrowserParts(
            cookies=SessionCookies(secrets.derive("session cookies")),
            devices=DeviceBook(entropy=entropy, postbox=postbox),
            memory=Memory(ambient=ambient, lifetime=policy.sessions.remembered),
        ),
    )
    hasher = PooledHasher(schemes=[BcryptScheme(12)], threads=1, queue_limit=8)
    try:
        lists = Lists(secrets.derive("list cursors"))
        yield assemble(store, ambient, hasher, entrance, lists, policy=policy, postbox=postbox)
    finally:
        await hasher.close()


def assemble(
    store: UnitOfWorkFactory,
    ambient: Ambient,
    hasher: PooledHasher,
    entrance: Entrance,
    lists: Lists,
    *,
    policy: SignInPolicy,
    postbox: Postbox,
) -> Identity:
    """Put the two services together."""
    preparation = PasswordPreparation(
        policy=PasswordPolicy(), breached=OfflineBreachedPasswords(), hasher=hasher
    )
    users = UserService(
        unit_of_work=store,
        ambient=ambient,
        lists=lists,
        parts=AccountParts(preparation=preparation, postbox=postbox),
        policy=policy.users,
    )
    sign_in = SignInService(
        unit_of_work=store, ambient=ambient, hasher=hasher, entrance=entrance, policy=policy
    )
    return Identity(users=users, sign_in=sign_in, store=store)


async def main(folder: str = "people") -> None:
    """Register somebody, or find them there already, and sign them in."""
    async with open_identity(Path(folder)) as identity:
        try:
            await identity.users.register(email="ada@example.org", password=PASSWORD)
            print("registered ada@example.org")
        except LimenError as refusal:
            print(f"{refusal.code}: {refusal.message}")
        tokens = await identity.sign_in.sign_in(identifier="ada@example.org", password=PASSWORD)
        if isinstance(tokens, PartialSignIn):
            raise SystemExit("a second factor is needed")
        print(f"signed in; the access token lives for {tokens.expires_in} seconds")
        async with identity.store.view() as view:
            print(f"events: {[event.name for event in await view.outbox.list()]}")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

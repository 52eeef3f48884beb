"""limen's services without any wiring: the standard library, limen's rules, and your own adapters.

Here passwords are hashed by scrypt and judged by a list of our own, and everything is kept in
memory. `pip install limen` is all this needs.
"""

import asyncio
import hashlib
import hmac

from limen.adapters.aesgcm import AesGcmCipher
from limen.adapters.memory.store import MemoryStore
from limen.adapters.memory.unit_of_work import MemoryUnitOfWorkFactory
from limen.adapters.system import SystemClock, SystemEntropy, SystemIds
from limen.core.actor import Actor
from limen.core.ambient import Ambient
from limen.core.errors import (
    HashingBusy,
    LimenError,
    PasswordHashUnknown,
    PasswordMismatch,
)
from limen.core.messages.posting import Postbox
from limen.core.passwords.model import PasswordPolicy
from limen.core.passwords.preparation import PasswordPreparation
from limen.core.passwords.proving import PasswordProver
from limen.core.passwords.service import PasswordService
from limen.core.query import Lists
from limen.core.secret import Secret
from limen.core.text import fold
from limen.core.throttles.model import ThrottlePolicy
from limen.core.users.making import AccountParts
from limen.core.users.model import UserPolicy
from limen.core.users.service import UserService
from limen.ports.breached_passwords import BreachedPasswords
from limen.ports.entropy import Entropy
from limen.ports.password_hasher import PasswordHasher

SALT_BYTES = 16
SUM_BYTES = 32
THREADS = 2
MOST_WAITING = 32


class ScryptHasher:
    """Hashes by scrypt (RFC 7914) with 16 MiB for each password, in threads, a few at a time."""

    def __init__(self, entropy: Entropy) -> None:
        """Take salts from `entropy`."""
        self._entropy = entropy
        self._gate = asyncio.Semaphore(THREADS)
        self._places = THREADS + MOST_WAITING

    async def hash(self, password: Secret[str]) -> Secret[str]:
        """Return a new hash of `password`."""
        salt = self._entropy.bytes(SALT_BYTES)
        made = await self._sum(password, salt)
        return Secret(f"$scrypt${salt.hex()}${made.hex()}")

    async def verify(self, password: Secret[str], digest: Secret[str] | None) -> None:
        """Raise `PasswordMismatch` unless `digest` is a hash of `password`."""
        salt, expected = _take_apart(digest) or (bytes(SALT_BYTES), b"")
        if not hmac.compare_digest(await self._sum(password, salt), expected):
            raise PasswordMismatch

    def needs_upgrade(self, digest: Secret[str]) -> bool:
        """Tell whether `digest` is not one of ours."""
        return _take_apart(digest) is None

    def check_known(self, digest: Secret[str]) -> None:
        """Raise `PasswordHashUnknown` unless `digest` is one of ours."""
        if _take_apart(digest) is None:
            raise PasswordHashUnknown

    async def _sum(self, password: Secret[str], salt: bytes) -> bytes:
        if not self._places:
            raise HashingBusy(retry_after=1)
        self._places -= 1
        try:
            async with self._gate:
                plain = password.reveal().encode("utf-8", "surrogatepass")
                # Without a digest before it, scrypt takes NULs at the end for none.
                key = hashlib.sha256(plain).digest()
                return await asyncio.to_thread(
                    hashlib.scrypt, key, salt=salt, n=2**14, r=8, p=1, dklen=SUM_BYTES
                )
        finally:
            self._places += 1


def _take_apart(digest: Secret[str] | None) -> tuple[bytes, bytes] | None:
    """Return salt and sum, or `None` unless the digest is one of ours."""
    match () if digest is None else tuple(digest.reveal().split("$")):
        case ("", "scrypt", salt, made) if (
            len(salt) == 2 * SALT_BYTES and len(made) == 2 * SUM_BYTES
        ):
            try:
                return bytes.fromhex(salt), bytes.fromhex(made)
            except ValueError:
                return None
    return None


class HouseWords:
    """Knows what everybody in the house would try first."""

    WORDS = frozenset({"limen for ever and ever", "welcome to the threshold"})

    async def contains(self, password: Secret[str]) -> bool:
        """Tell whether `password` is one of the words, without regard to case."""
        return fold(password.reveal()) in self.WORDS


# The type checker compares each adapter with its port here.
_conforms: tuple[type[PasswordHasher], type[BreachedPasswords]] = (ScryptHasher, HouseWords)


async def main() -> None:
    """Assemble two services, and see their rules at work."""
    ids = SystemIds()
    entropy = SystemEntropy()
    ambient = Ambient(clock=SystemClock(), ids=ids, entropy=entropy)
    unit_of_work = MemoryUnitOfWorkFactory(MemoryStore(), ids)
    hasher = ScryptHasher(entropy)
    preparation = PasswordPreparation(
        policy=PasswordPolicy(min_length=15), breached=HouseWords(), hasher=hasher
    )
    cipher = AesGcmCipher(keys=[Secret(entropy.bytes(32))], entropy=entropy)
    postbox = Postbox(cipher=cipher, ids=ids)
    users = UserService(
        unit_of_work=unit_of_work,
        ambient=ambient,
        lists=Lists(Secret(entropy.bytes(32))),
        parts=AccountParts(preparation=preparation, postbox=postbox),
        policy=UserPolicy(),
    )
    prover = PasswordProver(
        unit_of_work=unit_of_work, ambient=ambient, hasher=hasher, policy=ThrottlePolicy()
    )
    passwords = PasswordService(
        unit_of_work=unit_of_work, ambient=ambient, prover=prover, preparation=preparation
    )

    await users.register(email="ada@example.org", password="correct horse battery")
    operator = Actor.system("examples/own_adapters.py")
    ada = await users.find("ada@example.org", actor=operator)
    print(f"registered {ada.email}")

    for new in ("LIMEN for ever and ever", "battery staple", "staple of the battery"):
        try:
            await passwords.set(ada.id, new=new, actor=operator)
        except LimenError as refusal:
            print(f"{refusal.code}: {refusal.details[0].message}")
        else:
            print("password set")

    async with unit_of_work.view() as view:
        print(f"events: {[event.name for event in await view.outbox.list()]}")


if __name__ == "__main__":
    asyncio.run(main())

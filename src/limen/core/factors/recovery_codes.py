"""Recovery codes: for whoever has lost the other factor.

A code is sixteen letters, 69 bits of chance: too many to be guessed even by somebody who has the
digests, which are bare and so outlive a change of the secret key.
"""

import hashlib
from datetime import datetime
from typing import Final

from limen.core.factors.model import RecoveryCode
from limen.core.ids import UserId
from limen.core.letters import read_letters, write_letters
from limen.core.secret import Secret
from limen.ports.entropy import Entropy
from limen.ports.unit_of_work import UnitOfWork

COUNT: Final = 10
_LENGTH: Final = 16
_DRAWN_BYTES: Final = 24


async def make_recovery_codes(
    uow: UnitOfWork, entropy: Entropy, user_id: UserId, now: datetime
) -> tuple[Secret[str], ...]:
    """Give a locked user new codes in place of all others, and return them to be shown once."""
    codes = tuple(Secret(write_letters(entropy.bytes(_DRAWN_BYTES), _LENGTH)) for _ in range(COUNT))
    await uow.recovery_codes.replace(
        user_id,
        [
            RecoveryCode(user_id=user_id, digest=digest_of(user_id, letters), made_at=now)
            for letters in map(read_recovery_code, codes)
            if letters is not None
        ],
    )
    return codes


def read_recovery_code(code: Secret[str]) -> Secret[str] | None:
    """Return the letters of a code however it was typed, or `None` if it cannot be one."""
    letters = read_letters(code.reveal(), _LENGTH)
    return None if letters is None else Secret(letters)


def digest_of(user_id: UserId, letters: Secret[str]) -> bytes:
    """Return the digest under which a code of this user is stored; nobody else's is the same."""
    message = b"limen recovery code 1\0" + user_id.bytes + letters.reveal().encode()
    return hashlib.sha256(message).digest()

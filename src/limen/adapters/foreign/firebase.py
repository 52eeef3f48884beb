"""Firebase's modified scrypt: the derived key encrypts the signer key of the project.

The published form of its parameters (github.com/firebase/scrypt); the text that carries them is
the one that Supabase's auth server takes.
"""

import re
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from limen.adapters.foreign.recipe import Recipe
from limen.adapters.foreign.scrypt import ScryptCost, scrypt
from limen.adapters.foreign.texts import NUMBER, read_base64

_KEY_BYTES: Final = 64
_AES_KEY_BYTES: Final = 32
_FIRST_COUNTER: Final = bytes(16)
_FORM: Final = re.compile(
    rf"\$fbscrypt\$v=1,n=(?P<n>[1-9][0-9]?),r=(?P<r>{NUMBER}),p=1"
    r",ss=(?P<separator>[A-Za-z0-9+/=]{4,44}),sk=(?P<key>[A-Za-z0-9+/]{86}==)"
    r"\$(?P<salt>[A-Za-z0-9+/=]{4,88})\$(?P<sum>[A-Za-z0-9+/]{86}==)"
)


def read_firebase(text: str) -> Recipe | None:
    """Read `$fbscrypt$v=1,n=…,r=…,p=1,ss=<separator>,sk=<signer key>$<salt>$<hash>`."""
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    cost = ScryptCost(n=1 << int(found["n"]), r=int(found["r"]), p=1)
    salt, separator = read_base64(found["salt"]), read_base64(found["separator"])
    key, expected = read_base64(found["key"]), read_base64(found["sum"])
    if salt is None or separator is None or key is None or expected is None:
        return None
    if not cost.is_bearable:
        return None
    derive = partial(_encrypted, signer_key=key, salt=salt + separator, cost=cost)
    return Recipe(derive=derive, expected=expected)


def _encrypted(password: bytes, *, signer_key: bytes, salt: bytes, cost: ScryptCost) -> bytes:
    key = scrypt(password, salt=salt, cost=cost, length=_KEY_BYTES)[:_AES_KEY_BYTES]
    encryptor = Cipher(AES(key), CTR(_FIRST_COUNTER)).encryptor()
    return encryptor.update(signer_key) + encryptor.finalize()

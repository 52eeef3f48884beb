"""Hashes that other systems made: by their libraries here (`make.py`), or published by them."""

import base64
import json
import struct
from dataclasses import dataclass
from pathlib import Path

from limen.adapters.argon2 import Argon2Cost, Argon2Scheme
from limen.adapters.bcrypt import BcryptScheme
from limen.ports.password_hasher import PasswordVerifier
from limen.wiring.choices import ForeignHash
from limen.wiring.parts import foreign_scheme

_FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Sample:
    """One hash, whose it is, and who made it."""

    scheme: str
    made_by: str
    password: str
    digest: str

    def __str__(self) -> str:
        return f"{self.scheme}, {self.made_by}, {self.password[:4]}"


def _read(name: str) -> list[Sample]:
    return [Sample(**entry) for entry in json.loads((_FOLDER / name).read_text())]


SAMPLES = _read("hashes.json") + _read("published.json")
# Those that verify in any case, whatever the operator says.
ALWAYS: dict[str, PasswordVerifier] = {
    "bcrypt": BcryptScheme(4),
    "argon2": Argon2Scheme(Argon2Cost(memory=64)),
}
VERIFIERS: dict[str, PasswordVerifier] = {
    **ALWAYS,
    **{name.value: foreign_scheme(name) for name in ForeignHash},
}
# What verifies in a thousandth of a second or so.
CHEAP = [
    sample
    for sample in SAMPLES
    if "as it is" not in sample.made_by and not sample.made_by.startswith("Keycloak 24")
]
TOO_COSTLY = {
    "bcrypt": ["$2b$16$p8AFUP48DgNFXaOD3F/k.uquseyqbYSBZMsnW/xKyViIyrxFMJutm"],
    "argon2": ["argon2$argon2id$v=19$m=262145,t=1,p=1$c29tZXNhbHQ$" + "A" * 43],
    "bcrypt-sha256": [
        "bcrypt_sha256$$2b$16$NwesZty/DfS6aTP/3IkV9OCVImrj8E22NlBi/KcluRrfhiCfREXW.",
        "bcrypt$$2b$31$KBviacVFVpW3g/ZW7z1SCuolt/IEpslyxUibzrnXBZJKarRfIl/Fi",
        "$bcrypt-sha256$2b,16$eSE.5wFm9E84iAoStwXhwu$5GY81J39mkUjOYhX2XJtCjIPSqPk4d.",
    ],
    "scrypt": [
        "$scrypt$ln=19,r=8,p=1$c29tZXNhbHQ$" + "A" * 43,
        "$scrypt$ln=99,r=1,p=1$c29tZXNhbHQ$" + "A" * 43,
        "$scrypt$ln=4,r=4294967295,p=1$c29tZXNhbHQ$" + "A" * 43,
        "$scrypt$ln=4,r=1,p=17$c29tZXNhbHQ$" + "A" * 43,
        "$7$H6..../....c29tZXNhbHQ$" + "A" * 43,
        "$7$z6..../....c29tZXNhbHQ$" + "A" * 43,
        f"scrypt$524288$salt$8$1${'A' * 86}==",
        f"scrypt$16384$salt$8$17${'A' * 86}==",
        f"scrypt:524288:8:1$salt${'0' * 128}",
        f"scrypt:9999999999:1:1$salt${'0' * 128}",
    ],
    "firebase-scrypt": [
        f"$fbscrypt$v=1,n=19,r=8,p=1,ss=Bw==,sk={'A' * 86}==$42xEC+ixf3L2lw==${'A' * 86}==",
        f"$fbscrypt$v=1,n=25,r=8,p=1,ss=Bw==,sk={'A' * 86}==$42xEC+ixf3L2lw==${'A' * 86}==",
    ],
    "pbkdf2": [
        "$pbkdf2$3000001$c29tZXNhbHQ$" + "A" * 27,
        "$pbkdf2-sha256$9999999999$c29tZXNhbHQ$" + "A" * 43,
        "$pbkdf2-sha512$1000001$c29tZXNhbHQ$" + "A" * 85 + "w",
        f"pbkdf2_sha256$3000001$salt${'A' * 43}=",
        f"pbkdf2:sha256:3000001$salt${'0' * 64}",
    ],
    "keycloak": [
        f"$keycloak$pbkdf2-sha256$1500001$c29tZXNhbHQ=${'A' * 86}==",
        f"$keycloak$pbkdf2-sha512$1000001$c29tZXNhbHQ=${'A' * 86}==",
    ],
    "aspnet-v3": [base64.b64encode(struct.pack(">BIII", 1, 1, 3_000_001, 16) + bytes(48)).decode()],
    "phpass": ["$P$IB/Rgfeq/1A0OfkWLff./f3DPjLEZB/"],
    "sha256-crypt": ["$5$rounds=700001$saltstring$" + "A" * 43],
    "sha512-crypt": ["$6$rounds=999999999$saltstring$" + "A" * 85 + "."],
}

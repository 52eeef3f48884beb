"""Makes `hashes.json`, by the libraries that hashes come from; run it outside of limen.

python -m venv made && made/bin/pip install argon2-cffi==25.1.0 bcrypt==4.0.1 django==5.2.19 \
    passlib==1.7.4 scrypt==0.9.4 werkzeug==3.1.9
made/bin/python tests/unit/adapters/foreign/make.py > tests/unit/adapters/foreign/hashes.json
"""

# mypy: ignore-errors

import importlib.metadata
import json
import sys
from collections.abc import Callable

import argon2
import django.conf
import passlib.hash as passlib
from django.contrib.auth import hashers
from werkzeug.security import generate_password_hash

django.conf.settings.configure()
passlib.argon2.set_backend("argon2_cffi")
PASSWORDS = ("correct horse battery", "Pässwörd-🔑")


def django_hash(scheme: str, **options: int) -> Callable[[str], str]:
    """Hash with one of Django's hashers, at another cost where one is given."""
    hasher = getattr(hashers, scheme)()
    vars(hasher).update(options)
    return lambda password: hasher.encode(password, hasher.salt())


def werkzeug(method: str) -> Callable[[str], str]:
    """Hash with Werkzeug."""
    return lambda password: generate_password_hash(password, method)


MAKERS = {
    "argon2": [
        ("argon2-cffi", "PasswordHasher", argon2.PasswordHasher(memory_cost=1024).hash),
        ("django", "Argon2PasswordHasher", django_hash("Argon2PasswordHasher", memory_cost=1024)),
        ("passlib", "argon2 (type=I)", passlib.argon2.using(type="I", memory_cost=1024).hash),
        ("passlib", "argon2 (type=D)", passlib.argon2.using(type="D", memory_cost=1024).hash),
    ],
    "bcrypt": [
        ("passlib", "bcrypt", passlib.bcrypt.using(rounds=4).hash),
        ("passlib", "bcrypt (ident=2a)", passlib.bcrypt.using(rounds=4, ident="2a").hash),
        ("passlib", "bcrypt (ident=2y)", passlib.bcrypt.using(rounds=4, ident="2y").hash),
        ("passlib", "bcrypt_sha256", passlib.bcrypt_sha256.using(rounds=4).hash),
    ],
    "bcrypt-sha256": [
        (
            "django",
            "BCryptSHA256PasswordHasher",
            django_hash("BCryptSHA256PasswordHasher", rounds=4),
        ),
        ("django", "BCryptPasswordHasher", django_hash("BCryptPasswordHasher", rounds=4)),
        (
            "passlib",
            "bcrypt_sha256 (version=1)",
            passlib.bcrypt_sha256.using(rounds=4, version=1).hash,
        ),
        (
            "passlib",
            "bcrypt_sha256 (version=1, ident=2a)",
            passlib.bcrypt_sha256.using(rounds=4, version=1, ident="2a").hash,
        ),
    ],
    "scrypt": [
        ("passlib", "scrypt", passlib.scrypt.using(rounds=4).hash),
        ("passlib", "scrypt (as it is)", passlib.scrypt.hash),
        ("passlib", "scrypt (ident=$7$)", passlib.scrypt.using(rounds=4, ident="$7$").hash),
        ("django", "ScryptPasswordHasher", django_hash("ScryptPasswordHasher", work_factor=1024)),
        ("django", "ScryptPasswordHasher (as it is)", django_hash("ScryptPasswordHasher")),
        ("werkzeug", "scrypt:1024:8:1", werkzeug("scrypt:1024:8:1")),
        ("werkzeug", "scrypt (as it is)", werkzeug("scrypt")),
    ],
    "pbkdf2": [
        ("passlib", "pbkdf2_sha1", passlib.pbkdf2_sha1.using(rounds=7).hash),
        ("passlib", "pbkdf2_sha256", passlib.pbkdf2_sha256.using(rounds=7).hash),
        ("passlib", "pbkdf2_sha512 (as it is)", passlib.pbkdf2_sha512.hash),
        ("django", "PBKDF2PasswordHasher", django_hash("PBKDF2PasswordHasher", iterations=7)),
        ("django", "PBKDF2PasswordHasher (as it is)", django_hash("PBKDF2PasswordHasher")),
        (
            "django",
            "PBKDF2SHA1PasswordHasher",
            django_hash("PBKDF2SHA1PasswordHasher", iterations=7),
        ),
        ("werkzeug", "pbkdf2:sha1:7", werkzeug("pbkdf2:sha1:7")),
        ("werkzeug", "pbkdf2:sha256:7", werkzeug("pbkdf2:sha256:7")),
        ("werkzeug", "pbkdf2:sha512:7", werkzeug("pbkdf2:sha512:7")),
    ],
    "phpass": [
        ("passlib", "phpass", passlib.phpass.using(rounds=7).hash),
        ("passlib", "phpass (ident=H)", passlib.phpass.using(rounds=13, ident="H").hash),
    ],
    "sha256-crypt": [
        ("passlib", "sha256_crypt", passlib.sha256_crypt.using(rounds=1000).hash),
        ("passlib", "sha256_crypt (rounds=5000)", passlib.sha256_crypt.using(rounds=5000).hash),
    ],
    "sha512-crypt": [
        ("passlib", "sha512_crypt", passlib.sha512_crypt.using(rounds=1042).hash),
        ("passlib", "sha512_crypt (rounds=5000)", passlib.sha512_crypt.using(rounds=5000).hash),
    ],
    "ssha": [("passlib", "ldap_salted_sha1", passlib.ldap_salted_sha1.hash)],
    "ssha256": [("passlib", "ldap_salted_sha256", passlib.ldap_salted_sha256.hash)],
    "ssha512": [("passlib", "ldap_salted_sha512", passlib.ldap_salted_sha512.hash)],
    "smd5": [("passlib", "ldap_salted_md5", passlib.ldap_salted_md5.hash)],
    "salted-md5": [
        ("django", "MD5PasswordHasher", django_hash("MD5PasswordHasher")),
        ("passlib", "django_salted_md5", passlib.django_salted_md5.hash),
    ],
    "salted-sha1": [("passlib", "django_salted_sha1", passlib.django_salted_sha1.hash)],
}

made = [
    {
        "scheme": scheme,
        "made_by": f"{library} {importlib.metadata.version(library)} {how}",
        "password": password,
        "digest": make(password),
    }
    for scheme, makers in MAKERS.items()
    for library, how, make in makers
    for password in PASSWORDS
]
sys.stdout.write(json.dumps(made, indent=1, ensure_ascii=False) + "\n")

"""What some settings choose from."""

from enum import StrEnum


class Environment(StrEnum):
    """What limen is run for. Production refuses whatever is only convenient."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How log lines are written: for people, or for programs."""

    TEXT = "text"
    JSON = "json"


class LogLevel(StrEnum):
    """From which level on log lines are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Registration(StrEnum):
    """Whether people may make accounts for themselves."""

    OPEN = "open"
    CLOSED = "closed"


class PasswordHash(StrEnum):
    """How new passwords are hashed; the other kind is verified all the same."""

    BCRYPT = "bcrypt"
    ARGON2ID = "argon2id"


class ForeignHash(StrEnum):
    """The hashes that other systems made and that a sign-in may verify, once, to renew them.

    Verified in any case: bcrypt and Argon2.
    """

    BCRYPT_SHA256 = "bcrypt-sha256"
    SCRYPT = "scrypt"
    FIREBASE_SCRYPT = "firebase-scrypt"
    PBKDF2 = "pbkdf2"
    KEYCLOAK = "keycloak"
    ASPNET_V3 = "aspnet-v3"
    ASPNET_V2 = "aspnet-v2"
    PHPASS = "phpass"
    SHA256_CRYPT = "sha256-crypt"
    SHA512_CRYPT = "sha512-crypt"
    SSHA512 = "ssha512"
    SSHA256 = "ssha256"
    SSHA = "ssha"
    SMD5 = "smd5"
    SALTED_SHA1 = "salted-sha1"
    SALTED_MD5 = "salted-md5"

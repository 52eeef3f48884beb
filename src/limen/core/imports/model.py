"""An account as it moves in or out, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from limen.core.ids import UserId


class ImportOutcome(StrEnum):
    """What became of one account that was to be added."""

    ADDED = "added"
    EMAIL_TAKEN = "email_taken"
    USERNAME_TAKEN = "username_taken"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRow:
    """One account as a file holds it: text fields, none of them checked yet.

    `line` is where it stands in the file, counted from 1. Give `password` or `password_hash` or
    neither; `roles` are names of roles, with `@` and an instant where the grant has an end
    (`auditor@2026-12-31T00:00:00Z`). `has_owner` says of an address that is not proved now that the
    account is somebody's all the same.
    """

    line: int
    email: str
    username: str | None = None
    name: str = ""
    locale: str | None = None
    status: str = "active"
    roles: tuple[str, ...] = ()
    email_verified: bool = False
    has_owner: bool = False
    attributes: Mapping[str, Any] | None = None
    password: str | None = None
    password_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """Why one row of an import was refused."""

    line: int
    field: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What one batch of an import did: how many were added, were already there, and why not."""

    added: int = 0
    present: int = 0
    faults: tuple[RowFault, ...] = ()
    user_ids: tuple[UserId, ...] = ()

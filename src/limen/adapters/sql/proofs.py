"""Proofs in SQL."""

from datetime import datetime
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.expression import bindparam

from limen.adapters.sql.columns import Instant
from limen.adapters.sql.engine import Desk
from limen.adapters.sql.statements import Row, Statement
from limen.adapters.sql.tables import proofs
from limen.core.errors import ProofInvalid
from limen.core.ids import ProofId, UserId
from limen.core.proofs.model import Proof, Purpose
from limen.ports.proofs import Proofs

_given: Final = insert(proofs).excluded
_IS_THIS: Final = proofs.c.id == bindparam("id")
_KEY: Final = (proofs.c.user_id, proofs.c.purpose, proofs.c.browser_digest)
# In the key, where NULL would be another one each time; the column has its name from browsers.
_NOBODY: Final = b""

_PUT: Final = Statement(
    insert(proofs).on_conflict_do_update(
        index_elements=_KEY,
        set_={c.name: _given[c.name] for c in proofs.c if c not in set(_KEY)},
    )
)
_FIND: Final = Statement(select(*proofs.c).where(_IS_THIS))
_FIND_OF: Final = Statement(
    select(*proofs.c).where(
        proofs.c.user_id == bindparam("user_id"),
        proofs.c.purpose == bindparam("purpose"),
        proofs.c.browser_digest == bindparam("browser_digest"),
    )
)
_CHARGE: Final = Statement(
    update(proofs)
    .where(_IS_THIS, proofs.c.tries < bindparam("most"))
    .values(tries=proofs.c.tries + 1)
)
_CONSUME: Final = Statement(
    update(proofs)
    .where(
        _IS_THIS,
        proofs.c.spent_at.is_(None),
        proofs.c.expires_at > bindparam("now", type_=Instant),
    )
    .values(spent_at=bindparam("now", type_=Instant))
)
_REMOVE: Final = Statement(delete(proofs).where(proofs.c.user_id == bindparam("user_id")))
_IS_OVER: Final = proofs.c.expires_at < bindparam("before", type_=Instant)
_OVER: Final = select(proofs.c.id).where(_IS_OVER).limit(bindparam("limit"))
# Asked twice: the id of a proof that is replaced meanwhile is another one.
_PURGE: Final = Statement(delete(proofs).where(proofs.c.id.in_(_OVER), _IS_OVER))


class SqlProofs:
    """Keeps proofs by user, purpose and asker."""

    __slots__ = ("_desk",)

    def __init__(self, desk: Desk) -> None:
        """Read and write through `desk`."""
        self._desk = desk

    async def put(self, proof: Proof) -> None:
        """Store a new proof in place of any earlier one of its user, purpose and asker."""
        await self._desk.execute(
            _PUT,
            user_id=proof.user_id,
            purpose=proof.purpose,
            id=proof.id,
            email=proof.email,
            new_email=proof.new_email,
            link_digest=proof.link_digest,
            code_digest=proof.code_digest,
            browser_digest=proof.asker or _NOBODY,
            created_at=proof.created_at,
            expires_at=proof.expires_at,
            tries=proof.tries,
            spent_at=proof.spent_at,
        )

    async def find(self, proof_id: ProofId) -> Proof | None:
        """Return the proof with this id."""
        row = await self._desk.fetch_one(_FIND, id=proof_id)
        return None if row is None else _read(row)

    async def find_of(
        self, user_id: UserId, purpose: Purpose, asker: bytes | None = None
    ) -> Proof | None:
        """Return the proof of this user for this purpose that this one asked for, or nobody."""
        row = await self._desk.fetch_one(
            _FIND_OF,
            user_id=user_id,
            purpose=purpose,
            browser_digest=asker or _NOBODY,
        )
        return None if row is None else _read(row)

    async def charge(self, proof_id: ProofId, most: int) -> bool:
        """Count one more try, if there were fewer than `most`."""
        return bool(await self._desk.execute(_CHARGE, id=proof_id, most=most))

    async def consume(self, proof_id: ProofId, now: datetime) -> None:
        """Spend the proof; only who is first can."""
        if not await self._desk.execute(_CONSUME, id=proof_id, now=now):
            raise ProofInvalid

    async def remove(self, user_id: UserId) -> None:
        """Remove all proofs of a user."""
        self._desk.defer(_REMOVE, user_id=user_id)

    async def purge(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` proofs that were over before `before`."""
        return await self._desk.execute(_PURGE, before=before, limit=limit)


def _read(row: Row) -> Proof:
    return Proof(
        user_id=row[0],
        purpose=Purpose(row[1]),
        id=row[2],
        email=row[3],
        new_email=row[4],
        link_digest=row[5],
        code_digest=row[6],
        asker=row[7] or None,
        created_at=row[8],
        expires_at=row[9],
        tries=row[10],
        spent_at=row[11],
    )


_conforms: type[Proofs] = SqlProofs

"""Making links and codes, and telling whether one is right."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from limen.core.errors import ProofInvalid
from limen.core.ids import ProofId, UserId
from limen.core.proofs.model import (
    LIFETIMES,
    SECRET_BYTES,
    PresentedLink,
    Proof,
    Purpose,
    code_digest,
    digest_of,
    read_code,
    write_code,
    write_link,
)
from limen.core.proofs.model import (
    browser_digest as digest_of_browser,
)
from limen.core.secret import Secret
from limen.ports.entropy import Entropy
from limen.ports.ids import IdSource

# So many that no letter is noticeably likelier than another.
_CODE_BYTES: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A proof, and the token and code that are sent out and stored nowhere."""

    proof: Proof
    token: Secret[str]
    code: Secret[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofMaker:
    """Makes proofs.

    `keys` are the server's, the same on all nodes: the newest first, then former ones, whose codes
    are still good.
    """

    keys: tuple[Secret[bytes], ...]
    ids: IdSource
    entropy: Entropy

    def make(
        self,
        purpose: Purpose,
        user_id: UserId,
        email: str,
        now: datetime,
        *,
        new_email: str | None = None,
        asker: bytes | None = None,
    ) -> Made:
        """Return a new proof that is sent to the address with this key.

        `new_email` is the address of a change, `asker` the browser or network that asked.
        """
        proof_id, secret = ProofId(self.ids.new()), self.entropy.bytes(SECRET_BYTES)
        code = write_code(self.entropy.bytes(_CODE_BYTES))
        proof = Proof(
            id=proof_id,
            purpose=purpose,
            user_id=user_id,
            email=email,
            new_email=new_email,
            link_digest=digest_of(secret),
            code_digest=code_digest(self.keys[0], proof_id, read_code(code)),
            asker=asker,
            created_at=now,
            expires_at=now + LIFETIMES[purpose],
        )
        return Made(proof=proof, token=write_link(purpose, proof_id, secret), code=code)

    def check_link(self, proof: Proof, link: PresentedLink) -> None:
        """Raise `ProofInvalid` unless the link is that of `proof`."""
        if not hmac.compare_digest(proof.link_digest, link.digest):
            raise ProofInvalid

    def is_code_of(self, proof: Proof, code: Secret[str]) -> bool:
        """Tell whether the code is that of `proof`; the caller has counted a try before.

        Raises `ProofInvalid` for what cannot be a code at all.
        """
        letters = read_code(code)
        given = [code_digest(key, proof.id, letters) for key in self.keys]
        return any(hmac.compare_digest(proof.code_digest, digest) for digest in given)

    def is_browser_of(self, proof: Proof, browser: Secret[str] | None) -> bool:
        """Tell whether this browser asked for `proof`, or it is bound to none."""
        if proof.asker is None or proof.purpose is not Purpose.SIGN_IN:
            return True
        return hmac.compare_digest(proof.asker, digest_of_browser(browser or Secret("")))

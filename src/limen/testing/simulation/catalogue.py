"""What must always hold of a whole limen, whatever its clients, workers, clocks and store do."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Invariant:
    """A sentence that is never false, and the standard or class of weakness it comes from."""

    name: str
    sentence: str
    origin: str


# --- what the store holds ------------------------------------------------------------------

ONE_OWNER: Final = Invariant(
    name="one owner of a name",
    sentence="No two users have the same e-mail address or username, in any spelling.",
    origin="RFC 5321 section 2.4, RFC 8265 section 3.3; CWE-178",
)
NO_LOST_UPDATE: Final = Invariant(
    name="no lost update",
    sentence="Each change of a user, password or role is made from the version before it.",
    origin="RFC 9110 section 13.1.1; CWE-362",
)
COMMITTED: Final = Invariant(
    name="the store holds what was committed",
    sentence="What is in the store is every committed change and nothing else.",
    origin="Atomicity and durability (security rule 2); CWE-460",
)
NO_ORPHANS: Final = Invariant(
    name="nothing belongs to nobody",
    sentence="Sessions, passwords, grants and families have their owner, and indexes agree.",
    origin="OWASP ASVS 5.0, 7.4.2; CWE-672",
)
PURGE_SPARES: Final = Invariant(
    name="a purge takes the dead only",
    sentence="Nothing is removed before its lifetime is over, but with its owner.",
    origin="Declared lifetimes (limen's retention); CWE-672",
)
ADMINISTRATOR: Final = Invariant(
    name="an administrator stays",
    sentence="There is always an active administrator whose grant has no end.",
    origin="CWE-367 (two leave at once)",
)
A_KEY_SIGNS: Final = Invariant(
    name="a key signs",
    sentence="Once there is a signing key, there is at every instant one that signs.",
    origin="OpenID Connect Core 1.0 section 10.1.1",
)
NO_SECRET_TOLD: Final = Invariant(
    name="no secret in an event",
    sentence="No event carries a password or a token.",
    origin="Security rule 16; CWE-532",
)

# --- sessions and tokens -------------------------------------------------------------------

ENDED_STAYS: Final = Invariant(
    name="what has ended stays ended",
    sentence="An ended session or refresh family never lives again and never changes.",
    origin="OWASP ASVS 5.0, 7.4.1; CWE-613",
)
ENDING_WHOLE: Final = Invariant(
    name="an ending is whole",
    sentence="A session ends together with its refresh family, and the ending is listed.",
    origin="RFC 7009 section 2.1; CWE-613",
)
SHUT_OUT: Final = Invariant(
    name="who is shut out is out",
    sentence="A user who is not active has no live session, and begins none.",
    origin="OWASP ASVS 5.0, 7.4.2; CWE-613",
)
NEW_PASSWORD: Final = Invariant(
    name="a new password ends other sessions",
    sentence="When a password changes, all the user's sessions but the changing one end with it.",
    origin="OWASP ASVS 5.0, 7.4.3; CWE-613",
)
BOUNDED: Final = Invariant(
    name="sessions are bounded",
    sentence="A session's absolute end never moves, and its idle end never passes it.",
    origin="NIST SP 800-63B-4 section 5.2, OWASP ASVS 5.0, 7.3.2; CWE-613",
)
ONE_LINE: Final = Invariant(
    name="a family is one line",
    sentence="A refresh family moves one generation at a time and never forks.",
    origin="RFC 9700 section 4.14.2; CWE-294",
)
USED_ONCE: Final = Invariant(
    name="a refresh token is used once",
    sentence="A used refresh token gives the same successor within the grace, and later nothing.",
    origin="RFC 9700 section 4.14.2, RFC 6819 section 5.2.2.3; CWE-294",
)
REUSE_ENDS: Final = Invariant(
    name="reuse ends the session",
    sentence="A used refresh token that comes after its grace ends its session.",
    origin="RFC 9700 section 4.14.2",
)
NO_REFRESH: Final = Invariant(
    name="no refresh after the end",
    sentence="No refresh token of a session that has ended or run out gives anything.",
    origin="RFC 6749 section 10.4, RFC 7009 section 2.1; CWE-613",
)
NO_ENTRY: Final = Invariant(
    name="no entry after the end",
    sentence=(
        "An ended session's access token is refused at once by the worker that ended it, and by "
        "all others within the times of the denial list."
    ),
    origin="Security rule 9; OWASP ASVS 5.0, 7.4.1; CWE-613",
)
EXPIRED: Final = Invariant(
    name="an expired token is refused",
    sentence="No access token is believed at or after its end.",
    origin="RFC 7519 section 4.1.4, RFC 9068 section 4; CWE-613",
)
RIGHT_NAME: Final = Invariant(
    name="a token names its own",
    sentence="An access token is believed for the user and session it was given to.",
    origin="RFC 9068 section 2.2, RFC 8725 section 3; CWE-863",
)

COOKIE_NEWEST: Final = Invariant(
    name="a cookie is the newest",
    sentence=(
        "A cookie lets in while it is the newest of a session that lives: one from before a rise "
        "lets nobody in."
    ),
    origin="OWASP ASVS 5.0, 7.2.4; CWE-384, CWE-613",
)
COMES_BACK_ONCE: Final = Invariant(
    name="a browser comes back once",
    sentence=(
        "What remembers a browser begins one session, in place of the one before; used later, it "
        "ends them all."
    ),
    origin="OWASP ASVS 5.0, 6.5.1, limen's decision 0040; CWE-294",
)
PROVED_NOTHING: Final = Invariant(
    name="who is remembered has proved nothing",
    sentence="In a session that a remembered browser began nothing is done that takes a proof.",
    origin="OWASP ASVS 5.0, 7.5.3, limen's decision 0040; CWE-287",
)
FORGOTTEN: Final = Invariant(
    name="an ending forgets the browser",
    sentence="Whoever ends a session has its browser forgotten, and whoever ends all has all.",
    origin="OWASP ASVS 5.0, 7.4.1 and 7.4.3; CWE-613",
)

# --- ways in -------------------------------------------------------------------------------

RIGHT_PASSWORD: Final = Invariant(
    name="only the right password opens",
    sentence="A session begins only for the password that is the user's in that very transaction.",
    origin="Security rule 8; CWE-367, CWE-287",
)
COUNTED_FIRST: Final = Invariant(
    name="attempts are counted first",
    sentence="No password is compared before its attempt was counted in the shared store.",
    origin="NIST SP 800-63B-4 section 3.2.2; CWE-307, CWE-367",
)
THROTTLED: Final = Invariant(
    name="waits are kept",
    sentence="No attempt is let through during a wait, and each one too many brings the next wait.",
    origin="NIST SP 800-63B-4 section 3.2.2; CWE-307",
)
NOT_FORGOTTEN: Final = Invariant(
    name="failures are not forgotten",
    sentence="Failed attempts are forgotten by a success, a new password or age alone.",
    origin="Security rule 13; CWE-307",
)
ONE_ANSWER: Final = Invariant(
    name="one answer to all who fail",
    sentence="Unknown user, wrong password and suspended user are refused in the same words.",
    origin="OWASP ASVS 5.0, 6.3.8; CWE-204",
)
NO_FALSE_NO: Final = Invariant(
    name="honest clients stay in",
    sentence="While nothing fails, whoever shows the right password or a living token is let in.",
    origin="RFC 9700 section 4.14.2 (what strict rotation costs); security rule 14",
)

LINK_ONCE: Final = Invariant(
    name="a link is used once",
    sentence="A link or code works once, within its time, where it was asked for, for five tries.",
    origin="OWASP ASVS 5.0, 6.5.1, NIST SP 800-63B-4 section 3.2.2; CWE-294, CWE-640",
)
FACTOR_SHOWN: Final = Invariant(
    name="a second factor is shown",
    sentence=(
        "Whoever has a second factor begins no session, and makes none fresh, without a code that "
        "was used up for it."
    ),
    origin="RFC 6238 section 5.2, OWASP ASVS 5.0, 6.5.1; CWE-287, CWE-294",
)
ROLE_ASKS: Final = Invariant(
    name="a role's second factor is shown",
    sentence="Beside a role that asks for a second factor lives no session without one.",
    origin="limen's decision 0042; CWE-308",
)
PASSKEY_ANSWERS: Final = Invariant(
    name="a passkey answers once",
    sentence=(
        "By a passkey a session begins for whose it is now, by an answer to a question that was "
        "used up for it."
    ),
    origin="WebAuthn level 3, sections 7.2 and 13.4.3; CWE-294",
)
BOTH_ENDS: Final = Invariant(
    name="both ends agree",
    sentence=(
        "A proved address gives way to another when both ends have agreed, and every other session "
        "ends with it."
    ),
    origin="OWASP ASVS 5.0, 6.3.7 and 7.5.1, limen's decision 0036; CWE-640",
)
KEY_ACTS: Final = Invariant(
    name="a key acts for its owner",
    sentence=(
        "An API key that has ended or run out lets nobody in, and none does more than its owner "
        "may."
    ),
    origin="limen's decisions 0031 and 0032; CWE-613, CWE-863",
)

# --- changes and answers -------------------------------------------------------------------

AUTHORITY: Final = Invariant(
    name="authority is held now",
    sentence="Nobody does what they have no permission for, or beyond their own permissions.",
    origin="OWASP ASVS 5.0, 8.3.2; CWE-863, CWE-269",
)
TOLD: Final = Invariant(
    name="every change is told",
    sentence="Each change has its event in the same transaction.",
    origin="Transactional outbox (limen's events); CWE-778",
)
TRUE_EVENTS: Final = Invariant(
    name="nothing is told that was not",
    sentence="Each event tells of a change in its own transaction.",
    origin="Transactional outbox (limen's events); CWE-223",
)
ACKNOWLEDGED: Final = Invariant(
    name="what was acknowledged is so",
    sentence="A use case that answers with success has committed its change before.",
    origin="Security rule 2; RFC 9110 section 15.3.1",
)
REFUSED: Final = Invariant(
    name="what was refused is not so",
    sentence="A refused use case has changed nothing but counts of attempts, and what tells of it.",
    origin="Security rule 2; CWE-460",
)
DONE_ONCE: Final = Invariant(
    name="a repeated request is done once",
    sentence="Under one idempotency key a finished request is never done again for a day.",
    origin="draft-ietf-httpapi-idempotency-key-header; RFC 9110 section 9.2.2",
)
OUTAGE: Final = Invariant(
    name="an outage is no answer",
    sentence="While the store is out nobody is let in or told no: the answer is 'unavailable'.",
    origin="Security rule 14; RFC 9110 section 15.6.4; CWE-636",
)
NOTHING_BREAKS: Final = Invariant(
    name="nothing breaks",
    sentence="Every use case ends, with a result or with a refusal of the catalogue.",
    origin="CWE-248, CWE-833",
)

INVARIANTS: Final = tuple(value for value in globals().values() if isinstance(value, Invariant))

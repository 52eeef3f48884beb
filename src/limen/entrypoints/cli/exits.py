"""How the command line ends: one number for each kind of refusal, and what to do next."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

from limen.core.errors import (
    Kind,
    NotSignedIn,
    PartialSessionInvalid,
    RefreshTokenInvalid,
    RefreshTokenReused,
    SecondFactorNeeded,
    SessionEnded,
    StepUpNeeded,
    TokenInvalid,
)


class Exit(IntEnum):
    """The numbers a script can rely on."""

    DONE = 0
    BROKEN = 1
    INVALID = 2
    UNAUTHENTICATED = 3
    FORBIDDEN = 4
    NOT_FOUND = 5
    CONFLICT = 6
    PRECONDITION = 7
    UNPROCESSABLE = 8
    THROTTLED = 9
    UNAVAILABLE = 10
    NOT_ALL_WELL = 11
    INTERRUPTED = 130
    PIPE_CLOSED = 141


OF_KIND: Final[Mapping[Kind, Exit]] = {
    Kind.INVALID: Exit.INVALID,
    Kind.UNPROCESSABLE: Exit.UNPROCESSABLE,
    Kind.UNAUTHENTICATED: Exit.UNAUTHENTICATED,
    Kind.FORBIDDEN: Exit.FORBIDDEN,
    Kind.NOT_FOUND: Exit.NOT_FOUND,
    Kind.CONFLICT: Exit.CONFLICT,
    Kind.PRECONDITION: Exit.PRECONDITION,
    Kind.THROTTLED: Exit.THROTTLED,
    Kind.UNAVAILABLE: Exit.UNAVAILABLE,
    Kind.BROKEN: Exit.BROKEN,
}

MEANINGS: Final[Mapping[Exit, str]] = {
    Exit.DONE: "done",
    Exit.BROKEN: "a fault in limen itself",
    Exit.INVALID: "wrong arguments, input or settings",
    Exit.UNAUTHENTICATED: "not signed in",
    Exit.FORBIDDEN: "not allowed",
    Exit.NOT_FOUND: "not there",
    Exit.CONFLICT: "already there, or changed meanwhile",
    Exit.PRECONDITION: "not the expected version",
    Exit.UNPROCESSABLE: "refused (weak password, last administrator, role in use)",
    Exit.THROTTLED: "too much at once",
    Exit.UNAVAILABLE: "the store or another service is out",
    Exit.NOT_ALL_WELL: "done in part: an import refused rows, or doctor found faults",
    Exit.INTERRUPTED: "interrupted (Ctrl-C)",
    Exit.PIPE_CLOSED: "whoever read the output went away",
}

_SIGN_IN: Final = "Sign in: limen account login"
ADVICE: Final[Mapping[str, str]] = {
    NotSignedIn.code: _SIGN_IN,
    SessionEnded.code: _SIGN_IN,
    PartialSessionInvalid.code: _SIGN_IN,
    TokenInvalid.code: _SIGN_IN,
    RefreshTokenInvalid.code: _SIGN_IN,
    RefreshTokenReused.code: _SIGN_IN,
    SecondFactorNeeded.code: "Finish it: limen account factor",
    StepUpNeeded.code: "Prove it: limen account step-up",
}

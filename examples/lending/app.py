"""A lending library on top of limen: members borrow books, librarians remind those who are late.

limen knows who somebody is and which roles they have; the library knows its books. What it needs
from outside comes in through `create`: an open limen, a clock, somebody who delivers mail.

To borrow a book it is enough to be signed in, and that the token says: one whose session has ended
is refused. What only a librarian may do is asked of limen each time, because the roles in a token
are those of the time when it was issued, up to 15 minutes ago.
"""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from litestar import Controller, Litestar, Request, Response, delete, post
from litestar.datastructures import State
from litestar.params import FromPath

from limen import Actor, Kind, Limen, LimenError
from limen.core.errors import UserNotFound
from limen.core.ids import UserId
from limen.core.tokens.model import AccessClaims
from limen.ports.clock import Clock
from limen.ports.mailer import Mail, Mailer

LOAN = timedelta(days=14)
LIBRARY = Actor.system("library")
LIBRARIAN = "librarian"
STATUS = {
    Kind.INVALID: 400,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.CONFLICT: 409,
    Kind.PRECONDITION: 412,
    Kind.UNPROCESSABLE: 422,
    Kind.THROTTLED: 429,
    Kind.UNAVAILABLE: 503,
    Kind.BROKEN: 500,
}
PASSING = {Kind.THROTTLED, Kind.UNAVAILABLE}
RETRY_SECONDS = 5


class BookLent(LimenError):
    """Somebody else has the book."""

    code = "book.lent"
    kind = Kind.CONFLICT


class NotALibrarian(LimenError):
    """This is for librarians."""

    code = "library.not_a_librarian"
    kind = Kind.FORBIDDEN


@dataclass(frozen=True)
class Loan:
    """Who has a book, and until when."""

    member: UserId
    due: datetime


@dataclass
class Library:
    """The books that are lent."""

    limen: Limen
    clock: Clock
    mailer: Mailer
    loans: dict[str, Loan] = field(default_factory=dict)

    async def authenticate(self, request: Request[Any, Any, Any]) -> AccessClaims:
        """Return what the access token of a request says; raise a `LimenError` without one."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return await self.limen.tokens.authenticate(token if scheme.lower() == "bearer" else "")

    async def refuse_unless_librarian(self, claims: AccessClaims) -> None:
        """Raise `NotALibrarian` unless they are one now, whatever their token says."""
        member = Actor.anonymous().as_user(claims.user_id, claims.session_id)
        now = self.clock.now()
        grants = await self.limen.roles.list_grants(claims.user_id, actor=member)
        if not any(grant.role == LIBRARIAN and grant.is_live(now) for grant in grants):
            raise NotALibrarian

    def lend(self, book: str, member: UserId) -> Loan:
        """Lend a book, or prolong it; raise `BookLent` if somebody else has it."""
        loan = self.loans.get(book)
        if loan is not None and loan.member != member:
            raise BookLent
        self.loans[book] = Loan(member, self.clock.now() + LOAN)
        return self.loans[book]

    def take_back(self, book: str, member: UserId) -> None:
        """Take a book back from whoever has it; raise `BookLent` if that is somebody else."""
        loan = self.loans.get(book)
        if loan is not None and loan.member != member:
            raise BookLent
        self.loans.pop(book, None)

    async def remind(self) -> int:
        """Write to everybody who is late; return to how many."""
        now = self.clock.now()
        late = {loan.member for loan in self.loans.values() if loan.due < now}
        return sum([await self._remind(member) for member in late])

    async def _remind(self, member: UserId) -> bool:
        """Write to a member; strike the loans of one who is gone: nobody brings them back."""
        try:
            user = await self.limen.users.get(member, actor=LIBRARY)
        except UserNotFound:
            self.loans = {book: loan for book, loan in self.loans.items() if loan.member != member}
            return False
        text = f"Dear {user.name or 'reader'}, please bring your books back."
        await self.mailer.send(Mail(to=user.email.address, subject="Overdue", text=text))
        return True


class LibraryController(Controller):
    """The doors of the library."""

    @post("/loans/{book:str}")
    async def borrow(
        self, request: Request[Any, Any, Any], state: State, book: FromPath[str]
    ) -> dict[str, str]:
        """Lend a book to whoever asks."""
        library: Library = state.library
        claims = await library.authenticate(request)
        return {"book": book, "due": library.lend(book, claims.user_id).due.isoformat()}

    @delete("/loans/{book:str}")
    async def bring_back(
        self, request: Request[Any, Any, Any], state: State, book: FromPath[str]
    ) -> None:
        """Take a book back."""
        library: Library = state.library
        claims = await library.authenticate(request)
        library.take_back(book, claims.user_id)

    @post("/reminders")
    async def remind(self, request: Request[Any, Any, Any], state: State) -> dict[str, int]:
        """Remind everybody who is late, if a librarian asks."""
        library: Library = state.library
        await library.refuse_unless_librarian(await library.authenticate(request))
        return {"reminded": await library.remind()}


def refuse(_request: Request[Any, Any, Any], error: LimenError) -> Response[dict[str, str]]:
    """Answer a refusal, limen's or our own, by its kind; say when one that passes will have.

    Who is not known is told how to make oneself known, as RFC 6750 section 3 asks.
    """
    content = {"code": error.code, "message": error.message}
    headers = {}
    if error.kind is Kind.UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="library"'
    if error.kind in PASSING:
        headers["Retry-After"] = str(math.ceil(error.retry_after or RETRY_SECONDS))
    return Response(content, status_code=STATUS[error.kind], headers=headers)


def create(limen: Limen, clock: Clock, mailer: Mailer) -> Litestar:
    """Return the application over an open limen."""
    return Litestar(
        [LibraryController],
        state=State({"library": Library(limen, clock, mailer)}),
        exception_handlers={LimenError: refuse},
        # Whoever serves decides how logs are written.
        logging_config=None,
    )

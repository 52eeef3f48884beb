"""A Litestar application of one's own, with limen's routes beside it.

`granian --interface asgi examples.litestar_app:app` serves both: `/invoices` is the application's,
`/identity/auth/login` and the rest are limen's.
"""

from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.di import NamedDependency

from limen.core.errors import Kind, LimenError
from limen.core.tokens.model import AccessClaims
from limen.entrypoints.http.plugin import LimenPlugin
from limen.entrypoints.services import Limen

INVOICES = [{"number": 1, "amount": "12.50"}, {"number": 2, "amount": "99.00"}]
STATUS = {Kind.UNAUTHENTICATED: 401, Kind.FORBIDDEN: 403, Kind.UNAVAILABLE: 503}


class NotAnAccountant(LimenError):
    """Invoices are for accountants."""

    code = "invoices.not_an_accountant"
    kind = Kind.FORBIDDEN


async def authenticate(request: Request[Any, Any, Any], limen: Limen) -> AccessClaims:
    """Return what the access token of a request says; raise a `LimenError` without a good one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return await limen.tokens.authenticate(token if scheme.lower() == "bearer" else "")


@get("/invoices")
async def list_invoices(
    request: Request[Any, Any, Any], limen: NamedDependency[Limen]
) -> list[dict[str, object]]:
    """Return all invoices to an accountant.

    The token names the roles of when it was issued, up to 15 minutes ago: enough to read a list.
    `examples/lending/app.py` asks limen for the present ones, as is right for what matters more.
    """
    claims = await authenticate(request, limen)
    if "accountant" not in claims.roles:
        raise NotAnAccountant
    return list(INVOICES)


def refuse(_request: Request[Any, Any, Any], error: LimenError) -> Response[dict[str, str]]:
    """Answer a refusal, limen's or our own, by its kind; challenge who is not known (RFC 6750)."""
    content = {"code": error.code, "message": error.message}
    is_unknown = error.kind is Kind.UNAUTHENTICATED
    headers = {"WWW-Authenticate": 'Bearer realm="invoices"'} if is_unknown else {}
    return Response(content, status_code=STATUS.get(error.kind, 400), headers=headers)


def create(url: str = "sqlite:///var/invoices.db") -> Litestar:
    """Return the application over the store at `url`."""
    return Litestar(
        route_handlers=[list_invoices],
        plugins=[LimenPlugin(url, base="/identity")],
        exception_handlers={LimenError: refuse},
        # Whoever serves decides how logs are written; Litestar's own way starts a thread for it.
        logging_config=None,
    )


app = create()

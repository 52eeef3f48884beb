"""The OpenAPI document, and the page that shows it: served from here, without asking elsewhere."""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec
from litestar import Controller, get
from litestar.params import FromPath

from limen.entrypoints.http.answers import Answered
from limen.entrypoints.http.call import CallRequest
from limen.entrypoints.http.compression import Coding, allows
from limen.entrypoints.http.conditions import is_known
from limen.entrypoints.http.document import openapi_document
from limen.entrypoints.http.media import JSON
from limen.entrypoints.http.refusals import RouteNotFound
from limen.entrypoints.http.rules import Query, Rules, ruled

_HERE: Final = files("limen.entrypoints.http") / "swagger"
_PAGE: Final = "page.html"
_DOCUMENT: Final = "openapi.json"
_NOT_MODIFIED: Final = 304
# Swagger UI sets styles from its script and draws its icons from data.
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_RULES: Final = Rules(
    is_public=True, query=Query.ANY, is_cacheable=True, is_page=True, has_json=False
)
_TYPES: Final[Mapping[str, str]] = {
    _PAGE: "text/html; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    _DOCUMENT: JSON,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """A file as it is sent; `packed` is its gzip form, where it came in one."""

    content: bytes
    packed: bytes | None
    tag: str


@cache
def _file(name: str) -> _File:
    """Read a file once; the document is made instead."""
    packed = None
    if name == _DOCUMENT:
        content = msgspec.json.encode(openapi_document())
    elif (_HERE / f"{name}.gz").is_file():
        packed = (_HERE / f"{name}.gz").read_bytes()
        content = gzip.decompress(packed)
    else:
        content = (_HERE / name).read_bytes()
    # Weak, because the same tag stands for the packed form.
    return _File(
        content=content, packed=packed, tag=f'W/"{hashlib.sha256(content).hexdigest()[:16]}"'
    )


def _answer(request: CallRequest, name: str) -> Answered[bytes]:
    call, file = request.call, _file(name)
    headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}
    content = file.content.replace(b"{base}", call.base.encode()) if name == _PAGE else file.content
    if file.packed is not None:
        headers["Vary"] = "Accept-Encoding"
        if allows(call.headers.get(b"accept-encoding", b""), Coding.GZIP):
            headers["Content-Encoding"] = Coding.GZIP.value
            content = file.packed
    status = _NOT_MODIFIED if is_known(call, file.tag) else 200
    return Answered(content, status_code=status, headers=headers, media_type=_TYPES[name])


class SchemaController(Controller):
    """The documentation."""

    path = "/schema"
    opt = ruled(_RULES)
    include_in_schema = False

    @get("/")
    async def page(self, request: CallRequest) -> Answered[bytes]:
        """Show the document."""
        return _answer(request, _PAGE)

    @get("/{name:str}")
    async def file(self, request: CallRequest, name: FromPath[str]) -> Answered[bytes]:
        """Give the document or a part of the page."""
        if name not in _TYPES or name == _PAGE:
            raise RouteNotFound
        return _answer(request, name)

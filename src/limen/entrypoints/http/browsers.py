"""What browsers carry by themselves: their cookies, and where a request comes from."""

from typing import Any, Final, TypeVar, cast
from urllib.parse import urlsplit

from litestar import Request

from limen.core.cookies.carrying import CookieSession
from limen.core.errors import CsrfRefused, Kind
from limen.core.secret import Secret
from limen.entrypoints.http.answers import Answered
from limen.entrypoints.http.call import Call, CallRequest, call_of
from limen.entrypoints.http.errors import STATUS, handle
from limen.wiring.groups import HttpSettings

T = TypeVar("T")

NAME: Final = "limen_session"
DEVICE: Final = "limen_device"
REMEMBERED: Final = "limen_remembered"
# RFC 6265bis section 4.1.3.2: of this very host, and by https alone.
_HOST: Final = "__Host-"
# No browser keeps a cookie longer (RFC 6265bis section 5.5).
_LONGEST: Final = 400 * 24 * 3600
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


class Browsers:
    """The cookies that limen sets, and the origins whose pages may write by them."""

    def __init__(self, settings: HttpSettings) -> None:
        """Know limen's own origin and those listed; both are compared exactly."""
        prefix, self._secure = (_HOST, "; Secure") if settings.is_secure else ("", "")
        self.name = f"{prefix}{NAME}"
        self._device = f"{prefix}{DEVICE}"
        self._remembered = f"{prefix}{REMEMBERED}"
        self._ours = frozenset({origin_of(settings.public_url), *settings.cors_origins})

    def cookie_of(self, call: Call) -> str | None:
        """Return the session's cookie; one that came twice is none, for it may be a stranger's."""
        return _cookie(call, self.name)

    def device_of(self, call: Call) -> Secret[str] | None:
        """Return the mark by which the browser is known again, if it came once."""
        mark = _cookie(call, self._device)
        return None if mark is None else Secret(mark)

    def remembered_of(self, call: Call) -> Secret[str] | None:
        """Return what the browser is remembered by, if it came once."""
        credential = _cookie(call, self._remembered)
        return None if credential is None else Secret(credential)

    def check_origin(self, call: Call) -> None:
        """Raise `CsrfRefused` unless a page of ours asks; a browser says so when it writes."""
        given = call.headers.get(b"origin")
        if given is None:
            given = origin_of(call.headers.get(b"referer", b"").decode("latin-1")).encode()
        if given.decode("latin-1") not in self._ours:
            raise CsrfRefused

    def keep(self, begun: CookieSession) -> list[str]:
        """Return the headers that have a browser keep all that a session gives it."""
        kept = [self._write(self.name, begun.cookie.reveal(), begun.expires_in)]
        if begun.device is not None:
            kept.append(self._write(self._device, begun.device.reveal(), _LONGEST))
        if begun.kept is not None:
            credential = begun.kept.credential.reveal()
            kept.append(self._write(self._remembered, credential, begun.kept.expires_in))
        return kept

    def forget(self) -> list[str]:
        """Return the headers that have a browser forget who was here; its mark stays."""
        return [self._write(self.name, "", 0), self.forget_remembered()]

    def forget_remembered(self) -> str:
        """Return the header that has a browser forget what it was remembered by."""
        return self._write(self._remembered, "", 0)

    def _write(self, name: str, value: str, seconds: int) -> str:
        kept = f"Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
        return f"{name}={value}; {kept}{self._secure}"


def keeping(request: CallRequest, begun: object, answer: Answered[T]) -> Answered[T]:
    """Return the answer with the cookie of what began, if that is a cookie session."""
    if isinstance(begun, CookieSession):
        answer.set_cookies += browsers_of(request.call).keep(begun)
    return answer


def forgetting(request: CallRequest, answer: Answered[T]) -> Answered[T]:
    """Return the answer, with which a browser that showed its cookie forgets it."""
    if request.call.cookie is not None:
        answer.set_cookies += browsers_of(request.call).forget()
    return answer


def forgetting_remembered(request: Request[Any, Any, Any], error: Exception) -> Answered[bytes]:
    """Answer an exception; where nobody was remembered (401) the browser forgets its cookie too."""
    answer = handle(request, error)
    if answer.status_code == STATUS[Kind.UNAUTHENTICATED]:
        call = call_of(request.scope)
        answer.set_cookies.append(browsers_of(call).forget_remembered())
    return answer


def browsers_of(call: Call) -> Browsers:
    """Return what the frame knows of browsers."""
    return cast("Browsers", call.browsers)


def origin_of(url: str) -> str:
    """Return the origin of a URL as browsers write it (RFC 6454 section 6.2); empty for none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ""
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    is_default = port in {None, _DEFAULT_PORTS.get(parts.scheme)}
    return f"{parts.scheme}://{shown}" + ("" if is_default else f":{port}")


def _cookie(call: Call, name: str) -> str | None:
    values = [
        value
        for header, text in call.raw_headers
        if header == b"cookie"
        for value in _values_of(text.decode("latin-1"), name)
    ]
    return values[0] if len(values) == 1 else None


def _values_of(header: str, name: str) -> list[str]:
    pairs = (pair.strip().partition("=") for pair in header.split(";"))
    return [value for key, _, value in pairs if key == name]

"""A former system that is asked over HTTP."""

import json
from typing import Final

import aiohttp

from limen.core.errors import FormerSystemUnavailable
from limen.core.secret import Secret
from limen.ports.former_passwords import FormerPasswords

_OK: Final = 200
_MOST_BYTES: Final = 1024
_MOST_HEADER_BYTES: Final = 4096
_TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


class HttpFormerPasswords:
    """Asks one address, which the operator names, with a token of the operator's.

    The question is `POST` with `{"name": …, "password": …}`; the answer is 200 with
    `{"matches": true}` or `{"matches": false}`, and nothing else. Redirects are not followed,
    cookies not kept, proxies of the environment not used; 5 seconds and 1 KiB are enough.
    """

    def __init__(self, url: str, token: Secret[str]) -> None:
        """Ask `url`, and show `token` there as a bearer token (RFC 6750)."""
        self._url = url
        self._token = token

    async def matches(self, name: str, password: Secret[str]) -> bool:
        """Tell whether the former system says so; raise `FormerSystemUnavailable` otherwise."""
        try:
            return _read(await self._ask({"name": name, "password": password.reveal()}))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise FormerSystemUnavailable from error

    async def _ask(self, question: dict[str, str]) -> bytes:
        async with (
            aiohttp.ClientSession(
                timeout=_TIMEOUT,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                max_line_size=_MOST_HEADER_BYTES,
                max_field_size=_MOST_HEADER_BYTES,
            ) as session,
            session.post(
                self._url,
                json=question,
                headers={
                    "Authorization": f"Bearer {self._token.reveal()}",
                    "Accept": "application/json",
                    "Accept-Encoding": "identity",
                },
                allow_redirects=False,
            ) as answer,
        ):
            if answer.status != _OK:
                raise ValueError(f"the answer was {answer.status}")
            return await _read_bounded(answer.content)


async def _read_bounded(stream: aiohttp.StreamReader) -> bytes:
    parts = bytearray()
    async for part in stream.iter_any():
        parts += part
        if len(parts) > _MOST_BYTES:
            raise ValueError("the answer is too long")
    return bytes(parts)


def _read(body: bytes) -> bool:
    """Read an object of exactly one field, given once, in UTF-8."""
    try:
        fields = json.loads(body.decode(), object_pairs_hook=tuple)
    except RecursionError as error:
        raise ValueError("the answer is too deep") from error
    if isinstance(fields, tuple) and len(fields) == 1:
        name, answer = fields[0]
        if name == "matches" and isinstance(answer, bool):
            return answer
    raise ValueError("the answer is neither yes nor no")


_conforms: type[FormerPasswords] = HttpFormerPasswords

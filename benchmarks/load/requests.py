"""HTTP requests as bytes."""

import json
from collections.abc import Mapping

HOST = "127.0.0.1"


def request(
    method: str,
    path: str,
    *,
    token: str | None = None,
    body: Mapping[str, object] | None = None,
) -> bytes:
    """Return a whole request on a connection that is kept."""
    lines = [f"{method} {path} HTTP/1.1", f"host: {HOST}", "accept: application/json"]
    if token is not None:
        lines.append(f"authorization: Bearer {token}")
    content = b""
    if body is not None:
        content = json.dumps(body).encode()
        lines += ["content-type: application/json", f"content-length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content

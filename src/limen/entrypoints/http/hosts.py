"""Which `Host` a request may name (RFC 9110 section 7.2)."""

from typing import Final
from urllib.parse import urlsplit

from limen.entrypoints.http.call import Call
from limen.wiring.groups import HttpSettings

# Probes and scrapers come by the address of the machine, and nothing here depends on the host.
_OPEN_PATHS: Final = frozenset({"/health/live", "/health/ready", "/metrics"})


class Hosts:
    """The names of this server: those listed and that of the public URL. None listed means any."""

    def __init__(self, settings: HttpSettings) -> None:
        """Take them from the settings."""
        public = urlsplit(settings.public_url).hostname or ""
        listed = {host.lower() for host in settings.allowed_hosts}
        self._names = frozenset({*listed, public}) if listed else frozenset()

    def allows(self, call: Call) -> bool:
        """Tell whether the request may name the host that it names."""
        if not self._names or call.scope["path"] in _OPEN_PATHS:
            return True
        host = call.headers.get(b"host")
        return host is not None and call.count(b"host") == 1 and _name(host) in self._names


def _name(host: bytes) -> str:
    text = host.decode("latin-1").lower()
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.rpartition(":")[0] or text if text.count(":") == 1 else text

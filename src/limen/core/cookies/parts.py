"""What a browser is given to keep, side by side."""

from dataclasses import dataclass

from limen.core.cookies.carrying import SessionCookies
from limen.core.devices.book import DeviceBook
from limen.core.remembered.remembering import Memory


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserParts:
    """The cookie of a session, the mark of a device, and what remembers the browser later."""

    cookies: SessionCookies
    devices: DeviceBook
    memory: Memory

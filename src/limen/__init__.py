"""limen: an identity backend as a library, an HTTP server and a command line.

`limen.open("sqlite:///path.db")` opens one. The names below are promised; each is loaded when it
is first asked for, so that `import limen` needs no extra and costs next to nothing.
"""

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from limen.core.actor import Actor
    from limen.core.errors import Fault, Kind, LimenError
    from limen.core.page import ListQuery
    from limen.core.secret import Secret
    from limen.core.signin.entering import PartialSignIn
    from limen.entrypoints.library import open_limen as open  # noqa: A004 - limen.open, never bare.
    from limen.entrypoints.services import Limen
    from limen.wiring.settings import Settings

    __version__: str

_HOMES: Final = {
    "Actor": ("limen.core.actor", "Actor"),
    "Fault": ("limen.core.errors", "Fault"),
    "Kind": ("limen.core.errors", "Kind"),
    "Limen": ("limen.entrypoints.services", "Limen"),
    "LimenError": ("limen.core.errors", "LimenError"),
    "ListQuery": ("limen.core.page", "ListQuery"),
    "PartialSignIn": ("limen.core.signin.entering", "PartialSignIn"),
    "Secret": ("limen.core.secret", "Secret"),
    "Settings": ("limen.wiring.settings", "Settings"),
    "open": ("limen.entrypoints.library", "open_limen"),
}

__all__ = [
    "Actor",
    "Fault",
    "Kind",
    "Limen",
    "LimenError",
    "ListQuery",
    "PartialSignIn",
    "Secret",
    "Settings",
    "__version__",
    "open",
]


def __getattr__(name: str) -> object:
    """Load a promised name (PEP 562)."""
    if name == "__version__":
        value: object = metadata.version("limen")
    elif name in _HOMES:
        module, attribute = _HOMES[name]
        value = getattr(import_module(module), attribute)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Prove a store of your own: `python -m limen.testing.machines MODULE:NAME [options]`.

`NAME` is a `limen.testing.store.OpenStore` in `MODULE`.
"""

import sys
from importlib import import_module
from typing import Final, cast

from limen.testing.machines.proving import run
from limen.testing.store import OpenStore

_PROGRAM: Final = "python -m limen.testing.machines MODULE:NAME"


def main(arguments: list[str]) -> int:
    """Find the store that is named first, and prove it."""
    place, *options = arguments or ["--help"]
    if place.startswith("-"):
        return run({}, arguments or [place], _PROGRAM)
    module, _, name = place.partition(":")
    if not name:
        sys.exit(f"usage: {_PROGRAM}; {place} names no store")
    open_store = cast("OpenStore", getattr(import_module(module), name))
    return run({name: open_store}, options, _PROGRAM)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

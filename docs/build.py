"""Writes what the code says into the reference: `python -m docs.build`.

A page holds prose, and blocks that belong to this script: from `<!-- begin: name -->` to
`<!-- end: name -->`. A test fails when a block and the code differ.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from docs import (
    build_cli,
    build_contracts,
    build_core,
    build_http,
    build_simulation,
    build_testing,
)

ROOT: Final = Path(__file__).parents[1]
BLOCKS: Final[Mapping[str, Mapping[str, Callable[[], str]]]] = {
    "README.md": {"settings": build_core.brief_settings},
    "docs/how-to/own-adapters.md": {"constructors": build_core.constructors},
    "docs/how-to/mail.md": {"messages": build_core.messages},
    "docs/reference/errors.md": {"kinds": build_core.kinds, "codes": build_core.codes},
    "docs/reference/events.md": {"events": build_core.events, "reasons": build_core.reasons},
    "docs/reference/permissions.md": {"permissions": build_core.permissions},
    "docs/reference/settings.md": {"settings": build_core.settings},
    "docs/reference/library.md": {"services": build_core.services},
    "docs/reference/testing.md": {
        "fixtures": build_testing.fixtures,
        "people": build_testing.people_,
        "strategies": build_testing.strategies_,
        "builders": build_testing.builders_,
        "fakes": build_testing.fakes_,
    },
    "docs/reference/command-line.md": {"exits": build_cli.exits, "commands": build_cli.usage},
    "docs/explanation/invariants.md": {"invariants": build_simulation.invariants},
    "docs/how-to/write-an-adapter.md": {"contracts": build_contracts.contracts_},
    "docs/reference/http-api.md": {
        "fields": build_http.fields,
        "shapes": build_http.shapes,
        "routes": build_http.routes,
    },
}


def filled(page: str) -> str:
    """Return a page with its blocks as the code would have them."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for name, write in BLOCKS[page].items():
        begin, end = f"<!-- begin: {name} -->", f"<!-- end: {name} -->"
        block = re.compile(f"(?<={begin}\n).*?(?={end})", re.DOTALL)
        if len(block.findall(text)) != 1:
            raise ValueError(f"{page} has no one block {name!r}")
        text = block.sub(_literal(f"\n{write()}\n\n"), text)
    return text


def _literal(text: str) -> str:
    """Return a replacement in which no backslash means anything."""
    return text.replace("\\", r"\\")


def main() -> None:
    """Fill every page."""
    for page in BLOCKS:
        (ROOT / page).write_text(filled(page), encoding="utf-8")


if __name__ == "__main__":
    main()

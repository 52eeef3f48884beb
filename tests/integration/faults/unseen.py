"""The contracts of a store that no fault fails, kept in `unseen.toml` with the reason of each."""

import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from limen.testing.contracts.store import StoreContract

FILE: Final = Path(__file__).with_name("unseen.toml")


def explained() -> dict[str, str]:
    """Return the contracts of the file, `TestUsers::test_...`, and their reasons."""
    return {name: str(reason) for name, reason in tomllib.loads(FILE.read_text()).items()}


def contracts() -> set[str]:
    """Name every contract of a store."""
    return {
        f"{part.__name__}::{name}"
        for part in StoreContract.__contract__.values()
        for name in part.__contract__
    }


def complaints(
    caught: Collection[str],
    excused: Collection[str],
    known: Collection[str],
    *,
    is_everything: bool,
) -> Iterator[str]:
    """Say where the file and what was seen differ; all of it only if everything was tried."""
    for name in sorted(set(excused) - set(known)):
        yield f"{name} is no contract: take it out of {FILE.name}"
    for name in sorted(set(excused) & set(caught)):
        yield f"{name} catches a fault: take it out of {FILE.name}"
    if is_everything:
        for name in sorted(set(known) - set(caught) - set(excused)):
            yield f"{name} was not seen to catch a fault: seed one, or explain it in {FILE.name}"

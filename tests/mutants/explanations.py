"""Why some mutants survive and may: they do what limen does, or differ in nothing promised."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutants.mutant import Mutant, Outcome

FILE: Final = Path(__file__).with_name("explained.toml")
_FIELDS: Final = {"file", "where", "old", "new", "reason"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The lines of a mutant in a function, and the reason why no test can or need notice it."""

    file: str
    where: str
    old: str
    new: str
    reason: str

    def fits(self, mutant: Mutant) -> bool:
        """Tell whether exactly this mutant is meant."""
        meant = (self.file, self.where, self.old.strip(), self.new.strip())
        return meant == (mutant.file, mutant.place.where, mutant.old, mutant.new)

    def name(self) -> str:
        """Name it for people."""
        return f"{self.file} in {self.where or 'the module'}: {self.old.strip()}"


def read(path: Path = FILE) -> tuple[Explanation, ...]:
    """Read the explanations; raise `ValueError` for one that is incomplete or has no reason."""
    entries = tomllib.loads(path.read_text()).get("mutant", [])
    for entry in entries:
        if set(entry) != _FIELDS or not str(entry["reason"]).strip():
            raise ValueError(f"an explanation needs exactly {sorted(_FIELDS)}: {entry}")
    return tuple(Explanation(**entry) for entry in entries)


def explained(
    explanations: Iterable[Explanation], mutants: Iterable[Mutant]
) -> dict[str, Explanation]:
    """Give the explanation of each mutant that has one, by its key."""
    known = list(explanations)
    fits = ((mutant, one) for mutant in mutants for one in known if one.fits(mutant))
    return {mutant.key: one for mutant, one in fits}


def stale(
    explanations: Iterable[Explanation],
    mutants: Iterable[Mutant],
    outcomes: Mapping[str, Outcome],
) -> list[str]:
    """Name the explanations of what is not there any more, or does not survive."""
    known = list(mutants)
    found = []
    for one in explanations:
        meant = [outcomes[mutant.key] for mutant in known if one.fits(mutant)]
        if not meant:
            found.append(f"{one.name()} (there is no such mutant)")
        elif Outcome.SURVIVED not in meant or Outcome.KILLED in meant:
            found.append(f"{one.name()} (it was {' and '.join(sorted(set(meant)))})")
    return found

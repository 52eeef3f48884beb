"""What surrounds every use case: the time, new identifiers, chance."""

from dataclasses import dataclass

from limen.ports.clock import Clock
from limen.ports.entropy import Entropy
from limen.ports.ids import IdSource


@dataclass(frozen=True, slots=True)
class Ambient:
    """The three things no rule may fetch by itself."""

    clock: Clock
    ids: IdSource
    entropy: Entropy

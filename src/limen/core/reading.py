"""Reading raw input: every fault is collected, then all are refused at once."""

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, TypeAlias, TypeVar

from limen.core.errors import Fault, InvalidInput

S = TypeVar("S")
T = TypeVar("T")


class Unset(Enum):
    """The type of `UNSET`: a field that was not given, as opposed to one given as nothing."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET

Maybe: TypeAlias = T | Unset


def given(value: Maybe[T], otherwise: T) -> T:
    """Return `value`, or `otherwise` where none was given."""
    return otherwise if isinstance(value, Unset) else value


class Reader:
    """Reads fields one by one and keeps their faults until `refuse_faults`."""

    def __init__(self) -> None:
        """Start without faults."""
        self._faults: list[Fault] = []

    def read(self, field: str, parse: Callable[[S], T], raw: S) -> T | None:
        """Return `parse(raw)`, or `None` after noting why it raised `ValueError`."""
        try:
            return parse(raw)
        except ValueError as error:
            self.fault(field, "invalid", str(error))
            return None

    def fault(self, field: str, code: str, message: str) -> None:
        """Note a fault."""
        self._faults.append(Fault(field, code, message))

    def extend(self, faults: Iterable[Fault]) -> None:
        """Note faults that were found elsewhere."""
        self._faults.extend(faults)

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Everything noted so far."""
        return tuple(self._faults)

    def refuse_faults(self) -> None:
        """Raise `InvalidInput` with every fault, if there is any."""
        if self._faults:
            raise InvalidInput(details=self.faults)

"""A value that never prints."""

from dataclasses import dataclass
from typing import Generic, NoReturn, TypeVar

T = TypeVar("T", str, bytes)


@dataclass(frozen=True, slots=True, repr=False)
class Secret(Generic[T]):
    """Wraps a password, token or key so that logs, tracebacks and `repr` show only `***`.

    `reveal()` is the single way to the value: searching for it finds every use.
    """

    _value: T

    def reveal(self) -> T:
        """Return the wrapped value."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str, /) -> str:
        return repr(self)

    def __reduce__(self) -> NoReturn:
        message = "a Secret is never pickled"
        raise TypeError(message)


def as_secret(text: Secret[str] | str) -> Secret[str]:
    """Return `text` as one that never prints, which callers may give as they have it."""
    return text if isinstance(text, Secret) else Secret(text)

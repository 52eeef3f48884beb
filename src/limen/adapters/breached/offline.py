"""The list of common passwords that ships with limen."""

import asyncio
import zlib
from collections.abc import Iterator
from importlib import resources
from typing import Final

from limen.core.secret import Secret
from limen.core.text import fold
from limen.ports.breached_passwords import BreachedPasswords

LIST_NAME: Final = "common_passwords.zz"
SHORTEST_LISTED: Final = 4

_RUNS: Final = (
    "0123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
)


class OfflineBreachedPasswords:
    """Knows some 40 000 common passwords, their repetitions, and runs of the keyboard.

    The list is read when it is first asked for, and then kept as one text of 400 kB: `contains`
    takes a fraction of a millisecond and never waits. See NOTICE.md for its sources.
    """

    def __init__(self) -> None:
        self._list: bytes | None = None

    async def contains(self, password: Secret[str]) -> bool:
        """Tell whether `password` is common, by its folded form (NFKC, without regard to case).

        So is a common or a one to three character password said several times over, and a piece
        of the digits, the alphabet or the keyboard in order, forwards, backwards or round.
        """
        if self._list is None:
            self._list = await asyncio.to_thread(read_list)
        folded = fold(password.reveal())
        return (
            _is_listed(folded, self._list)
            or _is_run(folded)
            or any(
                len(unit) < SHORTEST_LISTED or _is_listed(unit, self._list) or _is_run(unit)
                for unit in _repeated_units(folded)
            )
        )


def read_list() -> bytes:
    """Return the folded passwords, sorted, each between two line feeds."""
    file = resources.files(__package__).joinpath(LIST_NAME)
    return zlib.decompress(file.read_bytes())


def _is_listed(folded: str, listed: bytes) -> bool:
    return "\n" not in folded and b"\n%b\n" % folded.encode("utf-8", "replace") in listed


def _is_run(folded: str) -> bool:
    rounds = len(folded) // len(_RUNS[0]) + 2
    return bool(folded) and any(
        folded in run * rounds or folded[::-1] in run * rounds for run in _RUNS
    )


def _repeated_units(folded: str) -> Iterator[str]:
    """Yield every shorter text that gives `folded` when said several times over."""
    length = len(folded)
    for size in range(1, length // 2 + 1):
        if length % size == 0 and folded[:size] * (length // size) == folded:
            yield folded[:size]


_conforms: type[BreachedPasswords] = OfflineBreachedPasswords

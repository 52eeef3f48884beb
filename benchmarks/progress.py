"""Telling what is going on: one line that changes on a terminal, otherwise a line for each step."""

import sys
from time import perf_counter


class Progress:
    """Tells people on stderr; stdout belongs to the figures."""

    def __init__(self) -> None:
        self._began = perf_counter()
        self._is_terminal = sys.stderr.isatty()
        self._where = ""
        self._told = ""

    def enter(self, *where: str) -> None:
        """Go on to another part."""
        self._where = " ".join(where)
        self("…")

    def __call__(self, text: str) -> None:
        """Tell of a step."""
        line = f"{perf_counter() - self._began:5.0f} s  {self._where}: {text}"
        if self._is_terminal:
            print(f"\r\033[K{line}", end="", file=sys.stderr, flush=True)
        elif self._where != self._told:
            print(line, file=sys.stderr, flush=True)
        self._told = self._where

    def clear(self) -> None:
        """Make room for figures."""
        if self._is_terminal:
            print("\r\033[K", end="", file=sys.stderr, flush=True)

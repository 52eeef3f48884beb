"""What happened, told to people: who went on up to which await."""

import linecache
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

_CORE: Final = "limen.core."
_LONGEST_LINE: Final = 76


@dataclass(frozen=True, slots=True)
class Moment:
    """One step: whose it was, and where it led."""

    who: str
    where: str


def place(coroutine: Any) -> str:
    """Tell at which await a use case stands: the deepest line of the core, and its function."""
    frames = list(_frames(coroutine))
    own = [frame for frame in frames if frame.f_globals.get("__name__", "").startswith(_CORE)]
    if not frames:
        return "nowhere"
    frame = (own or frames)[-1]
    code = frame.f_code
    line = linecache.getline(code.co_filename, frame.f_lineno).strip()
    if len(line) > _LONGEST_LINE:
        line = f"{line[: _LONGEST_LINE - 1]}…"
    module = str(frame.f_globals.get("__name__", "")).removeprefix("limen.")
    return f"up to `{line}` in {code.co_qualname} ({module}:{frame.f_lineno})"


def ending(outcome: object) -> str:
    """Tell how a use case ended."""
    kind = type(outcome).__name__
    return f"is refused: {kind}" if isinstance(outcome, BaseException) else f"has ended: {kind}"


def tell(moments: list[Moment]) -> str:
    """Return the story, a line for each step."""
    width = max((len(moment.who) for moment in moments), default=0)
    return "\n".join(
        f"{number:>4}  {moment.who:<{width}}  {moment.where}"
        for number, moment in enumerate(moments, 1)
    )


def _frames(coroutine: Any) -> Iterator[FrameType]:
    """Go from the use case down to where it waits; generators of the library hide the rest."""
    while coroutine is not None:
        frame = getattr(coroutine, "cr_frame", None)
        if frame is not None:
            yield frame
        coroutine = getattr(coroutine, "cr_await", None)

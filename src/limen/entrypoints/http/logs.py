"""Log lines: one stream and one form, for limen and for the libraries under it."""

import asyncio
import logging
import logging.config
import sys
from collections.abc import Iterator
from typing import Any, ClassVar, Final

import msgspec
import structlog
from structlog.processors import TimeStamper, format_exc_info
from structlog.stdlib import ExtraAdder, ProcessorFormatter
from structlog.typing import EventDict, Processor, WrappedLogger

from limen.entrypoints.http.call import REQUEST_ID
from limen.wiring.choices import LogFormat
from limen.wiring.groups import LogSettings

_stamp: Final = TimeStamper(fmt="iso", utc=True)
_encoder: Final = msgspec.json.Encoder(enc_hook=repr)
_WAIT_SECONDS: Final = 0.05
_ATOMIC_BYTES: Final = 4096
_LEVELS: Final = logging.getLevelNamesMapping()


def configure(settings: LogSettings) -> None:
    """Write everything that this process logs to its standard output, in the configured form."""
    is_json = settings.format is LogFormat.JSON
    structlog.configure(
        processors=[_complete, _json if is_json else _console()],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level.upper()]),
        logger_factory=_Lines if is_json else structlog.WriteLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(dict_config(settings))


def dict_config(settings: LogSettings) -> dict[str, Any]:
    """Return how the standard library's loggers write the same lines, Granian's among them."""
    own = {"handlers": ["limen"], "level": settings.level.upper(), "propagate": False}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"limen": {"()": formatter, "form": settings.format}},
        "handlers": {
            "limen": {
                "class": "logging.StreamHandler",
                "formatter": "limen",
                "stream": "ext://sys.stdout",
            }
        },
        "loggers": {"_granian": dict(own), "granian.access": dict(own), "limen": dict(own)},
        "root": {"handlers": ["limen"], "level": "WARNING"},
    }


def formatter(form: LogFormat) -> logging.Formatter:
    """Return what turns a record of the standard library into a line like limen's own."""
    render = _json_text if form is LogFormat.JSON else _console()
    return ProcessorFormatter(
        foreign_pre_chain=[_name, ExtraAdder(), _complete],
        processors=[ProcessorFormatter.remove_processors_meta, render],
    )


class _Lines:
    """Writes lines to standard output, many at once: each write costs as much as a small request.

    They wait for a twentieth of a second at most; warnings and errors, and what is logged outside
    an event loop, do not wait.
    """

    waiting: ClassVar[list[bytes]] = []
    due_in: ClassVar[asyncio.AbstractEventLoop | None] = None

    def __init__(self, *_: object) -> None:
        """Take no arguments; structlog gives those of `get_logger`."""

    def info(self, line: bytes) -> None:
        """Write a line soon."""
        self.waiting.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            flush()
            return
        if _Lines.due_in is not loop:
            _Lines.due_in = loop
            loop.call_later(_WAIT_SECONDS, flush)

    def error(self, line: bytes) -> None:
        """Write a line now."""
        self.waiting.append(line)
        flush()

    debug = info
    warning = critical = exception = error


def flush() -> None:
    """Write what waits to be written; workers that share a pipe do not write into each other."""
    lines, _Lines.waiting[:], _Lines.due_in = list(_Lines.waiting), [], None
    for chunk in _chunks(lines):
        sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()


def _chunks(lines: list[bytes]) -> Iterator[bytes]:
    """Yield the lines in pieces that a pipe takes as one (PIPE_BUF of Linux)."""
    chunk = b""
    for line in lines:
        if chunk and len(chunk) + len(line) >= _ATOMIC_BYTES:
            yield chunk
            chunk = b""
        chunk += line + b"\n"
    if chunk:
        yield chunk


def _complete(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    """Add what every line has: one step, because every request passes it.

    Exceptions become text at once: their local variables, which some renderers show, are secrets.
    """
    line["level"] = method
    if "exc_info" in line:
        line = format_exc_info(logger, method, line)
    if "request_id" not in line and (request_id := REQUEST_ID.get()):
        line["request_id"] = request_id
    return _stamp(logger, method, line)


def _console() -> Processor:
    return structlog.dev.ConsoleRenderer(
        colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback
    )


def _name(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    line["logger"] = line["_record"].name
    return line


def _json(_logger: WrappedLogger, _method: str, line: EventDict) -> bytes:
    return _encoder.encode(line)


def _json_text(logger: WrappedLogger, method: str, line: EventDict) -> str:
    return _json(logger, method, line).decode()

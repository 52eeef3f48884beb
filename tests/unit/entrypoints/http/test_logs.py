"""Log lines: one form, complete, without secrets."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from limen.entrypoints.http import logs
from limen.entrypoints.http.call import REQUEST_ID
from limen.wiring.choices import LogFormat, LogLevel
from limen.wiring.groups import LogSettings
from tests.waiting import until


class Output:
    """A standard output that remembers its writes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.writes: list[bytes] = []
        self.buffer = self
        self.encoding = "utf-8"
        self._monkeypatch = monkeypatch

    def configure(self, form: LogFormat = LogFormat.JSON, level: LogLevel = LogLevel.INFO) -> None:
        """Take the place of the standard output; pytest puts its own there before each test."""
        self._monkeypatch.setattr(sys, "stdout", self)
        logs.configure(LogSettings(format=form, level=level))

    def write(self, text: bytes | str) -> None:
        self.writes.append(text.encode() if isinstance(text, str) else text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    @property
    def text(self) -> str:
        return b"".join(self.writes).decode()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[Output]:
    """Catch what is written, and leave logging as it was."""
    before = (logging.root.handlers[:], logging.root.level)
    names = ("_granian", "granian.access", "limen")
    loggers = {name: logging.getLogger(name) for name in names}
    kept = {name: (logger.propagate, logger.level) for name, logger in loggers.items()}
    yield Output(monkeypatch)
    structlog.reset_defaults()
    logging.root.handlers[:], logging.root.level = before
    for name, (propagate, level) in kept.items():
        loggers[name].handlers.clear()
        loggers[name].propagate, loggers[name].level = propagate, level


def test_lines_of_limen_and_of_libraries_have_one_form(output: Output) -> None:
    output.configure()
    token = REQUEST_ID.set("find-me")
    structlog.get_logger("limen.access").info("request", status=200)
    logging.getLogger("limen.entrypoints.http").warning("Odd: %s", 1, extra={"route": "/x"})
    logging.getLogger("_granian").info("Started")
    logging.getLogger("some.library").info("too quiet")
    logging.getLogger("some.library").warning("loud")
    REQUEST_ID.reset(token)
    first, second, third, fourth = output.lines
    assert (first["event"], first["status"], first["level"]) == ("request", 200, "info")
    assert (second["event"], second["route"]) == ("Odd: 1", "/x")
    assert (third["logger"], third["level"]) == ("_granian", "info")
    assert (fourth["logger"], fourth["event"]) == ("some.library", "loud")
    assert {line["request_id"] for line in output.lines} == {"find-me"}
    assert all(line["timestamp"].endswith("Z") for line in output.lines)


@pytest.mark.parametrize("form", LogFormat)
def test_exceptions_are_told_without_local_variables(output: Output, form: LogFormat) -> None:
    output.configure(form)

    def fail(password: str) -> None:
        raise ZeroDivisionError(len(password))

    secret = "hunter" + "2" * 5
    for logger in (logging.getLogger("limen.x"), structlog.get_logger("limen.y")):
        try:
            fail(secret)
        except ZeroDivisionError:
            logger.exception("It failed")
    assert output.text.count("ZeroDivisionError: 11") == 2
    assert secret not in output.text


def test_lines_for_people_have_no_colours_in_a_file(output: Output) -> None:
    output.configure(LogFormat.TEXT)
    structlog.get_logger("limen.access").info("request", status=200)
    logging.getLogger("limen").info("Hello")
    assert "request" in output.text
    assert "status=200" in output.text
    assert "Hello" in output.text
    assert "\x1b[" not in output.text


def test_what_is_below_the_level_is_not_written(output: Output) -> None:
    output.configure(level=LogLevel.ERROR)
    structlog.get_logger("limen.access").info("request")
    logging.getLogger("limen").warning("careful")
    logs.flush()
    assert output.text == ""


def test_lines_of_one_moment_are_written_together(output: Output) -> None:
    output.configure()

    async def work() -> None:
        log = structlog.get_logger("limen.access")
        for number in range(10):
            log.info("request", number=number)
        assert output.text == ""
        await until(lambda: output.writes)
        assert len(output.writes) == 1
        log.info("request", number=10)
        log.error("request", number=11)
        assert [line["number"] for line in output.lines] == list(range(12))
        log.info("request", number=12)

    asyncio.run(work())
    # The loop is gone before it could write: the next one does.
    asyncio.run(work_once(output))
    assert [line["number"] for line in output.lines] == [*range(13), 13]


async def work_once(output: Output) -> None:
    before = len(output.writes)
    structlog.get_logger("limen.access").info("request", number=13)
    await until(lambda: len(output.writes) > before)


def test_no_write_is_larger_than_a_pipe_takes_at_once(output: Output) -> None:
    output.configure()

    async def work() -> None:
        log = structlog.get_logger("limen.access")
        for number in range(200):
            log.info("request", number=number, text="x" * 100)
        log.info("request", number=200, text="x" * 10_000)
        logs.flush()

    asyncio.run(work())
    assert [line["number"] for line in output.lines] == list(range(201))
    assert all(len(write) <= 4096 for write in output.writes[:-1])
    assert all(write.endswith(b"\n") for write in output.writes)
    assert len(output.writes) < 20


def test_what_json_cannot_hold_is_written_all_the_same(output: Output) -> None:
    output.configure()
    structlog.get_logger("limen.access").info("request", thing=io.StringIO)
    assert "StringIO" in output.lines[0]["thing"]

"""Where the texts of settings come from: code, the environment, files, `limen.toml`."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Final

from limen.core.errors import Fault
from limen.core.secret import Secret
from limen.wiring.catalogue import (
    CATALOGUE,
    CONFIG,
    DEFAULT_CONFIG,
    FILE_SUFFIX,
    PREFIX,
    Setting,
    Shown,
)

_LARGEST_FILE: Final = 64 * 1024
# Others than limen itself read these.
_FOREIGN: Final = ("LIMEN_TEST_", "LIMEN_BENCH_")


@dataclass(frozen=True, slots=True)
class Given:
    """The text of a setting, and where it was found."""

    text: str
    origin: str


class Sources:
    """Gathers the texts of settings and every fault on the way, from the strongest source on."""

    def __init__(self) -> None:
        self.given: dict[str, Given] = {}
        self.faults: list[Fault] = []

    def add_code(self, options: Mapping[str, object]) -> None:
        """Take keyword arguments, named as the variables are, in lower case without LIMEN_."""
        by_option = {setting.option: setting for setting in CATALOGUE}
        for option, value in options.items():
            setting = by_option.get(option)
            if setting is None:
                self._refuse_unknown(option, by_option, "a setting")
            elif value is not None:
                self._put(setting, _text(value), "code")

    def add_environment(self, environ: Mapping[str, str]) -> None:
        """Take the variables that begin with LIMEN_; an empty one counts as none."""
        given = {name: text for name, text in environ.items() if name.startswith(PREFIX) and text}
        known = {CONFIG}
        for setting in CATALOGUE:
            file_name = setting.name + FILE_SUFFIX
            known |= {setting.name, file_name} if setting.has_file else {setting.name}
            if setting.has_file and setting.name in given and file_name in given:
                self._fault(setting.name, "twice", f"is given, and {file_name} too; give one")
            elif setting.name in given:
                self._put(setting, given[setting.name], "environment")
            elif setting.has_file and file_name in given:
                self._put_file(setting, file_name, Path(given[file_name]))
        for name in sorted(given.keys() - known):
            if not name.startswith(_FOREIGN):
                self._refuse_unknown(name, known, "a variable")

    def add_config(self, environ: Mapping[str, str], directory: Path) -> None:
        """Take the file named by LIMEN_CONFIG, or `limen.toml` in `directory` if there is one."""
        named = environ.get(CONFIG)
        path = directory / (named or DEFAULT_CONFIG)
        if not named and not path.exists():
            return
        try:
            content = tomllib.loads(_read(path))
        except (OSError, ValueError) as error:
            self._fault(CONFIG, "unreadable", f"names {path}, which cannot be read: {_why(error)}")
            return
        self._add_keys(dict(_flatten(content)), path)

    def _add_keys(self, content: dict[str, object], path: Path) -> None:
        known: set[str] = set()
        for setting in CATALOGUE:
            file_key = setting.key + FILE_SUFFIX.lower()
            known |= {setting.key, file_key} if setting.has_file else {setting.key}
            if setting.key in content and setting.shown is Shown.NEVER:
                message = f"must not stand in {path}; put it in a file and name that: {file_key}"
                self._fault(setting.key, "secret", message)
            elif setting.key in content:
                self._put_value(setting, content[setting.key], path)
            elif setting.has_file and file_key in content:
                named = path.parent / str(content[file_key])
                self._put_file(setting, file_key, named)
        for key in sorted(content.keys() - known):
            self._refuse_unknown(key, known, f"a key of {path.name}")

    def _put_value(self, setting: Setting, value: object, path: Path) -> None:
        if isinstance(value, bool | int | str) or (
            isinstance(value, list) and all(isinstance(item, str) for item in value)
        ):
            self._put(setting, _text(value), path.name)
        else:
            self._fault(setting.key, "invalid", f"must be {setting.form.says}")

    def _put_file(self, setting: Setting, name: str, path: Path) -> None:
        if setting.name in self.given:
            return
        try:
            text = _read(path).removesuffix("\n").removesuffix("\r")
        except (OSError, ValueError) as error:
            self._fault(name, "unreadable", f"names {path}, which cannot be read: {_why(error)}")
        else:
            self._put(setting, text, f"file {path}")

    def _put(self, setting: Setting, text: str, origin: str) -> None:
        self.given.setdefault(setting.name, Given(text, origin))

    def _refuse_unknown(self, name: str, known: Iterable[str], kind: str) -> None:
        close = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
        hint = f"; did you mean {close[0]}?" if close else ""
        self._fault(name, "unknown", f"is not {kind} that limen knows{hint}")

    def _fault(self, name: str, code: str, message: str) -> None:
        self.faults.append(Fault(name, code, message))


def _text(value: object) -> str:
    """Return a value from code or TOML as it would stand in the environment."""
    match value:
        case bool():
            return "yes" if value else "no"
        case Secret():
            revealed = value.reveal()
            return revealed if isinstance(revealed, str) else revealed.decode()
        case Enum():
            return str(value.value)
        case list() | tuple() | set() | frozenset():
            return ",".join(map(_text, value))
        case _:
            return str(value)


def _flatten(content: Mapping[str, object], prefix: str = "") -> Iterable[tuple[str, object]]:
    for key, value in content.items():
        if isinstance(value, dict) and not prefix:
            yield from _flatten(value, f"{key}.")
        else:
            yield prefix + key, value


def _read(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(_LARGEST_FILE + 1)
    if len(raw) > _LARGEST_FILE:
        raise ValueError(f"it is larger than {_LARGEST_FILE} bytes")
    return raw.decode()


def _why(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)

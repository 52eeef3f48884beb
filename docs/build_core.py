"""Blocks of the reference about the core: errors, events, permissions, settings, services."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Final

from docs.markdown import code, one_line, table
from limen.core.ambient import Ambient
from limen.core.errors import Kind, LimenError
from limen.core.events import Event, SignInFailure, catalogue
from limen.core.messages.model import ABOUT, VALUES, MessageKind
from limen.core.roles.model import DESCRIPTIONS
from limen.entrypoints.cli.exits import OF_KIND
from limen.entrypoints.http.errors import STATUS
from limen.entrypoints.http.refusals import HttpRefusal
from limen.entrypoints.services import Limen
from limen.ports.unit_of_work import UnitOfWorkFactory
from limen.wiring.catalogue import CATALOGUE, Setting

# The one code that is no class: the core knows no command line that could be used wrongly.
USAGE: Final = ("cli.usage", "The command line was called with arguments that do not fit.")

WHEN: Final = {
    Kind.INVALID: "The request has the wrong form.",
    Kind.UNAUTHENTICATED: "There is no credential, or it is refused.",
    Kind.FORBIDDEN: "It is known who asks, and they may not.",
    Kind.NOT_FOUND: "It is not there, or not for whoever asks.",
    Kind.CONFLICT: "It is there already, or changed meanwhile.",
    Kind.PRECONDITION: "It is not the version that was expected.",
    Kind.UNPROCESSABLE: "The request is well-formed, and a rule refuses it.",
    Kind.THROTTLED: "Too much at once. `Retry-After` says how long to wait.",
    Kind.UNAVAILABLE: "The store or another service is out. `Retry-After` says when to ask again.",
    Kind.BROKEN: "A bug in limen. The answer says no more than that; the log does.",
}


# --- messages ------------------------------------------------------------------------------------


def messages() -> str:
    """Return the table of messages and what their templates can name."""
    return table(
        ["message", "what it is for", "values"],
        [
            [code(kind.value), ABOUT[kind], ", ".join(map(code, VALUES[kind])) or "none"]
            for kind in MessageKind
        ],
    )


# --- errors --------------------------------------------------------------------------------------


def kinds() -> str:
    """Return the table of kinds."""
    return table(
        ["kind", "HTTP", "exit code", "when"],
        [
            [code(kind.value), str(STATUS[kind]), str(OF_KIND[kind].value), sentence]
            for kind, sentence in WHEN.items()
        ],
    )


def codes() -> str:
    """Return the table of codes."""
    rows = [
        [refusal.code, refusal.kind, status_of(refusal), refusal.sentence] for refusal in refusals()
    ]
    name, sentence = USAGE
    rows.append([name, Kind.INVALID, "", sentence])
    return table(
        ["code", "kind", "HTTP", "sentence"],
        [[code(name), code(kind), status, text] for name, kind, status, text in sorted(rows)],
    )


def refusals(base: type[LimenError] = LimenError) -> Iterator[type[LimenError]]:
    """Yield every class of refusal that limen answers with."""
    if base is not HttpRefusal and base.__module__.startswith("limen."):
        yield base
    for found in base.__subclasses__():
        yield from refusals(found)


def status_of(refusal: type[LimenError]) -> str:
    """Return the status that HTTP answers with."""
    return str(refusal.status if issubclass(refusal, HttpRefusal) else STATUS[refusal.kind])


# --- events --------------------------------------------------------------------------------------


def events() -> str:
    """Return the table of events."""
    shared = {field.name for field in fields(Event)}
    return table(
        ["name", "what happened", "its own fields", "ends sessions"],
        [
            [
                code(kind.name),
                one_line(inspect.getdoc(kind)),
                ", ".join(code(field.name) for field in fields(kind) if field.name not in shared),
                "yes" if kind.ends_sessions else "",
            ]
            for kind in catalogue()
        ],
    )


def reasons() -> str:
    """Return the reasons of a refused sign-in."""
    return ", ".join(code(reason.value) for reason in SignInFailure)


# --- permissions ---------------------------------------------------------------------------------


def permissions() -> str:
    """Return the table of limen's own permissions."""
    return table(
        ["permission", "allows to"],
        [[code(permission.value), sentence] for permission, sentence in DESCRIPTIONS.items()],
    )


# --- settings ------------------------------------------------------------------------------------


def settings() -> str:
    """Return a table of settings for each section of `limen.toml`."""
    groups = dict.fromkeys(setting.section for setting in CATALOGUE)
    return "\n\n".join(f"## {group}\n\n{_settings_of(group)}" for group in groups)


def _settings_of(group: str) -> str:
    return table(
        ["variable", "key", "what it is", "value", "default"],
        [
            [
                code(setting.name)
                + (f", {code(setting.name + '_FILE')}" if setting.has_file else ""),
                code(setting.key),
                setting.sentence,
                setting.form.says,
                _default(setting),
            ]
            for setting in CATALOGUE
            if setting.section == group
        ],
    )


def brief_settings() -> str:
    """Return one table of all settings."""
    return table(
        ["variable", "what it is", "default"],
        [[code(setting.name), setting.sentence, _default(setting)] for setting in CATALOGUE],
    )


def _default(setting: Setting) -> str:
    if setting.default is None:
        return setting.otherwise.replace("<", "`<").replace(">", ">`")
    return code(setting.default) if setting.default else "empty"


# --- services ------------------------------------------------------------------------------------


def services() -> str:
    """Return every service with its methods."""
    return "\n\n".join(
        f"## `app.{name}`\n\n{inspect.getdoc(kind)}\n\n{_methods_of(name, kind)}"
        for name, kind in inspect.get_annotations(Limen).items()
    )


def constructors() -> str:
    """Return the table of services and what each takes beside units of work and `Ambient`."""
    services = inspect.get_annotations(Limen).values()
    return table(("service", "takes"), [(code(kind.__name__), _taken(kind)) for kind in services])


def _taken(kind: type) -> str:
    unit_of_work, ambient, *others = inspect.signature(kind).parameters.values()
    if (unit_of_work.annotation, ambient.annotation) != (UnitOfWorkFactory, Ambient):
        raise TypeError(f"{kind.__name__} takes something else first")
    return ", ".join(code(f"{other.name}: {other.annotation.__name__}") for other in others)


def _methods_of(service: str, kind: type) -> str:
    return "\n\n".join(
        f"### `{service}.{name}({_parameters(method)})`\n\n{inspect.getdoc(method)}"
        for name, method in vars(kind).items()
        if inspect.iscoroutinefunction(method) and not name.startswith("_")
    )


def _parameters(method: Callable[..., object]) -> str:
    shown: list[str] = []
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        if parameter.kind is parameter.KEYWORD_ONLY and "*" not in shown:
            shown.append("*")
        shown.append(parameter.name + ("" if parameter.default is parameter.empty else "=…"))
    return ", ".join(shown)

"""What a change of the OpenAPI document breaks for those who wrote a client for the one before."""

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]


def breaks(before: Document, after: Document) -> list[str]:
    """Name everything that worked before and does not any more; additions are no break."""
    return sorted(_breaks(before, after))


def _breaks(before: Document, after: Document) -> Iterator[str]:
    for path, methods in before["paths"].items():
        for method, old in methods.items():
            where = f"{method.upper()} {path}"
            new = after["paths"].get(path, {}).get(method)
            if new is None:
                yield f"{where} is gone"
                continue
            if new["operationId"] != old["operationId"]:
                yield f"{where} has another operation id"
            yield from _parameters(where, old, new, before, after)
            yield from _body(where, old, new, before, after)
            yield from _responses(where, old, new, before, after)


def _parameters(
    where: str, old: Document, new: Document, before: Document, after: Document
) -> Iterator[str]:
    present, known = _by_place(new, after), _by_place(old, before)
    for place, name in known.keys() - present.keys():
        yield f"{where}: the {place} parameter {name} is gone"
    for key, parameter in present.items():
        if parameter.get("required") and not known.get(key, {}).get("required"):
            yield f"{where}: the {key[0]} parameter {key[1]} is required now"


def _body(
    where: str, old: Document, new: Document, before: Document, after: Document
) -> Iterator[str]:
    if "requestBody" not in new:
        if "requestBody" in old:
            yield f"{where} takes no body any more"
        return
    if "requestBody" not in old:
        if new["requestBody"].get("required"):
            yield f"{where} needs a body now"
        return
    for media, content in old["requestBody"]["content"].items():
        present = new["requestBody"]["content"].get(media)
        if present is None:
            yield f"{where} does not take {media} any more"
        else:
            yield from _input(f"{where} body", content["schema"], present["schema"], before, after)


def _responses(
    where: str, old: Document, new: Document, before: Document, after: Document
) -> Iterator[str]:
    for status, part in old["responses"].items():
        response = _resolved(part, before)
        present = _resolved(new["responses"].get(status, {}), after)
        if not present:
            if status.startswith("2"):
                yield f"{where} does not answer {status} any more"
            continue
        for name in response.get("headers", {}).keys() - present.get("headers", {}).keys():
            yield f"{where} {status}: the header {name} is gone"
        for media, content in response.get("content", {}).items():
            found = present.get("content", {}).get(media)
            if found is None:
                yield f"{where} {status} is not given as {media} any more"
            else:
                place = f"{where} {status}"
                yield from _output(place, content["schema"], found["schema"], before, after)


def _input(
    where: str, old: Document, new: Document, before: Document, after: Document
) -> Iterator[str]:
    old, new = _resolved(old, before), _resolved(new, after)
    yield from _kind(where, old, new)
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{where}: {name} is required now"
    choices = set(old.get("enum", []))
    for name in sorted(choices - set(new.get("enum", choices))):
        yield f"{where}: {name} is not taken any more"
    for name, schema in old.get("properties", {}).items():
        if name not in new.get("properties", {}):
            yield f"{where}: {name} is gone"
        else:
            yield from _input(f"{where}.{name}", schema, new["properties"][name], before, after)


def _output(
    where: str, old: Document, new: Document, before: Document, after: Document
) -> Iterator[str]:
    old, new = _resolved(old, before), _resolved(new, after)
    yield from _kind(where, old, new)
    for name in sorted(set(old.get("required", [])) - set(new.get("required", []))):
        yield f"{where}: {name} is not always there any more"
    for name, schema in old.get("properties", {}).items():
        if name in new.get("properties", {}):
            yield from _output(f"{where}.{name}", schema, new["properties"][name], before, after)
    if "items" in old and "items" in new:
        yield from _output(f"{where}[]", old["items"], new["items"], before, after)


def _kind(where: str, old: Document, new: Document) -> Iterator[str]:
    if _kinds(old) != _kinds(new):
        yield f"{where} is of another type"


def _kinds(schema: Document) -> set[str]:
    if "oneOf" in schema:
        return {kind for option in schema["oneOf"] for kind in _kinds(option)}
    return {f"{schema.get('type', 'any')} {schema.get('format', '')}"}


def _by_place(operation: Document, document: Document) -> dict[tuple[str, str], Document]:
    parameters = [_resolved(part, document) for part in operation.get("parameters", [])]
    return {(parameter["in"], parameter["name"]): parameter for parameter in parameters}


def _resolved(part: Document, document: Document) -> Document:
    if "$ref" not in part:
        return part
    found = document
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found

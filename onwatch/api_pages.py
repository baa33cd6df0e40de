"""The OpenAPI description as a page: operations by tag, each with what it takes and gives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

METHODS = ("get", "post", "put", "patch", "delete")
#: Deeper objects are named, not written out.
DEEPEST = 2


class Value(NamedTuple):
    """A parameter, or a field of a body or an answer; ``depth`` counts the objects around it."""

    name: str
    type: str
    required: bool
    description: str
    depth: int = 0


class Operation(NamedTuple):
    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Value]
    body: list[Value]
    takes_many: bool
    answer: list[Value]
    answers_list: bool
    status: str


class Group(NamedTuple):
    name: str
    operations: list[Operation]


def marked(text: str) -> SafeString:
    """Plain text with what stands between backticks as code."""
    return mark_safe(re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text)))


def groups(document: dict[str, Any]) -> list[Group]:
    """The operations of an OpenAPI document under their first tag, in the order of the document."""
    found: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if described := item.get(method):
                tag = (described.get("tags") or ["other"])[0]
                found.setdefault(tag, []).append(_operation(document, path, method, described))
    return [Group(name, operations) for name, operations in found.items()]


def _operation(document: dict[str, Any], path: str, method: str, described: dict[str, Any]) -> Operation:
    body, takes_many = _content(document, described.get("requestBody", {}))
    status, response = next(
        ((str(code), answer) for code, answer in described.get("responses", {}).items() if str(code).startswith("2")),
        ("200", {}),
    )
    answer, answers_list = _content(document, response)
    return Operation(
        id=f"{method}{path.replace('/', '-')}",
        method=method.upper(),
        path=path,
        summary=described.get("summary", ""),
        description=marked(described.get("description", "")),
        parameters=[_parameter(document, parameter) for parameter in described.get("parameters", ())],
        body=body,
        takes_many=takes_many,
        answer=answer,
        answers_list=answers_list,
        status=status,
    )


def _parameter(document: dict[str, Any], parameter: dict[str, Any]) -> Value:
    schema = parameter.get("schema", {})
    description = parameter.get("description") or schema.get("description", "")
    # A parameter of an address that may be null is one that may be left out.
    kind = _type(document, schema).removesuffix(" or null")
    return Value(parameter["name"], kind, parameter.get("required", False), marked(description))


def _content(document: dict[str, Any], holder: dict[str, Any]) -> tuple[list[Value], bool]:
    """The fields of a JSON body, and whether it is (or may be) a list of such objects."""
    schema = holder.get("content", {}).get("application/json", {}).get("schema")
    if not schema:
        return [], False
    schema = _resolved(document, schema)
    members = [_resolved(document, member) for member in schema.get("anyOf", [schema])]
    many = any(member.get("type") == "array" for member in members)
    one = next((member for member in members if member.get("type") == "object"), None)
    if one is None and many:
        one = _resolved(document, members[0].get("items", {}))
    return (list(_fields(document, one, 0)) if one else []), many


def _fields(document: dict[str, Any], schema: dict[str, Any], depth: int) -> Iterator[Value]:
    required = set(schema.get("required", ()))
    for name, inner in schema.get("properties", {}).items():
        described = _resolved(document, inner)
        description = inner.get("description") or described.get("description", "")
        yield Value(name, _type(document, inner), name in required, marked(description), depth)
        below = _object_in(document, inner)
        if below and depth < DEEPEST:
            yield from _fields(document, below, depth + 1)


def _object_in(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any] | None:
    """The object with named fields that a field is, is a list of, or maps names to."""
    schema = _resolved(document, schema)
    if "properties" in schema:
        return schema
    for inner in (schema.get("items"), schema.get("additionalProperties"), *schema.get("anyOf", ())):
        if isinstance(inner, dict) and (found := _object_in(document, inner)):
            return found
    return None


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while reference := schema.get("$ref"):
        target: Any = document
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]
        schema = target
    if len(inner := schema.get("allOf", ())) == 1:
        return _resolved(document, inner[0])
    return schema


def _type(document: dict[str, Any], schema: dict[str, Any]) -> str:
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        names = [_type(document, member) for member in schema["anyOf"]]
        return " or ".join(dict.fromkeys(names))
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return str(schema["const"]) or "empty"
    match schema.get("type"):
        case "array":
            return f"list of {_type(document, schema.get('items', {}))}"
        case "object" if isinstance(inner := schema.get("additionalProperties"), dict) and inner:
            return f"object of {_type(document, inner)}"
        case "string" if schema.get("format") == "date-time":
            return "time"
        case str(name):
            return name
    return "any"

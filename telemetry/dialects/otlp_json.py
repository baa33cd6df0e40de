"""OTLP/JSON into the same wire messages that protobuf bodies are read as, so that everything behind is one.

It differs from protobuf's own JSON: ids are hex, not base64; whole numbers come as numbers or text, enums as numbers
or names; unknown keys are ignored.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from telemetry.dialects import wire
from telemetry.dialects.decoded import BadBody, BadSpan
from telemetry.dialects.values import MAX_DEPTH

STATUS_CODES = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}
INT64_MAX, UINT64_MAX = 2**63 - 1, 2**64 - 1


class ScopeSpans(NamedTuple):
    """As ``wire.ScopeSpans``, but a span that cannot be read stands there as its error."""

    scope: Any
    spans: list[Any]


class ResourceSpans(NamedTuple):
    resource: Any
    scope_spans: list[ScopeSpans]


def parse(body: bytes) -> list[ResourceSpans]:
    """The resource spans of a JSON body. Raises BadBody when what holds the spans is malformed."""
    try:
        return [
            _resource_spans(entry, f"resourceSpans[{at}]")
            for at, entry in enumerate(_objects(load(body), "resourceSpans", ""))
        ]
    except BadSpan as error:
        raise BadBody(f"{error.field}: {error}") from None


def load(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Texts that are cut in the middle of a character are repaired, not refused."""
    try:
        loaded = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            loaded = json.loads(body.decode(errors="replace"))
        except (ValueError, RecursionError):
            raise BadBody(f"The body is no JSON: {error}") from None
    if not isinstance(loaded, dict):
        raise BadBody("The body must be a JSON object.")
    return loaded


def _resource_spans(entry: dict[str, Any], path: str) -> ResourceSpans:
    resource = wire.Resource()
    _fill(resource.attributes, _object(entry, "resource", path), f"{path}.resource.")
    return ResourceSpans(
        resource,
        [
            _scope_spans(scope_entry, f"{path}.scopeSpans[{at}]")
            for at, scope_entry in enumerate(_objects(entry, "scopeSpans", f"{path}."))
        ],
    )


def _scope_spans(entry: dict[str, Any], path: str) -> ScopeSpans:
    given = _object(entry, "scope", path)
    scope = wire.Scope(name=_text(given, "name", f"{path}.scope."), version=_text(given, "version", f"{path}.scope."))
    _fill(scope.attributes, given, f"{path}.scope.")
    spans = entry.get("spans")
    if not isinstance(spans, list | None):
        raise BadSpan("must be a list", field=f"{path}.spans")
    return ScopeSpans(scope, [_span_or_error(span) for span in spans or ()])


def _span_or_error(given: Any) -> Any:
    try:
        return _span(given)
    except BadSpan as error:
        return error


def _span(given: Any) -> Any:
    if not isinstance(given, dict):
        raise BadSpan("must be an object")
    span = wire.Span(
        trace_id=_hex(given, "traceId"),
        span_id=_hex(given, "spanId"),
        parent_span_id=_hex(given, "parentSpanId"),
        name=_text(given, "name", ""),
        start_time_unix_nano=_whole(given, "startTimeUnixNano"),
        end_time_unix_nano=_whole(given, "endTimeUnixNano"),
    )
    _fill(span.attributes, given, "")
    for at, entry in enumerate(_objects(given, "events", "")):
        path = f"events[{at}]."
        event = span.events.add(time_unix_nano=_whole(entry, "timeUnixNano"), name=_text(entry, "name", path))
        _fill(event.attributes, entry, path)
    for entry in _objects(given, "links", ""):
        span.links.add(trace_id=_hex(entry, "traceId"), span_id=_hex(entry, "spanId"))
    status = _object(given, "status", "")
    if status:
        span.status.message = _text(status, "message", "status.")
        span.status.code = _status_code(status.get("code"))
    return span


def _objects(holder: dict[str, Any], key: str, path: str) -> list[dict[str, Any]]:
    found = holder.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BadSpan("must be a list of objects", field=f"{path}{key}")
    return found


def _object(holder: dict[str, Any], key: str, path: str) -> dict[str, Any]:
    found = holder.get(key)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise BadSpan("must be an object", field=f"{path}.{key}".lstrip("."))
    return found


def _text(holder: dict[str, Any], key: str, path: str) -> bytes:
    found = holder.get(key)
    if found is None:
        return b""
    if not isinstance(found, str):
        raise BadSpan("must be a text", field=f"{path}{key}")
    return found.encode(errors="replace")


def _hex(holder: dict[str, Any], key: str) -> bytes:
    found = holder.get(key)
    if not found:
        return b""
    try:
        return bytes.fromhex(found)
    except (ValueError, TypeError):
        raise BadSpan("must be hex digits", field=key) from None


def _whole(holder: dict[str, Any], key: str) -> int:
    found = holder.get(key)
    number = 0 if found is None else _as_whole(found)
    if number is None or not 0 <= number <= UINT64_MAX:
        raise BadSpan("must be nanoseconds as a whole number", field=key)
    return number


def _as_whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | str | float):
        return None
    try:
        return int(value) if not isinstance(value, float) or value.is_integer() else None
    except (ValueError, OverflowError):
        return None


def _status_code(value: Any) -> int:
    if value is None:
        return 0
    code = STATUS_CODES.get(value) if isinstance(value, str) and not value.isdigit() else _as_whole(value)
    if code not in STATUS_CODES.values():
        raise BadSpan("must be 0, 1, 2 or one of " + ", ".join(STATUS_CODES), field="status.code")
    return code


def _fill(attributes: Any, holder: dict[str, Any], path: str) -> None:
    """Attributes keep their values as bytes of ``AnyValue``, as they come in protobuf."""
    for at, pair in enumerate(_objects(holder, "attributes", path)):
        name = pair.get("key")
        if not isinstance(name, str):
            raise BadSpan("must be a text", field=f"{path}attributes[{at}].key")
        attributes[clean(name)] = any_value(pair.get("value"), f"{path}attributes.{clean(name)}")


def clean(name: str) -> str:
    """Text without halves of characters, which JSON can hold and UTF-8 cannot."""
    return name.encode(errors="replace").decode()


def any_value(given: Any, path: str) -> bytes:
    value = wire.Value()
    _set_value(value, given, path, MAX_DEPTH)
    return value.SerializeToString()


def _set_value(value: Any, given: Any, path: str, depth: int) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        raise BadSpan('must be an object such as {"stringValue": "…"}', field=path)
    for key, content in given.items():
        setter = _SETTERS.get(key)
        if setter is not None and content is not None:
            try:
                setter(value, content, path, depth)
            except (ValueError, TypeError, binascii.Error, OverflowError):
                raise BadSpan("is not of that type", field=f"{path}.{key}") from None


def _set_string(value: Any, content: Any, path: str, depth: int) -> None:
    if not isinstance(content, str):
        raise TypeError
    value.string_value = content.encode(errors="replace")


def _set_bool(value: Any, content: Any, path: str, depth: int) -> None:
    if not isinstance(content, bool):
        raise TypeError
    value.bool_value = content


def _set_int(value: Any, content: Any, path: str, depth: int) -> None:
    number = _as_whole(content)
    if number is None:
        raise ValueError
    value.int_value = number


def _set_double(value: Any, content: Any, path: str, depth: int) -> None:
    if isinstance(content, bool):
        raise TypeError
    value.double_value = float(content)


def _set_bytes(value: Any, content: Any, path: str, depth: int) -> None:
    value.bytes_value = base64.b64decode(content, validate=True)


def _set_list(value: Any, content: Any, path: str, depth: int) -> None:
    value.array_value.SetInParent()
    for item in _members(content, path, depth):
        _set_value(value.array_value.values.add(), item, path, depth - 1)


def _set_pairs(value: Any, content: Any, path: str, depth: int) -> None:
    value.kvlist_value.SetInParent()
    for item in _members(content, path, depth):
        if not isinstance(item, dict) or not isinstance(item.get("key"), str):
            raise TypeError
        pair = value.kvlist_value.values.add(key=item["key"].encode(errors="replace"))
        pair.value.SetInParent()
        _set_value(pair.value, item.get("value"), path, depth - 1)


def _members(content: Any, path: str, depth: int) -> list[Any]:
    if depth == 0:
        raise BadSpan(f"is nested deeper than {MAX_DEPTH} levels", field=path)
    values = content.get("values") if isinstance(content, dict) else content
    if not isinstance(values, list | None):
        raise TypeError
    return values or []


_SETTERS: dict[str, Callable[[Any, Any, str, int], None]] = {
    "stringValue": _set_string,
    "boolValue": _set_bool,
    "intValue": _set_int,
    "doubleValue": _set_double,
    "bytesValue": _set_bytes,
    "arrayValue": _set_list,
    "kvlistValue": _set_pairs,
}

"""The envelope that spans, log records and metrics share: items by scope, scopes by resource, protobuf or JSON.

What can be read is read: an item that is malformed stands in its place as the error that says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from google.protobuf.message import DecodeError

from telemetry.dialects import otlp_json, wire
from telemetry.dialects.decoded import BadBody, BadItem
from telemetry.dialects.translate import Defaults

#: How many refused items the message to the sender explains.
EXPLAINED = 5
#: JSON's names for what else the objects on the way to the items may hold.
BESIDE_ITEMS = ("resource", "scope", "schemaUrl")


@dataclass(frozen=True, slots=True)
class Signal:
    """One of OTLP's kinds of data."""

    #: What a body is called in messages to the sender.
    request: str
    #: Names in ``wire``.
    message: str
    item: str
    #: JSON's names for the three levels.
    levels: tuple[str, str, str]


class Batch(NamedTuple):
    """The items of one scope, and what they have in common."""

    #: Where they lie in the body, such as ``resourceSpans[0].scopeSpans[2].spans``.
    place: str
    defaults: Defaults
    #: Wire messages, and a BadItem for each that could not be read.
    items: Iterable[Any]


class _Scope(NamedTuple):
    scope: Any
    items: list[Any]


class _Resource(NamedTuple):
    resource: Any
    scopes: list[_Scope]


def batches(body: bytes, signal: Signal, base: Defaults, *, json: bool) -> Iterator[Batch]:
    """All items of a body, scope by scope. Raises BadBody when it is no request of this signal."""
    resources_key, scopes_key, items_key = signal.levels
    for at, resource in enumerate(_of_json(body, signal) if json else _of_protobuf(body, signal)):
        for scope_at, scope in enumerate(resource.scopes):
            place = f"{resources_key}[{at}].{scopes_key}[{scope_at}].{items_key}"
            try:
                yield Batch(place, _in_common(base, resource.resource, scope.scope), scope.items)
            except BadItem as error:
                yield Batch(place, base, [error] * len(scope.items))


def _in_common(base: Defaults, resource: Any, scope: Any) -> Defaults:
    defaults = _within(_within(base, resource, "resource"), scope, "scope")
    name, version = scope.name.decode("utf-8", "replace"), scope.version.decode(errors="replace")
    return defaults.named("scope", f"{name}/{version}" if version else name)


def _within(defaults: Defaults, holder: Any, name: str) -> Defaults:
    if isinstance(holder, BadItem):
        raise BadItem(str(holder), field=name)
    try:
        return defaults.within(holder.attributes, f"{name}.")
    except BadItem as error:
        raise BadItem(str(error), field=f"{name}.{error.field}") from None


def _of_protobuf(body: bytes, signal: Signal) -> Iterable[Any]:
    try:
        return wire.MESSAGES[signal.message].FromString(body).resources
    except DecodeError:
        return _salvaged(body, signal)


def _salvaged(body: bytes, signal: Signal) -> list[_Resource]:
    """Read one by one what could not be read as a whole."""
    try:
        sealed = wire.Sealed.FromString(body)
    except DecodeError:
        raise BadBody(f"The body is no {signal.request} in protobuf.") from None
    item = wire.MESSAGES[signal.item]
    return [
        _Resource(
            _opened(wire.Resource, resource.resource),
            [
                _Scope(_opened(wire.Scope, scope.scope), [_opened(item, raw) for raw in scope.items])
                for scope in resource.scopes
            ],
        )
        for resource in sealed.resources
    ]


def _opened(message: Any, raw: bytes) -> Any:
    """The message, or the reason why it is none."""
    try:
        return message.FromString(raw)
    except DecodeError:
        return BadItem("is malformed, or the name of an attribute is not UTF-8")


def _of_json(body: bytes, signal: Signal) -> list[_Resource]:
    resources_key, scopes_key, _ = signal.levels
    try:
        given = otlp_json.load(body)
        resources = [
            _Resource(
                otlp_json.message("Resource", _given(resource, "resource"), f"{resources_key}[{at}].resource."),
                [
                    _json_scope(scope, signal, f"{resources_key}[{at}].{scopes_key}[{scope_at}]")
                    for scope_at, scope in enumerate(otlp_json.objects(resource, scopes_key, f"{resources_key}[{at}]."))
                ],
            )
            for at, resource in enumerate(otlp_json.objects(given, resources_key, ""))
        ]
    except BadItem as error:
        raise BadBody(f"{error.field}: {error}") from None
    if not any(scope.items for resource in resources for scope in resource.scopes):
        _blame_unknown_key(given, signal)
    return resources


def _blame_unknown_key(given: dict[str, Any], signal: Signal) -> None:
    """Unknown keys are passed over, but a body that holds nothing beside them is a mistake that would go unseen."""
    resources_key, scopes_key, items_key = signal.levels
    resources = otlp_json.objects(given, resources_key, "")
    scopes = [scope for resource in resources for scope in otlp_json.objects(resource, scopes_key, "")]
    for wanted, holders in zip(signal.levels, ([given], resources, scopes), strict=True):
        for holder in holders:
            unknown = otlp_json.unknown_key(holder, wanted, *BESIDE_ITEMS)
            if unknown and otlp_json.under(holder, wanted) is None:
                raise BadBody(f"The body holds no {items_key}: {unknown[:60]!r} stands where {wanted} belongs.")


def _json_scope(given: dict[str, Any], signal: Signal, place: str) -> _Scope:
    items = otlp_json.under(given, signal.levels[2])
    if not isinstance(items, list | None):
        raise BadItem("must be a list", field=f"{place}.{signal.levels[2]}")
    scope = otlp_json.message("Scope", _given(given, "scope"), f"{place}.scope.")
    return _Scope(scope, [_json_item(signal.item, item) for item in items or ()])


def _given(holder: dict[str, Any], key: str) -> Any:
    found = holder.get(key)
    return {} if found is None else found


def _json_item(name: str, given: Any) -> Any:
    try:
        return otlp_json.message(name, given)
    except BadItem as error:
        return error


def explain(refusals: list[str]) -> str:
    """The message of a partial success."""
    more = f" (and {len(refusals) - EXPLAINED} more)" if len(refusals) > EXPLAINED else ""
    return "; ".join(refusals[:EXPLAINED]) + more

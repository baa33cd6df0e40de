"""From one OTLP span, in whatever dialects, to a canonical span.

This is the hottest code of the receivers, hence values in lists by slot and one lookup for all names of a span
(``shapes``); ``bench/decode.py`` measures it.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from telemetry.dialects.decoded import BadItem
from telemetry.dialects.documents import MAX_DOCUMENTS
from telemetry.dialects.draft import FACTS, NOBODY, SLOT, Draft, Heard
from telemetry.dialects.lookup import LOOKUP, NOT_KNOWN, Membership
from telemetry.dialects.messages import tool_calls
from telemetry.dialects.settle import settle
from telemetry.dialects.shapes import Shape, Shapes
from telemetry.dialects.table import Group, Part
from telemetry.dialects.values import json_text, plain
from telemetry.span import COLUMNS, Score, Span

WIDTH = len(COLUMNS)
#: Columns that are lists or mappings: each span needs its own.
DOCUMENTS, PROJECTION, TAGS = SLOT["documents"], SLOT["embedding_projection"], SLOT["tags"]
ATTRIBUTES = SLOT["attributes"]
NAME = SLOT["name"]
FIRST_CHECKED, BEHIND_CHECKED = SLOT["trace_id"], SLOT["duration_ms"] + 1

#: Span events that no table knows are kept up to this many.
MAX_EVENTS = 50
MAX_LINKS = 50


def _defaults() -> list[Any]:
    by_name = {field.name: field.default for field in fields(Span) if field.default is not MISSING}
    return [by_name.get(name, "") for name in COLUMNS] + [""] * len(FACTS) + [None]


DEFAULTS = _defaults()
DEFAULTS[SLOT["total_tokens"]] = 0


class Defaults:
    """What all spans of one resource and scope have in common."""

    __slots__ = ("ranks", "rest", "shapes", "values")

    def __init__(self, values: list[Any], ranks: list[int], rest: dict[str, Any]) -> None:
        self.values = values
        self.ranks = ranks
        self.rest = rest
        self.shapes = Shapes.of(ranks)

    @classmethod
    def of(cls, *, project_id: int, key_id: int, client: str = "") -> Defaults:
        values = DEFAULTS.copy()
        values[SLOT["project_id"]] = project_id
        values[SLOT["key_id"]] = key_id
        values[SLOT["client"]] = client
        return cls(values, [NOBODY] * len(DEFAULTS), {})

    def draft(self, start_ns: int = 0) -> Draft:
        """A new draft that begins with these."""
        values = self.values.copy()
        values[DOCUMENTS], values[PROJECTION], values[TAGS] = [], [], []
        return Draft(values, self.ranks.copy(), self.rest.copy(), start_ns)

    def within(self, attributes: Any, prefix: str) -> Defaults:
        """These defaults with a resource's or scope's attributes; those unknown are kept behind the prefix."""
        if not attributes:
            return self
        draft = Draft(self.values.copy(), self.ranks.copy(), {}, 0)
        try:
            absorb(attributes, draft)
        except BadItem as error:
            raise _blame(error, attributes) from None
        rest = {f"{prefix}{name}": value for name, value in draft.rest.items()}
        return Defaults(draft.values, draft.ranks, self.rest | rest)

    def named(self, field: str, value: Any) -> Defaults:
        """These defaults with one more value."""
        values = self.values.copy()
        values[SLOT[field]] = value
        return Defaults(values, self.ranks, self.rest)


def absorb(attributes: Any, draft: Draft) -> None:
    """Read attributes name by name into the draft."""
    values, ranks, rest = draft.values, draft.ranks, draft.rest
    later: list[tuple[Membership, int, int, str]] = []
    for name in attributes:
        slot, rank, read, membership = LOOKUP.rule(name)
        if rank >= ranks[slot]:
            continue
        if membership is NOT_KNOWN:
            _keep(name, attributes[name], rest)
        elif membership is not None:
            # Members of groups are put off until all is known that could make them needless.
            later.append((membership, slot, rank, name))
        elif value := read(attributes[name]):
            values[slot] = value
            ranks[slot] = rank
        elif value is None:
            _keep(name, attributes[name], rest)
    gathered: dict[Group, tuple[int, list[Part]]] = {}
    for (group, leaf, indices), slot, rank, name in later:
        if rank < ranks[slot]:
            gathered.setdefault(group, (rank, []))[1].append(Part(indices, leaf, attributes[name]))
    for group, (rank, parts) in gathered.items():
        group.assemble(parts, draft, rank)


def _keep(name: str, raw: bytes, rest: dict[str, Any]) -> None:
    value = plain(raw)
    if value is not None and value != "":
        rest[name] = value


def pour_all(attributes: Any, defaults: Defaults, start_ns: int) -> Draft:
    """A draft with all attributes in it, by their shape if that is exact, else name by name."""
    names = tuple(attributes)
    shapes = defaults.shapes
    shape = shapes.known.get(names) or shapes.learn(names)
    draft = defaults.draft(start_ns)
    if shape is None or not _pour(attributes, shape, draft):
        draft = defaults.draft(start_ns)
        absorb(attributes, draft)
    return draft


def _pour(attributes: Any, shape: Shape, draft: Draft) -> bool:
    """Read attributes of a known shape into the draft; False when the shape does not hold for these values."""
    values, rest = draft.values, draft.rest
    ranks_before, draft.ranks = draft.ranks, shape.ranks.copy()
    for name, slot, read, has_rival in shape.scalars:
        if value := read(attributes[name]):
            values[slot] = value
        elif has_rival:
            return False
        else:
            draft.ranks[slot] = ranks_before[slot]
            if value is None:
                _keep(name, attributes[name], rest)
    for name in shape.unknown:
        value = plain(attributes[name])
        if value is not None and value != "":
            rest[name] = value
    for group, rank, _, members in shape.gatherings:
        group.assemble([Part(indices, leaf, attributes[name]) for indices, leaf, name in members], draft, rank)
    return True


def hear(events: Any, draft: Draft) -> None:
    """Take what events say; unknown ones are kept as they are."""
    heard = draft.heard = Heard()
    kept: list[dict[str, Any]] = []
    for event in events:
        name = event.name.decode("utf-8", "replace")
        handler, rank = LOOKUP.events.get(name, (None, 0))
        if handler is not None:
            handler(draft, event, rank)
        elif len(kept) < MAX_EVENTS:
            after_ms = draft.ms_since_start(event.time_unix_nano)
            attributes = {key: plain(event.attributes[key]) for key in event.attributes}
            kept.append({"name": name, "after_ms": after_ms, "attributes": attributes})
    if kept:
        draft.rest["events"] = kept
    for attributes in heard.more:
        absorb(attributes, draft)
    draft.offer("documents", heard.retrieved[:MAX_DOCUMENTS], NOBODY - 1)
    for side, spoken in heard.spoken.items():
        said = [message for _, message in spoken]
        draft.offer(side, json_text(said), NOBODY - 1)
        if side == "output":
            draft.offer("tool_calls", tool_calls(said), NOBODY - 1)
            reasons = [message["finish_reason"] for message in said if "finish_reason" in message]
            draft.offer("finish_reason", reasons and reasons[0], NOBODY - 1)


def _keep_links(links: Any, rest: dict[str, Any]) -> None:
    rest["links"] = [
        {"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex()} for link in list(links)[:MAX_LINKS]
    ]


def translate(span: Any, checked: tuple[Any, ...], start_ns: int, defaults: Defaults) -> Span:
    """The canonical span. ``checked`` are trace id, span id, parent id, start and duration; raises BadItem."""
    attributes = span.attributes
    try:
        draft = pour_all(attributes, defaults, start_ns)
        if span.events:
            hear(span.events, draft)
    except BadItem as error:
        raise _blame(error, attributes) from None
    if span.links:
        _keep_links(span.links, draft.rest)
    values = draft.values
    values[FIRST_CHECKED:BEHIND_CHECKED] = checked
    values[NAME], values[ATTRIBUTES] = span.name.decode("utf-8", "replace"), draft.rest
    status = span.status
    settle(draft, status.code, status.message.decode("utf-8", "replace"))
    canonical = Span(*values[:WIDTH])
    if draft.scores:
        canonical.scores = _complete(draft.scores, canonical)
    return canonical


def _blame(error: BadItem, attributes: Any) -> BadItem:
    """The same error with the name of the attribute that cannot be read."""
    for name in attributes:
        try:
            plain(attributes[name])
        except BadItem:
            return BadItem(str(error), field=f"attributes.{name}")
    return error


def _complete(scores: list[Score], span: Span) -> list[Score]:
    """Ids make a retried export store its judgements once."""
    for place, score in enumerate(scores):
        score.trace_id, score.span_id = span.trace_id, span.span_id
        score.score_id = f"{span.trace_id}/{span.span_id}/{place}/{score.name}"
    return scores

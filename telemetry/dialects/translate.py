"""From one OTLP span, in whatever dialects, to a canonical span.

Translating walks a span's attributes once: a lookup by name, a comparison of ranks, and the value is read only if
nothing better is known. This is the hottest code of the receivers, hence values in lists by slot;
``bench/decode.py`` measures it.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from typing import Any

from telemetry.dialects.decoded import BadItem
from telemetry.dialects.documents import MAX_DOCUMENTS
from telemetry.dialects.draft import FACTS, NOBODY, SLOT, Draft
from telemetry.dialects.lookup import LOOKUP, NOT_KNOWN, Membership
from telemetry.dialects.messages import tool_calls
from telemetry.dialects.settle import settle
from telemetry.dialects.table import Part
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

#: Members of groups: place in the group, slot, rank, name of the attribute.
Later = list[tuple[Membership, int, int, str]]


def _defaults() -> list[Any]:
    by_name = {field.name: field.default for field in fields(Span) if field.default is not MISSING}
    return [by_name.get(name, "") for name in COLUMNS] + [""] * len(FACTS) + [None]


DEFAULTS = _defaults()
DEFAULTS[SLOT["total_tokens"]] = 0


class Defaults:
    """What all spans of one resource and scope have in common."""

    __slots__ = ("ranks", "rest", "values")

    def __init__(self, values: list[Any], ranks: list[int], rest: dict[str, Any]) -> None:
        self.values = values
        self.ranks = ranks
        self.rest = rest

    @classmethod
    def of(cls, *, project_id: int, key_id: int) -> Defaults:
        values = DEFAULTS.copy()
        values[SLOT["project_id"]] = project_id
        values[SLOT["key_id"]] = key_id
        return cls(values, [NOBODY] * len(DEFAULTS), {})

    def within(self, attributes: Any, prefix: str) -> Defaults:
        """These defaults with a resource's or scope's attributes; those unknown are kept behind the prefix."""
        values, ranks, rest = self.values.copy(), self.ranks.copy(), {}
        later: Later = []
        draft = Draft(values, ranks, rest, 0)
        try:
            _absorb(attributes, values, ranks, rest, later)
            _assemble(later, attributes, draft)
        except BadItem as error:
            raise _blame(error, attributes) from None
        return Defaults(values, ranks, self.rest | {f"{prefix}{name}": value for name, value in draft.rest.items()})

    def set(self, field: str, value: Any) -> None:
        self.values[SLOT[field]] = value


def _absorb(attributes: Any, values: list[Any], ranks: list[int], rest: dict[str, Any], later: Later) -> None:
    """Walk over attributes once. Members of groups are put off until all is known that could make them needless."""
    known, learn = LOOKUP.known.get, LOOKUP.learn
    for name in attributes:
        slot, rank, read, membership = known(name) or learn(name)
        if rank >= ranks[slot]:
            continue
        if membership is None:
            value = read(attributes[name])
            if value:
                values[slot] = value
                ranks[slot] = rank
            elif value is None:
                rest[name] = plain(attributes[name])
        elif membership is NOT_KNOWN:
            value = plain(attributes[name])
            if value is not None and value != "":
                rest[name] = value
        else:
            later.append((membership, slot, rank, name))


def _assemble(later: Later, attributes: Any, draft: Draft) -> None:
    """Let each group that is still wanted make sense of its members."""
    gathered: dict[Any, tuple[int, list[Part]]] = {}
    for membership, slot, rank, name in later:
        if rank < draft.ranks[slot]:
            group, leaf, indices = membership
            gathered.setdefault(group, (rank, []))[1].append(Part(indices, leaf, attributes[name]))
    for group, (rank, parts) in gathered.items():
        group.assemble(parts, draft, rank)


def hear(events: Any, draft: Draft) -> None:
    """Take what events say; unknown ones are kept as they are."""
    kept: list[dict[str, Any]] = []
    for event in events:
        name = event.name.decode(errors="replace")
        handler, rank = LOOKUP.events.get(name, (None, 0))
        if handler is not None:
            handler(draft, event, rank)
        elif len(kept) < MAX_EVENTS:
            after_ms = draft.ms_since_start(event.time_unix_nano)
            attributes = {key: plain(event.attributes[key]) for key in event.attributes}
            kept.append({"name": name, "after_ms": after_ms, "attributes": attributes})
    if kept:
        draft.rest["events"] = kept
    while draft.more:
        later: Later = []
        attributes = draft.more.pop()
        _absorb(attributes, draft.values, draft.ranks, draft.rest, later)
        _assemble(later, attributes, draft)
    if draft.retrieved:
        draft.offer("documents", draft.retrieved[:MAX_DOCUMENTS], NOBODY - 1)
    for side, spoken in draft.spoken.items():
        draft.offer(side, json_text(spoken), NOBODY - 1)
        if side == "output":
            draft.offer("tool_calls", tool_calls(spoken), NOBODY - 1)
            reasons = [message["finish_reason"] for message in spoken if "finish_reason" in message]
            draft.offer("finish_reason", reasons and reasons[0], NOBODY - 1)


def _keep_links(links: Any, rest: dict[str, Any]) -> None:
    rest["links"] = [
        {"trace_id": link.trace_id.hex(), "span_id": link.span_id.hex()} for link in list(links)[:MAX_LINKS]
    ]


def _blame(error: BadItem, attributes: Any) -> BadItem:
    """The same error with the name of the attribute that cannot be read."""
    for name in attributes:
        try:
            plain(attributes[name])
        except BadItem:
            return BadItem(str(error), field=f"attributes.{name}")
    return error


def translate(span: Any, checked: tuple[Any, ...], start_ns: int, defaults: Defaults) -> Span:
    """The canonical span. ``checked`` are trace id, span id, parent id, start and duration; raises BadItem."""
    values, ranks, rest = defaults.values.copy(), defaults.ranks.copy(), defaults.rest.copy()
    values[FIRST_CHECKED:BEHIND_CHECKED] = checked
    values[NAME] = span.name.decode(errors="replace")
    values[DOCUMENTS], values[PROJECTION], values[TAGS], values[ATTRIBUTES] = [], [], [], rest
    later: Later = []
    draft = Draft(values, ranks, rest, start_ns)
    attributes = span.attributes
    try:
        _absorb(attributes, values, ranks, rest, later)
        if later:
            _assemble(later, attributes, draft)
        if span.events:
            hear(span.events, draft)
    except BadItem as error:
        raise _blame(error, attributes) from None
    if span.links:
        _keep_links(span.links, rest)
    status = span.status
    settle(draft, status.code, status.message.decode(errors="replace"))
    canonical = Span(*values[:WIDTH])
    if draft.scores:
        canonical.scores = _complete(draft.scores, canonical)
    return canonical


def _complete(scores: list[Score], span: Span) -> list[Score]:
    """Ids make a retried export store its judgements once."""
    for place, score in enumerate(scores):
        score.trace_id, score.span_id = span.trace_id, span.span_id
        score.score_id = f"{span.trace_id}/{span.span_id}/{place}/{score.name}"
    return scores

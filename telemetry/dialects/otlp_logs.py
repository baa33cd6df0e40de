"""OTLP log records that tell of model calls: what was said, what was judged, what failed.

Such a record belongs to a span, which may come before or after it. The pieces found here are joined to it by whoever
holds both (``complete``); nothing here makes a span, and no tokens are added to those that the span has.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from telemetry import errors
from telemetry.dialects.decoded import BadItem
from telemetry.dialects.draft import SLOT, Draft
from telemetry.dialects.envelope import Signal, batches, explain
from telemetry.dialects.events import evaluation_facts
from telemetry.dialects.lookup import LOOKUP
from telemetry.dialects.messages import tool_calls
from telemetry.dialects.otlp import EPOCH, FUTURE_NS, NO_SPAN, NO_TRACE, SPAN_ID_BYTES, TRACE_ID_BYTES
from telemetry.dialects.scores import score_of
from telemetry.dialects.settle import FINISH_REASONS, STATUS_OK, settle
from telemetry.dialects.translate import DEFAULTS, Defaults, hear
from telemetry.dialects.values import json_text, parse_json, plain, text
from telemetry.span import CALL_KINDS, COLUMNS, Score, Span

if TYPE_CHECKING:
    from accounts.keys import Caller

LOGS = Signal("ExportLogsServiceRequest", "Logs", "LogRecord", ("resourceLogs", "scopeLogs", "logRecords"))

#: What a record may tell of its span; ids, times and what belongs to the sender are the span's own.
JOINED = frozenset(COLUMNS) - {
    "project_id", "trace_id", "span_id", "parent_id", "start_time", "duration_ms", "name", "status", "key_id",
    "service", "scope", "dialect", "client", "attributes", "counted", "sampled", "environment", "release",
}  # fmt: skip
#: Error fields of a record count only for a span that failed and does not know why itself.
ERRORS = ("error_type", "error_original", "error_message")
UNEXPLAINED = frozenset({"", "other"})


#: Why a record of a model call is of no use.
NO_LINK = "a record of a model call with neither a span nor a gen_ai.response.id"
EVALUATION = b"gen_ai.evaluation.result"
NO_FIGURE = "a judgement needs a name, and a number or a label like pass or fail"
#: As much of an unknown record as is told to its sender.
MAX_EXAMPLE = 120

#: What a span says where it knows nothing.
EMPTY: dict[str, tuple[Any, ...]] = {name: (DEFAULTS[SLOT[name]], [], "") for name in JOINED} | {"kind": ("other",)}


@dataclass(slots=True)
class LogJoin:
    """What log records of one batch tell of one span."""

    project_id: int
    #: Hex; both empty when the records had no span: then ``response_id`` is the only link.
    trace_id: str
    span_id: str
    response_id: str
    occurred_at: datetime
    #: Field of the canonical span -> value, for ``complete``.
    fields: dict[str, Any] = field(default_factory=dict)
    #: ``input`` and ``output`` -> messages that came one a record, each with its time. ``fields`` has them together;
    #: they stand here too because the rest of the conversation may be in another batch.
    spoken: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    scores: list[Score] = field(default_factory=list)

    @property
    def has_link(self) -> bool:
        """Whether it can ever be joined to a span."""
        return bool((self.trace_id and self.span_id) or self.response_id)


@dataclass(slots=True)
class DecodedLogs:
    """The good part of a body of log records."""

    joins: list[LogJoin] = field(default_factory=list)
    rejected: int = 0
    #: Records that tell nothing of model calls, or of none that could be found; they are not kept.
    ignored: int = 0
    #: The first of those in words.
    example: str = ""
    message: str = ""
    refused: list[str] = field(default_factory=list)

    def ignore(self, record: Any, name: bytes) -> None:
        self.ignored += 1
        self.example = self.example or _in_words(record, name)


@dataclass(frozen=True, slots=True)
class _Event:
    """A record seen as the span event that it replaces."""

    name: bytes
    time_unix_nano: int
    attributes: Mapping[str, bytes]


def decode_logs(body: bytes, *, json: bool, caller: Caller) -> DecodedLogs:
    """What the records of an ``ExportLogsServiceRequest`` tell of spans. Raises BadBody when it is none."""
    decoded, refusals = DecodedLogs(), []
    base = Defaults.of(project_id=caller.project_id, key_id=caller.key_id)
    latest_ns = time.time_ns() + FUTURE_NS
    for place, defaults, items in batches(body, LOGS, base, json=json):
        told: dict[tuple[Any, ...], list[_Event]] = {}
        for at, record in enumerate(items):
            try:
                if isinstance(record, BadItem):
                    raise record
                span, event = _read(record, latest_ns)
                _check_judgement(event)
                if event.name.decode("utf-8", "replace") in LOOKUP.events:
                    # Records without a span stand each for themselves.
                    told.setdefault(span if any(span) else (*span, at), []).append(event)
                else:
                    decoded.ignore(record, event.name)
            except BadItem as error:
                refusals.append(error.at(f"{place}[{at}]"))
        for (trace_id, span_id, *_), events in told.items():
            try:
                join = _join(trace_id, span_id, events, defaults)
            except BadItem as error:
                refusals.extend([error.at(place)] * len(events))
                continue
            if (join.fields or join.scores) and join.has_link:
                decoded.joins.append(join)
            elif join.fields or join.scores:
                decoded.ignored += len(events)
                decoded.example = decoded.example or NO_LINK
    decoded.rejected, decoded.message, decoded.refused = len(refusals), explain(refusals), refusals
    return decoded


def _read(record: Any, latest_ns: int) -> tuple[tuple[str, str], _Event]:
    """The span of a record and the event that it is."""
    trace_id, span_id = record.trace_id, record.span_id
    if trace_id and len(trace_id) != TRACE_ID_BYTES:
        raise BadItem(f"must be empty or {TRACE_ID_BYTES} bytes", field="traceId")
    if span_id and len(span_id) != SPAN_ID_BYTES:
        raise BadItem(f"must be empty or {SPAN_ID_BYTES} bytes", field="spanId")
    # Without a time it stays 0, so that a record which is sent again reads the same.
    time_ns = record.time_unix_nano or record.observed_time_unix_nano
    if time_ns > latest_ns:
        raise BadItem("lies in the future", field="timeUnixNano")
    attributes = {name: record.attributes[name] for name in record.attributes}
    attributes |= {
        pair.key.decode("utf-8", "replace"): pair.value.SerializeToString() for pair in record.body.kvlist_value.values
    }
    name = record.event_name or text(attributes.get("event.name", b"")).encode()
    known = (trace_id.hex() if trace_id != NO_TRACE else "", span_id.hex() if span_id != NO_SPAN else "")
    return known, _Event(name, time_ns, attributes)


def _check_judgement(event: _Event) -> None:
    """A judgement that no figure can be made of is not kept: who sends it should learn so. Raises BadItem."""
    if event.name == EVALUATION:
        facts = evaluation_facts({name: plain(value) for name, value in event.attributes.items()})
        if score_of(facts) is None:
            raise BadItem(NO_FIGURE)


def _join(trace_id: str, span_id: str, events: list[_Event], defaults: Defaults) -> LogJoin:
    started_ns = min(event.time_unix_nano or time.time_ns() for event in events)
    draft = defaults.draft(started_ns)
    hear(events, draft)
    unsaid = frozenset() if draft.has("kind") else {"kind"}
    settle(draft, STATUS_OK, "")
    fields = {
        name: draft.get(name) for name in JOINED - unsaid if draft.get(name) and draft.get(name) != DEFAULTS[SLOT[name]]
    }
    join = LogJoin(
        project_id=draft.get("project_id"),
        trace_id=trace_id,
        span_id=span_id,
        response_id=fields.get("response_id", "") or _response_id(events),
        occurred_at=EPOCH + timedelta(0, 0, started_ns // 1000),
        fields=fields | _error(draft),
        spoken=draft.heard.spoken,
    )
    scores = [_completed(score, join) for score in draft.scores]
    join.scores = list({score.score_id: score for score in scores}.values())
    return join


def _in_words(record: Any, name: bytes) -> str:
    """An unknown record: the name of its event, else the beginning of what it says."""
    if name:
        return f"event {name.decode('utf-8', 'replace')[:MAX_EXAMPLE]!r}"
    said = record.body.string_value.decode("utf-8", "replace")
    return f"{said[:MAX_EXAMPLE]!r}" if said else "a record without an event name"


def _error(draft: Draft) -> dict[str, str]:
    name, message = (
        draft.get("error_name") or draft.get("exception_type") or "",
        draft.get("exception_message") or "",
    )
    if not name and not message:
        return {}
    error_type = errors.normalise(name, message=message, status_code=draft.get("status_code") or 0)
    return {"error_type": error_type, "error_original": name, "error_message": message}


def _response_id(events: list[_Event]) -> str:
    """A judgement without a span names the answer that it judges."""
    return next((found for event in events if (found := text(event.attributes.get("gen_ai.response.id", b"")))), "")


def _completed(score: Score, join: LogJoin) -> Score:
    score.project_id = join.project_id
    score.trace_id, score.span_id, score.occurred_at = join.trace_id, join.span_id, join.occurred_at
    about = f"{join.trace_id}/{join.span_id}" if join.span_id else join.response_id
    # What was judged and how: however the records are batched when they are sent again, the id is the same.
    verdict = orjson.dumps([about, score.name, score.value, score.label, score.comment, score.evaluator])
    score.score_id = f"log:{hashlib.blake2b(verdict, digest_size=16).hexdigest()}"
    return score


def merged(joins: Iterable[LogJoin]) -> LogJoin:
    """What several batches tell of one span, the same in whatever order and however often they came.

    The earliest word on a field counts; messages that came one a record are put together in the order of their times.
    """
    ordered = sorted(joins, key=lambda join: (join.occurred_at, repr(join.fields)))
    first = ordered[0]
    whole = LogJoin(first.project_id, first.trace_id, first.span_id, "", first.occurred_at)
    for side in ("input", "output"):
        _merge_spoken(whole, ordered, side)
    for join in ordered:
        whole.fields = join.fields | whole.fields
        whole.response_id = whole.response_id or join.response_id
    whole.scores = list({score.score_id: score for join in ordered for score in join.scores}.values())
    return whole


def _merge_spoken(whole: LogJoin, joins: Sequence[LogJoin], side: str) -> None:
    """Messages of one side, unless a record tells the side as a whole."""
    at_once = next((join.fields[side] for join in joins if side in join.fields and side not in join.spoken), None)
    spoken = {
        (at, orjson.dumps(message, option=orjson.OPT_SORT_KEYS)): message
        for join in joins
        for at, message in join.spoken.get(side, ())
    }
    if at_once or not spoken:
        whole.fields |= {side: at_once} if at_once else {}
        return
    whole.spoken[side] = [(at, spoken[at, told]) for at, told in sorted(spoken, key=lambda key: key[0])]
    said = [message for _, message in whole.spoken[side]]
    whole.fields[side] = json_text(said)
    if side == "output":
        reason = next((message["finish_reason"] for message in said if "finish_reason" in message), "")
        found = {"tool_calls": tool_calls(said), "finish_reason": FINISH_REASONS.get(reason, reason)}
        whole.fields |= {name: value for name, value in found.items() if value}


def complete(span: Span, join: LogJoin) -> None:
    """Fill what the span lacks. Figures that the span has stay as they are: the record repeats them."""
    if is_of_another(span, join):
        return
    for name, value in join.fields.items():
        known = getattr(span, name) if name not in ERRORS else None
        if name not in ERRORS and (known in EMPTY[name] or (name in join.spoken and _continues(known, value))):
            setattr(span, name, value)
    if span.status == "error" and span.error_type in UNEXPLAINED and "error_type" in join.fields:
        for name in ERRORS:
            setattr(span, name, join.fields[name] or getattr(span, name))


def is_of_another(span: Span, join: LogJoin) -> bool:
    """Whether a record tells of a call that this span is not.

    OpenLIT writes the record of a stream when its span has ended, so that it names the span around it.
    """
    if join.fields.get("kind") in CALL_KINDS and span.kind not in CALL_KINDS:
        return True
    return bool(span.response_id and join.response_id and span.response_id != join.response_id)


def _continues(known: str, told: str) -> bool:
    """Whether a conversation holds all messages of another and more: what the span had came from earlier records."""
    before, after = parse_json(known), parse_json(told)
    if not isinstance(before, list) or not isinstance(after, list) or len(before) >= len(after):
        return False
    return all(message in after for message in before)

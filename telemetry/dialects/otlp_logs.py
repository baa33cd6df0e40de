"""OTLP log records that tell of model calls: what was said, what was judged, what failed.

Such a record belongs to a span, which may come before or after it. The pieces found here are joined to it by whoever
holds both (``complete``); nothing here makes a span, and no tokens are added to those that the span has.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from telemetry import errors
from telemetry.dialects.decoded import BadItem
from telemetry.dialects.draft import SLOT, Draft
from telemetry.dialects.envelope import Signal, batches, explain
from telemetry.dialects.lookup import LOOKUP
from telemetry.dialects.otlp import EPOCH, FUTURE_NS, NO_SPAN, NO_TRACE, SPAN_ID_BYTES, TRACE_ID_BYTES
from telemetry.dialects.settle import STATUS_OK, settle
from telemetry.dialects.translate import DEFAULTS, Defaults, hear
from telemetry.dialects.values import text
from telemetry.span import CALL_KINDS, COLUMNS, Score, Span

if TYPE_CHECKING:
    from accounts.keys import Caller

LOGS = Signal("ExportLogsServiceRequest", "Logs", "LogRecord", ("resourceLogs", "scopeLogs", "logRecords"))

#: What a record may tell of its span; ids, times and what belongs to the sender are the span's own.
JOINED = frozenset(COLUMNS) - {
    "project_id", "trace_id", "span_id", "parent_id", "start_time", "duration_ms", "name", "status", "key_id",
    "service", "scope", "dialect", "attributes", "counted", "sampled", "environment", "release",
}  # fmt: skip
#: Error fields of a record count only for a span that failed and does not know why itself.
ERRORS = ("error_type", "error_original", "error_message")
UNEXPLAINED = frozenset({"", "other"})


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
    scores: list[Score] = field(default_factory=list)


@dataclass(slots=True)
class DecodedLogs:
    """The good part of a body of log records."""

    joins: list[LogJoin] = field(default_factory=list)
    rejected: int = 0
    #: Records that tell nothing of model calls; they are not kept.
    ignored: int = 0
    message: str = ""


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
                if event.name.decode("utf-8", "replace") in LOOKUP.events:
                    # Records without a span stand each for themselves.
                    told.setdefault(span if any(span) else (*span, at), []).append(event)
                else:
                    decoded.ignored += 1
            except BadItem as error:
                refusals.append(error.at(f"{place}[{at}]"))
        for (trace_id, span_id, *_), events in told.items():
            try:
                join = _join(trace_id, span_id, events, defaults)
                if join.fields or join.scores:
                    decoded.joins.append(join)
            except BadItem as error:
                refusals.extend([error.at(place)] * len(events))
    decoded.rejected, decoded.message = len(refusals), explain(refusals)
    return decoded


def _read(record: Any, latest_ns: int) -> tuple[tuple[str, str], _Event]:
    """The span of a record and the event that it is."""
    trace_id, span_id = record.trace_id, record.span_id
    if trace_id and len(trace_id) != TRACE_ID_BYTES:
        raise BadItem(f"must be empty or {TRACE_ID_BYTES} bytes", field="traceId")
    if span_id and len(span_id) != SPAN_ID_BYTES:
        raise BadItem(f"must be empty or {SPAN_ID_BYTES} bytes", field="spanId")
    time_ns = record.time_unix_nano or record.observed_time_unix_nano or time.time_ns()
    if time_ns > latest_ns:
        raise BadItem("lies in the future", field="timeUnixNano")
    attributes = {name: record.attributes[name] for name in record.attributes}
    attributes |= {
        pair.key.decode("utf-8", "replace"): pair.value.SerializeToString() for pair in record.body.kvlist_value.values
    }
    name = record.event_name or text(attributes.get("event.name", b"")).encode()
    known = (trace_id.hex() if trace_id != NO_TRACE else "", span_id.hex() if span_id != NO_SPAN else "")
    return known, _Event(name, time_ns, attributes)


def _join(trace_id: str, span_id: str, events: list[_Event], defaults: Defaults) -> LogJoin:
    started_ns = min(event.time_unix_nano for event in events)
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
    )
    join.scores = [_completed(score, place, join) for place, score in enumerate(draft.scores)]
    return join


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


def _completed(score: Score, place: int, join: LogJoin) -> Score:
    score.project_id = join.project_id
    score.trace_id, score.span_id, score.occurred_at = join.trace_id, join.span_id, join.occurred_at
    about = f"{join.trace_id}/{join.span_id}" if join.span_id else join.response_id
    score.score_id = f"{about}/{join.occurred_at.timestamp()}/{place}/{score.name}"
    return score


def complete(span: Span, join: LogJoin) -> None:
    """Fill what the span lacks. Figures that the span has stay as they are: the record repeats them."""
    if _is_of_another(span, join):
        return
    for name, value in join.fields.items():
        if name not in ERRORS and getattr(span, name) in EMPTY[name]:
            setattr(span, name, value)
    if span.status == "error" and span.error_type in UNEXPLAINED and "error_type" in join.fields:
        for name in ERRORS:
            setattr(span, name, join.fields[name] or getattr(span, name))


def _is_of_another(span: Span, join: LogJoin) -> bool:
    """Whether a record tells of a call that this span is not.

    OpenLIT writes the record of a stream when its span has ended, so that it names the span around it.
    """
    if join.fields.get("kind") in CALL_KINDS and span.kind not in CALL_KINDS:
        return True
    return bool(span.response_id and join.response_id and span.response_id != join.response_id)

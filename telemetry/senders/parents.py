"""Spans whose parent was not received: the caller is traced but does not send here, or a batch was lost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from telemetry import store
from telemetry.columns import microseconds

#: Parents are looked for in this many of the newest spans.
NEWEST = 3000
#: Missing parents that are looked for further back.
MOST_MISSING = 500
#: A parent ends after its children and is sent later.
SETTLES_IN = timedelta(minutes=2)


class Parentless(NamedTuple):
    """Spans that name a parent which was not received."""

    trace_id: str
    parent_id: str
    service: str
    key_id: int
    client: str
    spans: int
    first_start: datetime


class _Span(NamedTuple):
    trace_id: str
    span_id: str
    parent_id: str
    service: str
    key_id: int
    client: str
    start_time: datetime


class _Known(NamedTuple):
    trace_id: str
    span_id: str


def parentless(project_id: int, *, since: datetime, now: datetime) -> list[Parentless]:
    """Among the newest spans, those that began last first. Raises StoreUnavailable."""
    ask = {"project_id": project_id, "since": microseconds(since)}
    newest = store.rows(_Span, "telemetry/senders_newest", settled=microseconds(now - SETTLES_IN), limit=NEWEST, **ask)
    missing = _missing(newest)
    if missing:
        trace_ids, span_ids = zip(*missing, strict=True)
        for known in store.rows(
            _Known, "telemetry/senders_known", trace_ids=sorted(set(trace_ids)), span_ids=sorted(set(span_ids)), **ask
        ):
            missing.pop(tuple(known), None)
    found = [
        Parentless(
            *parent, first.service, first.key_id, first.client, len(spans), min(span.start_time for span in spans)
        )
        for parent, spans in missing.items()
        for first in spans[:1]
    ]
    return sorted(found, key=lambda one: one.first_start, reverse=True)


def _missing(newest: Sequence[_Span]) -> dict[tuple[str, str], list[_Span]]:
    """Parents that are not among these spans, with their children."""
    here = {(span.trace_id, span.span_id) for span in newest}
    missing: dict[tuple[str, str], list[_Span]] = {}
    for span in newest:
        parent = (span.trace_id, span.parent_id)
        if span.parent_id and parent not in here and (parent in missing or len(missing) < MOST_MISSING):
            missing.setdefault(parent, []).append(span)
    return missing

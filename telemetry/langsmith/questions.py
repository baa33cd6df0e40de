"""What is asked of the store for LangSmith's clients; each question is one file in ``telemetry/sql/``.

All raise StoreUnavailable, and TookTooLong where a filter must read more than eight seconds' worth of spans.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

from telemetry import store
from telemetry.columns import microseconds
from telemetry.langsmith import ids
from telemetry.live.freshness import FURTHEST_AHEAD
from telemetry.queries import WholeSpan

#: Spans of the traces of one page beyond this many are not looked at for sums and order.
MOST_KIN = 100_000
MOST_SCORES = 5_000
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

Order = Literal["asc", "desc"]


class Place(NamedTuple):
    """Which span it is, and where among all spans it lies."""

    trace_id: str
    span_id: str
    parent_id: str
    start_time: datetime

    @property
    def run_id(self) -> uuid.UUID:
        return ids.run_id(self.trace_id, self.span_id, self.parent_id)


def places(project_id: int, runs: Collection[uuid.UUID]) -> list[Place]:
    """Where these runs are stored, as far as they are."""
    if not runs:
        return []
    found = store.rows(
        Place,
        "telemetry/langsmith_places",
        project_id=project_id,
        span_ids=sorted({stored for run in runs for stored in ids.stored_ids(run)}),
        trace_ids=sorted({run.hex for run in runs}),
    )
    return [place for place in found if place.run_id in runs]


#: Read beyond a page: spans that were stored twice, and some that began at the same moment as the last one.
SPARE = 100


def page(
    project_id: int,
    *,
    start: datetime | None,
    end: datetime | None,
    where: str,
    parameters: Mapping[str, Any],
    order: Order,
    limit: int,
) -> list[Place]:
    """The first ``limit`` spans that match, in the order of their starts and, within one moment, of their ids."""

    def ask(earliest: int, latest: int, most: int) -> list[Place]:
        return store.rows(
            Place,
            "telemetry/langsmith_page",
            where=where,
            pieces={"direction": order.upper()},
            project_id=project_id,
            start=earliest,
            end=latest,
            limit=most,
            **parameters,
        )

    latest = microseconds(end or datetime.now(UTC) + FURTHEST_AHEAD)
    found = ask(microseconds(start or EARLIEST), latest, limit + SPARE)
    if len(found) == limit + SPARE:
        # Which of those that began with the last one were read is chance.
        edge = found[-1].start_time
        found = [place for place in found if place.start_time != edge]
        if len(set(found)) < limit:
            found += ask(microseconds(edge), microseconds(edge) + 1, MOST_KIN)
    ordered = sorted(set(found), key=lambda place: (place.start_time, place.span_id), reverse=order == "desc")
    return ordered[:limit]


_LENGTHS = {"input_length": "length(input)", "output_length": "length(output)"}
_UNREAD = {"input": "''", "output": "''", "input_length": "0", "output_length": "0"}


def _columns(expressions: Mapping[str, str]) -> str:
    return ", ".join(expressions.get(name, name) for name in WholeSpan._fields)


def spans(project_id: int, wanted: Sequence[Place], *, texts: bool) -> list[WholeSpan]:
    """The spans at these places, in the same order; without ``texts`` inputs and outputs are left unread."""
    if not wanted:
        return []
    found = store.rows(
        WholeSpan,
        "telemetry/langsmith_spans",
        pieces={"columns": _columns(_LENGTHS if texts else _UNREAD)},
        project_id=project_id,
        trace_ids=sorted({place.trace_id for place in wanted}),
        span_ids=sorted({place.span_id for place in wanted}),
        start=microseconds(min(place.start_time for place in wanted)),
        end=microseconds(max(place.start_time for place in wanted)),
    )
    by_id = {(span.trace_id, span.span_id): span for span in found}
    return [by_id[key] for place in wanted if (key := (place.trace_id, place.span_id)) in by_id]


class Kin(NamedTuple):
    """A span among those of its trace; tokens and money are its own, nothing unless it is a counted call."""

    trace_id: str
    span_id: str
    parent_id: str
    start_time: datetime
    input_tokens: int
    output_tokens: int
    cost_nano: int
    is_priced: bool


def kin(project_id: int, trace_ids: Collection[str]) -> list[Kin]:
    """All spans of these traces, oldest first."""
    if not trace_ids:
        return []
    return store.rows(
        Kin, "telemetry/langsmith_kin", project_id=project_id, trace_ids=sorted(trace_ids), limit=MOST_KIN
    )


class Session(NamedTuple):
    name: str
    first_hour: datetime
    last_hour: datetime
    spans: int


def sessions(project_id: int, *, name: str | None = None) -> list[Session]:
    """The services that sent something to the project, the latest first; with ``name`` this one alone."""
    where, values = ("", {}) if name is None else ("AND service = {service:String}", {"service": name})
    return store.rows(Session, "telemetry/langsmith_sessions", where=where, project_id=project_id, **values)


class Judged(NamedTuple):
    score_id: str
    trace_id: str
    span_id: str
    name: str
    value: float
    label: str
    comment: str
    source: str
    evaluator: str
    occurred_at: datetime
    received_at: datetime


def judged(project_id: int, wanted: Collection[tuple[str, str]]) -> list[Judged]:
    """Judgements of spans given by trace and span id, and of traces as a whole where these are their roots."""
    if not wanted:
        return []
    found = store.rows(
        Judged,
        "telemetry/langsmith_judged",
        project_id=project_id,
        trace_ids=sorted({trace_id for trace_id, _ in wanted}),
        span_ids=sorted({span_id for _, span_id in wanted}),
        limit=MOST_SCORES,
    )
    return [row for row in found if (row.trace_id, row.span_id) in wanted]

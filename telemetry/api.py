"""REST: traces and spans out; spans, scores, cost events and changes in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema
from ninja.responses import Status
from pydantic import HttpUrl

from accounts.api_auth import KeyAuth, caller
from accounts.keys import Caller, KeyRefused
from accounts.models import ApiKey, AuditEntry
from core.money import usd_text
from core.problems import Problem
from core.timerange import TimeRange
from telemetry import api_input, commit, messages, queries, subjects, trace_list
from telemetry.api_input import CostEventIn, Moment, NothingGood, Refused, ScoreIn, SpanIn
from telemetry.models import Change
from telemetry.queries import ScoreRow, WholeSpan
from telemetry.search import Search
from telemetry.senders import tally
from telemetry.senders.tally import Sender
from telemetry.span import Span
from telemetry.store import BadRows, StoreUnavailable
from telemetry.trace_list import TraceRow


class IngestAuth(KeyAuth):
    """Counts whose key was refused, for the page of senders."""

    def __call__(self, request: HttpRequest) -> Caller:
        try:
            return super().__call__(request)
        except Problem as problem:
            if isinstance(refused := problem.__cause__, KeyRefused):
                sender = Sender.refused(refused, {"user-agent": request.headers.get("User-Agent", "")})
                tally.refused(sender, _signal(request), [f"{problem.status_code}: {problem}"], whole=True)
            raise


read_auth, ingest_auth, write_auth = KeyAuth("read"), IngestAuth("ingest"), KeyAuth("write")
router = Router()


def _signal(request: HttpRequest) -> str:
    return request.path.rpartition("/")[2]


@contextmanager
def _counted(request: HttpRequest) -> Iterator[None]:
    """Around the taking of a body: what refuses it as a whole is counted."""
    try:
        yield
    except (Problem, StoreUnavailable) as error:
        tally.refused(Sender.of(caller(request)), _signal(request), _reasons(error), whole=True)
        raise


def _reasons(error: Problem | StoreUnavailable) -> list[str]:
    match error:
        case NothingGood():
            return _each(error.refused)
        case Problem():
            return [f"{error.status_code}: {error}"]
    return ["503: the store does not answer"]


def _each(refused: Sequence[Refused]) -> list[str]:
    return [f"{one.field}: {one.detail}" if one.field else one.detail for one in refused]


class RangeQuery(Schema):
    from_: str = Field(
        "", alias="from", description="ISO 8601 (UTC where no zone is named) or `now-6h`; `now-24h` when absent."
    )
    to: str = Field("", description="The same; `now` when absent. The range does not include it.")
    range: str = Field("", description="In place of both: `15m`, `1h`, `6h`, `24h`, `7d` or `30d`, ending now.")


class SpanFilterQuery(RangeQuery):
    """The filters of the pages. An empty value asks for what has none."""

    kind: str | None = None
    name: str | None = None
    provider: str | None = None
    model: str | None = None
    feature: str | None = None
    environment: str | None = None
    release: str | None = None
    prompt_name: str | None = None
    prompt_version: str | None = None
    variant: str | None = None
    service: str | None = None
    status: Literal["ok", "error", "unfinished"] | None = None
    error_type: str | None = None
    user_id: str | None = None
    session_id: str | None = None


class TraceQuery(SpanFilterQuery):
    q: str = Field(
        "", max_length=500, description="Text in name, error, ids, user, session, input or output, in any case."
    )
    score: str = Field("", description="Name of a score that the span has.")
    score_below: float | None = Field(None, description="Its value is less than this.")
    score_above: float | None = Field(None, description="Its value is at least this.")
    topic: str | None = None
    min_ms: float | None = Field(None, description="Lasted at least this long.")
    max_ms: float | None = Field(None, description="Lasted less than this.")
    calls: bool = Field(False, description="Model calls alone: kinds llm and embedding.")
    failed: bool = Field(False, description="Failed operations alone.")
    unpriced: bool = Field(False, description="Calls without a price alone.")
    limit: int = Field(50, ge=1, le=200)
    cursor: str = Field("", description="`next_cursor` of the page before.")


class MeanOut(Schema):
    mean: float
    count: int


class TraceOut(Schema):
    """One trace in sums over its spans; tokens and cost count what is counted."""

    trace_id: str
    name: str
    status: str = Field(description="Of the root, else of the first span: ok, error or unfinished.")
    error_type: str
    failed: int = Field(description="Failed operations inside.")
    unfinished: int
    start_time: datetime
    duration_ms: float
    spans: int
    calls: int
    feature: str
    model: str = Field(description="Of the first answer.")
    models: int = Field(description="How many different ones.")
    input_tokens: int
    output_tokens: int
    cost_usd: str | None = Field(description="A decimal number of dollars; null when no price is known.")
    unpriced: int = Field(description="Calls whose cost is not known, and is missing from `cost_usd`.")
    input: str = Field(description="What was asked, in one line.")
    scores: dict[str, MeanOut]
    matched_span_id: str = Field(description="The newest span that matches.")
    matched_at: datetime


class TracesOut(Schema):
    traces: list[TraceOut]
    next_cursor: str | None = Field(description="Null on the last page.")


def requested_range(request: HttpRequest) -> TimeRange:
    """Raises BadRange."""
    return TimeRange.from_query(request.GET.dict())


@router.get("/traces", response=TracesOut, auth=read_auth, tags=["traces"], summary="List traces, newest first")
def list_traces(request: HttpRequest, query: Query[TraceQuery]) -> dict[str, Any]:
    """Traces with a span that began in the range and matches every filter. Each is on one page only."""
    search = Search.from_query(request.GET.dict())
    page = trace_list.page(
        caller(request).project_id, requested_range(request), search, cursor=query.cursor, size=query.limit
    )
    return {"traces": [_trace(row) for row in page.rows], "next_cursor": page.next_cursor or None}


_TRACE_COPIED = (
    "trace_id", "name", "status", "error_type", "failed", "unfinished", "duration_ms", "spans", "calls", "feature",
    "model", "models", "input_tokens", "output_tokens", "unpriced",
)  # fmt: skip


def _trace(row: TraceRow) -> dict[str, Any]:
    trace = row.summary
    priced = trace.calls > trace.unpriced
    return {name: getattr(trace, name) for name in _TRACE_COPIED} | {
        "start_time": trace.started,
        "cost_usd": usd_text(trace.cost_nano) if priced else None,
        "input": row.excerpt,
        "scores": {score.name: {"mean": score.mean, "count": score.count} for score in row.scores},
        "matched_span_id": row.span_id,
        "matched_at": row.at,
    }


class DocumentOut(Schema):
    id: str
    score: float | None
    content: str
    metadata: dict[str, Any]


class ScoreOut(Schema):
    id: str
    span_id: str = Field(description="Empty for a score of the whole trace.")
    name: str
    value: float
    label: str
    comment: str
    source: str
    evaluator: str
    occurred_at: datetime


class SpanOut(Schema):
    """A whole canonical span."""

    project_id: int
    trace_id: str
    span_id: str
    parent_id: str = Field(description="Empty for a root.")
    start_time: datetime
    duration_ms: float
    time_to_first_token_ms: float | None
    kind: str
    name: str
    provider: str
    model: str
    response_model: str
    response_id: str
    finish_reason: str
    service_tier: str
    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_usd: str | None = Field(description="A decimal number of dollars; null when the cost is not known.")
    cost_source: str = Field(description="reported, override, price_book, or empty when the cost is not known.")
    status: str
    error_type: str
    error_original: str
    error_message: str
    input: str
    output: str
    documents: list[DocumentOut]
    tool_calls: list[Any]
    tool_name: str
    embedding_count: int
    embedding_dimensions: int
    embedding_norm: float
    embedding_projection: list[float]
    user_id: str
    session_id: str
    feature: str
    environment: str
    release: str
    prompt_name: str
    prompt_version: str
    experiment: str
    variant: str
    tags: list[str]
    service: str
    scope: str
    dialect: str
    client: str = Field(description="What the program that sent it calls itself.")
    attributes: dict[str, Any]
    counted: bool
    sampled: bool
    key_id: int
    received_at: datetime
    scores: list[ScoreOut] = Field(description="Its own; a root also has those of the whole trace.")


class SpansQuery(Schema):
    trace_id: str = Field(min_length=1)
    span_id: str = Field("", description="This span alone.")
    limit: int = Field(1000, ge=1, le=5000)
    offset: int = Field(0, ge=0)


@router.get("/spans", response=list[SpanOut], auth=read_auth, tags=["traces"], summary="The spans of one trace, whole")
def list_spans(request: HttpRequest, query: Query[SpansQuery]) -> list[dict[str, Any]]:
    """Oldest first. Empty when there is no such trace in the project of the key: it may not have arrived yet."""
    project_id = caller(request).project_id
    rows = queries.trace_spans(project_id, query.trace_id)
    if query.span_id:
        rows = [row for row in rows if row.span_id == query.span_id]
    wanted = rows[query.offset : query.offset + query.limit]
    scores = queries.trace_scores(project_id, query.trace_id) if wanted else []
    return [_span(span, scores) for span in queries.whole_spans(project_id, query.trace_id, wanted)]


_CONVERTED = {
    "documents", "tool_calls", "attributes", "time_to_first_token_ms", "cost_nano", "input_length", "output_length",
}  # fmt: skip
_SPAN_COPIED = tuple(name for name in WholeSpan._fields if name not in _CONVERTED)


def _span(span: WholeSpan, scores: list[ScoreRow]) -> dict[str, Any]:
    calls, attributes = messages.parse(span.tool_calls), messages.parse(span.attributes)
    return {name: getattr(span, name) for name in _SPAN_COPIED} | {
        "time_to_first_token_ms": span.time_to_first_token_ms or None,
        "cost_usd": usd_text(span.cost_nano) if span.cost_source else None,
        "documents": _documents(span.documents),
        "tool_calls": calls if isinstance(calls, list) else [calls] if calls else [],
        "attributes": attributes if isinstance(attributes, dict) else {},
        "scores": [
            score._asdict() | {"id": score.score_id}
            for score in scores
            if score.span_id == span.span_id or (not score.span_id and not span.parent_id)
        ],
    }


def _documents(text: str) -> list[dict[str, Any]]:
    found = messages.parse(text)
    return [
        {
            "id": messages.as_text(item.get("id")),
            "score": item.get("score"),
            "content": item.get("content", ""),
            "metadata": item.get("metadata") or {},
        }
        for item in (found if isinstance(found, list) else [])
        if isinstance(item, dict)
    ]


class ItemErrorOut(Schema):
    index: int = Field(description="Place in the list that was sent, from 0.")
    field: str
    detail: str


class AcceptedOut(Schema):
    stored: int = Field(description="How many are new, and on disk.")
    repeated: int = Field(description="How many had been stored before.")
    rejected: int = Field(description="How many could not be taken; the others were.")
    errors: list[ItemErrorOut]


@router.post(
    "/spans",
    response={201: AcceptedOut},
    auth=ingest_auth,
    tags=["ingest"],
    summary="Send spans as plain JSON",
    openapi_extra=api_input.request_schema(SpanIn, "spans"),
)
def send_spans(request: HttpRequest) -> Status[dict[str, Any]]:
    """One span or a list. The same trace and span id is stored once within 15 minutes."""
    with _counted(request):
        batch = api_input.read(request, SpanIn, plural="spans")
        spans = [api_input.span_of(given, caller(request)) for given in batch.good]
        return _store_spans(request, spans, batch.refused)


@router.post(
    "/cost-events",
    response={201: AcceptedOut},
    auth=ingest_auth,
    tags=["ingest"],
    summary="Report spend that has no trace",
    openapi_extra=api_input.request_schema(CostEventIn, "events"),
)
def send_cost_events(request: HttpRequest) -> Status[dict[str, Any]]:
    """Each counts as one call of its model, in costs and budgets too."""
    with _counted(request):
        batch = api_input.read(request, CostEventIn, plural="events")
        spans = [api_input.cost_event_span(given, caller(request)) for given in batch.good]
        return _store_spans(request, spans, batch.refused)


def _accepted(request: HttpRequest, new: int, repeated: int, refused: list[Refused]) -> Status[dict[str, Any]]:
    sender, signal = Sender.of(caller(request)), _signal(request)
    tally.received(sender, signal, items=new + repeated)
    tally.refused(sender, signal, _each(refused))
    return Status(201, api_input.accepted(new, repeated, refused))


def _store_spans(request: HttpRequest, spans: list[Span], refused: list[Refused]) -> Status[dict[str, Any]]:
    try:
        stored = commit.store_spans(spans)
    except BadRows as error:
        raise Problem(422, f"body: the store refuses a value: {error}", field="body") from error
    return _accepted(request, stored.spans, stored.repeated, refused)


@router.post(
    "/scores",
    response={201: AcceptedOut},
    auth=ingest_auth,
    tags=["ingest"],
    summary="Send scores",
    openapi_extra=api_input.request_schema(ScoreIn, "scores"),
)
def send_scores(request: HttpRequest) -> Status[dict[str, Any]]:
    """One score or a list. True counts as 1, false as 0. Model, feature, user and time come from what is judged."""
    with _counted(request):
        batch = api_input.read(request, ScoreIn, plural="scores")
        scores = [api_input.score_of(given, caller(request)) for given in batch.good]
        subjects.complete(caller(request).project_id, scores)
        try:
            new = commit.store_scores(scores)
        except BadRows as error:
            raise Problem(422, f"body: the store refuses a value: {error}", field="body") from error
        return _accepted(request, new, len(scores) - new, batch.refused)


class ChangeIn(api_input.Strict):
    kind: Literal["deployment", "config", "prompt", "model", "other"] = "deployment"
    title: str = Field(min_length=1, max_length=200)
    at: Moment | None = Field(None, description="When it took effect; now when absent.")
    version: str = Field("", max_length=120, description="Release, commit or prompt version.")
    url: HttpUrl | Literal[""] = Field("", description="Where to read more.")
    by: str = Field("", max_length=120, description="Who or what made it; the key's name when empty.")


class ChangeOut(Schema):
    id: int
    kind: str
    title: str
    at: datetime
    version: str
    url: str
    by: str


class ChangesOut(Schema):
    changes: list[ChangeOut]


class ChangesQuery(RangeQuery):
    kind: str = ""
    limit: int = Field(100, ge=1, le=1000)


@router.post("/changes", response={201: ChangeOut}, auth=write_auth, tags=["changes"], summary="Report a change")
def report_change(request: HttpRequest, body: ChangeIn) -> Status[Change]:
    """A deployment or another change of the system, drawn on every chart and named in incidents."""
    who = caller(request)
    key = ApiKey.objects.filter(pk=who.key_id).first()
    change = Change.objects.create(
        project_id=who.project_id,
        kind=body.kind,
        title=body.title,
        at=body.at or datetime.now(UTC),
        version=body.version,
        url=str(body.url),
        by=body.by or (key.name if key else ""),
    )
    AuditEntry.objects.create(
        project_id=who.project_id,
        key=key,
        action="change.added",
        subject=str(change)[:200],
        detail={"id": change.pk},
    )
    return Status(201, change)


@router.get("/changes", response=ChangesOut, auth=read_auth, tags=["changes"], summary="List changes, newest first")
def list_changes(request: HttpRequest, query: Query[ChangesQuery]) -> dict[str, Any]:
    """The changes that took effect in the range."""
    if query.kind and query.kind not in Change.Kind.values:
        raise Problem(400, f"kind: {query.kind!r} is not one of {', '.join(Change.Kind.values)}", field="kind")
    span = requested_range(request)
    found = Change.objects.filter(project_id=caller(request).project_id, at__gte=span.start, at__lt=span.end)
    if query.kind:
        found = found.filter(kind=query.kind)
    return {"changes": list(found[: query.limit])}

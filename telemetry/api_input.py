"""What the REST API takes: JSON spans, scores and cost events, checked one by one so that the good ones are kept."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar

from django.http import HttpRequest
from ninja import Field, Schema
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    StrictBool,
    StrictFloat,
    StrictInt,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from accounts.keys import Caller
from core.money import to_nano
from core.problems import Problem
from core.timerange import BadRange, in_utc, parse_moment
from telemetry import errors, lenient_json, times
from telemetry.dialects.values import MAX_JSON_DEPTH, MAX_SIZE, MAX_WHOLE
from telemetry.messages import as_text
from telemetry.receive.body import BadEncoding, TooLarge, UnknownEncoding, decompress
from telemetry.span import ERROR_TYPES, LARGEST_SCORE, Document, Kind, Score, Span, Status

MAX_BODY_BYTES = 32 * 1024 * 1024
MAX_ITEMS = 10_000
#: Refused items that an answer names.
MAX_TOLD = 100
DIALECT = "rest"


def _relative(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str) and value.startswith("now"):
        try:
            return parse_moment(value, name="time", now=datetime.now(UTC))
        except BadRange as error:
            raise ValueError(str(error)) from None
    return value


def _plausible(value: datetime) -> datetime:
    moment = in_utc(value)
    if wrong := times.wrong(moment):
        raise ValueError(wrong)
    return moment


def _not_too_deep(value: Any) -> Any:  # noqa: ANN401
    if lenient_json.is_deeper(value, MAX_JSON_DEPTH):
        raise ValueError(f"is nested deeper than {MAX_JSON_DEPTH} levels")
    return value


Moment = Annotated[datetime, BeforeValidator(_relative), AfterValidator(_plausible)]
Content = Annotated[Any, AfterValidator(_not_too_deep)]
Attributes = Annotated[dict[str, Any], AfterValidator(_not_too_deep)]
Id = Annotated[str, Field(max_length=256)]
Word = Annotated[str, Field(max_length=500)]
Count = Annotated[int, Field(ge=0, le=MAX_WHOLE)]
Size = Annotated[int, Field(ge=0, le=MAX_SIZE)]
Milliseconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Dollars = Annotated[Decimal, Field(ge=0, le=1_000_000)]
_SCORE_BOUNDS = Field(ge=-LARGEST_SCORE, le=LARGEST_SCORE)
ScoreValue = StrictBool | Annotated[StrictInt, _SCORE_BOUNDS] | Annotated[StrictFloat, _SCORE_BOUNDS]


class Strict(Schema):
    """A misspelt name is told, not dropped."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class DocumentIn(Strict):
    id: Id = ""
    score: float | None = Field(None, allow_inf_nan=False)
    content: str = ""
    metadata: Attributes = Field({}, description="Source, page, chunk and the like.")


class SpanScoreIn(Strict):
    """A judgement that travels with its span."""

    name: Word = Field(min_length=1)
    value: ScoreValue
    label: Word = ""
    comment: str = ""
    source: Literal["client", "user", "evaluator", "judge"] = "client"
    evaluator: Word = ""
    id: Id = Field("", validation_alias=AliasChoices("id", "score_id"))


class ScoreIn(SpanScoreIn):
    """One judgement of a span, or of a whole trace."""

    trace_id: Id = Field(min_length=1)
    span_id: Id = Field("", description="Empty to judge the trace.")
    at: Moment | None = Field(None, description="When what is judged happened; taken from the span where it is known.")


class SpanIn(Strict):
    """One operation, under the names of the canonical span."""

    trace_id: Id = Field(min_length=1)
    span_id: Id = Field("", description="Made when empty; give one so that sending again does not count twice.")
    parent_id: Id = ""
    start_time: Moment | None = Field(None, description="ISO 8601, seconds since 1970, or `now-5m`; now when absent.")
    end_time: Moment | None = Field(None, description="In place of `duration_ms`.")
    duration_ms: Milliseconds | None = None
    time_to_first_token_ms: Milliseconds | None = None
    kind: Kind | None = Field(None, description="Told by the other fields when absent.")
    name: Word = ""
    provider: Word = ""
    model: Word = ""
    response_model: Word = ""
    response_id: Id = ""
    finish_reason: Word = ""
    service_tier: Word = ""
    input_tokens: Count = 0
    cached_tokens: Count = 0
    cache_write_tokens: Count = 0
    output_tokens: Count = 0
    reasoning_tokens: Count = 0
    cost_usd: Dollars | None = Field(None, description="Computed from the price book when absent.")
    status: Status | None = None
    error_type: Word = Field("", description=f"One of {', '.join(ERROR_TYPES)}; another word is translated to one.")
    error_original: Word = ""
    error_message: str = ""
    input: Content = Field("", description="Text, or JSON such as a list of messages.")
    output: Content = ""
    documents: list[DocumentIn] = Field([], max_length=500)
    tool_calls: Annotated[list[dict[str, Any]] | str, AfterValidator(_not_too_deep)] = ""
    tool_name: Word = ""
    embedding_count: Size = 0
    embedding_dimensions: Size = 0
    embedding_norm: float = Field(0.0, ge=0, allow_inf_nan=False)
    user_id: Id = ""
    session_id: Id = ""
    feature: Word = ""
    environment: Word = ""
    release: Word = ""
    prompt_name: Word = ""
    prompt_version: Word = ""
    experiment: Word = ""
    variant: Word = ""
    tags: list[Word] = Field([], max_length=100)
    service: Word = ""
    scope: Word = ""
    attributes: Attributes = {}
    counted: bool = Field(True, description="False for a second sight of a call that another span already counts.")
    scores: list[SpanScoreIn] = Field([], max_length=100)


class CostEventIn(Strict):
    """Spend without a trace: one call, or what a bill says of several things that have no spans."""

    id: Id = Field("", description="Give one so that sending again does not count twice.")
    at: Moment | None = Field(None, description="Now when absent.")
    kind: Literal["llm", "embedding"] = "llm"
    name: Word = "cost event"
    provider: Word = ""
    model: Word = ""
    input_tokens: Count = 0
    cached_tokens: Count = 0
    cache_write_tokens: Count = 0
    output_tokens: Count = 0
    reasoning_tokens: Count = 0
    cost_usd: Dollars | None = Field(
        None, validate_default=True, description="Computed from the price book when absent; then tokens are needed."
    )
    duration_ms: Milliseconds = 0
    user_id: Id = ""
    session_id: Id = ""
    feature: Word = ""
    environment: Word = ""
    release: Word = ""
    service: Word = ""
    attributes: Attributes = {}

    @field_validator("cost_usd")
    @classmethod
    def _says_something(cls, cost: Decimal | None, said: ValidationInfo) -> Decimal | None:
        if cost is None and not (said.data.get("input_tokens") or said.data.get("output_tokens")):
            raise ValueError("needed where there are no tokens to compute it from")
        return cost


class Refused(NamedTuple):
    """One item that was not taken."""

    index: int
    field: str
    detail: str


class NothingGood(Problem):
    """No item can be taken, each for its own reason."""

    def __init__(self, refused: Sequence[Refused], *, is_list: bool) -> None:
        first = refused[0]
        place = f"{first.index}.{first.field}".rstrip(".") if is_list else first.field
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        super().__init__(422, f"{place or 'body'}: {first.detail}{more}", field=place or "body", errors=told(refused))
        self.refused = refused


Item = TypeVar("Item", bound=Schema)


class Batch(NamedTuple, Generic[Item]):
    good: list[Item]
    refused: list[Refused]


def read(request: HttpRequest, item_type: type[Item], *, plural: str) -> Batch[Item]:
    """The items of a body: one object, a list of them, or ``{plural: [...]}``.

    Raises Problem when the body is none of these, or no item of it can be taken.
    """
    items, is_list = _items(_json(request), plural)
    good: list[Item] = []
    refused: list[Refused] = []
    for index, item in enumerate(items):
        try:
            good.append(item_type.model_validate(item))
        except ValidationError as error:
            refused.append(_refusal(index, error))
    if refused and not good:
        raise NothingGood(refused, is_list=is_list)
    return Batch(good, refused)


def _json(request: HttpRequest) -> Any:  # noqa: ANN401
    # Django's own limit for a body in memory is that of forms.
    raw = request.read(MAX_BODY_BYTES + 1)
    encoding = request.headers.get("Content-Encoding", "")
    try:
        if len(raw) > MAX_BODY_BYTES:
            raise TooLarge
        return lenient_json.loads(decompress(raw, encoding, limit=MAX_BODY_BYTES), nan=False)
    except TooLarge:
        raise Problem(
            413, f"body: larger than {MAX_BODY_BYTES // 1024**2} MiB; send less at once", field="body"
        ) from None
    except UnknownEncoding as error:
        raise Problem(415, f"content-encoding: {error}", field="content-encoding") from None
    except BadEncoding as error:
        raise Problem(400, f"body: {error}", field="body") from None
    except lenient_json.BadJson as error:
        raise Problem(400, f"body: no JSON: {error}", field="body") from None


def _items(body: Any, plural: str) -> tuple[list[Any], bool]:  # noqa: ANN401
    if isinstance(body, dict) and list(body) == [plural]:
        body = body[plural]
    if isinstance(body, dict):
        return [body], False
    if not isinstance(body, list) or not body:
        raise Problem(422, "body: neither an object nor a list of them", field="body")
    if len(body) > MAX_ITEMS:
        raise Problem(413, f"body: more than {MAX_ITEMS} items; send less at once", field="body")
    return body, True


def _refusal(index: int, error: ValidationError) -> Refused:
    first = error.errors(include_url=False, include_input=False)[0]
    # The names of a union's members say nothing to a sender.
    place = [str(part) for part in first["loc"] if not str(part).startswith(("bool", "int", "float", "constrained"))]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] in ("bool_type", "int_type", "float_type") and "value" in place:
        message = "must be a number, true or false"
    return Refused(index, ".".join(place), message)


def span_of(given: SpanIn, caller: Caller) -> Span:
    start, duration_ms = _timing(given.start_time, given.end_time, given.duration_ms)
    kind = given.kind or _kind(given)
    error_type, original = _error(given, kind)
    status: Status = given.status or ("error" if error_type or given.error_message else "ok")
    span = Span(
        project_id=caller.project_id,
        key_id=caller.key_id,
        client=caller.client,
        dialect=DIALECT,
        span_id=given.span_id or uuid.uuid4().hex[:16],
        start_time=start,
        duration_ms=duration_ms,
        kind=kind,
        cost_nano=to_nano(given.cost_usd) if given.cost_usd is not None else 0,
        cost_source="reported" if given.cost_usd is not None else "",
        status=status,
        error_type=(error_type or "other") if status == "error" else "",
        error_original=original,
        input=as_text(given.input),
        output=as_text(given.output),
        documents=[_document(document) for document in given.documents],
        tool_calls=as_text(given.tool_calls or ""),
        scores=[_score(score) for score in given.scores],
        **{name: getattr(given, name) for name in _COPIED},
    )
    _settle_tokens(span)
    return span


_COPIED = (
    "trace_id", "parent_id", "time_to_first_token_ms", "name", "provider", "model", "response_model", "response_id",
    "finish_reason", "service_tier", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens",
    "reasoning_tokens", "error_message", "tool_name", "embedding_count", "embedding_dimensions", "embedding_norm",
    "user_id", "session_id", "feature", "environment", "release", "prompt_name", "prompt_version", "experiment",
    "variant", "tags", "service", "scope", "attributes", "counted",
)  # fmt: skip


def _settle_tokens(span: Span) -> None:
    """As for every dialect: input includes what was cached, output includes reasoning."""
    if span.cached_tokens + span.cache_write_tokens > span.input_tokens:
        span.input_tokens += span.cached_tokens + span.cache_write_tokens
    if span.reasoning_tokens > span.output_tokens:
        span.output_tokens += span.reasoning_tokens


def _timing(start: datetime | None, end: datetime | None, duration_ms: float | None) -> tuple[datetime, float]:
    if duration_ms is None:
        duration_ms = max(0.0, (end - start) / timedelta(milliseconds=1)) if start and end else 0.0
    return start or (end or datetime.now(UTC)) - timedelta(milliseconds=duration_ms), duration_ms


def _kind(given: SpanIn) -> Kind:
    if given.embedding_count or given.embedding_dimensions:
        return "embedding"
    if given.model or given.input_tokens or given.output_tokens:
        return "llm"
    if given.documents:
        return "retrieval"
    return "tool" if given.tool_name else "other"


def _error(given: SpanIn, kind: Kind) -> tuple[str, str]:
    """The normalised type, and what the sender called it."""
    original = given.error_original or given.error_type
    if given.error_type in ERROR_TYPES:
        return given.error_type, given.error_original
    if not original and not given.error_message and given.status != "error":
        return "", ""
    return errors.normalise(original, message=given.error_message, kind=kind), original


def _document(given: DocumentIn) -> Document:
    document = Document(id=given.id, content=given.content)
    if given.score is not None:
        document["score"] = given.score
    if given.metadata:
        document["metadata"] = given.metadata
    return document


def _score(given: SpanScoreIn) -> Score:
    return Score(
        name=given.name,
        value=float(given.value),
        score_id=given.id,
        source=given.source,
        label=given.label,
        comment=given.comment,
        evaluator=given.evaluator,
    )


def score_of(given: ScoreIn, caller: Caller) -> Score:
    score = _score(given)
    score.project_id = caller.project_id
    score.trace_id = given.trace_id
    score.span_id = given.span_id
    score.occurred_at = given.at
    return score


def cost_event_span(given: CostEventIn, caller: Caller) -> Span:
    """A span that stands alone; the same ``id`` makes the same one."""
    own_id = given.id or uuid.uuid4().hex
    span = Span(
        project_id=caller.project_id,
        key_id=caller.key_id,
        client=caller.client,
        dialect=DIALECT,
        trace_id=own_id,
        span_id=own_id,
        start_time=given.at or datetime.now(UTC),
        duration_ms=given.duration_ms,
        kind=given.kind,
        cost_nano=to_nano(given.cost_usd) if given.cost_usd is not None else 0,
        cost_source="reported" if given.cost_usd is not None else "",
        **{name: getattr(given, name) for name in _COST_COPIED},
    )
    _settle_tokens(span)
    return span


_COST_COPIED = (
    "name", "provider", "model", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens",
    "reasoning_tokens", "user_id", "session_id", "feature",
    "environment", "release", "service", "attributes",
)  # fmt: skip


def request_schema(item_type: type[Schema], plural: str) -> dict[str, Any]:
    """The OpenAPI description of a body that ``read`` takes."""
    schema = item_type.model_json_schema(ref_template=f"#/components/schemas/{item_type.__name__}_{{model}}")
    # Definitions are written out, for a body described by hand has no components of its own.
    definitions = schema.pop("$defs", {})
    prefix = f"#/components/schemas/{item_type.__name__}_"
    schema = _written_out(schema, definitions, prefix)
    many = {"type": "array", "items": schema, "maxItems": MAX_ITEMS}
    content = {"application/json": {"schema": {"anyOf": [schema, many], "title": f"{item_type.__name__} or a list"}}}
    return {"requestBody": {"required": True, "description": f"One or a list ({plural}).", "content": content}}


def _written_out(value: Any, definitions: dict[str, Any], prefix: str) -> Any:  # noqa: ANN401
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            return _written_out(definitions[reference.removeprefix(prefix)], definitions, prefix)
        return {key: _written_out(inner, definitions, prefix) for key, inner in value.items()}
    if isinstance(value, list):
        return [_written_out(inner, definitions, prefix) for inner in value]
    return value


def told(refused: Sequence[Refused]) -> list[dict[str, Any]]:
    """The first of what was not taken, for an answer."""
    return [one._asdict() for one in refused[:MAX_TOLD]]


def accepted(new: int, repeated: int, refused: Sequence[Refused]) -> dict[str, Any]:
    """The answer to what was taken."""
    return {
        "stored": new,
        "repeated": repeated,
        "rejected": len(refused),
        "errors": told(refused),
    }

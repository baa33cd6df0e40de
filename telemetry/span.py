"""The canonical span: one record for every operation of an AI system, whatever dialect its sender speaks.

Field names follow OpenTelemetry's GenAI conventions where those have a name for the thing.
The columns of the ``spans`` table carry the same names (see ``schema/``), and so does ``GET /api/v1/spans``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Literal, TypedDict

Kind = Literal["llm", "embedding", "retrieval", "rerank", "tool", "agent", "chain", "guardrail", "evaluator", "other"]
KINDS: tuple[Kind, ...] = (
    "llm", "embedding", "retrieval", "rerank", "tool", "agent", "chain", "guardrail", "evaluator", "other",
)  # fmt: skip

#: The only kinds that carry tokens and cost; "calls" in every figure means spans of these kinds.
CALL_KINDS: frozenset[str] = frozenset({"llm", "embedding"})

#: The kinds that do work themselves. Chains and agents only repeat the failure of what they contain.
OPERATION_KINDS: frozenset[str] = CALL_KINDS | {"retrieval", "rerank", "tool", "guardrail"}

Status = Literal["ok", "error", "unfinished"]

#: Beyond this a score is no judgement, and sums of its square fit no float.
LARGEST_SCORE = 1e15

ERROR_TYPES: tuple[str, ...] = (
    "timeout", "rate_limit", "auth", "context_length", "content_filter",
    "provider_5xx", "invalid_request", "tool_error", "quality", "other",
)  # fmt: skip


class Document(TypedDict, total=False):
    """One retrieved document. ``score`` is the retriever's own relevance figure, higher is better."""

    id: str
    score: float
    content: str
    #: Whatever else is said of it: source, page, chunk, …
    metadata: dict[str, Any]


@dataclass(slots=True)
class Score:
    """One judgement of a span or trace: by a client, a person, an offline evaluator or a judge model."""

    name: str
    value: float
    #: 32 hex digits, or the sender's own id where it has no such form.
    trace_id: str = ""
    span_id: str = ""
    #: Idempotence key; the same id is stored once.
    score_id: str = ""
    #: ``client`` | ``user`` | ``evaluator`` | ``judge``
    source: str = "client"
    label: str = ""
    comment: str = ""
    #: Name and version of what judged, for example ``groundedness/1``.
    evaluator: str = ""
    project_id: int = 0
    #: When the judged answer was given (the span's start), so that trends follow the traffic.
    occurred_at: datetime | None = None
    model: str = ""
    feature: str = ""
    topic: str = ""
    user_id: str = ""
    environment: str = ""
    release: str = ""
    prompt_name: str = ""
    prompt_version: str = ""
    variant: str = ""


@dataclass(slots=True)
class Span:
    """One operation. Times are UTC; ``*_ms`` are milliseconds; money is whole nano-dollars."""

    project_id: int
    #: 32 lower-case hex digits for OTLP; other dialects keep their own id (UUID, free text).
    trace_id: str
    span_id: str
    #: Empty for a root.
    parent_id: str = ""
    start_time: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    duration_ms: float = 0.0
    time_to_first_token_ms: float | None = None

    kind: Kind = "other"
    name: str = ""
    provider: str = ""
    #: Asked for, else served: figures group by this one.
    model: str = ""
    #: Served: prices are looked up by this one when it is known.
    response_model: str = ""
    response_id: str = ""
    finish_reason: str = ""
    service_tier: str = ""

    #: Includes cached and cache-write tokens.
    input_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    #: Includes reasoning tokens.
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nano: int = 0
    #: ``reported`` | ``override`` | ``price_book`` | ``""`` when the cost is not known (never "free").
    cost_source: str = ""

    status: Status = "ok"
    #: One of ``ERROR_TYPES`` when status is ``error``.
    error_type: str = ""
    #: What the sender called it.
    error_original: str = ""
    error_message: str = ""

    #: Text as the sender gave it: plain, or JSON (GenAI messages).
    input: str = ""
    output: str = ""
    documents: list[Document] = field(default_factory=list)
    #: JSON list of ``{"id", "name", "arguments"}`` that the model asked for.
    tool_calls: str = ""
    tool_name: str = ""

    embedding_count: int = 0
    embedding_dimensions: int = 0
    embedding_norm: float = 0.0
    #: A fixed random projection of the mean vector; the vector itself is never kept.
    embedding_projection: list[float] = field(default_factory=list)

    user_id: str = ""
    session_id: str = ""
    feature: str = ""
    environment: str = ""
    release: str = ""
    prompt_name: str = ""
    prompt_version: str = ""
    experiment: str = ""
    variant: str = ""
    tags: list[str] = field(default_factory=list)

    #: ``service.name`` of the sender.
    service: str = ""
    #: Instrumentation scope, ``name/version``.
    scope: str = ""
    #: The dialect whose table translated this span.
    dialect: str = ""
    #: What the program that sent it calls itself (``User-Agent``).
    client: str = ""
    #: Every attribute that no table understood, with its JSON type.
    attributes: dict[str, Any] = field(default_factory=dict)

    #: False for a second sight of a call that another span already bills (gateway and SDK, raw child).
    counted: bool = True
    #: True when the sample for offline evaluation holds this span.
    sampled: bool = False
    #: Primary key of the API key that brought it, 0 for none.
    key_id: int = 0

    #: Judgements that travelled with the span; stored in ``scores``, not in ``spans``.
    scores: list[Score] = field(default_factory=list)

    @property
    def is_call(self) -> bool:
        return self.counted and self.kind in CALL_KINDS


#: The dataclass's fields that are columns of ``spans``, in order.
COLUMNS: tuple[str, ...] = tuple(f.name for f in fields(Span) if f.name != "scores")

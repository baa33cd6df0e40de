"""A span in the making: the best value found so far for each field, and how good its source was."""

from __future__ import annotations

from typing import Any

from telemetry.span import COLUMNS, Document, Score

#: Facts that are no column themselves but decide one, see ``settle``.
FACTS: tuple[str, ...] = (
    "total_tokens", "request_type", "system", "query", "embedding_model", "model_name", "top_score", "own_name",
    "status_code", "failed", "error_name", "exception_type", "exception_message",
    "first_token_ns", "first_token_if_streaming_ms", "streaming", "stated_latency_ms", "hybrid", "otel_only",
    "made_up_parent",
)  # fmt: skip
#: The last one is nobody's: what no table understood is looked up there and always found better.
FIELDS: tuple[str, ...] = (*COLUMNS, *FACTS, "")
SLOT: dict[str, int] = {name: slot for slot, name in enumerate(FIELDS)}

#: The rank of a field that nobody has filled.
NOBODY = 1_000_000


class Heard:
    """What span events have said so far, to be put together when all are heard."""

    __slots__ = ("more", "retrieved", "spoken")

    def __init__(self) -> None:
        #: Attributes of events that describe the span itself, still to be translated.
        self.more: list[Any] = []
        #: Documents, one by one.
        self.retrieved: list[Document] = []
        #: Messages by side, each with its time in nanoseconds.
        self.spoken: dict[str, list[tuple[int, dict[str, Any]]]] = {}


class Draft:
    """Values and ranks lie in lists by ``SLOT``: the way of a span is hot, and lists are the fastest there is."""

    __slots__ = ("heard", "ranks", "rest", "scores", "start_ns", "values")

    heard: Heard

    def __init__(self, values: list[Any], ranks: list[int], rest: dict[str, Any], start_ns: int) -> None:
        self.values = values
        self.ranks = ranks
        #: Attributes that no table understood.
        self.rest = rest
        self.start_ns = start_ns
        self.scores: list[Score] = []

    def offer(self, field: str, value: Any, rank: int) -> None:
        """Take the value if it is not empty and its source is better than the one before."""
        slot = SLOT[field]
        if value and rank < self.ranks[slot]:
            self.values[slot] = value
            self.ranks[slot] = rank

    def has(self, field: str) -> bool:
        return self.ranks[SLOT[field]] < NOBODY

    def get(self, field: str) -> Any:
        return self.values[SLOT[field]]

    def ms_since_start(self, time_ns: int) -> float:
        return max(0.0, (time_ns - self.start_ns) / 1e6)

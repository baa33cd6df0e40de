"""Realistic traffic for the benchmarks: RAG traces of four spans, built before the clock starts.

chain (root) → embedding, retrieval with five documents, and a model call with a 2 KB prompt and a 1 KB answer.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

SPANS_PER_TRACE = 4
MODELS = (
    ("gpt-4o-mini", "openai"),
    ("gpt-4o", "openai"),
    ("gpt-4.1-mini", "openai"),
    ("claude-3-5-haiku-20241022", "anthropic"),
    ("gemini-2.0-flash", "gcp.gemini"),
)
FEATURES = ("search", "support", "summary", "checkout", "onboarding", "report")
WORDS = [
    "order", "parcel", "refund", "window", "invoice", "contract", "policy", "customer", "region", "shipment",
    "warranty", "forecast", "section", "account", "balance", "transfer", "limit", "schedule", "ticket", "credit",
    "approval", "payment", "because", "however", "before", "after", "between", "without",
]  # fmt: skip
MS = 1_000_000


class Workload:
    """Bodies of export requests; every id differs and follows from the seed."""

    def __init__(self, *, seed: int = 1, hours: float = 24.0) -> None:
        self.random = random.Random(seed)
        self.hours = hours
        self.answers = [self._text(1000) for _ in range(64)]
        self.prompts = [self._text(2000) for _ in range(64)]
        self.documents = [
            json.dumps(
                [
                    {
                        "id": f"doc-{self.random.randrange(10**5)}",
                        "score": 0.9 - 0.07 * rank,
                        "content": self._text(300),
                    }
                    for rank in range(5)
                ]
            )
            for _ in range(64)
        ]

    def _text(self, length: int) -> str:
        words: list[str] = []
        while sum(map(len, words)) + len(words) < length:
            words.append(self.random.choice(WORDS))
        return " ".join(words)[:length]

    def bodies(self, spans: int, *, spans_per_request: int = 48) -> Iterator[bytes]:
        """Serialised requests with this many spans in all (rounded down to whole requests)."""
        now = time.time_ns()
        for _ in range(spans // spans_per_request):
            request = ExportTraceServiceRequest()
            resource = request.resource_spans.add()
            self._set(resource.resource.attributes, {"service.name": "bench", "service.version": "1.0"})
            scope = resource.scope_spans.add()
            scope.scope.name = "bench"
            for _ in range(spans_per_request // SPANS_PER_TRACE):
                self._trace(scope.spans, now - 10_000 * MS - int(self.random.random() * self.hours * 3600e9))
            yield request.SerializeToString()

    def _set(self, target: object, attributes: dict[str, str | int | float]) -> None:
        for name, value in attributes.items():
            item = target.add()  # type: ignore[attr-defined]
            item.key = name
            if isinstance(value, str):
                item.value.string_value = value
            elif isinstance(value, int):
                item.value.int_value = value
            else:
                item.value.double_value = value

    def _trace(self, spans: ResourceSpans, began: int) -> None:
        chance = self.random
        trace_id = chance.randbytes(16)
        ids = [chance.randbytes(8) for _ in range(SPANS_PER_TRACE)]
        model, provider = chance.choice(MODELS)
        pick = chance.randrange(64)
        failed = chance.random() < 0.02
        common = {
            "user.id": f"user-{chance.randrange(500)}",
            "session.id": f"session-{chance.randrange(20_000)}",
            "ai.feature": chance.choice(FEATURES),
        }
        question = self.prompts[pick][:160]
        embed, search, chat = chance.randint(20, 90), chance.randint(15, 200), chance.randint(400, 6000)
        parts = (
            ("answer", 0, embed + search + chat + 12, {
                "gen_ai.operation.name": "invoke_workflow", "input.value": question, "output.value": self.answers[pick],
            }),
            ("embeddings text-embedding-3-small", 2, embed, {
                "gen_ai.operation.name": "embeddings", "gen_ai.provider.name": "openai",
                "gen_ai.request.model": "text-embedding-3-small", "gen_ai.usage.input_tokens": 38,
            }),
            ("retrieval kb", 4 + embed, search, {
                "gen_ai.operation.name": "retrieval", "gen_ai.retrieval.query.text": question,
                "gen_ai.retrieval.documents": self.documents[pick],
            }),
            (f"chat {model}", 8 + embed + search, chat, {
                "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model,
                "gen_ai.response.model": model, "gen_ai.usage.input_tokens": chance.randint(450, 620),
                "gen_ai.usage.output_tokens": chance.randint(180, 320),
                "gen_ai.input.messages": json.dumps(
                    [{"role": "user", "parts": [{"type": "text", "content": self.prompts[pick]}]}]
                ),
                "gen_ai.output.messages": json.dumps(
                    [{"role": "assistant", "parts": [{"type": "text", "content": self.answers[pick]}]}]
                ),
            }),
        )  # fmt: skip
        for index, (name, offset, duration, attributes) in enumerate(parts):
            span: Span = spans.add()  # type: ignore[attr-defined]
            span.trace_id, span.span_id, span.name = trace_id, ids[index], name
            if index:
                span.parent_span_id = ids[0]
            span.start_time_unix_nano = began + offset * MS
            span.end_time_unix_nano = began + (offset + duration) * MS
            if failed and index in (0, 3):
                span.status.code, span.status.message = Status.STATUS_CODE_ERROR, "429 Too Many Requests"
            self._set(span.attributes, {**common, **attributes})

"""Names that teams write by hand: ``llm.*``, ``retrieval.*``, ``embedding.*``, ``ai.*``."""

from __future__ import annotations

from telemetry.dialects import scores
from telemetry.dialects.documents import documents
from telemetry.dialects.embeddings import projection
from telemetry.dialects.table import Dialect, Group
from telemetry.dialects.values import first_text, milliseconds, number, texts

DIMENSIONS = ("overall", "correctness", "relevance", "helpfulness", "safety", "groundedness")

PLAIN = Dialect(
    name="plain",
    fields={
        "kind": ["ai.kind", "ai.operation", "ai.span.kind"],
        "provider": ["ai.provider"],
        "model": ["llm.model", "ai.model"],
        "response_model": ["ai.response.model"],
        "response_id": ["llm.response_id", "ai.response.id"],
        "finish_reason": [("llm.finish_reasons", first_text), ("ai.finish_reason", first_text)],
        "input_tokens": [
            "llm.tokens.input", "ai.tokens.input", "llm.input_tokens", "ai.input_tokens", "llm.tokens.prompt",
            "ai.tokens.prompt", "llm.prompt_tokens", "llm.usage.prompt_tokens", "embedding.tokens",
        ],
        "output_tokens": [
            "llm.tokens.output", "ai.tokens.output", "llm.output_tokens", "ai.output_tokens", "llm.tokens.completion",
            "ai.tokens.completion", "llm.completion_tokens", "llm.usage.completion_tokens",
        ],
        "total_tokens": ["ai.tokens.total", "llm.tokens.total", "llm.total_tokens", "ai.tokens"],
        "cached_tokens": ["ai.tokens.cached", "llm.tokens.cached"],
        "cache_write_tokens": ["ai.tokens.cache_write", "llm.tokens.cache_write"],
        "reasoning_tokens": ["ai.tokens.reasoning", "llm.tokens.reasoning"],
        "cost_nano": ["llm.cost_usd", "ai.cost_usd", "llm.cost", "ai.cost"],
        "time_to_first_token_ms": [
            ("llm.time_to_first_token_ms", milliseconds), ("ai.time_to_first_token_ms", milliseconds),
            ("llm.ttft_ms", milliseconds),
        ],
        "stated_latency_ms": [
            "llm.latency_ms", "operation.latency_ms", "ai.latency_ms", "retrieval.latency_ms", "embedding.latency_ms",
        ],
        "input": ["llm.prompt", "ai.input", "ai.prompt", "llm.input"],
        "output": ["llm.completion", "llm.response", "ai.output", "ai.response", "llm.output"],
        "system": ["llm.system_prompt"],
        "query": ["retrieval.query", "ai.retrieval.query"],
        "documents": [("retrieval.documents", documents), ("ai.documents", documents)],
        "top_score": ["retrieval.top_score"],
        "embedding_model": ["embedding.model"],
        "embedding_count": ["embedding.num_inputs", "embedding.count"],
        "embedding_dimensions": ["embedding.dimensions", "embedding.dimension"],
        "embedding_norm": [("embedding.norm", number)],
        "embedding_projection": [("embedding.projection", projection)],
        "tool_name": ["ai.tool.name", "tool_name"],
        "tool_calls": ["ai.tool_calls", "llm.tool_calls"],
        "user_id": ["ai.user_id", "ai.user.id", "user_id"],
        "session_id": ["ai.session_id", "ai.session.id", "session_id"],
        "feature": ["ai.feature", "llm.feature"],
        "environment": ["ai.environment"],
        "release": ["ai.release"],
        "prompt_name": ["ai.prompt.name", "llm.prompt_name"],
        "prompt_version": ["ai.prompt.version", "llm.prompt_version", "prompt_version"],
        "experiment": ["ai.experiment"],
        "variant": ["ai.variant", "ai.experiment.variant"],
        "tags": [("ai.tags", texts)],
        "error_name": ["ai.error.type", "llm.error_type"],
    },
    groups=[
        Group(
            {
                "ai.quality_score": "overall",
                **{f"ai.{word}.{name}": name for word in ("quality", "score") for name in DIMENSIONS},
            },
            scores.named,
        ),
    ],
    kept=["retrieval.index", "retrieval.num_results"],
)  # fmt: skip

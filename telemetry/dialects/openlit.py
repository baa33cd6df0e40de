"""OpenLIT: the GenAI conventions and a few names of its own."""

from __future__ import annotations

from telemetry.dialects import scores
from telemetry.dialects.table import Dialect, Group
from telemetry.dialects.values import seconds_as_ms

OPENLIT = Dialect(
    name="openlit",
    fields={
        "total_tokens": ["gen_ai.client.token.usage"],
        "cost_nano": ["gen_ai.usage.cost", "gen_ai.token.cost.total"],
        # Without streaming it is the duration of the whole call.
        "first_token_if_streaming_ms": [("gen_ai.server.time_to_first_token", seconds_as_ms)],
        "streaming": ["gen_ai.request.stream", "gen_ai.request.is_stream"],
        "input": ["gen_ai.tool.args"],
        "query": ["gen_ai.retrieval.query"],
    },
    groups=[
        Group(
            {
                f"gen_ai.eval.{name}": name
                for name in (
                    "groundedness", "context_relevancy", "answer_relevancy", "correctness", "relevance", "helpfulness",
                    "safety", "hallucination", "bias", "toxicity", "overall",
                )
            },
            scores.named,
        ),
    ],
    kept=[
        "gen_ai.sdk.version", "gen_ai.server.time_per_output_token", "gen_ai.token.cost.", "gen_ai.retrieval.source",
        "gen_ai.retrieval.document_count", "openlit.agent.version_hash", "function.args", "function.kwargs",
    ],
)  # fmt: skip

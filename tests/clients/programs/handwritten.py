"""Spans written by hand in the words of the GenAI conventions: a question, documents, a model, a tool."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry import trace

MESSAGES = {
    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "You answer briefly."}]),
    "gen_ai.input.messages": json.dumps(
        [{"role": "user", "parts": [{"type": "text", "content": "What colour is the sky?"}]}]
    ),
    "gen_ai.output.messages": json.dumps(
        [
            {
                "role": "assistant",
                "parts": [
                    {"type": "text", "content": "The sky is blue."},
                    {"type": "tool_call", "id": "call_1", "name": "get_weather", "arguments": {"city": "Springfield"}},
                ],
                "finish_reason": "tool_call",
            }
        ]
    ),
}
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.response.finish_reasons": ["tool_call"],
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.cache_read.input_tokens": 64,
    "gen_ai.usage.cache_write.input_tokens": 5,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.usage.reasoning.output_tokens": 10,
    "gen_ai.response.time_to_first_chunk": 0.12,
    "gen_ai.prompt.name": "greet",
    "gen_ai.prompt.version": "3",
}
RETRIEVAL = {
    "gen_ai.operation.name": "retrieval",
    "gen_ai.data_source.id": "handbook",
    "gen_ai.retrieval.query.text": "colour of the sky",
    "gen_ai.retrieval.documents": json.dumps([{"id": "doc-1", "score": 0.91, "content": "The sky is blue."}]),
}
TOOL = {
    "gen_ai.operation.name": "execute_tool",
    "gen_ai.tool.name": "get_weather",
    "gen_ai.tool.call.arguments": json.dumps({"city": "Springfield"}),
    "gen_ai.tool.call.result": json.dumps({"sky": "blue"}),
}
EMBEDDINGS = {
    "gen_ai.operation.name": "embeddings",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "text-embedding-3-small",
    "gen_ai.usage.input_tokens": 8,
    "gen_ai.embeddings.dimension.count": 3,
}
REFUSED = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "fail-model",
    "error.type": "RateLimitError",
}
JUDGED = {
    "gen_ai.evaluation.name": "tone",
    "gen_ai.evaluation.score.value": 0.75,
    "gen_ai.evaluation.score.label": "friendly",
    "gen_ai.evaluation.explanation": "Short and clear.",
}
WHO = {"user.id": "user-1", "gen_ai.conversation.id": "session-1", "feature": "search"}


def run(tracer: trace.Tracer, tell: Callable[[str, Mapping[str, Any]], None] | None = None) -> None:
    """With ``tell``, what was said is told as an event of its span, and is on no span."""
    with tracer.start_as_current_span("answer", attributes=WHO):
        for name, attributes in (
            ("embeddings text-embedding-3-small", EMBEDDINGS),
            ("retrieval handbook", RETRIEVAL),
            ("chat gpt-4o-mini", CHAT | WHO if tell else CHAT | MESSAGES | WHO),
            ("execute_tool get_weather", TOOL),
        ):
            with tracer.start_as_current_span(name, attributes=attributes):
                if tell and name.startswith("chat"):
                    said = {key: json.loads(value) for key, value in MESSAGES.items()}
                    tell("gen_ai.client.inference.operation.details", CHAT | said)
                    tell("gen_ai.evaluation.result", JUDGED)
        with tracer.start_as_current_span("chat fail-model", attributes=REFUSED) as span:
            span.set_status(trace.StatusCode.ERROR, "Rate limit reached for requests")

"""OpenTelemetry's GenAI conventions: the current names, the older ones, and those on their way."""

from __future__ import annotations

from telemetry.dialects import events, messages, scores
from telemetry.dialects.documents import documents
from telemetry.dialects.table import Dialect, Group
from telemetry.dialects.values import first_text, seconds_as_ms

GENAI = Dialect(
    name="genai",
    fields={
        "kind": ["gen_ai.operation.name"],
        "provider": ["gen_ai.provider.name", "gen_ai.system"],
        "model": ["gen_ai.request.model"],
        "response_model": ["gen_ai.response.model"],
        "response_id": ["gen_ai.response.id"],
        "finish_reason": [("gen_ai.response.finish_reasons", first_text), "gen_ai.response.finish_reason"],
        "service_tier": [
            "openai.response.service_tier",
            "gen_ai.openai.response.service_tier",
            "gen_ai.response.service_tier",
            "openai.request.service_tier",
            "gen_ai.openai.request.service_tier",
        ],
        "input_tokens": ["gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"],
        "output_tokens": ["gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"],
        "total_tokens": ["gen_ai.usage.total_tokens"],
        "cached_tokens": ["gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"],
        "cache_write_tokens": [
            "gen_ai.usage.cache_write.input_tokens",
            "gen_ai.usage.cache_creation.input_tokens",
            "gen_ai.usage.cache_creation_input_tokens",
        ],
        "reasoning_tokens": ["gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"],
        "time_to_first_token_ms": [("gen_ai.response.time_to_first_chunk", seconds_as_ms)],
        "system": ["gen_ai.system_instructions"],
        "input": [
            "gen_ai.input.messages",
            "gen_ai.tool.call.arguments",
            "gen_ai.retrieval.query.text",
            "gen_ai.prompt",
        ],
        "output": ["gen_ai.output.messages", "gen_ai.tool.call.result", "gen_ai.completion"],
        "documents": [("gen_ai.retrieval.documents", documents)],
        "tool_name": ["gen_ai.tool.name"],
        "embedding_dimensions": ["gen_ai.embeddings.dimension.count"],
        "session_id": ["gen_ai.conversation.id"],
        "user_id": ["gen_ai.user", "gen_ai.request.user"],
        "feature": ["gen_ai.feature"],
        "prompt_name": ["gen_ai.prompt.name"],
        "prompt_version": ["gen_ai.prompt.version"],
    },
    groups=[
        # The span event became a log record, and some senders write it straight onto the span.
        Group(
            {
                "gen_ai.evaluation.name": "name",
                "gen_ai.evaluation.score.value": "value",
                "gen_ai.evaluation.score.label": "label",
                "gen_ai.evaluation.explanation": "comment",
            },
            scores.single,
        ),
    ],
    events={
        "gen_ai.evaluation.result": events.evaluation,
        "gen_ai.client.operation.exception": events.exception,
        "gen_ai.client.inference.operation.details": events.operation_details,
        "gen_ai.system.message": messages.event("input", "system"),
        "gen_ai.user.message": messages.event("input", "user"),
        "gen_ai.assistant.message": messages.event("input", "assistant"),
        "gen_ai.tool.message": messages.event("input", "tool"),
        "gen_ai.choice": messages.event("output", "assistant"),
        "gen_ai.content.prompt": events.attribute("gen_ai.prompt", "input"),
        "gen_ai.content.completion": events.attribute("gen_ai.completion", "output"),
    },
    kept=[
        *(
            f"gen_ai.request.{name}"
            for name in (
                "temperature", "top_p", "top_k", "max_tokens", "seed", "stop_sequences", "frequency_penalty",
                "presence_penalty", "choice.count", "encoding_formats", "stream", "reasoning.level", "reasoning_effort",
                "previous_response.id",
            )
        ),
        *(f"gen_ai.agent.{name}" for name in ("id", "name", "description", "version")),
        *(f"gen_ai.tool.{name}" for name in ("type", "description", "definitions", "call.id")),
        *(f"gen_ai.usage.{modality}." for modality in ("text", "image", "audio")),
        *(f"{name}.system_fingerprint" for name in ("openai.response", "gen_ai.openai.response", "gen_ai.response")),
        "gen_ai.output.type",
        "gen_ai.workflow.name",
        "gen_ai.data_source.id",
        "gen_ai.retrieval.top_k",
        "gen_ai.prompt.variable.",
        "openai.api.type",
    ],
)  # fmt: skip

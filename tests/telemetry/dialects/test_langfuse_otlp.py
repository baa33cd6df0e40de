"""Langfuse's SDKs of majors 3 and later, which send OTLP."""

import json

import pytest

from tests.telemetry.dialects.builders import Case, body, check, decode, proto_span, translated

LANGFUSE: list[Case] = [
    (
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.model.name": "gpt-4o-mini",
            "langfuse.observation.input": '[{"role": "user", "content": "sky?"}]',
            "langfuse.observation.output": "blue",
            "langfuse.observation.usage_details": '{"input": 120, "output": 30, "input_cached_tokens": 64}',
            "langfuse.observation.cost_details": '{"total": 0.000123}',
            "langfuse.observation.prompt.name": "greet",
            "langfuse.observation.prompt.version": 3,
            "langfuse.observation.completion_start_time": '"2026-01-02T03:04:05.778901Z"',
            "langfuse.observation.level": "WARNING",
            "langfuse.observation.status_message": "slow",
            "langfuse.trace.metadata.feature": '"search"',
            "langfuse.trace.tags": ["t1"],
            "langfuse.environment": "staging",
            "langfuse.release": "1.2.3",
            "langfuse.version": "v9",
            "user.id": "user-1",
            "session.id": "session-1",
        },
        {
            "kind": "llm",
            "dialect": "langfuse",
            "model": "gpt-4o-mini",
            "input": '[{"role": "user", "content": "sky?"}]',
            "output": "blue",
            "input_tokens": 184,
            "cached_tokens": 64,
            "output_tokens": 30,
            "cost_nano": 123_000,
            "prompt_name": "greet",
            "prompt_version": "3",
            "time_to_first_token_ms": 99.999766,
            "status": "ok",
            "feature": "search",
            "tags": ["t1"],
            "environment": "staging",
            "release": "1.2.3",
            "user_id": "user-1",
            "session_id": "session-1",
            "attributes": {
                "langfuse.observation.level": "WARNING",
                "langfuse.observation.status_message": "slow",
                "langfuse.version": "v9",
            },
        },
    ),
    (
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.usage_details": json.dumps(
                {
                    "prompt_tokens": 120,
                    "completion_tokens": 30,
                    "total_tokens": 150,
                    "completion_tokens_details": {"reasoning_tokens": 10, "audio_tokens": 0},
                    "prompt_tokens_details": {"cached_tokens": 64},
                }
            ),
        },
        {"input_tokens": 120, "cached_tokens": 64, "output_tokens": 30, "reasoning_tokens": 10},
    ),
    (
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.usage_details": json.dumps(
                {
                    "input": 50,
                    "input_cache_read": 64,
                    "input_cache_creation": 6,
                    "output": 20,
                    "output_reasoning": 10,
                    "total": 150,
                }
            ),
        },
        {
            "input_tokens": 120,
            "cached_tokens": 64,
            "cache_write_tokens": 6,
            "output_tokens": 30,
            "reasoning_tokens": 10,
        },
    ),
    (
        {
            "langfuse.observation.model.name": "claude-sonnet-4-5",
            "langfuse.observation.metadata.finish_reason": '"stop"',
        },
        {"model": "claude-sonnet-4-5", "provider": "anthropic", "finish_reason": "stop"},
    ),
    (
        {"langfuse.observation.model.name": "gpt-4o", "langfuse.observation.metadata.provider": "azure"},
        {"model": "gpt-4o", "provider": "azure.ai.openai"},
    ),
    (
        {"langfuse.observation.model.name": "gpt-4o", "langfuse.observation.metadata.provider": '"azure"'},
        {"model": "gpt-4o", "provider": "azure.ai.openai"},
    ),
    (
        {"langfuse.experiment.id": "exp-1", "langfuse.experiment.name": "shorter"},
        {"experiment": "shorter", "attributes": {"langfuse.experiment.id": "exp-1"}},
    ),
    ({"langfuse.experiment.id": "exp-1"}, {"experiment": "exp-1"}),
    ({"langfuse.observation.type": "tool"}, {"kind": "tool", "tool_name": "work"}),
    (
        {"langfuse.observation.type": "embedding", "langfuse.observation.output": '{"dimensions": 3, "count": 2}'},
        {"embedding_dimensions": 3, "embedding_count": 2},
    ),
    ({"langfuse.observation.model.name": "house-model"}, {"model": "house-model", "provider": ""}),
    (
        {
            "langfuse.observation.type": "generation",
            "langfuse.observation.level": "ERROR",
            "langfuse.observation.status_message": "RateLimitError: too fast",
        },
        {
            "status": "error",
            "error_type": "rate_limit",
            "error_original": "RateLimitError",
            "error_message": "RateLimitError: too fast",
        },
    ),
    (
        {
            "langfuse.observation.type": "retriever",
            "langfuse.observation.output": '[{"id": "doc-0", "score": 0.91, "content": "Rayleigh"}]',
        },
        {"kind": "retrieval", "documents": [{"id": "doc-0", "score": 0.91, "content": "Rayleigh"}]},
    ),
    (
        {"langfuse.observation.type": "span", "langfuse.trace.metadata.feature": "search", "langfuse.user.id": "u"},
        {"kind": "chain", "feature": "search", "user_id": "u"},
    ),
    (
        {
            "langfuse.observation.type": "generation",
            "langfuse.trace.metadata": '{"feature": "search", "team": "ml"}',
            "langfuse.observation.output": json.dumps(
                [
                    {
                        "id": "chatcmpl-1",
                        "type": "function_call",
                        "call_id": "call_1",
                        "name": "get_weather",
                        "arguments": {"city": "Springfield"},
                    }
                ]
            ),
        },
        {
            "feature": "search",
            "tool_calls": '[{"id":"call_1","name":"get_weather","arguments":{"city":"Springfield"}}]',
            "attributes": {"langfuse.trace.metadata": {"team": "ml"}},
        },
    ),
    ({"langfuse.observation.type": "guardrail"}, {"kind": "guardrail"}),
    ({"langfuse.observation.type": "evaluator"}, {"kind": "evaluator"}),
    ({"langfuse.observation.type": "event"}, {"kind": "other"}),
    ({"langfuse.experiment.name": "exp-a", "langfuse.observation.type": "span"}, {"experiment": "exp-a"}),
]


@pytest.mark.parametrize(("attributes", "expected"), LANGFUSE)
def test_langfuse(attributes, expected):
    check(translated(attributes), expected)


def test_what_langfuse_says_of_a_trace_holds_for_all_its_spans():
    root = {
        "langfuse.observation.type": "span",
        "user.id": "user-1",
        "langfuse.trace.metadata.feature": "search",
        "langfuse.trace.tags": ["t"],
    }
    llm = {"langfuse.observation.type": "generation"}
    other_trace = proto_span(llm, trace_id=b"z" * 16, span_id=b"33333333")
    spans = decode(body(proto_span(llm, span_id=b"22222222"), proto_span(root), other_trace)).spans
    assert [(span.user_id, span.feature, span.tags) for span in spans] == [
        ("user-1", "search", ["t"]),
        ("user-1", "search", ["t"]),
        ("", "", []),
    ]

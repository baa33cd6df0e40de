"""LangSmith's SDK where it sends OTLP."""

import json

import pytest

from tests.telemetry.dialects.builders import Case, check, translated

LANGSMITH: list[Case] = [
    (
        {
            "langsmith.span.kind": "retriever",
            "langsmith.trace.session_name": "demo",
            "gen_ai.operation.name": "embeddings",
            "gen_ai.system": "langchain",
            "langsmith.metadata.feature": "search",
            "langsmith.metadata.user_id": "user-1",
            "langsmith.metadata.session_id": "session-1",
            "langsmith.metadata.LANGSMITH_ENDPOINT": "http://collector.test",
            "langsmith.metadata.LANGCHAIN_PROJECT": "demo",
            "langsmith.span.tags": "t1,t2",
            "gen_ai.prompt": '{"q":"Sky?"}',
            "gen_ai.completion": '{"output":[{"page_content":"Rayleigh","metadata":{"score":0.91}}]}',
        },
        {
            "kind": "retrieval",
            "dialect": "langsmith",
            "provider": "",
            "service": "demo",
            "feature": "search",
            "user_id": "user-1",
            "session_id": "session-1",
            "tags": ["t1", "t2"],
            "input": '{"q":"Sky?"}',
            "documents": [{"score": 0.91, "content": "Rayleigh", "metadata": {"score": 0.91}}],
            "attributes": {},
            "counted": True,
        },
    ),
    (
        {
            "langsmith.span.kind": "llm",
            "langsmith.metadata.ls_provider": "openai",
            "langsmith.metadata.ls_model_name": "gpt-4o-mini",
            "langsmith.metadata.usage_metadata": json.dumps(
                {
                    "input_tokens": 120,
                    "output_tokens": 30,
                    "input_token_details": {"cache_read": 64},
                    "output_token_details": {"reasoning": 10},
                }
            ),
        },
        {
            "kind": "llm",
            "provider": "openai",
            "model": "gpt-4o-mini",
            "input_tokens": 120,
            "cached_tokens": 64,
            "output_tokens": 30,
            "reasoning_tokens": 10,
        },
    ),
    (
        {
            "langsmith.span.kind": "llm",
            "gen_ai.usage.input_tokens": 120,
            "gen_ai.usage.output_tokens": 30,
            "gen_ai.usage.input_token_details": "{'audio': 0, 'cache_read': 64}",
            "gen_ai.usage.output_token_details": "{'audio': 0, 'reasoning': 10}",
        },
        {"input_tokens": 120, "cached_tokens": 64, "output_tokens": 30, "reasoning_tokens": 10},
    ),
]


@pytest.mark.parametrize(("attributes", "expected"), LANGSMITH)
def test_langsmith(attributes, expected):
    check(translated(attributes), expected)


def test_runs_that_also_come_as_runs_are_not_counted_again():
    attributes = {"langsmith.span.kind": "llm", "gen_ai.usage.input_tokens": 120}
    internal = {"langsmith.internal_provider": True}
    assert not translated(attributes, resource=internal).counted
    assert translated(attributes).counted


@pytest.mark.parametrize(
    "mode", [{"langsmith.metadata.LANGSMITH_OTEL_ONLY": "true"}, {"langsmith.metadata.LANGSMITH_TRACING_MODE": "otel"}]
)
def test_runs_that_come_as_spans_alone_are_counted(mode):
    span = translated({"langsmith.span.kind": "llm", **mode}, resource={"langsmith.internal_provider": True})
    assert span.counted
    assert not any("LANGSMITH" in name for name in span.attributes)

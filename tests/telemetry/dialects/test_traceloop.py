"""OpenLLMetry: the names of Traceloop's instrumentations."""

import pytest

from tests.telemetry.dialects.builders import Case, check, translated

TRACELOOP: list[Case] = [
    ({"traceloop.span.kind": "workflow", "traceloop.entity.output": "null"}, {"output": "", "attributes": {}}),
    (
        {
            "traceloop.span.kind": "task",
            "traceloop.entity.name": "ask",
            "traceloop.entity.input": '{"args": ["Sky?"], "kwargs": {}}',
            "traceloop.entity.output": '"Blue."',
            "traceloop.association.properties.user_id": "user-1",
            "traceloop.association.properties.session_id": "session-1",
            "traceloop.association.properties.feature": "search",
            "traceloop.association.properties.variant": "b",
            "traceloop.workflow.name": "answer",
        },
        {
            "kind": "chain",
            "dialect": "traceloop",
            "name": "ask",
            "input": '{"args": ["Sky?"], "kwargs": {}}',
            "output": '"Blue."',
            "user_id": "user-1",
            "session_id": "session-1",
            "feature": "search",
            "variant": "b",
            "attributes": {"traceloop.workflow.name": "answer"},
        },
    ),
    (
        {
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": "Sky?",
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.content": "Blue.",
            "gen_ai.completion.0.finish_reason": "stop",
            "gen_ai.usage.prompt_tokens": 120,
            "gen_ai.usage.completion_tokens": 30,
            "gen_ai.usage.cache_read_input_tokens": 64,
            "llm.usage.total_tokens": 150,
            "llm.user": "user-1",
            "traceloop.prompt.key": "greet",
            "traceloop.prompt.version": 3,
        },
        {
            "kind": "llm",
            "provider": "openai",
            "model": "gpt-4o-mini",
            "input": '[{"role":"user","parts":[{"type":"text","content":"Sky?"}]}]',
            "output": '[{"role":"assistant","parts":[{"type":"text","content":"Blue."}],"finish_reason":"stop"}]',
            "finish_reason": "stop",
            "input_tokens": 120,
            "cached_tokens": 64,
            "output_tokens": 30,
            "user_id": "user-1",
            "prompt_name": "greet",
            "prompt_version": "3",
            "attributes": {},
        },
    ),
    (
        {
            "llm.request.type": "chat",
            "gen_ai.completion.0.tool_calls.0.id": "c1",
            "gen_ai.completion.0.tool_calls.0.name": "get_weather",
            "gen_ai.completion.0.tool_calls.0.arguments": '{"city": "Springfield"}',
        },
        {"tool_calls": '[{"id":"c1","name":"get_weather","arguments":{"city":"Springfield"}}]'},
    ),
    (
        {
            "llm.request.type": "chat",
            "gen_ai.prompt.0.content": "Weather?",
            "gen_ai.completion.0.tool_calls.0.name": "get_weather",
            "gen_ai.completion.0.finish_reason": "tool_calls",
            "traceloop.entity.input": '{"inputs": "Weather?"}',
            "traceloop.entity.output": '{"generations": []}',
        },
        {
            "input": '[{"role":"user","parts":[{"type":"text","content":"Weather?"}]}]',
            "tool_calls": '[{"id":"","name":"get_weather","arguments":""}]',
            "finish_reason": "tool_call",
        },
    ),
    (
        {"traceloop.prompt.version": 3, "traceloop.prompt.version_name": "warm"},
        {"prompt_version": "3", "attributes": {"traceloop.prompt.version_name": "warm"}},
    ),
    ({"traceloop.prompt.version": "", "traceloop.prompt.version_name": "warm"}, {"prompt_version": "warm"}),
    ({"traceloop.span.kind": "tool", "traceloop.entity.name": "lookup"}, {"kind": "tool", "tool_name": "lookup"}),
    ({"llm.request.type": "chat", "llm.is_streaming": "True"}, {"attributes": {"gen_ai.request.stream": True}}),
    ({"llm.request.type": "embedding"}, {"kind": "embedding"}),
    ({"llm.request.type": "rerank"}, {"kind": "rerank"}),
    ({"traceloop.span.kind": "unknown"}, {"kind": "other"}),
]


@pytest.mark.parametrize(("attributes", "expected"), TRACELOOP)
def test_traceloop(attributes, expected):
    check(translated(attributes), expected)

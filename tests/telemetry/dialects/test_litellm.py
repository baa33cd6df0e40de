"""LiteLLM, a gateway that reports its calls."""

import pytest

from tests.telemetry.dialects.builders import Case, body, check, decode, proto_span, translated

USAGE_REPR = (
    "{'completion_tokens': 30, 'prompt_tokens': 120, 'completion_tokens_details': {'audio_tokens': 0, "
    "'reasoning_tokens': 10}, 'prompt_tokens_details': {'cached_tokens': 64}, 'service': None}"
)
LITELLM: list[Case] = [
    (
        {
            "gen_ai.operation.name": "chat",
            "llm.request.type": "completion",
            "gen_ai.system": "openai",
            "gen_ai.request.model": "gpt-4o-mini",
            "litellm.provider.model": "openai/gpt-4o-mini",
            "gen_ai.usage.input_tokens": 120,
            "gen_ai.usage.output_tokens": 30,
            "metadata.usage_object": USAGE_REPR,
            "gen_ai.cost.total_cost": 3.12e-05,
            "gen_ai.response.finish_reasons": '["stop"]',
            "llm.is_streaming": "False",
            "metadata.user_api_key_hash": "88dc28d0f030c55ed4ab77ed8faf098196cb1c05",
            "metadata.user_api_key_user_email": "someone@example.test",
            "metadata.requester_ip_address": "192.0.2.7",
            "metadata.applied_guardrails": "[]",
        },
        {
            "kind": "llm",
            "model": "gpt-4o-mini",
            "input_tokens": 120,
            "cached_tokens": 64,
            "reasoning_tokens": 10,
            "cost_nano": 31_200,
            "cost_source": "reported",
            "finish_reason": "stop",
            "attributes": {"metadata.applied_guardrails": "[]"},
        },
    ),
    ({"gen_ai.operation.name": "embedding", "llm.request.type": "embedding"}, {"kind": "embedding"}),
    (
        {"gen_ai.system": "", "litellm.provider.model": "azure/eu/text-embedding-3-small"},
        {"provider": "azure.ai.openai", "model": "text-embedding-3-small"},
    ),
    ({"litellm.provider.error.code": "429", "error.type": "_OTHER"}, {"status": "error", "error_type": "rate_limit"}),
    ({"litellm.provider.model": "gpt-4o-mini"}, {"provider": "", "model": "gpt-4o-mini"}),
    (
        {"openinference.span.kind": "LLM", "litellm.trace_id": "dc385ab3-0f82-4f86-b02d-e6a002a45214"},
        {"session_id": "", "attributes": {"litellm.trace_id": "dc385ab3-0f82-4f86-b02d-e6a002a45214"}},
    ),
    (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.output.messages": '[{"role": "assistant", "parts": [], "finish_reason": "tool_calls"}]',
            "gen_ai.completion.0.function_call.name": "get_weather",
            "gen_ai.completion.0.function_call.arguments": '{"city":"Springfield"}',
            "gen_ai.completion.1.function_call.name": "get_time",
        },
        {
            "tool_calls": '[{"id":"","name":"get_weather","arguments":{"city":"Springfield"}},'
            '{"id":"","name":"get_time","arguments":""}]',
            "finish_reason": "tool_call",
            "attributes": {},
        },
    ),
    ({"openinference.span.kind": "LLM", "litellm.trace_id": "session-1"}, {"session_id": "session-1"}),
    (
        {
            "openinference.span.kind": "LLM",
            "metadata": '{"user_api_key_hash": "88dc", "user_api_key_user_email": "a@b.test", "team": "x", "no": null}',
        },
        {"attributes": {"metadata": {"team": "x"}}},
    ),
    (
        {
            "openinference.span.kind": "LLM",
            "langfuse.observation.type": "generation",
            "llm.request.type": "embedding",
            "llm.model_name": "text-embedding-3-small",
        },
        {"kind": "embedding", "dialect": "langfuse"},
    ),
    (
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o-mini",
            "llm.response.model": "gpt-4o-mini-2024-07-18",
        },
        {"response_model": "gpt-4o-mini-2024-07-18"},
    ),
]


@pytest.mark.parametrize(("attributes", "expected"), LITELLM)
def test_litellm(attributes, expected):
    check(translated(attributes, scope="litellm"), expected)


def test_the_raw_child_of_a_gateway_is_no_call():
    parent = proto_span({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 120}, name="litellm_request")
    child = {"llm.openai.messages": "[{'role': 'user'}]", "llm.openai.usage": USAGE_REPR, "llm.openai.id": "x"}
    spans = decode(
        body(parent, proto_span(child, name="raw_gen_ai_request", span_id=b"22222222"), scope="litellm")
    ).spans
    assert [(span.kind, span.counted, span.input_tokens) for span in spans] == [("llm", True, 120), ("other", False, 0)]

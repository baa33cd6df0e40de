"""Traceloop, OpenLIT, LiteLLM, Langfuse, LangSmith, and names written by hand: one table of cases each."""

import json

import pytest

from tests.telemetry.dialects.builders import body, decode, proto_span, translated

Case = tuple[dict, dict]


def check(span, expected):
    assert {name: getattr(span, name) for name in expected} == expected


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
    ({"llm.request.type": "embedding"}, {"kind": "embedding"}),
    ({"llm.request.type": "rerank"}, {"kind": "rerank"}),
    ({"traceloop.span.kind": "unknown"}, {"kind": "other"}),
]

OPENLIT: list[Case] = [
    (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.usage.input_tokens": 120,
            "gen_ai.client.token.usage": 150,
            "gen_ai.usage.cost": 0,
            "gen_ai.request.stream": True,
            "gen_ai.server.time_to_first_token": 0.0458,
            "gen_ai.request.user": "",
        },
        {
            "input_tokens": 120,
            "output_tokens": 30,
            "cost_nano": 0,
            "cost_source": "",
            "time_to_first_token_ms": 45.8,
            "user_id": "",
            "attributes": {},
        },
    ),
    (
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.stream": False,
            "gen_ai.server.time_to_first_token": 0.0133,
            "gen_ai.usage.cost": 0.5,
        },
        {"time_to_first_token_ms": None, "cost_nano": 500_000_000, "cost_source": "reported"},
    ),
    ({"gen_ai.retrieval.query": "why"}, {"kind": "retrieval", "input": "why"}),
    (
        {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.args": '{"city": "Springfield"}'},
        {"input": '{"city": "Springfield"}'},
    ),
]

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

PLAIN: list[Case] = [
    (
        {
            "llm.model": "gpt-4o-mini",
            "llm.provider": "openai",
            "llm.prompt": "Sky?",
            "llm.completion": "Blue.",
            "llm.tokens.input": "120",
            "llm.tokens.output": 30.0,
            "llm.cost_usd": "0.0000312",
            "ai.feature": "search",
            "user.id": "user-1",
        },
        {
            "kind": "llm",
            "dialect": "plain",
            "model": "gpt-4o-mini",
            "provider": "openai",
            "input": "Sky?",
            "output": "Blue.",
            "input_tokens": 120,
            "output_tokens": 30,
            "cost_nano": 31_200,
            "cost_source": "reported",
            "feature": "search",
            "user_id": "user-1",
        },
    ),
    (
        {"ai.tokens.input": 100, "ai.tokens.output": 20, "ai.tokens.cached": 60, "ai.tokens.reasoning": 5},
        {"kind": "llm", "input_tokens": 100, "output_tokens": 20, "cached_tokens": 60, "reasoning_tokens": 5},
    ),
    ({"ai.tokens.total": 150}, {"kind": "llm", "input_tokens": 150, "output_tokens": 0}),
    (
        {
            "retrieval.query": "why",
            "retrieval.index": "kb",
            "retrieval.num_results": 3,
            "retrieval.top_score": 0.8,
        },
        {
            "kind": "retrieval",
            "input": "why",
            "documents": [{"score": 0.8}],
            "attributes": {"retrieval.index": "kb", "retrieval.num_results": 3},
        },
    ),
    (
        {"embedding.model": "text-embedding-3-small", "embedding.num_inputs": 4, "embedding.dimensions": 1536},
        {
            "kind": "embedding",
            "model": "text-embedding-3-small",
            "embedding_count": 4,
            "embedding_dimensions": 1536,
        },
    ),
    (
        {"embedding.model": "m", "embedding.norm": 1.5, "embedding.projection": [0.5, -1, *[0.0] * 14]},
        {"embedding_norm": 1.5, "embedding_projection": [0.5, -1.0, *[0.0] * 14], "attributes": {}},
    ),
    # A projection by another rule cannot be compared with ours.
    (
        {"embedding.model": "m", "embedding.projection": [0.5, -1.0]},
        {"embedding_projection": [], "attributes": {"embedding.projection": [0.5, -1.0]}},
    ),
    ({"input.value": "a", "output.value": "b"}, {"kind": "other", "dialect": "otel", "input": "a", "output": "b"}),
    ({"http.request.method": "GET"}, {"kind": "other", "attributes": {"http.request.method": "GET"}}),
]


@pytest.mark.parametrize(("attributes", "expected"), TRACELOOP)
def test_traceloop(attributes, expected):
    check(translated(attributes), expected)


@pytest.mark.parametrize(("attributes", "expected"), OPENLIT)
def test_openlit(attributes, expected):
    check(translated(attributes), expected)


@pytest.mark.parametrize(("attributes", "expected"), LITELLM)
def test_litellm(attributes, expected):
    check(translated(attributes, scope="litellm"), expected)


@pytest.mark.parametrize(("attributes", "expected"), LANGFUSE)
def test_langfuse(attributes, expected):
    check(translated(attributes), expected)


@pytest.mark.parametrize(("attributes", "expected"), LANGSMITH)
def test_langsmith(attributes, expected):
    check(translated(attributes), expected)


@pytest.mark.parametrize(("attributes", "expected"), PLAIN)
def test_plain_names(attributes, expected):
    check(translated(attributes), expected)


def test_a_stated_latency_counts_when_the_span_has_none():
    assert translated({"llm.model": "m", "llm.latency_ms": 812.5}, duration_ms=0).duration_ms == 812.5
    assert translated({"llm.model": "m", "llm.latency_ms": 812.5}, duration_ms=250).duration_ms == 250


def test_the_first_chunk_is_the_first_token():
    events = [("gen_ai.content.completion.chunk", {}, 51.5), ("gen_ai.content.completion.chunk", {}, 60)]
    span = translated({"gen_ai.operation.name": "chat"}, events=events)
    assert span.time_to_first_token_ms == 51.5
    assert "events" not in span.attributes


def test_vector_stores_give_their_documents_as_events():
    events = [
        ("db.query.result", {"db.query.result.id": "a", "db.query.result.score": 0.9}, 1),
        ("db.query.result", {"db.query.result.id": "b", "db.query.result.document": "Ocean"}, 1),
    ]
    span = translated({"db.system": "chroma", "db.vector.query.top_k": 2}, events=events)
    assert span.kind == "retrieval"
    assert span.documents == [{"id": "a", "score": 0.9}, {"id": "b", "content": "Ocean"}]


def test_the_raw_child_of_a_gateway_is_no_call():
    parent = proto_span({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 120}, name="litellm_request")
    child = {"llm.openai.messages": "[{'role': 'user'}]", "llm.openai.usage": USAGE_REPR, "llm.openai.id": "x"}
    spans = decode(
        body(parent, proto_span(child, name="raw_gen_ai_request", span_id=b"22222222"), scope="litellm")
    ).spans
    assert [(span.kind, span.counted, span.input_tokens) for span in spans] == [("llm", True, 120), ("other", False, 0)]


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


@pytest.mark.parametrize(
    ("name", "score_name"),
    [
        ("ai.quality_score", "overall"),
        ("ai.quality.safety", "safety"),
        ("gen_ai.eval.groundedness", "groundedness"),
        ("gen_ai.eval.answer_relevancy", "answer_relevancy"),
    ],
)
@pytest.mark.parametrize(("said", "value"), [(0.82, 0.82), (0, 0.0), ("0.5", 0.5), (1, 1.0)])
def test_an_attribute_may_be_a_score(name, score_name, said, value):
    (score,) = translated({name: said}).scores
    assert (score.name, score.value, score.source) == (score_name, value, "client")


def test_a_score_that_is_no_number_is_none():
    assert translated({"ai.quality_score": "good"}).scores == []


def test_the_chosen_variant_may_be_an_event():
    event = ("feature_flag.evaluation", {"feature_flag.key": "prompt-test", "feature_flag.result.variant": "b"}, 0)
    span = translated({}, events=[event])
    assert (span.experiment, span.variant) == ("prompt-test", "b")

"""OpenTelemetry's GenAI conventions, three generations of them."""

import json

import pytest

from tests.telemetry.dialects.builders import body, decode, proto_span, translated

MESSAGES = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "What colour is the sky?"}]}])
ANSWER = json.dumps(
    [{"role": "assistant", "parts": [{"type": "text", "content": "Blue."}], "finish_reason": "stop"}],
    separators=(",", ":"),
)
CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
    "gen_ai.response.id": "resp-1",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.usage.cache_read.input_tokens": 64,
    "gen_ai.usage.cache_write.input_tokens": 5,
    "gen_ai.usage.reasoning.output_tokens": 10,
    "gen_ai.response.time_to_first_chunk": 0.12,
    "gen_ai.input.messages": MESSAGES,
    "gen_ai.output.messages": ANSWER,
    "gen_ai.conversation.id": "conv-1",
    "gen_ai.prompt.name": "greet",
    "gen_ai.prompt.version": "3",
    "openai.response.service_tier": "default",
    "gen_ai.request.temperature": 0.2,
}


def test_a_chat_of_the_current_conventions():
    span = translated(CHAT, name="chat gpt-4o-mini")
    assert (span.kind, span.dialect, span.provider) == ("llm", "genai", "openai")
    assert (span.model, span.response_model, span.response_id) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "resp-1")
    assert (span.input_tokens, span.cached_tokens, span.cache_write_tokens) == (120, 64, 5)
    assert (span.output_tokens, span.reasoning_tokens) == (30, 10)
    assert span.time_to_first_token_ms == 120.0
    assert (span.finish_reason, span.service_tier) == ("stop", "default")
    assert (span.session_id, span.prompt_name, span.prompt_version) == ("conv-1", "greet", "3")
    assert (span.input, span.output) == (MESSAGES, ANSWER)
    assert span.attributes == {"gen_ai.request.temperature": 0.2}
    assert span.cost_source == ""


def test_a_chat_of_the_old_conventions():
    span = translated(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.request.model": "gpt-4o-mini",
            "gen_ai.openai.response.service_tier": "flex",
            "gen_ai.usage.prompt_tokens": 120,
            "gen_ai.usage.completion_tokens": 30,
            "gen_ai.usage.cache_creation.input_tokens": 7,
        }
    )
    assert (span.kind, span.provider, span.model, span.service_tier) == ("llm", "openai", "gpt-4o-mini", "flex")
    assert (span.input_tokens, span.output_tokens, span.cache_write_tokens) == (120, 30, 7)


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("chat", "llm"),
        ("text_completion", "llm"),
        ("generate_content", "llm"),
        ("embeddings", "embedding"),
        ("retrieval", "retrieval"),
        ("execute_tool", "tool"),
        ("create_agent", "agent"),
        ("invoke_agent", "agent"),
        ("plan", "agent"),
        ("invoke_workflow", "chain"),
        ("CHAT", "llm"),
    ],
)
def test_the_operation_tells_the_kind(operation, kind):
    assert translated({"gen_ai.operation.name": operation}).kind == kind


def test_an_operation_that_nobody_knows_is_kept():
    span = translated({"gen_ai.operation.name": "update_memory"})
    assert span.kind == "other"
    assert span.attributes == {"gen_ai.operation.name": "update_memory"}


@pytest.mark.parametrize(
    ("said", "provider"),
    [
        ("az.ai.openai", "azure.ai.openai"),
        ("vertex_ai", "gcp.vertex_ai"),
        ("xai", "x_ai"),
        ("gemini", "gcp.gemini"),
        ("aws.bedrock", "aws.bedrock"),
        ("Anthropic", "anthropic"),
    ],
)
def test_old_provider_names_become_the_current_ones(said, provider):
    assert translated({"gen_ai.system": said}).provider == provider


def test_the_served_model_stands_in_for_the_asked_one():
    span = translated({"gen_ai.operation.name": "chat", "gen_ai.response.model": "gpt-4o-mini-2024-07-18"})
    assert span.model == span.response_model == "gpt-4o-mini-2024-07-18"


def test_the_system_text_goes_in_front_of_the_messages():
    system = json.dumps([{"type": "text", "content": "Answer briefly."}])
    span = translated({**CHAT, "gen_ai.system_instructions": system})
    assert [message["role"] for message in json.loads(span.input)] == ["system", "user"]
    assert json.loads(span.input)[0]["parts"] == json.loads(system)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
def test_the_system_text_is_shown_once(separators):
    messages = json.dumps([{"role": "system", "parts": []}, {"role": "user", "parts": []}], separators=separators)
    span = translated(
        {"gen_ai.operation.name": "chat", "gen_ai.input.messages": messages, "gen_ai.system_instructions": "[]"}
    )
    assert span.input == messages


def test_a_bare_system_text_and_no_messages_make_a_conversation():
    span = translated({"gen_ai.operation.name": "chat", "gen_ai.system_instructions": "Be brief."})
    assert json.loads(span.input) == [{"role": "system", "parts": [{"type": "text", "content": "Be brief."}]}]


def test_structured_messages_become_json():
    messages = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    span = translated({"gen_ai.operation.name": "chat", "gen_ai.input.messages": messages})
    assert json.loads(span.input) == messages


def test_tool_calls_are_taken_from_the_answer():
    output = [
        {
            "role": "assistant",
            "parts": [
                {"type": "text", "content": "Let me see."},
                {"type": "tool_call", "id": "c1", "name": "get_weather", "arguments": {"city": "Springfield"}},
            ],
            "finish_reason": "tool_calls",
        }
    ]
    span = translated({"gen_ai.operation.name": "chat", "gen_ai.output.messages": json.dumps(output)})
    assert json.loads(span.tool_calls) == [{"id": "c1", "name": "get_weather", "arguments": {"city": "Springfield"}}]
    assert span.finish_reason == "tool_call"


def test_a_text_that_talks_about_tool_calls_makes_none():
    output = [{"role": "assistant", "parts": [{"type": "text", "content": 'a "tool_call" is {"finish_reason": "x"}'}]}]
    span = translated({"gen_ai.operation.name": "chat", "gen_ai.output.messages": json.dumps(output)})
    assert (span.tool_calls, span.finish_reason) == ("", "")


def test_a_retrieval_has_a_query_and_documents():
    documents = [{"id": "doc-0", "score": 0.91}, {"id": "doc-1", "score": 0.42, "content": "Ocean", "title": "x"}]
    span = translated(
        {
            "gen_ai.operation.name": "retrieval",
            "gen_ai.data_source.id": "kb-1",
            "gen_ai.retrieval.query.text": "why",
            "gen_ai.retrieval.documents": json.dumps(documents),
        }
    )
    assert (span.kind, span.input) == ("retrieval", "why")
    assert span.documents == [
        {"id": "doc-0", "score": 0.91},
        {"id": "doc-1", "score": 0.42, "content": "Ocean", "metadata": {"title": "x"}},
    ]
    assert span.attributes == {"gen_ai.data_source.id": "kb-1"}


def test_documents_that_are_no_list_stay_attributes():
    span = translated({"gen_ai.operation.name": "retrieval", "gen_ai.retrieval.documents": "five of them"})
    assert span.documents == []
    assert span.attributes == {"gen_ai.retrieval.documents": "five of them"}


def test_a_tool_has_arguments_and_a_result():
    span = translated(
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "get_weather",
            "gen_ai.tool.call.arguments": '{"city":"Springfield"}',
            "gen_ai.tool.call.result": {"sky": "blue"},
        }
    )
    assert (span.kind, span.tool_name) == ("tool", "get_weather")
    assert (span.input, span.output) == ('{"city":"Springfield"}', '{"sky":"blue"}')


def test_an_embedding_counts_its_inputs_and_dimensions():
    messages = json.dumps([{"role": "user", "parts": []}] * 3)
    span = translated(
        {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.request.model": "text-embedding-3-small",
            "gen_ai.embeddings.dimension.count": 1536,
            "gen_ai.input.messages": messages,
            "gen_ai.usage.input_tokens": 8,
        }
    )
    assert (span.kind, span.embedding_count, span.embedding_dimensions) == ("embedding", 3, 1536)


def test_messages_may_come_as_span_events():
    events = [
        ("gen_ai.system.message", {"content": "Be brief."}, 0),
        ("gen_ai.user.message", {"content": "Sky?"}, 0),
        ("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": '{"content":"Blue."}'}, 90),
    ]
    span = translated({"gen_ai.operation.name": "chat"}, events=events)
    assert json.loads(span.input) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Sky?"}]},
    ]
    assert json.loads(span.output) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Blue."}], "finish_reason": "stop"}
    ]
    assert span.finish_reason == "stop"


def test_a_whole_prompt_may_come_as_one_event():
    events = [
        ("gen_ai.content.prompt", {"gen_ai.prompt": "Sky?"}, 0),
        ("gen_ai.content.completion", {"gen_ai.completion": "Blue."}, 9),
    ]
    span = translated({"gen_ai.operation.name": "chat"}, events=events)
    assert (span.input, span.output) == ("Sky?", "Blue.")


def test_the_details_event_completes_its_span_and_counts_nothing_twice():
    span = translated(
        {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 30},
        events=[("gen_ai.client.inference.operation.details", CHAT, 5)],
    )
    assert (span.input_tokens, span.output_tokens, span.cached_tokens) == (120, 30, 64)
    assert span.input == MESSAGES


def test_a_judgement_may_come_as_a_span_event():
    event = {
        "gen_ai.evaluation.name": "relevance",
        "gen_ai.evaluation.score.value": 0.75,
        "gen_ai.evaluation.score.label": "good",
        "gen_ai.evaluation.explanation": "close",
    }
    (score,) = translated({"gen_ai.operation.name": "chat"}, events=[("gen_ai.evaluation.result", event, 5)]).scores
    assert (score.name, score.value, score.label, score.comment) == ("relevance", 0.75, "good", "close")


def test_a_judgement_may_be_a_label_alone():
    event = {"gen_ai.evaluation.name": "safety", "gen_ai.evaluation.score.label": "pass"}
    (score,) = translated({}, events=[("gen_ai.evaluation.result", event, 5)]).scores
    assert (score.value, score.label) == (1.0, "pass")


def test_a_judgement_without_name_or_number_is_no_score_and_not_lost():
    events = [
        ("gen_ai.evaluation.result", {"gen_ai.evaluation.score.value": 1.0}, 5),
        ("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "x", "gen_ai.evaluation.score.label": "so-so"}, 5),
        # Its square fits no float: means and rules of all others would be lost with it.
        ("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "x", "gen_ai.evaluation.score.value": 1e300}, 5),
    ]
    span = translated({}, events=events)
    assert span.scores == []
    assert span.attributes["judgements"] == [
        {"value": 1.0},
        {"name": "x", "label": "so-so"},
        {"name": "x", "value": 1e300},
    ]


def test_an_attribute_that_is_called_like_such_judgements_is_no_matter():
    event = ("gen_ai.evaluation.result", {"gen_ai.evaluation.name": "x"}, 5)
    for sent, kept in ((["a"], ["a", {"name": "x"}]), ("a", [{"name": "x"}]), (1, [{"name": "x"}])):
        assert translated({"judgements": sent}, events=[event]).attributes["judgements"] == kept


def test_the_same_export_gives_the_same_score_ids():
    content = body(proto_span({"ai.quality_score": 0.5, "gen_ai.eval.groundedness": 0.7}))
    first, second = decode(content).spans[0].scores, decode(content).spans[0].scores
    assert [score.score_id for score in first] == [score.score_id for score in second]
    assert len({score.score_id for score in first}) == 2


def test_tokens_that_an_agent_repeats_are_no_call():
    span = translated({"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 500})
    assert (span.kind, span.is_call) == ("agent", False)

"""OpenInference: flattened messages, documents, vectors, annotations."""

import json

import pytest

from tests.telemetry.dialects.builders import translated

LLM = {
    "openinference.span.kind": "LLM",
    "llm.system": "openai",
    "llm.model_name": "gpt-4o-mini-2024-07-18",
    "llm.invocation_parameters": '{"model": "gpt-4o-mini", "temperature": 0.2}',
    "input.value": '{"model": "gpt-4o-mini", "messages": []}',
    "input.mime_type": "application/json",
    "output.value": '{"id": "chatcmpl-1", "choices": []}',
    "llm.input_messages.1.message.role": "user",
    "llm.input_messages.1.message.content": "What colour is the sky?",
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Answer briefly.",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "Blue.",
    "llm.token_count.prompt": 120,
    "llm.token_count.completion": 30,
    "llm.token_count.total": 150,
    "llm.token_count.prompt_details.cache_read": 64,
    "llm.token_count.completion_details.reasoning": 10,
    "llm.finish_reason": "stop",
    "session.id": "session-1",
    "user.id": "user-1",
    "metadata": '{"feature": "search", "experiment": "exp-a", "tier": "gold"}',
    "tag.tags": ["a", "b"],
    "llm.prompt_template.version": "v1.0",
}


def test_a_model_call():
    span = translated(LLM, resource={"openinference.project.name": "demo", "service.name": "unknown_service:python"})
    assert (span.kind, span.dialect, span.provider, span.service) == ("llm", "openinference", "openai", "demo")
    assert (span.model, span.response_model) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert (span.input_tokens, span.cached_tokens, span.output_tokens, span.reasoning_tokens) == (120, 64, 30, 10)
    assert (span.user_id, span.session_id, span.feature, span.experiment) == ("user-1", "session-1", "search", "exp-a")
    assert (span.tags, span.prompt_version, span.finish_reason) == (["a", "b"], "v1.0", "stop")
    assert json.loads(span.input) == [
        {"role": "system", "parts": [{"type": "text", "content": "Answer briefly."}]},
        {"role": "user", "parts": [{"type": "text", "content": "What colour is the sky?"}]},
    ]
    assert json.loads(span.output) == [{"role": "assistant", "parts": [{"type": "text", "content": "Blue."}]}]
    assert span.attributes == {
        "llm.invocation_parameters": LLM["llm.invocation_parameters"],
        "metadata": {"tier": "gold"},
    }


def test_who_serves_a_model_is_told_before_whose_product_it_is():
    span = translated(LLM | {"llm.provider": "azure"})
    assert (span.provider, span.dialect) == ("azure.ai.openai", "openinference")


def test_whole_values_stand_in_for_messages():
    span = translated({"openinference.span.kind": "CHAIN", "input.value": "question", "output.value": "answer"})
    assert (span.kind, span.input, span.output) == ("chain", "question", "answer")


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("LLM", "llm"),
        ("EMBEDDING", "embedding"),
        ("CHAIN", "chain"),
        ("RETRIEVER", "retrieval"),
        ("RERANKER", "rerank"),
        ("TOOL", "tool"),
        ("AGENT", "agent"),
        ("GUARDRAIL", "guardrail"),
        ("EVALUATOR", "evaluator"),
        ("PROMPT", "chain"),
        ("UNKNOWN", "other"),
    ],
)
def test_the_span_kind_tells_the_kind(said, kind):
    assert translated({"openinference.span.kind": said}).kind == kind


def test_tool_calls_of_the_model():
    call = "llm.output_messages.0.message.tool_calls.0.tool_call"
    span = translated(
        {
            "openinference.span.kind": "LLM",
            "llm.output_messages.0.message.role": "assistant",
            f"{call}.id": "call_1",
            f"{call}.function.name": "get_weather",
            f"{call}.function.arguments": '{"city": "Springfield"}',
            "llm.finish_reason": "tool_calls",
        }
    )
    expected = {"id": "call_1", "name": "get_weather", "arguments": {"city": "Springfield"}}
    assert json.loads(span.tool_calls) == [expected]
    assert json.loads(span.output)[0]["parts"] == [{"type": "tool_call", **expected}]
    assert span.finish_reason == "tool_call"


def test_a_tool_result_and_contents_in_pieces():
    prefix = "llm.input_messages"
    span = translated(
        {
            "openinference.span.kind": "LLM",
            f"{prefix}.0.message.role": "user",
            f"{prefix}.0.message.contents.0.message_content.type": "text",
            f"{prefix}.0.message.contents.0.message_content.text": "What is this?",
            f"{prefix}.0.message.contents.1.message_content.type": "image",
            f"{prefix}.0.message.contents.1.message_content.image.image.url": "https://pictures.test/1.png",
            f"{prefix}.1.message.role": "tool",
            f"{prefix}.1.message.content": "sunny",
            f"{prefix}.1.message.tool_call_id": "call_1",
            f"{prefix}.1.message.name": "get_weather",
        }
    )
    assert json.loads(span.input) == [
        {
            "role": "user",
            "parts": [
                {"type": "text", "content": "What is this?"},
                {"type": "uri", "modality": "image", "uri": "https://pictures.test/1.png"},
            ],
        },
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "call_1", "response": "sunny"}],
            "name": "get_weather",
        },
    ]


def test_prompts_of_completions():
    span = translated(
        {
            "openinference.span.kind": "LLM",
            "llm.prompts.0.prompt.text": "Once upon",
            "llm.choices.0.completion.text": "a time",
            "llm.choices.1.completion.text": "a hill",
        }
    )
    assert (span.input, json.loads(span.output)) == ("Once upon", ["a time", "a hill"])


def test_documents_are_gathered_in_order():
    base = "retrieval.documents.{}.document.{}"
    given = {
        base.format(number, leaf): value
        for number in range(11)
        for leaf, value in (("id", f"doc-{number}"), ("score", 1 - number / 20), ("content", f"text {number}"))
    }
    span = translated({"openinference.span.kind": "RETRIEVER", "input.value": "why", **given})
    assert [document["id"] for document in span.documents] == [f"doc-{number}" for number in range(11)]
    assert span.documents[1] == {"id": "doc-1", "score": 0.95, "content": "text 1"}
    assert (span.input, span.attributes) == ("why", {})


def test_what_else_a_document_says_is_kept():
    span = translated(
        {
            "openinference.span.kind": "RETRIEVER",
            "retrieval.documents.0.document.id": 7,
            "retrieval.documents.0.document.metadata": '{"source": "kb"}',
        }
    )
    assert span.documents == [{"id": "7", "metadata": {"source": "kb"}}]
    assert span.attributes == {}


def test_metadata_of_a_document_that_is_no_object_is_kept_as_text():
    attributes = {"openinference.span.kind": "RETRIEVER", "retrieval.documents.0.document.metadata": "page 3"}
    assert translated(attributes).documents == [{"metadata": {"metadata": "page 3"}}]


def test_a_reranker_gives_the_documents_it_chose():
    span = translated(
        {
            "openinference.span.kind": "RERANKER",
            "reranker.query": "why",
            "reranker.model_name": "rerank-2",
            "reranker.output_documents.0.document.id": "b",
            "reranker.output_documents.0.document.score": 0.9,
        }
    )
    assert (span.kind, span.input, span.model) == ("rerank", "why", "rerank-2")
    assert span.documents == [{"id": "b", "score": 0.9}]


def test_vectors_are_dropped_and_their_facts_kept():
    base = "embedding.embeddings.{}.embedding.{}"
    span = translated(
        {
            "openinference.span.kind": "EMBEDDING",
            "embedding.model_name": "text-embedding-3-small",
            base.format(0, "text"): "alpha",
            base.format(1, "text"): "beta",
            base.format(0, "vector"): [3.0, 4.0, 0.0],
            base.format(1, "vector"): [0.0, 0.0, 1.0],
            "output.value": '{"data":[{"embedding":[3.0,4.0,0.0],"index":0}]}',
            "llm.token_count.prompt": 8,
        }
    )
    assert (span.model, span.input, span.input_tokens) == ("text-embedding-3-small", '["alpha","beta"]', 8)
    assert (span.embedding_count, span.embedding_dimensions, span.embedding_norm) == (2, 3, 3.0)
    assert len(span.embedding_projection) == 16
    assert span.output == ""
    assert span.attributes == {}


def test_facts_may_come_from_the_answer():
    span = translated({"openinference.span.kind": "EMBEDDING", "output.value": "[[3.0, 4.0], [0.0, 5.0]]"})
    assert (span.embedding_count, span.embedding_dimensions, span.embedding_norm) == (2, 2, 5.0)
    assert span.output == ""


@pytest.mark.parametrize("output", ['{"data":[{"embedding":"AAAAPw==', "[1.0, 2.0, 3", '{"embeddings": null}'])
def test_vectors_that_cannot_be_read_are_dropped_too(output):
    span = translated({"openinference.span.kind": "EMBEDDING", "output.value": output})
    assert (span.output, span.embedding_count) == ("", 0)


def test_an_answer_without_vectors_is_kept():
    assert translated({"openinference.span.kind": "EMBEDDING", "output.value": "done"}).output == "done"


def test_the_first_token_is_an_event():
    span = translated(LLM, events=[("First Token Stream Event", {}, 49.5), ("First Token Stream Event", {}, 99)])
    assert span.time_to_first_token_ms == 49.5


@pytest.mark.parametrize(("scope", "kind"), [("", "annotation"), ("", "evaluation"), ("trace.", "annotation")])
def test_judgements_travel_with_the_span(scope, kind):
    base = f"{scope}{kind}s.{{}}.{kind}.{{}}"
    span = translated(
        {
            "openinference.span.kind": "LLM",
            base.format(0, "name"): "relevance",
            base.format(0, "score"): 0.8,
            base.format(0, "label"): "good",
            base.format(0, "explanation"): "close",
            base.format(0, "annotator_kind"): "HUMAN",
            base.format(1, "name"): "toxicity",
            base.format(1, "score"): 0,
            base.format(1, "annotator_kind"): "LLM",
        }
    )
    assert [(score.name, score.value, score.source) for score in span.scores] == [
        ("relevance", 0.8, "user"),
        ("toxicity", 0.0, "judge"),
    ]
    assert (span.scores[0].label, span.scores[0].comment) == ("good", "close")
    assert span.scores[0].span_id == span.span_id


def test_a_reported_cost_is_whole_nano_dollars():
    span = translated({"openinference.span.kind": "LLM", "llm.cost.total": 3.12e-05})
    assert (span.cost_nano, span.cost_source) == (31_200, "reported")

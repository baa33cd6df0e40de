"""Names written by hand, and what spans of any sender may say."""

import pytest

from tests.telemetry.dialects.builders import Case, check, translated

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


@pytest.mark.parametrize(
    "name", ["llm.time_to_first_token_ms", "llm.latency_ms", "gen_ai.response.time_to_first_chunk"]
)
@pytest.mark.parametrize("value", [1e300, -1.0, "soon"])
def test_times_that_nothing_takes_are_not_believed(name, value):
    span = translated({"llm.model": "m", name: value}, duration_ms=0)
    assert (span.time_to_first_token_ms, span.duration_ms) == (None, 0)
    assert span.attributes[name] == value
    assert "events" not in span.attributes


def test_vector_stores_give_their_documents_as_events():
    events = [
        ("db.query.result", {"db.query.result.id": "a", "db.query.result.score": 0.9}, 1),
        ("db.query.result", {"db.query.result.id": "b", "db.query.result.document": "Ocean"}, 1),
        (
            "db.query.result",
            {
                "db.query.result.id": "c",
                "db.query.result.distance": 0.25,
                "db.query.result.metadata": '{"page": 2}',
                "db.query.result.vector": [0.1, 0.2],
            },
            1,
        ),
        ("db.query.result", {"db.query.result.id": "d", "db.query.result.metadata": "{'page': 3}"}, 1),
    ]
    span = translated({"db.system": "chroma", "db.vector.query.top_k": 2}, events=events)
    assert span.kind == "retrieval"
    assert span.documents == [
        {"id": "a", "score": 0.9},
        {"id": "b", "content": "Ocean"},
        {"id": "c", "metadata": {"distance": 0.25, "page": 2}},
        {"id": "d", "metadata": {"metadata": "{'page': 3}"}},
    ]


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

"""Bodies that real clients sent, read to the last token. They lie beside some checkouts, not in the repository."""

import gzip
import zlib
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings

from telemetry.dialects.decoded import Decoded
from telemetry.dialects.otlp_logs import complete, decode_logs
from telemetry.dialects.otlp_metrics import decode_metrics
from tests.telemetry.dialects.builders import CALLER, decode

SAMPLES = Path(settings.BASE_DIR).parent / "shared" / "wire" / "samples"
OPENERS = {".gz": gzip.decompress, ".zlib": zlib.decompress}


class Row(NamedTuple):
    """What one span of a body must become."""

    name: str
    kind: str
    dialect: str
    model: str
    #: Input, cached, cache write, output, reasoning.
    tokens: tuple[int, int, int, int, int]
    error_type: str
    cost_nano: int


#: A span that is no call.
NONE = (0, 0, 0, 0, 0)

EXPECTED: dict[str, list[Row]] = {
    "otlp-langfuse3-traces.pb": [
        Row("llm", "llm", "langfuse", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 123000),
        Row("handle-request", "chain", "langfuse", "", NONE, "", 0),
    ],
    "otlp-langfuse4-traces.pb": [
        Row("kb", "retrieval", "langfuse", "", NONE, "", 0),
        Row("llm", "llm", "langfuse", "gpt-4o-mini", (184, 64, 0, 30, 0), "", 123000),
        Row("emb", "embedding", "langfuse", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 0),
        Row("handle-request", "chain", "langfuse", "", NONE, "", 0),
        Row("tool", "tool", "langfuse", "", NONE, "", 0),
        Row("wrapped", "llm", "langfuse", "gpt-4o-mini-2024-07-18", (120, 64, 0, 30, 10), "", 0),
    ],
    "otlp-langfuse5-traces.pb.gz": [
        Row("kb", "retrieval", "langfuse", "", NONE, "", 0),
        Row("llm", "llm", "langfuse", "gpt-4o-mini", (184, 64, 0, 30, 0), "", 123000),
        Row("emb", "embedding", "langfuse", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 0),
        Row("handle-request", "chain", "langfuse", "", NONE, "", 0),
        Row("tool", "tool", "langfuse", "", NONE, "", 0),
        Row("wrapped", "llm", "langfuse", "gpt-4o-mini-2024-07-18", (120, 64, 0, 30, 10), "", 0),
    ],
    "otlp-langsmith-hybrid-traces.pb": [
        Row("retrieve", "retrieval", "langsmith", "", NONE, "", 0),
        Row("ChatOpenAI", "llm", "langsmith", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 0),
        Row("bad", "tool", "langsmith", "", NONE, "tool_error", 0),
        Row("rag", "chain", "langsmith", "", NONE, "", 0),
        Row("ChatOpenAI", "llm", "langsmith", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 0),
    ],
    "otlp-litellm-langfuse-otel-traces.pb": [
        Row("gen", "llm", "langfuse", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 31200),
        Row("gen", "other", "otel", "", NONE, "", 0),
        Row("litellm_request", "llm", "langfuse", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 31200),
        Row("raw_gen_ai_request", "other", "otel", "", NONE, "", 0),
        Row("litellm_request", "embedding", "langfuse", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 160),
        Row("raw_gen_ai_request", "other", "otel", "", NONE, "", 0),
        Row("litellm_request", "llm", "langfuse", "fail-model", NONE, "rate_limit", 0),
    ],
    "otlp-litellm-traces.pb": [
        Row("gen", "llm", "genai", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 31200),
        Row("gen", "other", "otel", "", NONE, "", 0),
        Row("litellm_request", "llm", "genai", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 31200),
        Row("raw_gen_ai_request", "other", "otel", "", NONE, "", 0),
        Row("litellm_request", "embedding", "genai", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 160),
        Row("raw_gen_ai_request", "other", "otel", "", NONE, "", 0),
        Row("litellm_request", "llm", "genai", "fail-model", NONE, "rate_limit", 0),
    ],
    "otlp-openinference-traces.pb": [
        Row("ChatCompletion", "llm", "openinference", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 0),
        Row("ChatCompletion", "llm", "openinference", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 0),
        Row("ChatCompletion", "llm", "openinference", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 0),
        Row("CreateEmbeddings", "embedding", "openinference", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 0),
        Row("ChatCompletion", "llm", "openinference", "fail-model", NONE, "rate_limit", 0),
        Row("retrieve", "retrieval", "openinference", "", NONE, "", 0),
        Row("emb", "embedding", "openinference", "", NONE, "", 0),
    ],
    "otlp-openlit-traces.pb": [
        Row("POST", "other", "otel", "", NONE, "", 0),
        Row("POST", "other", "otel", "", NONE, "", 0),
        Row("POST", "other", "otel", "", NONE, "", 0),
        Row("POST", "other", "otel", "", NONE, "", 0),
        Row("POST", "other", "otel", "", NONE, "rate_limit", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 64, 0, 30, 0), "", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 64, 0, 30, 0), "", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 64, 0, 30, 0), "", 0),
        Row(
            "embeddings text-embedding-3-small", "embedding", "genai", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 0
        ),
        Row("chat fail-model", "llm", "genai", "fail-model", NONE, "rate_limit", 0),
    ],
    "otlp-openllmetry-traces.pb": [
        Row("openai.chat", "llm", "genai", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 0),
        Row("openai.chat", "llm", "genai", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 0),
        Row("openai.chat", "llm", "genai", "gpt-4o-mini", (120, 64, 0, 30, 0), "", 0),
        Row("openai.embeddings", "embedding", "genai", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 0),
        Row("openai.chat", "llm", "genai", "fail-model", NONE, "rate_limit", 0),
    ],
    "otlp-otel-deflate-traces.pb.zlib": [
        Row("hello", "other", "otel", "", NONE, "", 0),
    ],
    "otlp-otel-js-json-traces.json": [
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 0, 0), "other", 0),
        Row("answer", "other", "otel", "", NONE, "", 0),
    ],
    "otlp-otel-openai-v2-default-traces.pb": [
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 0),
        Row(
            "embeddings text-embedding-3-small", "embedding", "genai", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 0
        ),
        Row("chat fail-model", "llm", "genai", "fail-model", NONE, "rate_limit", 0),
    ],
    "otlp-otel-openai-v2-latest-traces.pb.gz": [
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 0),
        Row("chat fail-model", "llm", "genai", "fail-model", NONE, "rate_limit", 0),
        Row(
            "embeddings text-embedding-3-small", "embedding", "genai", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 0
        ),
    ],
    "otlp-otel-openai-v2-legacy-content-traces.pb": [
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 0, 0, 30, 0), "", 0),
        Row(
            "embeddings text-embedding-3-small", "embedding", "genai", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 0
        ),
        Row("chat fail-model", "llm", "genai", "fail-model", NONE, "rate_limit", 0),
    ],
    "otlp-otel-util-genai-traces.pb": [
        Row("retrieval kb-1", "retrieval", "genai", "text-embedding-3-small", NONE, "", 0),
        Row("chat gpt-4o-mini", "llm", "genai", "gpt-4o-mini", (120, 64, 5, 30, 10), "", 0),
        Row("execute_tool get_weather", "tool", "genai", "", NONE, "", 0),
        Row(
            "embeddings text-embedding-3-small", "embedding", "genai", "text-embedding-3-small", (8, 0, 0, 0, 0), "", 0
        ),
        Row("invoke_agent helper", "agent", "genai", "gpt-4o-mini", NONE, "", 0),
        Row("invoke_workflow answer-question", "chain", "genai", "", NONE, "", 0),
    ],
    "otlp-traceloop-sdk-traces.pb": [
        Row("lookup", "tool", "traceloop", "", NONE, "", 0),
        Row("ask", "chain", "traceloop", "", NONE, "", 0),
        Row("answer", "chain", "traceloop", "", NONE, "", 0),
        Row("openai.chat", "llm", "genai", "gpt-4o-mini", (120, 64, 0, 30, 10), "", 0),
    ],
}


def content_of(name: str) -> bytes:
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip("the captured client bodies do not lie beside this checkout")
    return OPENERS.get(path.suffix, bytes)(path.read_bytes())


def sample(name: str) -> Decoded:
    decoded = decode(content_of(name), as_json=name.endswith(".json"))
    assert (decoded.rejected, decoded.message) == (0, "")
    return decoded


@pytest.mark.parametrize("name", EXPECTED)
def test_every_span_of_a_captured_body(name):
    found = [
        Row(
            span.name,
            span.kind,
            span.dialect,
            span.model,
            (span.input_tokens, span.cached_tokens, span.cache_write_tokens, span.output_tokens, span.reasoning_tokens),
            span.error_type,
            span.cost_nano,
        )
        for span in sample(name).spans
    ]
    assert found == EXPECTED[name]


def test_no_captured_body_is_forgotten():
    if not SAMPLES.is_dir():
        pytest.skip("the captured client bodies do not lie beside this checkout")
    assert {path.name for path in SAMPLES.glob("otlp-*traces*")} == set(EXPECTED)


@pytest.mark.parametrize(
    "name",
    [
        "otlp-openinference-traces.pb",
        "otlp-openllmetry-traces.pb",
        "otlp-litellm-traces.pb",
        "otlp-openlit-traces.pb",
        "otlp-otel-openai-v2-latest-traces.pb.gz",
    ],
)
def test_the_first_call_shows_what_was_said_and_what_it_used(name):
    call = next(span for span in sample(name).spans if span.kind == "llm")
    assert (call.model, call.response_model, call.provider) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai")
    assert (call.input_tokens, call.output_tokens) == (120, 30)
    assert "You answer briefly." in call.input
    assert "The sky is blue." in call.output
    assert call.input.count("You answer briefly.") == 1
    assert call.finish_reason == "stop"


@pytest.mark.parametrize(
    ("name", "position"),
    [
        ("otlp-openinference-traces.pb", 1),
        ("otlp-openllmetry-traces.pb", 1),
        ("otlp-openlit-traces.pb", 6),
        ("otlp-otel-util-genai-traces.pb", 1),
        ("otlp-otel-openai-v2-latest-traces.pb.gz", 1),
    ],
)
def test_a_tool_call_is_seen(name, position):
    call = sample(name).spans[position]
    assert '"name":"get_weather","arguments":{"city":"Springfield"}' in call.tool_calls
    assert call.finish_reason == "tool_call"


@pytest.mark.parametrize(
    ("name", "first_token_ms"),
    [
        ("otlp-openinference-traces.pb", 49.845575),
        ("otlp-openllmetry-traces.pb", 51.445816),
        ("otlp-openlit-traces.pb", 45.827388763427734),
        ("otlp-otel-util-genai-traces.pb", 120.0),
        ("otlp-langfuse5-traces.pb.gz", 0.145216),
    ],
)
def test_the_first_token_is_seen_on_the_stream_alone(name, first_token_ms):
    assert [span.time_to_first_token_ms for span in sample(name).spans if span.time_to_first_token_ms is not None] == [
        first_token_ms
    ]


@pytest.mark.parametrize(
    "name",
    [
        "otlp-openinference-traces.pb",
        "otlp-traceloop-sdk-traces.pb",
        "otlp-langfuse3-traces.pb",
        "otlp-langfuse4-traces.pb",
        "otlp-langfuse5-traces.pb.gz",
        "otlp-langsmith-hybrid-traces.pb",
    ],
)
def test_who_and_what_for_is_known_of_a_model_call(name):
    call = next(span for span in sample(name).spans if span.kind == "llm")
    assert (call.user_id, call.session_id, call.feature) == ("user-1", "session-1", "search")


@pytest.mark.parametrize(
    "name", ["otlp-openinference-traces.pb", "otlp-otel-util-genai-traces.pb", "otlp-langsmith-hybrid-traces.pb"]
)
def test_documents_have_their_scores(name):
    retrieval = next(span for span in sample(name).spans if span.kind == "retrieval")
    assert retrieval.documents[0]["score"] == 0.91


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_secret_and_no_vector_is_kept(name):
    for span in sample(name).spans:
        text = repr(span)
        assert "user_api_key" not in text
        assert "LANGSMITH_" not in text
        assert "pk-lf" not in text
        assert "[1.0, 2.0, 3.0]" not in text
        assert "[1.0,2.0,3.0]" not in text
        assert "/app/venv" not in text


def test_the_second_sight_of_a_gateway_is_not_counted():
    assert [span.name for span in sample("otlp-litellm-traces.pb").spans if span.is_call] == [
        "gen",
        "litellm_request",
        "litellm_request",
        "litellm_request",
    ]


@pytest.mark.parametrize(
    ("logs", "traces"),
    [
        ("otlp-otel-openai-v2-legacy-content-logs.pb", "otlp-otel-openai-v2-legacy-content-traces.pb"),
        ("otlp-otel-util-genai-logs.pb", "otlp-otel-util-genai-traces.pb"),
        ("otlp-openlit-logs.pb", "otlp-openlit-traces.pb"),
    ],
)
def test_log_records_complete_their_spans(logs, traces):
    spans = {span.span_id: span for span in sample(traces).spans}
    told = decode_logs(content_of(logs), json=False, caller=CALLER)
    assert (told.rejected, told.ignored) == (0, 0)
    joined = [(spans[join.span_id], join) for join in told.joins if join.span_id]
    assert joined
    for span, join in joined:
        tokens = (span.input_tokens, span.output_tokens)
        complete(span, join)
        assert (span.input_tokens, span.output_tokens) == tokens
        assert span.input
    assert any("sky" in span.input for span, _ in joined)


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("otlp-openlit-metrics.pb", 17),
        ("otlp-openllmetry-metrics.pb", 18),
        ("otlp-otel-openai-v2-default-metrics.pb", 7),
        ("otlp-otel-openai-v2-latest-metrics.pb.gz", 9),
        ("otlp-otel-openai-v2-legacy-content-metrics.pb", 7),
        ("otlp-otel-util-genai-metrics.pb", 9),
        ("otlp-traceloop-sdk-metrics.pb", 5),
    ],
)
def test_every_point_of_captured_metrics_is_a_series(name, points):
    decoded = decode_metrics(content_of(name), json=False, caller=CALLER)
    assert (decoded.rejected, decoded.message) == (0, "")
    assert len(decoded.points) == points == len({point.series for point in decoded.points})
    assert {point.temporality for point in decoded.points} == {"cumulative"}

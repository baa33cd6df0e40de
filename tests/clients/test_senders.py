"""Every sender of docs/senders.md that speaks OTLP, as published: its settings are changed and nothing else."""

import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.clients.model_server.messages import COST as CACHED_COST
from tests.clients.model_server.models import CHAT_COST
from tests.clients.run import run_client
from tests.clients.senders import SENDERS

Span = Mapping[str, Any]

QUESTION, SYSTEM, ANSWER = "What colour is the sky?", "You answer briefly.", "The sky is blue."
#: The five calls of programs/application.py, and of programs/litellm_calls.py.
ANSWERED, TOOL, STREAMED, EMBEDDED, REFUSED = range(5)
EMBEDDING_COST = "0.00000016"
NOBODY = {"user_id": "", "session_id": "", "feature": ""}
SOMEBODY = {"user_id": "user-1", "session_id": "session-1", "feature": "search"}
ASKED_FOR_A_TOOL = {
    "provider": "openai",
    "model": "gpt-4o-mini",
    "response_model": "gpt-4o-mini-2024-07-18",
    "cost_usd": CHAT_COST,
    "finish_reason": "tool_call",
}


def calls(spans: Iterable[Span]) -> list[Span]:
    return [span for span in spans if span["kind"] in ("llm", "embedding") and span["counted"]]


def named(spans: Iterable[Span], name: str) -> Span:
    (found,) = [span for span in spans if span["name"] == name]
    return found


def tokens(span: Span) -> tuple[int, ...]:
    """Input, cached, cache write, output, reasoning."""
    return tuple(
        span[name]
        for name in ("input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens")
    )


def only(span: Span, names: Iterable[str]) -> dict[str, Any]:
    return {name: span[name] for name in names}


def roots(spans: Iterable[Span]) -> list[Span]:
    return [span for span in spans if not span["parent_id"]]


def check_calls(
    spans: list[Span],
    *,
    used: tuple[int, ...] = (120, 64, 0, 30, 10),
    streamed: tuple[int, ...] | None = None,
    cost: str = CHAT_COST,
    provider: str = "openai",
    who: Mapping[str, str] = NOBODY,
    refused_is_told: bool = True,
) -> list[Span]:
    """The five calls are there with what their sender tells of each."""
    found = calls(spans)
    assert [span["kind"] for span in found] == ["llm", "llm", "llm", "embedding", "llm"]
    assert [span["model"] for span in found] == ["gpt-4o-mini"] * 3 + ["text-embedding-3-small", "fail-model"]
    assert {span["provider"] for span in found if span["kind"] == "llm"} == {provider}
    assert [tokens(span) for span in found] == [used, used, streamed or used, (8, 0, 0, 0, 0), (0, 0, 0, 0, 0)]
    assert [span["cost_usd"] for span in found] == [cost, cost, cost, EMBEDDING_COST, None]
    assert found[ANSWERED]["response_model"] == "gpt-4o-mini-2024-07-18"
    assert only(found[REFUSED], ("status", "error_type")) == {"status": "error", "error_type": "rate_limit"}
    assert found[REFUSED]["error_original"].endswith("RateLimitError")
    assert "Rate limit reached" in found[REFUSED]["error_message"]
    assert [span["status"] for span in found[:REFUSED]] == ["ok"] * REFUSED
    assert only(found[ANSWERED], who) == who
    check_content(found)
    if refused_is_told:
        assert QUESTION in found[REFUSED]["input"]
    return found


def check_content(found: list[Span]) -> None:
    for call in (found[ANSWERED], found[STREAMED]):
        assert (call["input"].count(QUESTION), call["input"].count(SYSTEM)) == (1, 1)
        assert ANSWER in call["output"]
    (asked,) = found[TOOL]["tool_calls"]
    assert (asked["name"], asked["arguments"]) == ("get_weather", {"city": "Springfield"})
    assert "Weather in Springfield?" in found[TOOL]["input"]


@pytest.mark.parametrize("slug", ["otel-http", "otel-grpc", "rotel-http", "rotel-grpc", "collector"])
def test_opentelemetry_sdk(sent, slug):
    spans = sent(slug)
    (root,) = roots(spans)
    assert only(root, ("name", "kind", *SOMEBODY)) == {"name": "answer", "kind": "other"} | SOMEBODY
    assert [span["kind"] for span in spans if span["parent_id"] == root["span_id"]] == [
        "embedding", "retrieval", "llm", "tool", "llm",
    ]  # fmt: skip
    chat = named(spans, "chat gpt-4o-mini")
    assert tokens(chat) == (120, 64, 5, 30, 10)
    assert only(chat, tuple(ASKED_FOR_A_TOOL)) == ASKED_FOR_A_TOOL
    assert only(chat, SOMEBODY) == SOMEBODY
    assert only(chat, ("prompt_name", "prompt_version")) == {"prompt_name": "greet", "prompt_version": "3"}
    assert chat["time_to_first_token_ms"] == 120
    assert QUESTION in chat["input"] and SYSTEM in chat["input"] and ANSWER in chat["output"]
    assert chat["tool_calls"] == [{"id": "call_1", "name": "get_weather", "arguments": {"city": "Springfield"}}]
    retrieval = named(spans, "retrieval handbook")
    assert retrieval["input"] == "colour of the sky"
    assert retrieval["documents"] == [{"id": "doc-1", "score": 0.91, "content": ANSWER, "metadata": {}}]
    tool = named(spans, "execute_tool get_weather")
    assert tool["tool_name"] == "get_weather"
    assert (json.loads(tool["input"]), json.loads(tool["output"])) == ({"city": "Springfield"}, {"sky": "blue"})
    embedding = named(spans, "embeddings text-embedding-3-small")
    assert only(embedding, ("input_tokens", "embedding_dimensions", "cost_usd")) == {
        "input_tokens": 8,
        "embedding_dimensions": 3,
        "cost_usd": EMBEDDING_COST,
    }
    refused = named(spans, "chat fail-model")
    assert only(refused, ("status", "error_type", "error_original")) == {
        "status": "error",
        "error_type": "rate_limit",
        "error_original": "RateLimitError",
    }


def test_opentelemetry_sdk_for_javascript(sent):
    spans = sent("otel-json")
    (root,) = roots(spans)
    chat, refused = named(spans, "chat gpt-4o-mini"), named(spans, "chat fail-model")
    assert {chat["parent_id"], refused["parent_id"]} == {root["span_id"]}
    assert tokens(chat) == (120, 64, 5, 30, 10)
    assert only(chat, tuple(ASKED_FOR_A_TOOL)) == ASKED_FOR_A_TOOL
    assert chat["time_to_first_token_ms"] == 120
    assert chat["tool_calls"] == [{"id": "call_1", "name": "get_weather", "arguments": {"city": "Springfield"}}]
    retrieval = named(spans, "retrieval handbook")
    assert retrieval["documents"] == [{"id": "doc-1", "score": 0.91, "content": ANSWER, "metadata": {}}]
    assert only(chat, ("user_id", "session_id", "prompt_name", "prompt_version")) == {
        "user_id": "user-1",
        "session_id": "session-1",
        "prompt_name": "greet",
        "prompt_version": "3",
    }
    assert QUESTION in chat["input"] and ANSWER in chat["output"]
    assert only(refused, ("status", "error_type", "error_original")) == {
        "status": "error",
        "error_type": "rate_limit",
        "error_original": "RateLimitError",
    }


def check_one_root(spans: list[Span], found: list[Span]) -> None:
    """What the application's own span holds is below it."""
    (root,) = roots(spans)
    assert only(root, ("name", "kind")) == {"name": "answer", "kind": "other"}
    assert {call["parent_id"] for call in found} == {root["span_id"]}


def test_opentelemetry_instrumentation_with_the_latest_conventions(sent):
    spans = sent("openai-v2-latest")
    found = check_calls(spans, used=(120, 0, 0, 30, 0), cost="0.000036")
    check_one_root(spans, found)
    assert [span["finish_reason"] for span in found] == ["stop", "tool_call", "stop", "", ""]
    assert {span["service_tier"] for span in found[:EMBEDDED]} == {"default"}


def test_opentelemetry_instrumentation_whose_content_is_in_log_records(sent):
    """As it comes: what was said arrives in requests of its own, and is in the spans."""
    spans = sent("openai-v2-default")
    found = check_calls(spans, used=(120, 0, 0, 30, 0), cost="0.000036")
    check_one_root(spans, found)
    assert [span["finish_reason"] for span in found[:STREAMED]] == ["stop", "tool_call"]


def test_opentelemetry_genai_utilities(sent):
    spans = sent("util-genai")
    (workflow,) = roots(spans)
    assert only(workflow, ("kind", "name", "session_id")) == {
        "kind": "chain",
        "name": "invoke_workflow answer-question",
        "session_id": "session-1",
    }
    assert {span["parent_id"] for span in spans if span is not workflow} == {workflow["span_id"]}
    chat = named(spans, "chat gpt-4o-mini")
    assert tokens(chat) == (120, 64, 5, 30, 10)
    assert chat["cost_usd"] == CHAT_COST
    assert only(chat, ("session_id", "prompt_name", "prompt_version")) == {
        "session_id": "session-1",
        "prompt_name": "greet",
        "prompt_version": "3",
    }
    assert QUESTION in chat["input"] and SYSTEM in chat["input"] and ANSWER in chat["output"]
    assert chat["tool_calls"] == [{"id": "call_1", "name": "get_weather", "arguments": {"city": "Springfield"}}]
    assert named(spans, "retrieval handbook")["documents"] == [
        {"id": "doc-1", "score": 0.91, "content": "", "metadata": {}}
    ]
    tool = named(spans, "execute_tool get_weather")
    assert (json.loads(tool["input"]), json.loads(tool["output"])) == ({"city": "Springfield"}, {"sky": "blue"})
    assert named(spans, "chat fail-model")["error_type"] == "timeout"


@pytest.mark.parametrize("slug", ["openinference", "openinference-http"])
def test_openinference(sent, slug):
    spans = sent(slug)
    found = check_calls(spans, who=SOMEBODY | {"prompt_version": "3"})
    check_one_root(spans, found)
    assert [span["finish_reason"] for span in found[:EMBEDDED]] == ["stop", "tool_call", "stop"]
    assert found[ANSWERED]["tags"] == ["beta"]
    assert 0 < found[STREAMED]["time_to_first_token_ms"] < found[STREAMED]["duration_ms"]
    assert only(found[EMBEDDED], ("embedding_count", "embedding_dimensions")) == {
        "embedding_count": 2,
        "embedding_dimensions": 3,
    }
    assert found[EMBEDDED]["embedding_norm"] == pytest.approx(14**0.5)


def test_traceloop(sent):
    spans = sent("traceloop")
    # Of a stream its instrumentation reports no reasoning tokens.
    found = check_calls(spans, streamed=(120, 64, 0, 30, 0), who=SOMEBODY | {"prompt_version": "3"})
    (workflow,) = roots(spans)
    assert (
        only(workflow, ("kind", "name", "output", *SOMEBODY))
        == {
            "kind": "chain",
            "name": "answer",
            "output": "",
        }
        | SOMEBODY
    )
    assert {span["parent_id"] for span in spans if span is not workflow} == {workflow["span_id"]}
    tool = named(spans, "get_weather")
    assert only(tool, ("kind", "tool_name")) == {"kind": "tool", "tool_name": "get_weather"}
    assert json.loads(tool["output"]) == {"sky": "blue", "city": "Springfield"}
    assert 0 < found[STREAMED]["time_to_first_token_ms"] < found[STREAMED]["duration_ms"]
    assert found[EMBEDDED]["embedding_count"] == 2


def test_openlit(sent):
    spans = sent("openlit")
    found = check_calls(spans, used=(120, 64, 0, 30, 0), who=SOMEBODY, refused_is_told=False)
    (root,) = roots(spans)
    assert {call["parent_id"] for call in found} == {root["span_id"]}
    requests = [span for span in spans if span["name"] == "POST"]
    assert [span["parent_id"] for span in requests] == [call["span_id"] for call in found]
    assert {span["kind"] for span in requests} == {"other"}
    assert 0 < found[STREAMED]["time_to_first_token_ms"] < found[STREAMED]["duration_ms"]
    assert only(found[EMBEDDED], ("embedding_count", "embedding_dimensions")) == {
        "embedding_count": 2,
        "embedding_dimensions": 3,
    }


def check_litellm(spans: list[Span], *, who: Mapping[str, str]) -> None:
    found = check_calls(spans, who=who)
    assert {call["cost_source"] for call in found[:REFUSED]} == {"reported"}
    assert found[EMBEDDED]["embedding_count"] == 2
    repeated = [span for span in spans if not span["counted"]]
    assert {span["parent_id"] for span in repeated} == {call["span_id"] for call in found[:REFUSED]}
    assert {span["kind"] for span in repeated} == {"other"}


def test_litellm_with_its_otel_callback(sent):
    spans = sent("litellm")
    check_litellm(spans, who={"user_id": "user-1"})
    found = calls(spans)
    assert [call["finish_reason"] for call in found[:EMBEDDED]] == ["stop", "tool_call", "stop"]
    assert found[EMBEDDED]["provider"] == "openai"


def test_litellm_with_its_langfuse_otel_callback(sent):
    spans = sent("litellm-langfuse")
    check_litellm(spans, who=SOMEBODY)
    assert calls(spans)[ANSWERED]["tags"] == ["beta"]


@pytest.mark.parametrize("sender", ["litellm", "openlit"])
def test_what_a_prompt_cache_was_asked_and_given(console, model_server, sender):
    """Anthropic's input leaves out what was cached; ours, and the price, hold all of it."""
    pointed = SENDERS[sender].environ(url=console.url, grpc="", key=console.key)
    service = f"{sender}-cached"
    run_client("gateways", f"{sender}_cached.py", model_server.environ | pointed | {"OTEL_SERVICE_NAME": service})
    (call,) = calls(console.wait_all_spans(2, service=service))
    assert tokens(call) == (125, 64, 5, 30, 0)
    assert only(call, ("provider", "model", "response_model", "cost_usd")) == {
        "provider": "anthropic",
        "model": "claude-sonnet-4-5",
        "response_model": "claude-sonnet-4-5-20250929",
        "cost_usd": CACHED_COST,
    }
    assert QUESTION in call["input"] and ANSWER in call["output"]


def test_a_call_seen_by_two_instrumentors_is_billed_once(console, model_server):
    sender = SENDERS["otel-http"]
    pointed = sender.environ(url=console.url, grpc="", key=console.key) | {"OTEL_SERVICE_NAME": "two-instrumentors"}
    run_client("main", "two_instrumentors.py", model_server.environ | pointed)
    spans = console.wait_all_spans(5, service="two-instrumentors")
    assert {span["dialect"] for span in spans if span["kind"] == "llm"} == {"genai", "openinference"}
    (trace,) = console.wait_traces(1, service="two-instrumentors")
    assert (trace["calls"], trace["input_tokens"], trace["output_tokens"]) == (2, 240, 60)
    # Of the two, the one that knows what was cached.
    assert Decimal(trace["cost_usd"]) == 2 * Decimal(CHAT_COST)
    assert {span["dialect"] for span in calls(spans)} == {"openinference"}

"""Our own SDK around the clients that applications use, read back by REST."""

import pytest

from tests.clients.model_server.models import CHAT_COST
from tests.clients.run import run_client
from tests.console import ROOT


@pytest.fixture
def environment(console, model_server):
    return {
        "PYTHONPATH": str(ROOT / "sdk"),
        "ONWATCH_ENDPOINT": console.url,
        "ONWATCH_KEY": console.key,
        "OPENAI_BASE_URL": model_server.url,
        "OPENAI_API_KEY": "none",
    }


def by_name(spans):
    return {span["name"]: span for span in spans}


def test_the_example_of_the_docs_is_one_trace(console, environment):
    said = run_client("main", "sdk_rag.py", environment)
    assert (said["lost"], said["faults"]) == (0, 0)
    spans = console.wait_spans(said["trace_id"], 5)
    found = by_name(spans)
    turn, ask, search, embed, complete = (found[name] for name in ("turn", "ask", "search", "embed", "complete"))
    assert [span["kind"] for span in (turn, ask, search, embed, complete)] == [
        "chain",
        "chain",
        "retrieval",
        "embedding",
        "llm",
    ]
    assert turn["parent_id"] == ""
    assert [span["parent_id"] for span in (ask, search, embed, complete)] == [
        turn["span_id"],
        ask["span_id"],
        search["span_id"],
        ask["span_id"],
    ]
    for span in spans:
        assert (span["user_id"], span["session_id"], span["variant"]) == ("ada", "monday", "short")
        assert span["service"] == "handbook"
    for span in (ask, search, embed, complete):
        assert (span["feature"], span["prompt_name"], span["prompt_version"]) == ("handbook", "handbook-answer", "3")
    assert (complete["model"], complete["response_model"]) == ("gpt-4o-mini", "gpt-4o-mini-2024-07-18")
    assert (complete["input_tokens"], complete["output_tokens"]) == (120, 30)
    assert (complete["cached_tokens"], complete["reasoning_tokens"]) == (64, 10)
    assert (complete["cost_usd"], complete["cost_source"]) == (CHAT_COST, "price_book")
    assert "How many days of leave" in complete["input"]
    assert "The sky is blue." in complete["output"]
    assert ask["output"] == "The sky is blue."
    assert search["input"] == "How many days of leave do I have?"
    (document,) = search["documents"]
    assert document == {
        "id": "leave",
        "score": 1.0,
        "content": "Everybody has 25 days of leave a year.",
        "metadata": {},
    }
    assert (embed["embedding_count"], embed["embedding_dimensions"], embed["input_tokens"]) == (3, 3, 8)
    assert embed["embedding_norm"] == pytest.approx(14**0.5)
    assert len(embed["embedding_projection"]) == 16
    assert embed["cost_usd"] is not None
    scores = console.until(
        lambda: [score for span in console.spans(said["trace_id"]) for score in span["scores"]],
        lambda scores: len(scores) >= 2,
        "two scores",
    )
    assert {(score["name"], score["value"], score["source"]) for score in scores} == {
        ("grounded", 0.9, "client"),
        ("feedback", 1.0, "user"),
    }


def test_the_openai_client(console, environment):
    said = run_client("main", "sdk_openai.py", environment)
    assert (said["lost"], said["faults"]) == (0, 0)
    found = by_name(console.wait_spans(said["trace_id"], 7))
    for name in ("stream", "handed_out", "handed_out_async", "tools", "responses"):
        span = found[name]
        assert (span["kind"], span["model"], span["response_model"]) == ("llm", "gpt-4o-mini", "gpt-4o-mini-2024-07-18")
        assert (span["input_tokens"], span["output_tokens"], span["cached_tokens"]) == (120, 30, 64)
        assert span["cost_usd"] == CHAT_COST
        assert "Why is the sky blue?" in span["input"]
        if name != "tools":
            assert "The sky is blue." in span["output"]
        if name in ("stream", "handed_out", "handed_out_async"):
            assert 0 < span["time_to_first_token_ms"] < span["duration_ms"]
    (call,) = found["tools"]["tool_calls"]
    assert (call["name"], call["arguments"]) == ("weather", {"city": "Springfield"})
    assert found["tools"]["finish_reason"] == "tool_call"
    refused = found["refused"]
    assert (refused["status"], refused["error_type"], refused["error_original"]) == (
        "error",
        "rate_limit",
        "RateLimitError",
    )


def test_the_langsmith_helper(console, environment):
    said = run_client("main", "sdk_langsmith.py", environment)
    found = by_name(console.wait_spans(said["trace_id"], 2))
    answer, complete = found["answer"], found["complete"]
    assert (answer["kind"], complete["kind"]) == ("chain", "llm")
    assert complete["parent_id"] == answer["span_id"]
    assert (answer["user_id"], answer["session_id"], answer["feature"]) == ("u-1", "s-1", "help")
    assert (complete["model"], complete["input_tokens"], complete["output_tokens"]) == ("gpt-4o-mini", 120, 30)
    scores = console.until(
        lambda: [score for span in console.spans(said["trace_id"]) for score in span["scores"]], len, "the feedback"
    )
    assert [(score["name"], score["value"], score["comment"]) for score in scores] == [("helpful", 0.9, "Clear.")]
    # It was read back from the console.
    assert said["url"].startswith(f"{console.url}/o/")
    assert said["run_id"] in said["url"]

"""LangSmith's clients, and LangChain and LangGraph through them: what arrives, and what they read back."""

import urllib.request
import uuid

import pytest

from tests.clients.run import run_client

QUESTION, ANSWER = "What colour is the sky?", "The sky is blue."
#: One call of the model server.
USED = {
    "model": "gpt-4o-mini", "response_model": "gpt-4o-mini-2024-07-18", "provider": "openai", "input_tokens": 120,
    "cached_tokens": 64, "cache_write_tokens": 0, "output_tokens": 30, "reasoning_tokens": 10, "cost_usd": "0.0000312",
    "cost_source": "price_book", "status": "ok", "counted": True,
}  # fmt: skip


def environment(console, model_server, project: str, **more: str) -> dict[str, str]:
    """What an operator sets, and where the model is."""
    return {
        "LANGSMITH_ENDPOINT": f"{console.url}/api/v1",
        "LANGSMITH_API_KEY": console.key,
        "LANGSMITH_TRACING": "true",
        "LANGSMITH_PROJECT": project,
        "OPENAI_BASE_URL": model_server.url,
        "OPENAI_API_KEY": "none",
        "CONSOLE": console.url,
        **more,
    }


def hexed(run_id: str) -> str:
    return uuid.UUID(run_id).hex


def by_name(spans: list[dict], *names: str) -> list[dict]:
    found = [span for span in spans if span["name"] in names]
    assert found, [span["name"] for span in spans]
    return found


def facts(span: dict, wanted: dict) -> dict:
    return {name: span[name] for name in wanted}


def assert_calls(plain: dict, called: dict, streamed: dict, failed: dict, *, tool: str = "weather") -> None:
    """The four calls that every program makes."""
    for span in (plain, called, streamed):
        assert facts(span, USED) == USED
    assert QUESTION in plain["input"] and ANSWER in plain["output"] and plain["time_to_first_token_ms"] is None
    ((name, arguments),) = [(call["name"], call["arguments"]) for call in called["tool_calls"]]
    assert (name, arguments, called["finish_reason"]) == (tool, {"city": "Springfield"}, "tool_call")
    assert ANSWER in streamed["output"] and 0 < streamed["time_to_first_token_ms"] < streamed["duration_ms"]
    assert (failed["status"], failed["error_type"], failed["cost_usd"]) == ("error", "rate_limit", None)


@pytest.fixture(scope="module")
def traced(console, model_server) -> dict:
    """What the program with decorators says; it runs once."""
    return run_client("main", "langsmith_traceable.py", environment(console, model_server, "reads-py"))


def test_traceable_and_wrapped_openai(console, traced):
    spans = console.wait_spans(hexed(traced["root"]), 7)
    root, search, clock, plain, called, streamed, failed = spans
    assert root["span_id"] == hexed(traced["root"])
    assert [span["parent_id"] for span in spans] == ["", *[root["span_id"]] * 6]
    assert [span["kind"] for span in spans] == ["chain", "retrieval", "tool", "llm", "llm", "llm", "llm"]
    for span in spans:
        assert (span["user_id"], span["session_id"], span["feature"]) == ("user-1", "thread-1", "weather")
        assert (span["tags"], span["service"], span["scope"]) == (["beta", "eu"], "reads-py", "langsmith-py/0.15.0")
    assert search["documents"] == [
        {"id": "kb/1", "score": 0.9, "content": ANSWER, "metadata": {"id": "kb/1", "score": 0.9}}
    ]
    assert (clock["tool_name"], clock["output"]) == ("clock", '{"output":"noon"}')
    assert_calls(plain, called, streamed, failed)
    assert failed["error_original"] == "RateLimitError"
    assert {score["name"]: score["value"] for score in root["scores"]} == {"helpful": 1, "correct": 0.75, "thumbs": 1}
    assert "LANGSMITH" not in str(root["attributes"]) and root["attributes"]["metadata.plan"] == "gold"


def test_what_the_python_client_reads_back(console, traced):
    said = traced
    assert said["children"] == ["search", "clock", *["ChatOpenAI"] * 4]
    read = said["read"]
    assert (read["inputs"], read["outputs"]) == ({"question": QUESTION}, {"output": ANSWER})
    assert (read["tokens"], read["cost"], read["status"]) == (450, "0.0000936", "success")
    assert read["tags"] == ["beta", "eu"] and read["metadata"]["plan"] == "gold"
    assert read["feedback"] == {"helpful": 1, "correct": 0.75, "thumbs": 1}
    assert said["failed"] == [["ChatOpenAI", "RateLimitError"]] and said["named"] == ["ChatOpenAI"] * 2
    assert len(said["tagged"]) == 7
    assert said["feedback"] == {
        "helpful": [1, "good"], "correct": [0.75, None], "note": [None, "no number"], "thumbs": [1, "from a page"],
    }  # fmt: skip
    assert said["retrieved"] == ["answer", "SUCCESS", "CHAIN"]
    assert said["queried"] == ["ChatOpenAI"] * 4 + ["clock", "search"]
    for url in (said["url"], said["new_url"]):
        assert url.startswith(f"{console.url}/o/") and f"/projects/p/{said['session']}/r/{said['root']}?" in url
        # A stranger is asked to sign in first.
        assert "/accounts/login/" in urllib.request.urlopen(url, timeout=20).url


@pytest.mark.parametrize("switched_off", ["LANGSMITH_DISABLE_RUN_COMPRESSION", ""])
def test_run_trees_single_runs_and_attachments(console, model_server, switched_off):
    """With compression (zstd) and without."""
    more = {switched_off: "true"} if switched_off else {}
    said = run_client("main", "langsmith_run_tree.py", environment(console, model_server, "reads-trees", **more))
    root, embedded = console.wait_spans(hexed(said["ids"]["root"]), 2)
    assert (root["kind"], root["name"], root["output"]) == ("chain", "pipeline", '{"answer":"So."}')
    assert root["attributes"]["events"][0]["name"] == "checked"
    assert (embedded["kind"], embedded["parent_id"], embedded["output"]) == ("embedding", root["span_id"], "")
    assert (embedded["embedding_count"], embedded["embedding_dimensions"]) == (2, 2)
    (called,) = console.wait_spans(hexed(said["called"]), 1)
    own = USED | {"response_model": "", "cache_write_tokens": 5, "prompt_name": "greet", "prompt_version": "3"}
    assert facts(called, own) == own
    assert QUESTION in called["input"] and ANSWER in called["output"]
    (carrier,) = console.wait_spans(hexed(said["ids"]["carrier"]), 1)
    kept = [{"name": "photo", "mime_type": "image/png", "bytes": 7}]
    assert (carrier["tool_name"], carrier["attributes"]["attachments"]) == ("with a picture", kept)
    assert said["outputs"] == {"root": {"answer": "So."}, "single": {"text": "b"}, "carrier": {"seen": True}}
    assert said["types"] == {"root": "chain", "single": "prompt", "carrier": "tool"}
    assert (said["pending"], said["latency"], said["event"]) == ("pending", 2.0, {"by": "ann"})


def test_langchain_and_langgraph_by_environment_variables(console, model_server):
    said = run_client("main", "langsmith_langgraph.py", environment(console, model_server, "reads-graph"))
    spans = console.wait_spans(hexed(said["root"]), 6)
    (root,) = by_name(spans, "forecast")
    assert (root["parent_id"], root["kind"], root["service"]) == ("", "chain", "reads-graph")
    nodes = {span["name"]: span["span_id"] for span in by_name(spans, "ask", "tools", "conclude")}
    assert {span["parent_id"] for span in by_name(spans, *nodes)} == {root["span_id"]}
    asked, streamed = by_name(spans, "ChatOpenAI")
    assert (asked["parent_id"], streamed["parent_id"]) == (nodes["ask"], nodes["conclude"])
    for call in (asked, streamed):
        assert facts(call, USED) == USED and QUESTION in call["input"]
        assert (call["user_id"], call["session_id"]) == ("user-2", "thread-2")
    assert [(call["name"], call["arguments"]) for call in asked["tool_calls"]] == [("weather", {"city": "Springfield"})]
    assert ANSWER in streamed["output"] and streamed["time_to_first_token_ms"] > 0
    (tool,) = by_name(spans, "weather")
    assert (tool["kind"], tool["parent_id"]) == ("tool", nodes["tools"]) and "Sunny in Springfield" in tool["output"]
    assert "graph" in root["tags"]
    assert (said["name"], said["tokens"], said["project"]) == ("forecast", 300, "reads-graph")
    assert said["children"] == ["ask", "tools", "conclude"]


def test_the_javascript_client(console, model_server):
    said = run_client("node", "langsmith_js.mjs", environment(console, model_server, "reads-js"))
    spans = console.wait_spans(hexed(said["root"]), 5)
    root, plain, called, streamed, failed = spans
    assert [span["parent_id"] for span in spans] == ["", *[root["span_id"]] * 4]
    assert_calls(plain, called, streamed, failed)
    for span in spans:
        assert (span["user_id"], span["session_id"], span["service"]) == ("user-3", "thread-3", "reads-js")
        assert span["scope"] == "langsmith-js/0.12.0" and 0 <= span["duration_ms"] < 60_000
    assert root["tags"] == ["js"] and ANSWER in root["output"]
    assert {score["name"]: score["value"] for score in root["scores"]} == {"helpful": 0.5, "thumbs": 1}
    assert (said["children"], said["tokens"], said["failed"]) == (["ChatOpenAI"] * 4, 450, ["ChatOpenAI"])
    assert said["feedback"] == [["helpful", 0.5, "better"]]
    assert (said["opened"], said["retrieved"]) == (200, "answer")
    assert said["url"].startswith(f"{console.url}/o/") and f"/r/{said['root']}?" in said["url"]


@pytest.mark.parametrize(
    ("project", "mode"),
    [
        ("reads-hybrid", {"LANGSMITH_OTEL_ENABLED": "true"}),
        ("reads-otel", {"LANGSMITH_TRACING_MODE": "otel"}),
    ],
)
def test_otlp_beside_runs_and_alone_is_counted_once(console, model_server, project, mode):
    said = run_client("main", "langsmith_otel.py", environment(console, model_server, project, **mode))
    assert (said["name"], said["tokens"], said["children"]) == ("answer", 150, ["ChatOpenAI"])
    summary = console.until(
        lambda: console.get("/summary", range="1h", service=project), lambda found: found["calls"], "a call"
    )
    assert (summary["calls"], summary["input_tokens"], summary["cost_usd"]) == (1, 120, "0.0000312")
    spans = console.wait_all_spans(2, service=project)
    assert len(spans) == 2 and all(span["counted"] for span in spans)
    (call,) = [span for span in spans if span["kind"] == "llm"]
    assert facts(call, USED) == USED and (call["user_id"], call["session_id"]) == ("user-4", "thread-4")
    assert QUESTION in call["input"] and ANSWER in call["output"] and call["finish_reason"] == "stop"
    (root,) = [span for span in spans if span["kind"] == "chain" and span["counted"]]
    assert (root["parent_id"], call["parent_id"], root["tags"]) == ("", root["span_id"], ["otel"])


def test_langchain_that_an_environment_points_here(sent):
    """What docs/senders.md says of it: each call is a trace of its own."""
    spans = sent("langchain")
    assert_calls(*spans, tool="get_weather")
    assert {span["parent_id"] for span in spans} == {""}
    for span in spans:
        assert (span["user_id"], span["session_id"], span["feature"]) == ("user-1", "session-1", "search")
        assert span["tags"] == ["beta"]
    assert (spans[3]["model"], spans[3]["error_original"]) == ("fail-model", "OpenAIRateLimitError")
    assert QUESTION in spans[3]["input"]

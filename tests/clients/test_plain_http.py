"""No client at all: curl, as a shell or any language without an SDK would send."""

import json
import subprocess
import uuid


def curl(console, path: str, content: str, *more: str) -> tuple[int, dict]:
    """``POST /api/v1`` + path; the status and the parsed answer."""
    done = subprocess.run(
        [
            "curl", "-sS", "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {console.key}", *more,
            "--data-binary", "@-", f"{console.url}/api/v1{path}",
        ],
        input=content, capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def stored(console, path: str, content: object, *more: str) -> dict:
    status, answer = curl(console, path, content if isinstance(content, str) else json.dumps(content), *more)
    assert status == 201, answer
    return answer


def call(trace_id: str, **values: object) -> dict:
    return {
        "trace_id": trace_id, "span_id": "call", "parent_id": "root", "kind": "llm", "name": "chat",
        "provider": "openai", "model": "gpt-4o-mini", "start_time": "now-5s", "duration_ms": 812,
        "time_to_first_token_ms": 120, "input_tokens": 120, "cached_tokens": 64, "cache_write_tokens": 5,
        "output_tokens": 30, "reasoning_tokens": 10, "input": [{"role": "user", "content": "What colour is the sky?"}],
        "output": "The sky is blue.", "user_id": "user-1", "session_id": "session-1", "feature": "search",
        "prompt_name": "greet", "prompt_version": "3",
        "tool_calls": [{"id": "c1", "name": "get_weather", "arguments": {"city": "Springfield"}}],
    } | values  # fmt: skip


def test_spans_by_curl(console):
    trace_id = uuid.uuid4().hex
    root = {"trace_id": trace_id, "span_id": "root", "kind": "chain", "name": "answer", "start_time": "now-6s"}
    failed = {"span_id": "failed", "error_message": "429 Rate limit reached", "error_type": "RateLimitError"}
    # One object, then a list, as a form or as JSON: curl says the former unless told.
    assert stored(console, "/spans", root)["stored"] == 1
    sent = [call(trace_id), call(trace_id, **failed, output="")]
    assert stored(console, "/spans", sent, "-H", "Content-Type: application/json")["stored"] == 2
    assert stored(console, "/spans", sent)["repeated"] == 2
    found = {span["span_id"]: span for span in console.spans(trace_id)}
    assert {span["parent_id"] for span in found.values()} == {"", "root"}
    done = found["call"]
    for name in (
        "provider", "model", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
        "tool_calls", "user_id", "session_id", "feature", "prompt_name", "prompt_version", "time_to_first_token_ms",
        "output",
    ):  # fmt: skip
        assert done[name] == call(trace_id)[name], name
    assert (done["cost_usd"], done["status"]) == ("0.0000312", "ok")
    assert "What colour is the sky?" in done["input"]
    assert (found["failed"]["status"], found["failed"]["error_type"]) == ("error", "rate_limit")


def test_scores_by_curl(console):
    trace_id = uuid.uuid4().hex
    stored(console, "/spans", [call(trace_id)])
    one = {"id": f"{trace_id}-1", "trace_id": trace_id, "span_id": "call", "name": "helpful", "value": 0.8}
    assert stored(console, "/scores", one)["stored"] == 1
    others = [one, {"trace_id": trace_id, "name": "thumbs", "value": True}, {"trace_id": trace_id, "value": 1}]
    answer = stored(console, "/scores", others)
    assert (answer["stored"], answer["repeated"], answer["rejected"]) == (1, 1, 1)
    assert (answer["errors"][0]["index"], answer["errors"][0]["field"]) == (2, "name")
    (span,) = console.spans(trace_id)
    assert {score["name"]: score["value"] for score in span["scores"]} == {"helpful": 0.8}


def test_cost_events_by_curl(console):
    before = float(console.get("/summary", range="1h", user_id="curl-user")["cost_usd"])
    bill = {"id": uuid.uuid4().hex, "model": "gpt-4o-mini", "cost_usd": "1.25", "user_id": "curl-user"}
    usage = {"model": "gpt-4o-mini", "provider": "openai", "input_tokens": 1_000_000, "user_id": "curl-user"}
    assert stored(console, "/cost-events", bill)["stored"] == 1
    assert stored(console, "/cost-events", [bill, usage])["repeated"] == 1
    after = float(console.get("/summary", range="1h", user_id="curl-user")["cost_usd"])
    assert round(after - before, 6) == 1.40


def test_what_curl_is_told(console):
    assert curl(console, "/spans", "{")[0] == 400
    status, answer = curl(console, "/spans", '[{"trace_id": "t", "modle": "m"}]')
    assert (status, answer["field"]) == (422, "0.modle")
    status, answer = curl(console, "/spans", "{}", "-H", "Authorization: Bearer wrong")
    assert status == 401 and answer["detail"]

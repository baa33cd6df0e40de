"""Langfuse's own SDK, majors 2 to 5, with what it calls beside OTLP."""

import functools
import urllib.error
import urllib.request
import uuid

import pytest

from tests.clients.run import run_client

#: Major -> the environment it is installed in, and what points it here.
OTEL_MAJORS = {
    3: ("langfuse3", "LANGFUSE_HOST"),
    4: ("langfuse4", "LANGFUSE_BASE_URL"),
    5: ("main", "LANGFUSE_BASE_URL"),
}
COST = "0.0000312"


@pytest.fixture(scope="session")
def said(console, model_server):
    """What a program prints; each runs once."""

    @functools.cache
    def run(environment: str, program: str, address: str) -> dict:
        return run_client(
            environment,
            program,
            {
                address: console.url,
                "OPENAI_BASE_URL": model_server.url,
                "OPENAI_API_KEY": "none",
                "LANGFUSE_PUBLIC_KEY": "pk-lf-anything",
                "LANGFUSE_SECRET_KEY": console.key,
                "LANGFUSE_TRACING_ENVIRONMENT": "staging",
                "LANGFUSE_RELEASE": "1.2.3",
            },
        )

    return run


@pytest.fixture
def two(said):
    return said("langfuse2", "langfuse2.py", "LANGFUSE_HOST")


@pytest.fixture(params=OTEL_MAJORS, ids="major {}".format)
def newer(said, request):
    environment, address = OTEL_MAJORS[request.param]
    return said(environment, "langfuse_otel.py", address)


def by_name(spans) -> dict[str, dict]:
    found = {span["name"]: span for span in spans}
    assert len(found) == len(spans), [span["name"] for span in spans]
    return found


def scores_of(console, trace_id: str, count: int) -> dict[str, dict]:
    """The scores of a trace by name, with the span that shows them."""

    def ask() -> dict[str, dict]:
        return {
            score["name"]: score | {"shown_on": span["name"]}
            for span in console.spans(trace_id)
            for score in span["scores"]
        }

    return console.until(ask, lambda found: len(found) >= count, f"{count} scores of {trace_id}")


def leads_to_sign_in(url: str) -> bool:
    """A person without a session is asked to sign in, and comes back to the link."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        urllib.request.build_opener(Stay).open(url, timeout=10)
    except urllib.error.HTTPError as answer:
        return answer.code == 302 and "/accounts/login/?next=" in answer.headers["Location"]
    return False


def check_call(span: dict) -> None:
    assert (span["kind"], span["model"], span["status"]) == ("llm", "gpt-4o-mini", "ok")
    assert (span["input_tokens"], span["cached_tokens"], span["output_tokens"]) == (120, 64, 30)
    assert span["cost_usd"] == COST
    assert "What colour is the sky?" in span["input"] and "The sky is blue." in span["output"]


@pytest.mark.parametrize("number", [2, *OTEL_MAJORS])
def test_an_application_that_gained_three_lines(sent, number):
    """What docs/senders.md says of each major: their wrapper of OpenAI is imported, and the rest stays as it was."""
    spans = sent(f"langfuse-{number}")
    root, *calls = spans
    assert (root["name"], root["kind"], root["parent_id"]) == ("answer", "chain", "")
    assert {call["parent_id"] for call in calls} == {root["span_id"]}
    assert {(span["user_id"], span["session_id"], span["feature"]) for span in spans} == {
        ("user-1", "session-1", "search")
    }
    answered, tool, streamed, *embedded, refused = calls
    for call in (answered, tool, streamed):
        assert call["model"].startswith("gpt-4o-mini") and call["provider"] == "openai"
        counts = ("input_tokens", "cached_tokens", "output_tokens", "reasoning_tokens")
        assert [call[name] for name in counts] == [120, 64, 30, 10] and call["cost_usd"] == COST
    assert "What colour is the sky?" in answered["input"] and "The sky is blue." in answered["output"]
    assert (tool["tool_calls"][0]["name"], tool["tool_calls"][0]["arguments"]) == (
        "get_weather",
        {"city": "Springfield"},
    )
    assert 0 < streamed["time_to_first_token_ms"] < streamed["duration_ms"]
    assert (refused["status"], refused["error_type"], refused["model"]) == ("error", "rate_limit", "fail-model")
    # Major 2 does not wrap embeddings.
    assert len(embedded) == (number > 2)
    for call in embedded:
        assert (call["kind"], call["input_tokens"]) == ("embedding", 8)
        assert (call["embedding_count"], call["embedding_dimensions"]) == (2, 3)
        assert call["cost_usd"] == "0.00000016"


def test_major_2_is_let_in_and_uses_the_fallback_prompt(two):
    assert (two["auth"], two["prompt"], two["is_fallback"]) == (True, "Hello Ada", True)


def test_major_2_by_hand(two, console):
    hand = two["hand"]
    spans = console.until(lambda: console.spans(hand["trace_id"]), lambda found: len(found) == 5, "the five spans")
    found = by_name(spans)
    root, outer, llm = found["by-hand"], found["outer"], found["llm"]
    check_call(llm)
    assert (llm["cache_write_tokens"], llm["reasoning_tokens"]) == (5, 10)
    assert (root["parent_id"], outer["parent_id"], llm["parent_id"]) == ("", root["span_id"], outer["span_id"])
    assert (llm["span_id"], outer["span_id"]) == (hand["generation"], hand["outer"])
    assert (llm["prompt_name"], llm["prompt_version"]) == ("greet", "3")
    for span in spans:
        assert (span["user_id"], span["session_id"], span["feature"]) == ("user-1", "session-2", "search")
        assert (span["environment"], span["release"], span["tags"]) == ("staging", "1.2.3", ["t1", "t2"])
    assert "What colour is the sky?" in root["input"] and root["output"] == "The sky is blue."
    failed = found["failing"]
    assert (failed["span_id"], failed["status"], failed["error_type"]) == (hand["failed"], "error", "rate_limit")
    assert found["clicked"]["parent_id"] == outer["span_id"]
    scores = scores_of(console, hand["trace_id"], 3)
    assert (scores["helpful"]["value"], scores["helpful"]["comment"], scores["helpful"]["shown_on"]) == (
        0.8,
        "ok",
        "llm",
    )
    assert (scores["thumbs"]["value"], scores["thumbs"]["shown_on"]) == (1.0, "by-hand")
    assert scores["tone"]["label"] == "friendly"


def test_major_2_decorated(two, console):
    trace_id = two["decorated"]["trace_id"]

    def settled(spans: list[dict]) -> bool:
        return len(spans) == 4 and all(span["user_id"] for span in spans)

    spans = console.until(lambda: console.spans(trace_id), settled, "four spans that know their user")
    found = by_name(spans)
    root = found["answer"]
    assert {found[name]["parent_id"] for name in ("retrieve", "complete", "wrapped")} == {root["span_id"]}
    check_call(found["wrapped"])
    complete = found["complete"]
    assert (complete["model"], complete["input_tokens"], complete["output_tokens"]) == ("gpt-4o-mini", 120, 30)
    for span in spans:
        assert (span["session_id"], span["feature"], span["tags"]) == ("session-1", "search", ["t1"])
    assert root["duration_ms"] >= found["wrapped"]["duration_ms"]
    assert scores_of(console, trace_id, 1)["solved"]["value"] == 1.0


def test_major_2_failures(two, console):
    assert two["raised"] is True
    # The trace has no output: it is there when nothing more has come for some seconds.
    found = by_name(console.wait_spans(two["failing_trace_id"], 2))
    assert found["failing"]["status"] == "error"
    call = found["OpenAI-generation"]
    assert call["parent_id"] == found["failing"]["span_id"]
    assert (call["status"], call["error_type"], call["model"]) == ("error", "rate_limit", "fail-model")


def test_major_2_links(two, console):
    hand, decorated = two["hand"], two["decorated"]
    assert uuid.UUID(hand["trace_id"])
    assert decorated["trace_url"] == f"{console.url}/project/default/traces/{decorated['trace_id']}"
    assert hand["trace_link"] == f"{console.url}/trace/{hand['trace_id']}"
    assert leads_to_sign_in(decorated["trace_url"]) and leads_to_sign_in(hand["trace_link"])


def test_newer_majors_are_let_in_and_use_the_fallback_prompt(newer):
    assert (newer["auth"], newer["prompt"], newer["is_fallback"]) == (True, "Hello Ada", True)


def test_newer_majors_send_the_whole_tree(newer, console):
    found = by_name(console.wait_spans(newer["trace_id"], 6))
    root, llm, wrapped = found["answer"], found["llm"], found["wrapped"]
    assert (root["span_id"], root["parent_id"]) == (newer["root"], "")
    assert {span["parent_id"] for name, span in found.items() if name != "answer"} == {root["span_id"]}
    check_call(llm)
    assert (llm["cache_write_tokens"], llm["reasoning_tokens"]) == (5, 10)
    # Their wrapper puts the name that served the call in the place of the one asked for.
    check_call(wrapped | {"model": wrapped["model"].removesuffix("-2024-07-18")})
    assert llm["span_id"] == newer["generation"]
    assert (llm["prompt_name"], llm["prompt_version"]) == ("greet", "3")
    assert (found["retrieve"]["kind"], root["output"]) == ("retrieval", "The sky is blue.")
    for name in ("retrieve", "llm", "wrapped", "failing"):
        span = found[name]
        assert (span["user_id"], span["session_id"], span["feature"]) == ("user-1", "session-1", "search")
        assert (span["environment"], span["tags"]) == ("staging", ["t1", "t2"])


def test_newer_majors_tell_of_failures(newer, console):
    found = by_name(console.wait_spans(newer["trace_id"], 6))
    for name, model in (("failing", "gpt-4o-mini"), ("refused", "fail-model")):
        assert (found[name]["status"], found[name]["error_type"]) == ("error", "rate_limit")
        assert found[name]["model"] == model


def test_scores_of_newer_majors(newer, console):
    scores = scores_of(console, newer["trace_id"], 5)
    assert (scores["helpful"]["value"], scores["helpful"]["comment"], scores["helpful"]["shown_on"]) == (
        0.8,
        "ok",
        "llm",
    )
    assert (scores["thumbs"]["value"], scores["thumbs"]["shown_on"]) == (1.0, "answer")
    assert (scores["tone"]["label"], scores["tone"]["shown_on"]) == ("friendly", "answer")
    # Beyond 1, and of the session: kept as they are, with the session's newest trace.
    assert (scores["beyond"]["value"], scores["session-mood"]["value"]) == (7.5, 3.0)


def test_links_of_newer_majors(newer, console):
    assert newer["trace_url"] == f"{console.url}/project/default/traces/{newer['trace_id']}"
    assert leads_to_sign_in(newer["trace_url"])

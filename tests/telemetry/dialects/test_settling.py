"""The rules above all dialects: who wins, how tokens add up, what counts, what an error is."""

import json

import pytest

from telemetry.dialects.lookup import DIALECTS, LOOKUP
from tests.telemetry.dialects.builders import translated


@pytest.mark.parametrize(
    ("attributes", "kind", "dialect"),
    [
        (
            {"langfuse.observation.type": "tool", "openinference.span.kind": "LLM", "gen_ai.operation.name": "chat"},
            "tool",
            "langfuse",
        ),
        ({"langsmith.span.kind": "retriever", "gen_ai.operation.name": "embeddings"}, "retrieval", "langsmith"),
        ({"openinference.span.kind": "CHAIN", "gen_ai.operation.name": "chat"}, "chain", "openinference"),
        ({"gen_ai.operation.name": "chat", "traceloop.span.kind": "tool"}, "llm", "genai"),
        ({"traceloop.span.kind": "tool", "llm.model": "m"}, "tool", "traceloop"),
        ({"llm.model": "m"}, "llm", "plain"),
        ({"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 1}, "llm", "genai"),
        ({"db.system": "postgresql"}, "other", "otel"),
    ],
)
def test_the_dialect_is_chosen_for_each_span(attributes, kind, dialect):
    span = translated(attributes)
    assert (span.kind, span.dialect) == (kind, dialect)


def test_a_later_dialect_fills_what_the_first_leaves_open():
    span = translated(
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "served",
            "llm.token_count.prompt": 0,
            "gen_ai.usage.input_tokens": 120,
            "gen_ai.request.model": "asked",
            "user.id": "",
            "enduser.id": "user-1",
        }
    )
    assert (span.model, span.response_model, span.input_tokens, span.user_id) == ("asked", "served", 120, "user-1")


def test_whole_messages_are_taken_before_flattened_ones():
    messages = '[{"role":"user","parts":[{"type":"text","content":"whole"}]}]'
    span = translated(
        {
            "openinference.span.kind": "LLM",
            "llm.input_messages.0.message.content": "pieces",
            "gen_ai.input.messages": messages,
            "gen_ai.retrieval.documents": '[{"id":"a"}]',
            "retrieval.documents.0.document.id": "b",
        }
    )
    assert (span.input, span.documents) == (messages, [{"id": "a"}])
    assert span.attributes == {}


def test_no_two_tables_claim_one_name():
    """The compiler of the tables refuses it; this says that all tables went through."""
    assert {dialect.name for dialect in DIALECTS} == set(LOOKUP.speakers.values())


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        # input, cached, cache write, output, reasoning, total -> input, cached, cache write, output, reasoning
        ((120, 64, 0, 30, 10, 0), (120, 64, 0, 30, 10)),
        ((56, 64, 0, 30, 10, 0), (120, 64, 0, 30, 10)),
        ((10, 0, 2000, 5, 0, 0), (2010, 0, 2000, 5, 0)),
        ((50, 64, 6, 30, 0, 0), (120, 64, 6, 30, 0)),
        ((0, 0, 0, 0, 0, 150), (150, 0, 0, 0, 0)),
        ((120, 0, 0, 0, 0, 150), (120, 0, 0, 30, 0)),
        ((0, 0, 0, 30, 0, 150), (120, 0, 0, 30, 0)),
        ((120, 0, 0, 30, 0, 999), (120, 0, 0, 30, 0)),
        ((120, 0, 0, 20, 50, 0), (120, 0, 0, 70, 50)),
    ],
)
def test_tokens_add_up(given, tokens):
    names = (
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.output_tokens",
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.total_tokens",
    )
    span = translated({"gen_ai.operation.name": "chat", **dict(zip(names, given, strict=True))})
    assert (
        span.input_tokens,
        span.cached_tokens,
        span.cache_write_tokens,
        span.output_tokens,
        span.reasoning_tokens,
    ) == tokens


@pytest.mark.parametrize("said", [120, 120.0, "120", "120.0", " 120 "])
def test_numbers_may_be_texts(said):
    assert translated({"gen_ai.usage.input_tokens": said}).input_tokens == 120


@pytest.mark.parametrize("said", ["many", "1e400", "nan", "12,5", ["120"]])
def test_what_is_no_number_stays_an_attribute(said):
    span = translated({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": said})
    assert span.input_tokens == 0
    assert span.attributes == {"gen_ai.usage.input_tokens": said}


@pytest.mark.parametrize("said", [0, 0.0, "0", "", -1.0, "free", 5e9])
def test_a_cost_of_nothing_or_nonsense_is_not_known(said):
    span = translated({"gen_ai.operation.name": "chat", "gen_ai.usage.cost": said})
    assert (span.cost_nano, span.cost_source) == (0, "")


STACK = 'Traceback (most recent call last):\n  File "/home/someone/app/main.py", line 3, in f\nValueError: no'


def test_an_exception_event_tells_the_error():
    event = {"exception.type": "openai.RateLimitError", "exception.message": "slow down", "exception.stacktrace": STACK}
    span = translated({"gen_ai.operation.name": "chat"}, status=2, events=[("exception", event, 9)])
    assert (span.status, span.error_type) == ("error", "rate_limit")
    assert (span.error_original, span.error_message) == ("openai.RateLimitError", "slow down")
    assert "/home/someone" not in span.attributes["exception.stacktrace"]
    assert 'File "main.py", line 3' in span.attributes["exception.stacktrace"]


def test_an_exception_that_was_handled_is_no_error():
    span = translated({}, status=0, events=[("exception", {"exception.type": "ValueError"}, 9)])
    assert (span.status, span.error_type) == ("ok", "")


def test_an_error_type_tells_an_error_unless_the_status_says_ok():
    assert translated({"error.type": "TimeoutError"}).error_type == "timeout"
    assert translated({"error.type": "TimeoutError"}, status=1).status == "ok"


def test_the_head_of_the_message_may_name_the_error():
    span = translated({}, status=2, message="RateLimitError: Error code: 429 - rate limited")
    assert (span.error_type, span.error_original) == ("rate_limit", "RateLimitError")


def test_a_traceback_in_the_message_is_cut_off():
    event = {"exception.type": "Exception", "exception.message": f"ValueError('tool broke')\n\n{STACK}"}
    span = translated({"gen_ai.operation.name": "execute_tool"}, status=2, events=[("exception", event, 1)])
    assert (span.error_type, span.error_original) == ("tool_error", "ValueError")
    assert span.error_message == "ValueError('tool broke')"
    assert "/home/someone" not in json.dumps(span.attributes)


def test_the_status_code_of_the_answer_tells_the_error():
    assert translated({"http.response.status_code": 503}, status=2).error_type == "provider_5xx"


def test_a_label_of_endless_length_is_cut():
    span = translated({"gen_ai.request.model": "m" * 5000, "ai.feature": "f" * 5000})
    assert (len(span.model), len(span.feature)) == (400, 400)

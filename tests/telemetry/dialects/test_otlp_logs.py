"""What log records tell of spans, and how it is joined to them."""

import json
import time

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from telemetry.dialects.decoded import BadBody
from telemetry.dialects.otlp_logs import complete, decode_logs
from tests.telemetry.dialects.builders import (
    CALLER,
    SPAN_ID,
    START,
    START_NS,
    TRACE_ID,
    json_value,
    set_attributes,
    set_value,
    translated,
)

DETAILS = "gen_ai.client.inference.operation.details"


def record(
    name,
    attributes=None,
    *,
    content=None,
    trace_id=TRACE_ID,
    span_id=SPAN_ID,
    time_ns=START_NS,
    as_attribute=False,
):
    """One record as (event name, attributes, body, ids, time)."""
    return (name, attributes or {}, content, trace_id, span_id, time_ns, as_attribute)


def logs_body(*records, resource=None):
    request = ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    set_attributes(resource_logs.resource.attributes, resource or {})
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name = "tests"
    for name, attributes, content, trace_id, span_id, time_ns, as_attribute in records:
        target = scope_logs.log_records.add(trace_id=trace_id, span_id=span_id, time_unix_nano=time_ns)
        set_attributes(target.attributes, attributes | ({"event.name": name} if as_attribute else {}))
        target.event_name = "" if as_attribute else name
        if content is not None:
            set_value(target.body, content)
    return request.SerializeToString()


def decode(*records, **about):
    decoded = decode_logs(logs_body(*records, **about), json=False, caller=CALLER)
    assert (decoded.rejected, decoded.message) == (0, "")
    return decoded


CONVERSATION = (
    record("gen_ai.system.message", {"gen_ai.system": "openai"}, content={"content": "Be brief."}),
    record("gen_ai.user.message", {"gen_ai.system": "openai"}, content={"content": "Sky?"}),
    record(
        "gen_ai.choice",
        {"gen_ai.system": "openai"},
        content={
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": "Let me see.",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"up": true}'}}
                ],
            },
        },
    ),
)


@pytest.mark.parametrize("as_attribute", [False, True])
def test_messages_of_one_span_become_one_conversation(as_attribute):
    (join,) = decode(*(entry[:-1] + (as_attribute,) for entry in CONVERSATION)).joins
    assert (join.project_id, join.trace_id, join.span_id) == (7, TRACE_ID.hex(), SPAN_ID.hex())
    assert join.occurred_at == START
    assert json.loads(join.fields["input"]) == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {"role": "user", "parts": [{"type": "text", "content": "Sky?"}]},
    ]
    assert json.loads(join.fields["output"])[0]["parts"][0] == {"type": "text", "content": "Let me see."}
    assert json.loads(join.fields["tool_calls"]) == [{"id": "c1", "name": "look", "arguments": {"up": True}}]
    assert join.fields["finish_reason"] == "tool_call"


def test_records_of_two_spans_are_kept_apart():
    joins = decode(CONVERSATION[1], record("gen_ai.user.message", content={"content": "Sea?"}, span_id=b"22222222"))
    assert [json.loads(join.fields["input"])[0]["parts"][0]["content"] for join in joins.joins] == ["Sky?", "Sea?"]


def test_messages_without_content_tell_nothing():
    assert decode(record("gen_ai.user.message", {"gen_ai.system": "openai"})).joins == []


MESSAGES = [{"role": "user", "parts": [{"type": "text", "content": "Sky?"}]}]
ALL_DETAILS = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.response.id": "resp-1",
    "gen_ai.usage.input_tokens": 120,
    "gen_ai.usage.output_tokens": 30,
    "gen_ai.usage.cache_read.input_tokens": 64,
    "gen_ai.input.messages": MESSAGES,
    "gen_ai.system_instructions": [{"type": "text", "content": "Be brief."}],
    "gen_ai.conversation.id": "conv-1",
}


def test_the_details_of_an_operation_are_read_by_the_same_tables():
    (join,) = decode(record(DETAILS, ALL_DETAILS)).joins
    assert join.response_id == "resp-1"
    assert join.fields["kind"] == "llm"
    assert (join.fields["input_tokens"], join.fields["cached_tokens"]) == (120, 64)
    assert [message["role"] for message in json.loads(join.fields["input"])] == ["system", "user"]


def test_a_span_is_completed_and_nothing_is_counted_twice():
    span = translated({"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 120, "gen_ai.request.model": "m"})
    (join,) = decode(record(DETAILS, ALL_DETAILS)).joins
    complete(span, join)
    assert (span.input_tokens, span.output_tokens, span.cached_tokens) == (120, 30, 64)
    assert (span.model, span.session_id, span.kind) == ("m", "conv-1", "llm")
    assert "Sky?" in span.input
    before = repr(span)
    complete(span, join)
    assert repr(span) == before


def test_a_join_never_changes_whose_span_it_is():
    span = translated({"gen_ai.operation.name": "chat", "k": "v"}, resource={"service.name": "mine"})
    (join,) = decode(record(DETAILS, ALL_DETAILS), resource={"service.name": "other"}).joins
    complete(span, join)
    assert (span.service, span.attributes) == ("mine", {"k": "v"})
    assert "Sky?" in span.input


@pytest.mark.parametrize(
    "attributes",
    [
        {"function.args": "()"},
        {"traceloop.span.kind": "workflow"},
        {"gen_ai.operation.name": "chat", "gen_ai.response.id": "resp-2"},
    ],
)
def test_a_record_of_another_call_is_not_taken_for_this_one(attributes):
    """OpenLIT's record of a stream comes when the span of the call has ended, and names the one around it."""
    span = translated(attributes)
    before = repr(span)
    (join,) = decode(record(DETAILS, ALL_DETAILS)).joins
    complete(span, join)
    assert repr(span) == before


def test_an_exception_explains_a_span_that_failed():
    event = {"exception.type": "openai.RateLimitError", "exception.message": "slow down"}
    (join,) = decode(record("gen_ai.client.operation.exception", event)).joins
    failed, fine = translated({"gen_ai.operation.name": "chat"}, status=2), translated({})
    complete(failed, join)
    complete(fine, join)
    assert (failed.error_type, failed.error_message) == ("rate_limit", "slow down")
    assert (fine.status, fine.error_type) == ("ok", "")


EVALUATION = {
    "gen_ai.evaluation.name": "relevance",
    "gen_ai.evaluation.score.value": 0.75,
    "gen_ai.evaluation.score.label": "good",
    "gen_ai.response.id": "resp-1",
}


def test_a_judgement_knows_what_it_judged():
    (join,) = decode(record("gen_ai.evaluation.result", EVALUATION)).joins
    (score,) = join.scores
    assert (score.name, score.value, score.label) == ("relevance", 0.75, "good")
    assert (score.project_id, score.trace_id, score.span_id) == (7, TRACE_ID.hex(), SPAN_ID.hex())
    assert score.occurred_at == START


def test_a_judgement_without_a_span_names_the_answer():
    joins = decode(*[record("gen_ai.evaluation.result", EVALUATION, trace_id=b"", span_id=b"")] * 2).joins
    assert [(join.trace_id, join.response_id, len(join.scores)) for join in joins] == [("", "resp-1", 1)] * 2


@pytest.mark.parametrize("left_away", ["gen_ai.evaluation.name", "gen_ai.evaluation.score.value"])
def test_a_judgement_of_which_nothing_can_be_made_is_refused_in_words(left_away):
    told = {name: value for name, value in EVALUATION.items() if name != left_away}
    content = logs_body(record("gen_ai.evaluation.result", told), record("gen_ai.evaluation.result", EVALUATION))
    decoded = decode_logs(content, json=False, caller=CALLER)
    assert (decoded.rejected, len(decoded.joins)) == (1, 1)
    assert decoded.message.endswith("a judgement needs a name, and a number or a label like pass or fail")


def test_a_repeated_export_gives_the_same_score_ids():
    first, second = (decode(record("gen_ai.evaluation.result", EVALUATION)).joins[0].scores[0] for _ in range(2))
    assert first.score_id == second.score_id != ""


def test_other_records_are_ignored_and_counted():
    decoded = decode(record("", content="a line of a log"), record("user.clicked"), CONVERSATION[1])
    assert (decoded.ignored, len(decoded.joins)) == (2, 1)


@pytest.mark.parametrize(
    ("about", "field"),
    [
        ({"trace_id": b"short"}, "traceId"),
        ({"span_id": b"toolongforthis"}, "spanId"),
        ({"time_ns": time.time_ns() + 10 * 86_400 * 10**9}, "timeUnixNano"),
    ],
)
def test_a_bad_record_is_refused_alone(about, field):
    content = logs_body(CONVERSATION[0], record("gen_ai.user.message", content={"content": "x"}, **about))
    decoded = decode_logs(content, json=False, caller=CALLER)
    assert (len(decoded.joins), decoded.rejected) == (1, 1)
    assert decoded.message.startswith(f"resourceLogs[0].scopeLogs[0].logRecords[1].{field}: ")


def test_json_tells_the_same():
    record_json = {
        "traceId": TRACE_ID.hex(),
        "spanId": SPAN_ID.hex(),
        "timeUnixNano": str(START_NS),
        "eventName": "gen_ai.user.message",
        "severityNumber": "SEVERITY_NUMBER_INFO",
        "body": json_value({"content": "Sky?"}),
    }
    content = json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record_json]}]}]}).encode()
    expected = decode(record("gen_ai.user.message", content={"content": "Sky?"}))
    assert decode_logs(content, json=True, caller=CALLER) == expected


@pytest.mark.parametrize(("content", "as_json"), [(b"\xff\xff", False), (b"[]", True), (b'{"resourceLogs":5}', True)])
def test_what_is_no_request_is_a_bad_body(content, as_json):
    with pytest.raises(BadBody):
        decode_logs(content, json=as_json, caller=CALLER)

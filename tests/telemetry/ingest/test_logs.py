"""Log records find their span: whichever comes first, also after a restart, and without counting anything twice."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse

from core.timerange import TimeRange
from telemetry import commit, queries, redact
from telemetry.logs import amend, pieces
from telemetry.logs.amend import Sweep
from telemetry.search import Search
from telemetry.trace_list import page
from tests.telemetry.dialects.builders import set_attributes, set_value
from tests.telemetry.ingest.ask import ask, value
from tests.telemetry.ingest.exports import export_request

PROTOBUF = {"content-type": "application/x-protobuf"}
TRACE, SPAN = (1).to_bytes(16, "big"), (1).to_bytes(8, "big")


def now_ns() -> int:
    return int(datetime.now(UTC).timestamp() * 1e9)


class Records:
    """Log records of one body."""

    def __init__(self) -> None:
        self.request = ExportLogsServiceRequest()
        self._scope = self.request.resource_logs.add().scope_logs.add()
        self._times = itertools.count(now_ns(), 1000)

    def add(self, name, attributes=None, *, content=None, trace_id=TRACE, span_id=SPAN, time_ns=None):
        record = self._scope.log_records.add(trace_id=trace_id, span_id=span_id)
        record.time_unix_nano = time_ns or next(self._times)
        record.event_name = name
        set_attributes(record.attributes, attributes or {})
        if content is not None:
            set_value(record.body, content)
        return self

    @property
    def body(self) -> bytes:
        return self.request.SerializeToString()


def conversation(**about) -> bytes:
    records = Records()
    records.add("gen_ai.user.message", content={"content": "What colour is the sky?"}, **about)
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Blue."}}
    return records.add("gen_ai.choice", content=choice, **about).body


def evaluation(score=0.75, **about) -> bytes:
    facts = {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": score}
    facts |= {"gen_ai.response.id": about.pop("response_id", "")}
    return Records().add("gen_ai.evaluation.result", facts, **about).body


def call(number: int = 0, **attributes: str) -> bytes:
    usage = {"gen_ai.usage.input_tokens": "120", "gen_ai.usage.output_tokens": "30", "gen_ai.response.id": "resp-1"}
    return export_request([number], **usage | attributes)


@pytest.fixture
def send(receiver):
    def post(signal: str, body: bytes) -> ExportLogsServiceResponse:
        response = httpx.post(f"{receiver}/v1/{signal}", content=body, headers=PROTOBUF, timeout=30)
        assert response.status_code == 200
        return ExportLogsServiceResponse.FromString(response.content)

    return post


@pytest.fixture
def the_span(project):
    def read() -> queries.WholeSpan:
        (row,) = queries.trace_spans(project.pk, TRACE.hex())
        (span,) = queries.whole_spans(project.pk, TRACE.hex(), [row])
        return span

    return read


def counted() -> list[tuple]:
    commit.settle()
    return ask("SELECT sum(spans), sum(input_tokens), sum(output_tokens) FROM spans_1m")


def restart() -> None:
    commit.forget()
    commit.start()


@pytest.mark.parametrize("first", ["logs", "traces"])
@pytest.mark.parametrize("between", [lambda: None, restart], ids=["at once", "after a restart"])
def test_what_was_said_is_joined_to_the_call(send, the_span, first, between):
    bodies = {"logs": conversation(), "traces": call()}
    send(first, bodies.pop(first))
    between()
    ((second, body),) = bodies.items()
    send(second, body)
    span = the_span()
    assert json.loads(span.input) == [
        {"role": "user", "parts": [{"type": "text", "content": "What colour is the sky?"}]}
    ]
    assert json.loads(span.output)[0]["parts"] == [{"type": "text", "content": "Blue."}]
    assert span.finish_reason == "stop"
    assert (span.input_length, span.output_length) == (len(span.input), len(span.output))
    assert (span.input_tokens, span.output_tokens) == (120, 30)
    assert counted() == [(1, 120, 30)]


@pytest.mark.parametrize("order", [("logs", "traces"), ("traces", "logs")])
def test_a_repeated_export_changes_nothing(send, the_span, order):
    bodies = {"logs": conversation(), "traces": call()}
    for signal in order:
        send(signal, bodies[signal])
    before, rows = the_span(), value("SELECT count() FROM log_pieces")
    for signal in order * 2:
        send(signal, bodies[signal])
    restart()
    send("logs", bodies["logs"])
    assert the_span() == before
    assert value("SELECT count() FROM log_pieces") == rows == 1
    assert value("SELECT count() FROM span_content") == (1 if order[0] == "traces" else 0)
    assert counted() == [(1, 120, 30)]


@pytest.mark.parametrize("order", list(itertools.permutations(["asked", "answered", "call"])))
def test_a_conversation_spread_over_batches_is_put_together(send, the_span, order):
    early = Records().add("gen_ai.system.message", content={"content": "Be brief."})
    late = Records()
    late.add("gen_ai.user.message", content={"content": "Sky?"})
    late.add("gen_ai.choice", content={"message": {"content": "Blue."}, "finish_reason": "stop"})
    bodies = {"asked": ("logs", early.body), "answered": ("logs", late.body), "call": ("traces", call())}
    for name in order:
        send(*bodies[name])
    assert [message["role"] for message in json.loads(the_span().input)] == ["system", "user"]
    assert "Blue." in the_span().output


def test_details_that_repeat_the_span_are_not_added_to_it(send, the_span):
    details = {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 120,
        "gen_ai.usage.output_tokens": 30,
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Sky?"}]}],
    }
    records = Records().add("gen_ai.client.inference.operation.details", details)
    send("traces", call())
    send("logs", records.body)
    assert "Sky?" in the_span().input
    assert the_span().input_tokens == 120
    assert counted() == [(1, 120, 30)]


def test_a_text_that_the_span_has_stays(send, the_span):
    send("traces", call(**{"gen_ai.input.messages": '[{"role":"user","parts":[]}]', "input.value": "mine"}))
    before = the_span().input
    assert before
    send("logs", conversation())
    assert the_span().input == before
    assert "Blue." in the_span().output


@pytest.mark.parametrize("first", ["logs", "traces"])
@pytest.mark.parametrize("by", ["span", "response"])
def test_a_judgement_becomes_a_score_of_its_span(send, first, by):
    about = {} if by == "span" else {"trace_id": b"", "span_id": b"", "response_id": "resp-1"}
    bodies = {"logs": evaluation(**about), "traces": call()}
    for signal in (first, *(bodies.keys() - {first}), "logs", "traces"):
        send(signal, bodies[signal])
    assert ask("SELECT trace_id, span_id, name, value, model FROM scores") == [
        (TRACE.hex(), SPAN.hex(), "relevance", 0.75, "gpt-4o-mini")
    ]


def test_another_judgement_of_the_same_span_is_another_score(send):
    send("traces", call())
    for score in (0.75, 0.5, 0.75):
        send("logs", evaluation(score))
    assert sorted(ask("SELECT value FROM scores")) == [(0.5,), (0.75,)]


def test_a_judgement_whose_span_never_comes_is_kept_in_the_end(send, monkeypatch):
    send("logs", evaluation())
    amend.store_late_scores()
    assert value("SELECT count() FROM scores") == 0
    monkeypatch.setattr(pieces, "WAITS_SECONDS", 0)
    amend.store_late_scores()
    amend.store_late_scores()
    assert ask("SELECT trace_id, span_id, name, value FROM scores") == [(TRACE.hex(), SPAN.hex(), "relevance", 0.75)]


def test_what_came_in_the_same_instant_is_joined_by_the_sweep(send, the_span):
    sweep = Sweep()
    send("logs", conversation())
    # Another process stored the span: it did not know that a piece waits.
    pieces.forget()
    send("traces", call())
    assert the_span().input == ""
    commit.forget()
    commit.start()
    assert sweep.run() == 1
    assert "sky" in the_span().input
    assert sweep.run() == 0
    restart()
    assert not pieces.is_anything_waiting()


def test_what_waits_is_forgotten_when_its_span_has_come(send):
    send("logs", conversation())
    assert pieces.is_anything_waiting()
    send("traces", call())
    Sweep().run()
    assert not pieces.is_anything_waiting()
    restart()
    assert not pieces.is_anything_waiting()


def test_a_span_that_waits_for_nothing_is_left_alone(send, project):
    send("logs", conversation())
    send("traces", export_request(range(5, 9)))
    assert value("SELECT count() FROM spans WHERE input != ''") == 0
    assert pieces.is_anything_waiting()


@pytest.mark.parametrize("order", [("logs", "traces"), ("traces", "logs")])
def test_what_a_project_wants_redacted_is_nowhere_stored(send, the_span, project, settings, order):
    settings.TELEMETRY_PIPELINE = ["telemetry.redact.redact"]
    project.redact = True
    project.save()
    redact.forget()
    said = Records().add("gen_ai.user.message", content={"content": "I am jane@example.com"}).body
    bodies = {"logs": said, "traces": call()}
    for signal in order:
        send(signal, bodies[signal])
    assert "I am" in the_span().input
    for table, column in (("log_pieces", "piece"), ("span_content", "input"), ("spans", "input")):
        assert value(f"SELECT countIf(position({column}, 'jane@') > 0) FROM {table}") == 0
    redact.forget()


def test_other_records_are_refused_and_named(send):
    records = Records().add("user.clicked").add("gen_ai.user.message", content={"content": "Hi"})
    records.add("", content="a line of a log")
    answer = send("logs", records.body).partial_success
    assert answer.rejected_log_records == 2
    assert answer.error_message == "2 tell nothing of a model call and are not kept: event 'user.clicked'"


def test_a_record_that_names_no_call_is_refused(send):
    answer = send("logs", conversation(trace_id=b"", span_id=b"")).partial_success
    assert answer.rejected_log_records == 2
    assert "neither a span nor a gen_ai.response.id" in answer.error_message


def test_later_words_are_found_and_shown_in_the_list(send, project):
    send("traces", call())
    send("logs", conversation())
    now = datetime.now(UTC)
    span = TimeRange(now - timedelta(hours=1), now + timedelta(minutes=1))
    (row,) = page(project.pk, span, Search(texts={"q": "COLOUR"})).rows
    assert row.excerpt == "What colour is the sky?"
    assert page(project.pk, span, Search(texts={"q": "no such words"})).rows == []


@pytest.mark.parametrize("order", [("logs", "traces"), ("traces", "logs")])
def test_a_record_of_another_call_takes_nothing_from_those_of_this_one(send, the_span, order):
    """OpenLIT's record of a stream names the span around it."""
    other = {
        "gen_ai.operation.name": "chat",
        "gen_ai.response.id": "resp-2",
        "gen_ai.input.messages": [{"role": "user", "parts": [{"type": "text", "content": "Something else?"}]}],
    }
    records = Records().add("gen_ai.client.inference.operation.details", other, time_ns=now_ns() - 10**9)
    for signal in order:
        for body in [call()] if signal == "traces" else [records.body, conversation()]:
            send(signal, body)
    assert "sky" in the_span().input
    assert "Something else" not in the_span().input
    assert counted() == [(1, 120, 30)]

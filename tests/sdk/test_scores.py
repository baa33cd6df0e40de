"""Scores and feedback by REST, in the background."""

import json
import math

import pytest
from opentelemetry import trace

import onwatch_sdk as onwatch
from onwatch_sdk import console as http
from tests.sdk.loopback import Answer

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(http, "PAUSES_SECONDS", (0.01, 0.02))


def test_a_score_of_the_running_span(connected, counted):
    with onwatch.AITraceContext("turn") as turn:
        onwatch.score(0.75, "helpful", label="good", comment="It helped.")
    assert onwatch.flush(5)
    (item,) = connected.scores()
    assert len(item.pop("id")) == 32
    assert item == {
        "name": "helpful",
        "value": 0.75,
        "trace_id": turn.trace_id,
        "span_id": turn.span_id,
        "source": "client",
        "label": "good",
        "comment": "It helped.",
    }
    assert counted()["scores_given"] == counted()["scores_sent"] == 1


def test_a_score_of_a_trace_that_is_named(connected):
    with onwatch.AITraceContext("another"):
        onwatch.score(1, trace_id=TRACE, source="evaluator", score_id="mine")
    assert onwatch.flush(5)
    assert connected.scores() == [
        {"id": "mine", "name": "overall", "value": 1.0, "trace_id": TRACE, "source": "evaluator"}
    ]


def test_feedback_of_a_person(connected):
    onwatch.feedback(False, trace_id=TRACE, comment="Wrong city.")
    assert onwatch.flush(5)
    (item,) = connected.scores()
    assert (item["name"], item["value"], item["source"], item["comment"]) == ("feedback", 0.0, "user", "Wrong city.")
    assert "span_id" not in item


def test_a_batch_that_is_sent_again_has_the_same_ids(connected, counted):
    """So that the console stores each score once, also when only its answer was lost."""
    connected.answers = [Answer(503)]
    onwatch.feedback(True, trace_id=TRACE)
    assert onwatch.flush(5)
    first, second = connected.scores()
    assert first == second
    assert counted()["scores_sent"] == 1


@pytest.mark.parametrize("value", [math.nan, math.inf, "good", None, [], object()])
def test_values_that_are_no_number_are_counted(value, connected, counted):
    onwatch.score(value, trace_id=TRACE)
    assert onwatch.flush(5)
    assert connected.asked == []
    assert counted() == {"scores_given": 1, "scores_rejected": 1}


def test_a_score_without_a_trace_is_counted(connected, counted, caplog):
    assert not trace.get_current_span().get_span_context().is_valid
    onwatch.score(1)
    assert counted() == {"scores_given": 1, "scores_rejected": 1}
    assert "names no trace" in caplog.text


def test_what_the_console_does_not_take_is_counted(connected, counted):
    connected.default = Answer(201, json.dumps({"stored": 1, "rejected": 1, "errors": []}).encode())
    onwatch.score(1, trace_id=TRACE)
    onwatch.score(2, trace_id=TRACE)
    assert onwatch.flush(5)
    assert counted() == {"scores_given": 2, "scores_sent": 1, "scores_rejected": 1}


@pytest.mark.parametrize(("status", "name"), [(422, "scores_rejected"), (401, "scores_failed"), (503, "scores_failed")])
def test_refusals_are_counted(status, name, connected, counted):
    connected.default = Answer(status)
    onwatch.score(1, trace_id=TRACE)
    assert onwatch.flush(5)
    assert counted() == {"scores_given": 1, name: 1}


def test_odd_texts_fit_what_the_console_takes(connected):
    onwatch.score(1, "n" * 900, trace_id=TRACE, label="\ud800" * 900, comment="c" * 90_000, source="nobody")
    assert onwatch.flush(5)
    (item,) = connected.scores()
    assert (len(item["name"]), item["label"], len(item["comment"])) == (500, "?" * 500, 20_000)
    assert item["source"] == "client"

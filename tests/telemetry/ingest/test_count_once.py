"""A model call that several instruments saw is billed once, in one request or in several."""

from datetime import UTC, datetime, timedelta

import pytest

from telemetry import commit, count_once
from telemetry.count_once import RecentCalls
from telemetry.span import Span
from tests.telemetry.ingest.ask import ask

START = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)
TRACE = "0" * 31 + "1"


def call(span_id: str, parent_id: str = "", *, response_id: str = "", after_ms: float = 0, **more) -> Span:
    given = {
        "project_id": 1,
        "trace_id": TRACE,
        "span_id": span_id,
        "parent_id": parent_id,
        "start_time": START + timedelta(milliseconds=after_ms),
        "duration_ms": 800.0,
        "kind": "llm",
        "model": "gpt-4o-mini",
        "response_id": response_id,
        "input_tokens": 120,
        "output_tokens": 30,
    }
    return Span(**given | more)


def counted(*spans: Span) -> list[bool]:
    count_once.count_once(list(spans))
    return [span.counted for span in spans]


def test_a_call_seen_by_gateway_and_client_is_counted_once():
    assert counted(call("b", "a", response_id="r1"), call("a", response_id="r1")) == [False, True]


def test_the_same_call_is_found_through_what_lies_between():
    between = call("b", "a", kind="chain")
    assert counted(call("a", response_id="r1"), between, call("c", "b", response_id="r1")) == [True, True, False]


def test_three_sights_of_one_call_count_once():
    spans = (call("a", response_id="r1"), call("b", "a"), call("c", "b", response_id="r1"))
    assert sum(counted(*spans)) == 1
    assert sum(counted(*reversed(spans))) == 1


def test_the_sight_that_knows_its_tokens_counts():
    assert counted(call("a", response_id="r", input_tokens=0, output_tokens=0), call("b", "a", response_id="r")) == [
        False,
        True,
    ]


def test_the_sight_that_knows_what_was_cached_counts():
    assert counted(call("a", response_id="r1"), call("b", "a", cached_tokens=64)) == [False, True]


def test_the_sight_that_was_told_its_cost_counts():
    assert counted(call("a", cached_tokens=64), call("b", "a", cost_nano=31_200)) == [False, True]


def test_one_who_tells_no_response_id_is_known_by_model_and_tokens():
    assert counted(call("a", response_id="r1", model="openai/gpt-4o-mini"), call("b", "a")) == [True, False]
    assert counted(call("a", response_id="r1"), call("b", "a", input_tokens=121)) == [True, True]
    assert counted(call("a", response_id="r1"), call("b", "a", model="gpt-4o")) == [True, True]
    assert counted(call("a", kind="embedding"), call("b", "a")) == [True, True]


def test_a_request_between_the_two_sights_is_no_matter():
    request = call("b", "a", kind="other", model="", input_tokens=0, output_tokens=0)
    assert counted(call("a", response_id="r1"), request, call("c", "b")) == [True, True, False]


@pytest.mark.parametrize("kind", ["tool", "agent", "chain"])
def test_what_a_step_asks_inside_of_a_call_is_a_call_of_its_own(kind):
    step = call("b", "a", kind=kind, model="", input_tokens=0, output_tokens=0)
    assert counted(call("a"), step, call("c", "b")) == [True, True, True]


def test_a_refused_call_seen_twice_is_one_failure():
    failed = {"input_tokens": 0, "output_tokens": 0, "status": "error"}
    assert counted(call("a", **failed), call("b", "a", **failed)) == [True, False]
    assert counted(call("a", **failed), call("b", "a", **failed | {"status": "ok"})) == [True, True]


def test_the_same_id_beside_each_other_is_two_calls():
    """Fake and local servers give every answer the same id."""
    assert counted(call("a", response_id="r1"), call("b", response_id="r1")) == [True, True]


def test_different_ids_inside_each_other_are_two_calls():
    assert counted(call("a", response_id="r1"), call("b", "a", response_id="r2")) == [True, True]


def test_parents_in_a_circle_end():
    assert sum(counted(call("a", "b", response_id="r1"), call("b", "a", response_id="r1"))) == 1


def stored_one_by_one(*spans: Span) -> list[bool]:
    for span in spans:
        commit.store_spans([span])
    return [span.counted for span in spans]


def test_the_second_sight_in_a_later_request_is_not_billed(stores):
    assert stored_one_by_one(call("b", "a", response_id="r1", after_ms=10), call("a", response_id="r1")) == [
        True,
        False,
    ]
    assert ask("SELECT count(), countIf(counted), sumIf(input_tokens, counted) FROM spans") == [(2, 1, 120)]
    assert ask("SELECT sum(input_tokens) FROM spans_1m") == [(120,)]


def test_a_gateway_behind_a_request_is_known_by_response_id_and_time(stores):
    """The span of the request between the two is not at hand any more."""
    assert stored_one_by_one(call("c", "b", response_id="r1", after_ms=90), call("a", response_id="r1")) == [
        True,
        False,
    ]


def test_the_same_id_one_after_the_other_is_two_calls(stores):
    assert stored_one_by_one(call("a", response_id="r1"), call("b", response_id="r1", after_ms=900)) == [True, True]


def test_a_later_request_without_response_id_is_known_by_its_parent(stores):
    assert stored_one_by_one(call("b", "a"), call("a", response_id="r1")) == [True, False]
    assert stored_one_by_one(call("d"), call("e")) == [True, True]


def test_another_project_or_trace_is_another_call(stores):
    assert stored_one_by_one(
        call("b", "a", response_id="r1"),
        call("a", response_id="r1", project_id=2),
        call("a", response_id="r1", trace_id="f" * 32),
    ) == [True, True, True]


def test_a_sight_without_tokens_does_not_hide_the_one_that_has_them(stores):
    first = call("b", "a", response_id="r1", input_tokens=0, output_tokens=0)
    assert stored_one_by_one(first, call("a", response_id="r1")) == [True, True]


def test_calls_are_forgotten_after_a_while():
    now = 0.0
    recent = RecentCalls(clock=lambda: now)
    recent.remember([call("b", "a", response_id="r1")])
    for now in (31.0, 62.0):  # noqa: B007
        recent.remember([])
    late = call("a", response_id="r1")
    recent.discount([late])
    assert late.counted


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(count_once, "MAX_TRACES", 10)
    recent = RecentCalls(clock=lambda: 0.0)
    for number in range(100):
        recent.remember([call("b", trace_id=f"{number:032x}")])
    assert len(recent._newer) + len(recent._older) <= 22

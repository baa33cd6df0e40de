"""The sums of one commit follow the definitions of a call, a failure and a minute."""

import random
import time
from datetime import UTC, datetime, timedelta

from telemetry.live import buckets, record
from telemetry.span import Score, Span
from telemetry.window import latency_bucket
from tests.telemetry.live.traffic import make_span, make_traffic

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def span(**changes) -> Span:
    values = {"start_time": NOON, "status": "ok", "error_type": "", "counted": True, "kind": "llm"} | changes
    return make_span(random.Random(1), 1, values.pop("start_time"), **values)


def only_window(spans, scores=()):
    ((_, minutes),) = record.sums(spans, scores).items()
    ((_, window),) = minutes.items()
    return window


def test_calls_are_llm_and_embedding_alone():
    spans = [
        make_span(random.Random(1), 1, NOON, kind=kind, counted=True) for kind in ("llm", "embedding", "tool", "agent")
    ]
    window = only_window(spans)
    assert (window.spans, window.calls) == (4, 2)


def test_a_span_that_another_bills_is_left_out():
    assert only_window([span(), span(counted=False)]).spans == 1


def test_a_chain_does_not_repeat_the_failure_of_what_it_contains():
    kinds = ("llm", "tool", "chain", "agent")
    window = only_window([span(kind=kind, status="error", error_type="timeout") for kind in kinds])
    assert window.failures == {"timeout": 2}
    assert window.errors == 1


def test_tokens_of_anything_but_calls_do_not_count():
    assert only_window([span(input_tokens=7), span(kind="agent", input_tokens=1000)]).input_tokens == 7


def test_a_minute_ends_before_its_sixtieth_second():
    late = NOON + timedelta(seconds=59, microseconds=999_999)
    spans = [span(start_time=late), span(start_time=NOON + timedelta(minutes=1))]
    ((_, minutes),) = record.sums(spans, []).items()
    assert sorted(minutes) == [buckets.minute_of(NOON), buckets.minute_of(NOON) + 1]


def test_minutes_older_than_the_buckets_are_left_out():
    assert record.sums([span()], [Score("overall", 1.0, occurred_at=NOON)], oldest=buckets.minute_of(NOON) + 1) == {}


def test_the_latency_bucket_is_that_of_the_window():
    for duration in (0.0, 0.05, 0.1, 0.1001, 0.102, 1.0, 999.9, 86_400_000.0):
        assert only_window([span(duration_ms=duration)]).latency == {latency_bucket(duration): 1}


def test_a_bucket_survives_the_way_to_redis_and_back():
    spans = make_traffic(3, 1, count=300, since=NOON, until=NOON + timedelta(minutes=1))
    scores = [score for one in spans for score in one.scores]
    for score in scores:
        score.project_id, score.occurred_at = 1, NOON
    window = only_window(spans, scores)
    fields = {name.encode(): str(value).encode() for name, value in buckets.encode(window)}
    assert buckets.decode(fields) == window


def test_it_sums_a_commit_fast_enough_for_the_ingest_rate():
    spans = make_traffic(4, 1, count=5000, since=NOON, until=NOON + timedelta(minutes=2))
    best = 1.0
    for _ in range(5):
        began = time.perf_counter()
        record.sums(spans, [])
        best = min(best, time.perf_counter() - began)
    # 5 µs a span is 6 % of one core at 12,000 spans/s; measured 2 µs. Twice the allowance for a busy machine.
    assert best / len(spans) < 10e-6

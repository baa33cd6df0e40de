"""Redis and ClickHouse give the same figures for the same telemetry."""

from dataclasses import replace
from datetime import timedelta

import pytest

from core.timerange import TimeRange
from telemetry import series, windows
from telemetry.filters import Filters
from telemetry.live import buckets, reader
from telemetry.window import Window, merged
from telemetry.windows import Stretch
from tests.telemetry.live.traffic import make_traffic, now, store


def rounded(window: Window) -> Window:
    """Sums of fractions depend on their order in the last digits."""
    scores = {
        name: replace(score, total=round(score.total, 6), squares=round(score.squares, 6))
        for name, score in window.scores.items()
    }
    return replace(window, scores=scores)


def from_store(project_id: int, start, end) -> dict:
    stretch = Stretch(*(buckets.minute_of(at) * 60 for at in (start, end, start, start)))
    found = windows.by_step(project_id, stretch, 60, Filters())
    return {slot // 60: rounded(window) for slot, window in found.items()}


def from_redis(project_id: int, start, end) -> dict:
    found = {buckets.minute_of(at): rounded(window) for at, window in buckets.read(project_id, start, end)}
    return {minute: window for minute, window in found.items() if window != Window()}


@pytest.mark.parametrize("seed", range(4))
def test_every_minute_is_the_same_in_both(counting, seed):
    end = now().replace(second=0, microsecond=0) + timedelta(minutes=1)
    start = end - timedelta(hours=3)
    for part in range(5):
        store(make_traffic(seed * 10 + part, counting.pk, count=80, since=start, until=end))
    redis = from_redis(counting.pk, start, end)
    assert redis == from_store(counting.pk, start, end)
    assert len(redis) > 100


def test_totals_are_the_same_by_either_path(counting, monkeypatch):
    at = now()
    store(make_traffic(7, counting.pk, count=600, since=at - timedelta(hours=30), until=at))
    spans = [
        TimeRange(at - timedelta(minutes=15), at),
        TimeRange(at - timedelta(hours=1, minutes=7), at - timedelta(minutes=3)),
        TimeRange(at - timedelta(hours=24), at),
        TimeRange(at - timedelta(hours=48), at - timedelta(hours=24)),
    ]
    live = [rounded(series.total(counting.pk, span)) for span in spans]
    steps = [series.windows(counting.pk, span, span.step) for span in spans]
    assert reader.slots(counting.pk, buckets.minute_of(at) - 60, buckets.minute_of(at), 60) is not None
    monkeypatch.setattr(reader, "slots", lambda *_: None)
    assert [rounded(series.total(counting.pk, span)) for span in spans] == live
    for span, found in zip(spans, steps, strict=True):
        again = series.windows(counting.pk, span, span.step)
        assert [(at, rounded(window)) for at, window in again] == [(at, rounded(window)) for at, window in found]


def test_hour_tables_with_minute_edges_add_up_to_the_minutes(counting):
    end = now() - timedelta(days=3)
    start = end - timedelta(hours=60)
    store(make_traffic(8, counting.pk, count=900, since=start, until=end))
    span = TimeRange(start + timedelta(minutes=17), end - timedelta(minutes=23))
    minutes = [
        window
        for minute, window in from_store(counting.pk, start, end).items()
        if buckets.minute_of(span.start) <= minute <= buckets.minute_of(span.end)
    ]
    assert rounded(series.total(counting.pk, span)) == rounded(merged(minutes))
    by_kind = series.by(counting.pk, span, "kind")
    assert sum(window.spans for window in by_kind.values()) == merged(minutes).spans


def test_a_figure_moves_with_the_next_span(counting):
    at = now()
    span = TimeRange(at - timedelta(hours=24), at)
    store(make_traffic(1, counting.pk, count=50, since=at - timedelta(hours=20), until=at))
    before = series.total(counting.pk, span).spans
    more = make_traffic(2, counting.pk, count=10, since=at - timedelta(hours=20), until=at)
    store(more)
    assert series.total(counting.pk, span).spans == before + sum(one.counted for one in more)


def test_what_is_returned_is_the_callers_to_change(counting):
    at = now()
    span = TimeRange(at - timedelta(hours=24), at)
    store(make_traffic(1, counting.pk, count=50, since=at - timedelta(hours=20), until=at))
    first = series.total(counting.pk, span)
    spans = first.spans
    first.add(first)
    for _, window in series.windows(counting.pk, span, timedelta(minutes=15)):
        window.spans += 1000
    assert series.total(counting.pk, span).spans == spans


def test_two_projects_do_not_mix(counting):
    at = now()
    spans = make_traffic(1, counting.pk, count=20, since=at - timedelta(minutes=5), until=at)
    other = make_traffic(2, counting.pk + 1, count=30, since=at - timedelta(minutes=5), until=at)
    store([*spans, *other])
    span = TimeRange(at - timedelta(hours=1), at)
    assert series.total(counting.pk, span).spans == sum(one.counted for one in spans)
    assert series.total(counting.pk + 1, span).spans == sum(one.counted for one in other)

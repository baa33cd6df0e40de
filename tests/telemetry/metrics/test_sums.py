"""Increases from running totals, and what can be read from buckets."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telemetry.metrics.kinds import AGGREGATIONS, NAMES, shape_of, unit_text
from telemetry.metrics.sums import SeriesStep, Sums, by_step

START = datetime(2026, 1, 1, tzinfo=UTC)


def step(minute: int, value: float = 0.0, *, start=START, bounds=(), buckets=(), cumulative=True, series=1, **more):
    given_here = {"count": sum(buckets), "minimum": nan, "maximum": nan, "quantiles": [], "quantile_values": []} | more
    return SeriesStep(
        series=series, start_time=start, cumulative=cumulative, at=int(START.timestamp()) + 60 * minute, points=1,
        newest=START + timedelta(minutes=minute), latest=value, total=value, low=value, high=value, bounds=list(bounds),
        buckets=list(buckets), **given_here,
    )  # fmt: skip


def added(rows) -> Sums:
    whole = Sums()
    for _, _, sums in by_step(rows, since=0):
        whole.add(sums)
    return whole


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=30))
def test_increases_add_up_to_the_total_whatever_the_steps(values):
    totals = [sum(values[: place + 1]) for place in range(len(values))]
    assert added([step(minute, total) for minute, total in enumerate(totals)]).increase == totals[-1]


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=30))
def test_a_counter_counts_every_rise_and_every_new_beginning(values):
    rises = sum(now - then if now >= then else now for then, now in pairwise(values))
    assert added([step(minute, value) for minute, value in enumerate(values)]).increase == values[0] + rises


@given(st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4), min_size=1, max_size=10))
def test_buckets_add_up_whether_they_come_as_totals_or_one_by_one(rounds):
    totals = [[sum(column) for column in zip(*rounds[: place + 1], strict=True)] for place in range(len(rounds))]
    bounds = (1.0, 2.0, 4.0)
    as_totals = added([step(minute, buckets=buckets, bounds=bounds) for minute, buckets in enumerate(totals)])
    one_by_one = added(
        [step(minute, buckets=buckets, bounds=bounds, cumulative=False) for minute, buckets in enumerate(rounds)]
    )
    known = {bucket: count for bucket, count in as_totals.buckets.items() if count}
    assert known == {bucket: count for bucket, count in one_by_one.buckets.items() if count}
    assert as_totals.count == one_by_one.count


def test_an_exponential_histogram_may_grow_and_coarsen_its_buckets():
    fine = step(0, bounds=(1.0, 1.5, 2.0, 3.0, 4.0), buckets=(0, 2, 3, 0, 1, 0))
    wider = step(1, bounds=(0.5, 1.0, 1.5, 2.0, 3.0, 4.0), buckets=(0, 1, 2, 4, 0, 1, 0))
    coarse = step(2, bounds=(0.5, 1.0, 2.0, 4.0, 8.0), buckets=(0, 1, 8, 1, 5, 0))
    found = [sums.buckets for _, _, sums in by_step([fine, wider, coarse], since=fine.at + 1)]
    assert found == [{(0.5, 1.0): 1, (1.5, 2.0): 1}, {(1.0, 2.0): 2, (4.0, 8.0): 5}]


@given(st.lists(st.floats(0.01, 9.9), min_size=1, max_size=50), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_lies_in_the_bucket_of_the_true_one(values, share):
    bounds = [0.5, 1.0, 2.0, 4.0, 8.0]
    edges = list(pairwise([0.0, *bounds, 16.0]))
    buckets = [sum(low < value <= high for value in values) for low, high in edges]
    row = step(0, bounds=bounds, buckets=buckets, cumulative=False, minimum=min(values), maximum=max(values))
    exact = sorted(values)[max(0, -int(-share * len(values) // 1) - 1)]
    low, high = next((low, high) for low, high in edges if low < exact <= high)
    assert low <= added([row]).quantile(share) <= high
    assert min(values) - 1e-9 <= added([row]).quantile(share) <= max(values) + 1e-9


def test_percentiles_without_anything_measured_are_not_known():
    assert Sums().quantile(0.5) is None
    assert added([step(0, bounds=(1.0,), buckets=(0, 0))]).quantile(0.5) is None


def test_what_lies_above_the_last_bound_is_put_at_it():
    assert added([step(0, bounds=(1.0, 2.0), buckets=(0, 0, 5), cumulative=False)]).quantile(0.99) == 2.0


def test_a_summary_says_its_quantiles_itself():
    row = step(0, 6.0, count=3, quantiles=[0.5, 0.99], quantile_values=[1.5, 4.0])
    sums = added([row])
    read = {name: AGGREGATIONS["summary"][name].read(sums, 60) for name in ("p50", "p95", "p99", "avg", "count")}
    assert read == {"p50": 1.5, "p95": None, "p99": 4.0, "avg": 2.0, "count": 3}


@pytest.mark.parametrize(
    ("about", "shape"),
    [(("gauge", "", False), "gauge"), (("sum", "cumulative", True), "counter"), (("sum", "delta", False), "counter"),
     (("sum", "cumulative", False), "gauge"), (("histogram", "delta", False), "histogram"),
     (("summary", "", False), "summary")],
)  # fmt: skip
def test_what_a_metric_is(about, shape):
    assert shape_of(*about) == shape


def test_nothing_is_read_as_nothing():
    for known in AGGREGATIONS.values():
        assert {how.read(Sums(), 60) for how in known.values()} == {None}
    assert all(len(name) <= 8 for name in NAMES)


@pytest.mark.parametrize(("unit", "text"), [("{token}", "tokens"), ("{}", ""), ("1", ""), ("By", "bytes"), ("s", "s")])
def test_units_are_written_as_people_do(unit, text):
    assert unit_text(unit) == text


def test_infinite_ends_stay_out_of_figures():
    sums = added([step(0, bounds=(-2.0, 0.0), buckets=(4, 0, 0), cumulative=False)])
    assert sums.quantile(0.5) not in (inf, -inf)


def test_a_sender_that_reports_every_five_minutes_shows_its_true_rate():
    rows = [step(minute, 60.0 * minute) for minute in (0, 5, 10)]
    rates = [AGGREGATIONS["counter"]["rate"].read(sums, 60) for _, _, sums in by_step(rows, since=rows[1].at)]
    assert rates == [1.0, 1.0]
    assert AGGREGATIONS["counter"]["rate"].read(added(rows), 600) == 1.0

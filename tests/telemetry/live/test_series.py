"""Steps, edges, filters and dimensions of the series."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from core.timerange import TimeRange
from telemetry import series
from telemetry.filters import Filters
from telemetry.series import Parts
from telemetry.span import Score
from telemetry.window import Window
from tests.telemetry.live.traffic import make_span, store

pytestmark = pytest.mark.usefixtures("stores", "transactional_db")

#: Long enough ago for ClickHouse to answer, not so long that retention drops it.
NOON = (datetime.now(UTC) - timedelta(days=5)).replace(hour=12, minute=0, second=0, microsecond=0)


def call(project, at, **changes):
    values = {"kind": "llm", "counted": True, "status": "ok", "error_type": ""} | changes
    return make_span(random.Random(at.timestamp()), project.pk, at, **values)


def test_every_step_is_there_also_without_traffic(project):
    span = TimeRange(NOON, NOON + timedelta(hours=1))
    found = series.windows(project.pk, span, timedelta(minutes=5))
    assert [at for at, _ in found] == [NOON + timedelta(minutes=5 * n) for n in range(12)]
    assert all(window == Window() for _, window in found)


def test_steps_begin_at_multiples_of_themselves(project):
    span = TimeRange(NOON + timedelta(minutes=7), NOON + timedelta(minutes=31, seconds=1))
    found = series.windows(project.pk, span, timedelta(minutes=15))
    assert [at.minute for at, _ in found] == [0, 15, 30]


def test_a_range_counts_every_minute_that_it_touches(project):
    moments = [NOON - timedelta(microseconds=1), NOON, NOON + timedelta(seconds=119), NOON + timedelta(seconds=120)]
    store([call(project, at) for at in moments])
    touched = TimeRange(NOON + timedelta(seconds=30), NOON + timedelta(seconds=61))
    assert series.total(project.pk, touched).calls == 2
    exact = TimeRange(NOON, NOON + timedelta(minutes=1))
    assert series.total(project.pk, exact).calls == 1


def test_a_step_must_be_whole_minutes(project):
    with pytest.raises(ValueError, match="step"):
        series.windows(project.pk, TimeRange(NOON, NOON + timedelta(hours=1)), timedelta(seconds=90))


def test_filters_narrow_spans_and_scores(project):
    one, other = (
        call(project, NOON, feature=feature, scores=[Score("overall", value)])
        for feature, value in (("search", 0.9), ("summary", 0.1))
    )
    store([one, other])
    found = series.total(project.pk, TimeRange(NOON, NOON + timedelta(hours=1)), Filters({"feature": "search"}))
    assert found.calls == 1
    assert found.score("overall").mean == pytest.approx(0.9)


def test_a_filter_for_nothing_finds_what_has_none(project):
    store([call(project, NOON, feature=""), call(project, NOON + timedelta(seconds=1), feature="search")])
    found = series.total(project.pk, TimeRange(NOON, NOON + timedelta(hours=1)), Filters({"feature": ""}))
    assert found.calls == 1


def test_it_groups_by_a_dimension(project):
    spans = [call(project, NOON + timedelta(seconds=n), model=model) for n, model in enumerate(("a", "a", "b"))]
    spans[0].scores = [Score("overall", 0.5)]
    store(spans)
    found = series.by(project.pk, TimeRange(NOON, NOON + timedelta(hours=3)), "model")
    assert {model: window.calls for model, window in found.items()} == {"a": 2, "b": 1}
    assert found["a"].score("overall").count == 1
    assert list(found["b"].models) == ["b"]


def test_topics_group_scores(project):
    scores = [Score("overall", 0.2, trace_id="t", project_id=project.pk, occurred_at=NOON, topic="refunds")]
    store([], scores)
    found = series.by(project.pk, TimeRange(NOON, NOON + timedelta(hours=3)), "topic")
    assert found["refunds"].score("overall").mean == pytest.approx(0.2)


def test_an_unknown_dimension_is_refused(project):
    with pytest.raises(ValueError, match="dimension"):
        series.by(project.pk, TimeRange(NOON, NOON + timedelta(hours=1)), "trace_id; DROP TABLE spans")


def test_it_asks_only_for_the_parts_that_are_read(project):
    store([call(project, NOON, scores=[Score("overall", 0.5)])])
    found = series.total(project.pk, TimeRange(NOON, NOON + timedelta(hours=1)), parts=Parts.SCORES)
    assert found.score("overall").count == 1
    assert found.calls == 0

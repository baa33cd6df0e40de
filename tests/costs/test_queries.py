"""Every table of the same range and filters adds up to the same total, to the nano-dollar."""

import random
from datetime import timedelta

import pytest

from core.timerange import TimeRange
from costs import queries
from telemetry.commit import store_spans
from telemetry.filters import Filters
from tests.costs.factories import NOW, make_call, spend

pytestmark = pytest.mark.django_db

DIMENSIONS = ("model", "feature", "user_id")


@pytest.fixture(autouse=True)
def stored(stores):
    """Both engines, empty."""


def last(**length):
    return TimeRange(NOW - timedelta(**length), NOW)


@pytest.fixture
def traffic(project):
    """Calls of three days, evenly strewn."""
    chance = random.Random(7)
    calls = [
        make_call(
            project,
            NOW - timedelta(seconds=chance.uniform(1, 3 * 86_400)),
            cost_nano=chance.randrange(1, 10**9),
            model=chance.choice(["model-a", "model-b", "model-c"]),
            feature=chance.choice(["search", "chat", ""]),
            user_id=f"user-{chance.randrange(12)}",
            session_id=chance.choice(["one", "two"]),
            environment=chance.choice(["production", "staging"]),
        )
        for _ in range(600)
    ]
    store_spans(calls)
    return calls


@pytest.mark.parametrize("length", [{"minutes": 7}, {"hours": 1}, {"hours": 6}, {"hours": 25}, {"days": 3}])
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"model": "model-a"},
        {"feature": ""},
        {"user_id": "user-3"},
        {"environment": "staging"},
        {"environment": "staging", "user_id": "user-3"},
        {"session_id": "one", "model": "model-b"},
    ],
    ids=lambda filters: ",".join(filters) or "none",
)
def test_tables_charts_and_total_agree(project, traffic, length, filters):
    span, chosen = last(**length), Filters(filters)
    expected = [
        call
        for call in traffic
        if span.start <= call.start_time < span.end
        and all(getattr(call, name) == value for name, value in filters.items())
    ]
    total = queries.spend_total(project.pk, span, chosen)
    assert total.cost_nano == sum(call.cost_nano for call in expected)
    assert total.calls == len(expected)
    assert total.input_tokens == sum(call.input_tokens for call in expected)
    for dimension in DIMENSIONS:
        rows = queries.spend_by(project.pk, span, dimension, chosen)
        assert queries.added("", rows) == total
        assert {row.name for row in rows} == {getattr(call, dimension) for call in expected}
        assert [row.cost_nano for row in rows] == sorted((row.cost_nano for row in rows), reverse=True)


@pytest.mark.parametrize("filters", [{}, {"user_id": "user-3"}], ids=["roll-up", "spans"])
def test_the_chart_holds_the_same_money(project, traffic, filters):
    # Whole days, because a chart shows every step that the range touches.
    span, step = TimeRange(NOW.replace(hour=0) - timedelta(days=2), NOW.replace(hour=0)), timedelta(hours=1)
    points = queries.spend_over_time(project.pk, span, step, Filters(filters))
    assert len(points) == 48
    total = queries.spend_total(project.pk, span, Filters(filters))
    assert sum(sum(models.values()) for _, models in points) == total.cost_nano
    first = [call for call in traffic if points[0][0] <= call.start_time < points[1][0]]
    wanted = [call for call in first if not filters or call.user_id == "user-3"]
    assert sum(points[0][1].values()) == sum(call.cost_nano for call in wanted)


def test_what_is_unpriced_says_why(project):
    for _ in range(3):
        spend(project, usd="", model="who-knows", provider="my-gateway", input_tokens=7, output_tokens=3)
    spend(project, usd="", model="gpt-4o-mini", input_tokens=0, output_tokens=0)
    spend(project, usd=1)
    found = queries.unpriced(project.pk, last(hours=1), Filters())
    assert found == []
    found = queries.unpriced(project.pk, TimeRange(NOW, NOW + timedelta(minutes=1)), Filters())
    assert [(row.provider, row.model, row.calls, row.without_tokens, row.input_tokens) for row in found] == [
        ("my-gateway", "who-knows", 3, 0, 21),
        ("openai", "gpt-4o-mini", 1, 1, 0),
    ]


def test_unpriced_calls_do_not_cheapen_the_average(project):
    spend(project, NOW - timedelta(minutes=1), 3)
    spend(project, NOW - timedelta(minutes=1), "", model="who-knows")
    total = queries.spend_total(project.pk, last(hours=1), Filters())
    assert (total.calls, total.unpriced, total.each_nano) == (2, 1, 3 * 10**9)
    assert queries.Spend("").each_nano is None

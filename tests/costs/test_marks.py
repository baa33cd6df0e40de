"""Own prices are marked on time charts on their first day."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Project
from core.timerange import TimeRange
from costs.models import Price
from telemetry.marks import marks_in

pytestmark = pytest.mark.django_db

RANGE = TimeRange(datetime(2026, 11, 1, 12, tzinfo=UTC), datetime(2026, 11, 8, 12, tzinfo=UTC))


def test_price_changes_of_the_range_are_marked(project):
    other = Project.objects.create(slug="other", name="Other")
    for owner, day, model in (
        (project, date(2026, 11, 3), "mine"),
        (None, date(2026, 11, 8), "everybodys"),
        (other, date(2026, 11, 3), "theirs"),
        (project, date(2026, 11, 1), "before the range begins"),
        (project, date(2026, 11, 9), "later"),
    ):
        Price.objects.create(project=owner, valid_from=day, model=model, input_price=Decimal(1))
    found = marks_in(project, RANGE)
    assert [mark.label for mark in found] == ["New price of everybodys", "New price of mine"]
    assert found[1].at == datetime(2026, 11, 3, tzinfo=UTC)
    assert marks_in(project, TimeRange(RANGE.start - timedelta(days=60), RANGE.start - timedelta(days=50))) == []

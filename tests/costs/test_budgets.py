"""Spend against budgets, on real stores."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Project
from core.money import NANO, to_nano
from costs import budgets
from tests.costs.factories import NOW, make_budget, spend

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def stored(stores):
    budgets.forget()


def test_it_adds_up_the_present_period_alone(project):
    budget = make_budget(project, limit_usd=Decimal(10))
    spend(project, NOW.replace(hour=0, minute=0), "1.5")
    spend(project, NOW, "2.25")
    spend(project, NOW - timedelta(days=1), "4")
    spend(Project.objects.create(slug="other", name="Other"), NOW, "5")

    found = budgets.status(budget, NOW)

    assert found.spent_nano == to_nano("3.75")
    assert found.remaining_nano == to_nano("6.25")
    assert found.limit_nano == 10 * NANO
    assert found.share == 0.375
    assert (found.period_start, found.period_end) == (NOW.replace(hour=0), NOW.replace(hour=0) + timedelta(days=1))
    assert found.state == "ok"


def test_the_day_begins_at_the_projects_midnight(project):
    project.time_zone = "Asia/Kathmandu"  # 5:45 ahead of UTC
    project.save()
    budget = make_budget(project)
    spend(project, datetime(2026, 11, 17, 18, 14, tzinfo=UTC), 1)
    spend(project, datetime(2026, 11, 17, 18, 15, tzinfo=UTC), 2)
    assert budgets.status(budget, NOW).spent_nano == 2 * NANO


@pytest.mark.parametrize(
    ("spent", "state", "reached", "remaining"),
    [
        ("0", "ok", 0, "10"),
        ("4.999999999", "ok", 0, "5.000000001"),
        ("5", "warning", 50, "5"),
        ("8", "warning", 80, "2"),
        ("9.999999999", "warning", 80, "0.000000001"),
        ("10", "over", 100, "0"),
        ("12", "over", 100, "0"),
    ],
)
def test_states(project, spent, state, reached, remaining):
    budget = make_budget(project, limit_usd=Decimal(10))
    spend(project, NOW, spent)
    found = budgets.status(budget, NOW)
    assert (found.state, found.reached, found.remaining_nano) == (state, reached, to_nano(remaining))


@pytest.mark.parametrize(
    ("scope", "value", "spent"),
    [("project", "", 31), ("user", "ada", 5), ("feature", "chat", 26), ("model", "model-b", 18), ("user", "nobody", 0)],
)
def test_a_budget_counts_what_it_is_about(project, scope, value, spent):
    spend(project, usd=1)
    spend(project, usd=4, feature="chat")
    spend(project, usd=8, user_id="bo", feature="chat")
    spend(project, usd=2, user_id="bo", model="model-b")
    spend(project, usd=16, user_id="", model="model-b", feature="")
    expected = {"feature": 12}.get(scope, spent)
    budget = make_budget(project, scope=scope, scope_value=value, limit_usd=100)
    assert budgets.status(budget, NOW).spent_nano == expected * NANO


def test_each_user_has_a_budget_of_their_own(project):
    budget = make_budget(project, scope="user", scope_value="each", limit_usd=4)
    for user, usd in (("ada", 1), ("bo", 5), ("cy", 3), ("", 50)):
        spend(project, usd=usd, user_id=user)
    found = budgets.statuses(budget, NOW)
    assert [(each.value, each.state) for each in found] == [("bo", "over"), ("cy", "warning"), ("ada", "ok")]
    assert budgets.status(budget, NOW).value == "bo"


def test_without_spend_all_of_it_is_left(project):
    each = make_budget(project, scope="feature", scope_value="each")
    assert budgets.status(each, NOW).remaining_nano == 10 * NANO
    assert budgets.status(make_budget(project), NOW).forecast_nano == 0


def test_the_forecast_follows_the_pattern_of_earlier_days(project):
    budget = make_budget(project, limit_usd=100)
    for days in (1, 2, 3):
        spend(project, NOW - timedelta(days=days, hours=1), 2)
        spend(project, NOW - timedelta(days=days) + timedelta(hours=1), 6)
    spend(project, NOW - timedelta(hours=1), 4)
    found = budgets.status(budget, NOW)
    assert (found.forecast_nano, found.forecast_method) == (16 * NANO, "pattern")


def test_the_forecast_of_a_new_project_goes_by_its_pace(project):
    budget = make_budget(project, limit_usd=100)
    spend(project, NOW - timedelta(hours=1), 4)
    found = budgets.status(budget, NOW)
    assert (found.forecast_nano, found.forecast_method) == (8 * NANO, "pace")


def test_the_project_comes_first_then_what_is_most_used(project):
    spend(project, usd=2)
    make_budget(project, name="calm", scope="user", scope_value="ada", limit_usd=100)
    make_budget(project, name="tight", scope="model", scope_value="model-a", limit_usd=1)
    make_budget(project, name="whole", limit_usd=50)
    make_budget(project, name="off", enabled=False)
    make_budget(Project.objects.create(slug="other", name="Other"), name="other")
    assert [each.budget.name for each in budgets.for_project(project, NOW)] == ["whole", "tight", "calm"]
    assert budgets.remaining(project, NOW) == 48 * NANO


@pytest.mark.usefixtures("same_day")
def test_a_caller_is_held_by_every_budget_that_is_about_it(project):
    now = datetime.now(UTC)
    make_budget(project, name="whole", limit_usd=10)
    make_budget(project, name="users", scope="user", scope_value="each", limit_usd=3)
    make_budget(project, name="chat", scope="feature", scope_value="chat", limit_usd=1)
    spend(project, now, 2, user_id="ada", feature="search")

    ada = budgets.allowance(project.pk, user="ada")
    assert ada.remaining_nano == NANO
    assert ada.allows(NANO) and not ada.allows(NANO + 1)
    bo = budgets.allowance(project.pk, user="bo", feature="chat")
    assert [each.budget.name for each in bo.statuses] == ["whole", "users", "chat"] or len(bo.statuses) == 3
    assert bo.remaining_nano == NANO
    assert budgets.allowance(project.pk).remaining_nano == 8 * NANO


@pytest.mark.usefixtures("same_day")
def test_a_used_up_budget_allows_nothing(project):
    make_budget(project, limit_usd=1)
    spend(project, datetime.now(UTC), 1)
    assert not budgets.allowance(project.pk).allows(0)


def test_a_day_in_india_begins_at_half_past(project):
    project.time_zone = "Asia/Kolkata"
    project.save()
    whole = make_budget(project, name="whole", limit_usd=100)
    feature = make_budget(project, name="feature", scope="feature", scope_value="each", limit_usd=100)
    for minutes, usd in ((-1, 64), (0, 1), (29, 2), (30, 4), (600, 8)):
        spend(project, datetime(2026, 11, 17, 18, 30, tzinfo=UTC) + timedelta(minutes=minutes), usd)
    assert budgets.status(whole, NOW).spent_nano == budgets.status(feature, NOW).spent_nano == 15 * NANO


def test_without_budgets_everything_is_allowed(project):
    free = budgets.allowance(project.pk, user="ada")
    assert free.remaining_nano is None and free.allows(10**18)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"limit_usd": 0}, "limit_usd"),
        ({"limit_usd": -1}, "limit_usd"),
        ({"scope": "user"}, "scope_value"),
        ({"scope": "model", "scope_value": "*"}, "scope_value"),
        ({"scope": "project", "scope_value": "ada"}, "scope_value"),
        ({"warn_at": []}, "warn_at"),
        ({"warn_at": [0]}, "warn_at"),
        ({"warn_at": ["50"]}, "warn_at"),
        ({"warn_at": "50"}, "warn_at"),
    ],
)
def test_a_budget_must_make_sense(project, changes, field):
    with pytest.raises(ValidationError) as refused:
        make_budget(project, **changes)
    assert field in refused.value.message_dict


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amounts=st.lists(st.integers(1, 10**13), min_size=1, max_size=20), limit=st.integers(1, 10**9))
def test_no_nano_dollar_is_lost(project, amounts, limit):
    before = budgets.status(make_budget(project), NOW).spent_nano
    for nano in amounts:
        spend(project, NOW, cost_nano=nano)
    budget = make_budget(project, limit_usd=Decimal(limit))
    found = budgets.status(budget, NOW)
    assert found.spent_nano - before == sum(amounts)
    assert found.spent_nano + found.remaining_nano - found.over_nano == found.limit_nano

"""Budgets over REST."""

import time
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import override_settings

from accounts import keys
from accounts.models import ApiKey, Project
from costs import budgets
from tests.costs.factories import make_budget, spend

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("same_day")]

CHECK = "/api/v1/budgets/check"


@pytest.fixture(autouse=True)
def stored(stores):
    budgets.forget()


@pytest.fixture
def get(client, api_key):
    def ask(url, key=api_key, **query):
        return client.get(url, query, headers={"Authorization": f"Bearer {key}"})

    return ask


def test_budgets_are_listed_with_decimals_as_text(get, project):
    spend(project, datetime.now(UTC), "0.0000312")
    make_budget(project, name="Whole", limit_usd=10, period="month")
    (row,) = get("/api/v1/budgets").json()
    assert row["name"] == "Whole" and row["scope"] == "project" and row["period"] == "month"
    assert (row["limit_usd"], row["spent_usd"], row["remaining_usd"]) == ("10", "0.0000312", "9.9999688")
    assert row["state"] == "ok" and Decimal(row["forecast_usd"]) >= Decimal("0.0000312")


def test_a_caller_may_go_on_until_a_budget_is_used_up(get, project):
    make_budget(project, name="Whole", limit_usd=10)
    make_budget(project, name="Users", scope="user", scope_value="each", limit_usd=1)
    spend(project, datetime.now(UTC), "0.75", user_id="ada")

    ada = get(CHECK, user="ada", estimated_cost_usd="0.25").json()
    assert ada["allowed"] is True and ada["remaining_usd"] == "0.25"
    assert {row["name"]: row["value"] for row in ada["budgets"]} == {"Whole": "", "Users": "ada"}
    assert get(CHECK, user="ada", estimated_cost_usd="0.250000001").json()["allowed"] is False
    assert get(CHECK, user="bo", estimated_cost_usd="1").json()["allowed"] is True
    assert get(CHECK).json()["remaining_usd"] == "9.25"


def test_spend_that_has_just_come_in_counts_within_a_second(get, project):
    make_budget(project, limit_usd=1)
    assert get(CHECK).json()["allowed"] is True
    spend(project, datetime.now(UTC), 1)
    time.sleep(1.1)
    assert get(CHECK).json()["allowed"] is False


def test_without_budgets_nothing_is_held_back(get):
    assert get(CHECK, user="ada", estimated_cost_usd="1000").json() == {
        "allowed": True, "remaining_usd": None, "budgets": [],
    }  # fmt: skip


@pytest.mark.parametrize("amount", ["much", "NaN", "Infinity", "-1", "1e12", ""])
def test_an_estimate_that_is_no_amount_is_refused(get, amount):
    answer = get(CHECK, estimated_cost_usd=amount)
    assert answer.status_code == 422 and answer.json()["field"] == "estimated_cost_usd"


@override_settings(ONWATCH_KEYLESS=False)
def test_it_takes_a_key_that_may_read(get, client, project):
    _, ingest = ApiKey.issue(project, name="ingest only", scopes=("ingest",))
    assert client.get(CHECK).status_code == 401
    assert get(CHECK, key="wrong").status_code == 401
    assert get(CHECK, key=ingest).status_code == 403


def test_budgets_of_other_projects_stay_there(get, project):
    make_budget(Project.objects.create(slug="other", name="Other"), name="Secret", limit_usd=1)
    assert get("/api/v1/budgets").json() == [] and get(CHECK).json()["budgets"] == []
    keys.forget_cached()


def test_the_answer_is_quick(get, project):
    make_budget(project, name="Whole", limit_usd=1000, period="month")
    make_budget(project, name="Users", scope="user", scope_value="each", limit_usd=10)
    spend(project, datetime.now(UTC), 1)
    get(CHECK, user="ada")
    begun = time.perf_counter()
    for _ in range(50):
        get(CHECK, user="ada")
    # Nearly all are answered from the second's copy; the goal of 20 ms is for those that are not, too.
    assert (time.perf_counter() - begun) / 50 < 0.05

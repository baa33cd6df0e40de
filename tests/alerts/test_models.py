"""What alerts and rules promise to those who build on them."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from alerts.models import Alert, Rule
from costs.models import Budget
from tests.alerts.factories import NOW, make_alert, make_rule
from tests.people import make_rosa


def test_an_alert_is_claimed_once(project):
    alert = make_alert(project)
    same = Alert.objects.get(pk=alert.pk)
    assert alert.claim(NOW)
    assert not same.claim(NOW)
    assert Alert.objects.get().claimed_at == NOW


def test_a_claim_is_free_again_when_opening_the_incident_fails(project):
    alert = make_alert(project)
    with pytest.raises(RuntimeError), transaction.atomic():
        alert.claim(NOW)
        raise RuntimeError
    assert Alert.objects.get().claim(NOW)


def test_only_unclaimed_alerts_of_rules_that_open_incidents_are_handed_over(project):
    opens, asks = make_rule(project, opens_incident=True), make_rule(project)
    wanted = make_alert(project, opens)
    make_alert(project, asks)
    assert list(Alert.objects.wanting_incident()) == [wanted]
    wanted.claim()
    assert not Alert.objects.wanting_incident().exists()


def test_an_alert_is_acknowledged_by_the_first(project):
    alert, rosa = make_alert(project), make_rosa(project)
    assert alert.acknowledge(rosa, NOW)
    assert not Alert.objects.get().acknowledge(rosa, NOW)
    ended = make_alert(project, state="resolved", resolved_at=NOW)
    assert not ended.acknowledge(rosa, NOW)


def test_the_database_allows_one_open_alert_a_problem(project):
    rule = make_rule(project)
    make_alert(project, rule, state="resolved", resolved_at=NOW)
    make_alert(project, rule)
    with pytest.raises(IntegrityError), transaction.atomic():
        make_alert(project, rule)


def test_the_history_outlives_its_rule(project):
    rule = make_rule(project)
    alert = make_alert(project, rule, state="resolved", resolved_at=NOW)
    rule.delete()
    alert.refresh_from_db()
    assert alert.rule is None


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"threshold": 100.0}, "threshold"),
        ({"threshold": -1.0}, "threshold"),
        ({"direction": "below", "threshold": 0.0}, "threshold"),
        ({"direction": "below", "threshold": 101.0}, "threshold"),
        ({"series": "score", "direction": "above", "threshold": 1.0}, "threshold"),
        ({"series": "score", "direction": "below", "threshold": 70.0}, "threshold"),
        ({"condition": "change", "direction": "below", "threshold": 100.0}, "threshold"),
        ({"condition": "change", "threshold": 0.0}, "threshold"),
        ({"threshold": 10.0, "clear_threshold": 11.0}, "clear_threshold"),
        ({"series": "score", "direction": "below", "threshold": 0.7, "clear_threshold": 0.6}, "clear_threshold"),
        ({"series": "score", "direction": "below", "threshold": 0.7, "clear_threshold": 1.1}, "clear_threshold"),
        ({"condition": "change", "direction": "below", "threshold": 20, "clear_threshold": 30}, "clear_threshold"),
        ({"subject": "timeout"}, "subject"),
        ({"series": "failures", "subject": "sunspots"}, "subject"),
        ({"scope": {"user_id": "u1"}}, "scope"),
        ({"scope": ["feature"]}, "scope"),
        ({"series": "score", "direction": "below", "threshold": 0.7, "scope": {"kind": "llm"}}, "scope"),
        ({"series": "budget", "scope": {"model": "m"}}, "scope"),
        ({"series": "budget", "condition": "change"}, "condition"),
        ({"floor": 1.0}, "floor"),
        ({"series": "cost", "widest_window_minutes": 60}, "widest_window_minutes"),
        ({"window_minutes": 10, "widest_window_minutes": 5}, "widest_window_minutes"),
        ({"window_minutes": 0}, "window_minutes"),
        ({"check_every_seconds": 1}, "check_every_seconds"),
    ],
)
def test_conditions_that_can_never_hold_are_refused(project, fields, wrong):
    with pytest.raises(ValidationError) as refused:
        make_rule(project, **fields)
    assert list(refused.value.message_dict) == [wrong]


@pytest.mark.parametrize(
    "fields",
    [
        {"series": "score", "direction": "below", "threshold": 0.7, "scope": {"topic": "billing"}},
        {"series": "failures", "subject": "rate_limit", "threshold": 200},
        {"series": "budget", "threshold": 120},
        {"series": "calls", "direction": "below", "threshold": 1},
        {"condition": "change", "series": "cost", "threshold": 200, "floor": 0.5},
    ],
)
def test_conditions_that_can_hold_are_kept(project, fields):
    assert make_rule(project, **fields).pk


def test_quality_means_the_overall_score_unless_it_says_otherwise(project):
    assert make_rule(project, series="score", direction="below", threshold=0.7).subject == "overall"


def test_the_budget_of_another_project_is_refused(project):
    other = type(project).objects.create(slug="other", name="Other")
    budget = Budget.objects.create(project=other, name="theirs", limit_usd=1)
    with pytest.raises(ValidationError, match="another project"):
        make_rule(project, series="budget", budget=budget, threshold=80)


def test_names_are_unique_in_a_project(project):
    make_rule(project, name="Twice")
    with pytest.raises(ValidationError, match="already"):
        make_rule(project, name="Twice")
    assert Rule.objects.count() == 1

"""The rules that every project begins with."""

import pytest

from accounts.models import Project
from alerts import wording
from alerts.models import Rule
from alerts.seed import seed

pytestmark = pytest.mark.django_db


def test_a_project_begins_with_the_usual_rules(project):
    seed(project)
    words = {rule.name: wording.condition_text(rule) for rule in Rule.objects.all()}
    assert words["Outage: most calls fail"] == "Error rate of calls over 5 min above 50 % for 2 min"
    assert words["Quality drop over 15 %"] == "Quality: overall over 1 h: −15 % against its baseline for 10 min"
    assert words["Spend spike: +200 %, that is 3x"] == (
        "Spend over 1 h: +200 %, that is 3x against its baseline and above $1.00 for 5 min"
    )
    assert words["Budget nearly used"] == "Share of a budget used above 90 %"
    assert words["Slow calls (p99)"] == "Latency of calls, 99th percentile over 15 min above 5 s for 10 min"


def test_what_people_changed_stays(project):
    seed(project)
    Rule.objects.filter(name="Spend in one hour").delete()
    Rule.objects.filter(name="Low quality").update(threshold=0.8)
    seed(project)
    assert not Rule.objects.filter(name="Spend in one hour").exists()
    assert Rule.objects.get(name="Low quality").threshold == 0.8


def test_the_console_itself_is_not_watched(db):
    seed(Project.objects.create(slug="console", name="Console", purpose="console"))
    assert not Rule.objects.exists()


def test_the_latency_rule_takes_the_target_of_the_project(db):
    seed(Project.objects.create(slug="slow", name="Slow", latency_target_ms=12_000))
    assert Rule.objects.get(series="latency_p99").threshold == 12_000

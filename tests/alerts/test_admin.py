"""Making and changing rules in the admin."""

import re

import pytest
from django.urls import reverse

from accounts.models import AuditEntry, Project
from alerts.evaluate import Evaluator
from alerts.models import Rule
from costs.models import Budget
from tests.alerts.factories import NOW, make_rule, send
from tests.people import make_alice, make_bob

pytestmark = pytest.mark.usefixtures("stores")

ADD, LIST = "admin:alerts_rule_add", "admin:alerts_rule_changelist"


@pytest.fixture
def alice(client, project):
    client.force_login(make_alice(project))
    return client


def form(project: Project, **changes) -> dict[str, object]:
    return {
        "project": project.pk, "name": "Errors", "severity": "SEV2", "description": "", "enabled": "on",
        "series": "error_rate", "subject": "", "budget": "", "scope": "{}", "condition": "threshold",
        "direction": "above", "threshold": "10", "clear_threshold": "", "baseline": "auto", "floor": "",
        "minimum_sample": "5", "window_minutes": "10", "widest_window_minutes": "", "for_minutes": "0",
        "keep_firing_minutes": "0", "debounce_minutes": "0", "no_data": "keep", "check_every_seconds": "15",
        "playbook": "",
    } | changes  # fmt: skip


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def test_a_rule_made_in_the_admin_fires(alice, project):
    assert alice.get(reverse(ADD) + f"?project={project.slug}").status_code == 200
    answer = alice.post(reverse(ADD), form(project, scope='{"feature": "search"}'), follow=True)
    assert "Error rate of calls over 10 min above 10 %" in text_of(answer)
    rule = Rule.objects.get()
    assert rule.scope == {"feature": "search"}
    assert AuditEntry.objects.get().action == "rule.added"

    send(project, NOW, bad=5, feature="search")
    Rule.objects.update(next_check_at=NOW)
    Evaluator(clock=lambda: NOW).step()
    assert rule.alerts.get().severity == "SEV2"
    assert "Firing" in text_of(alice.get(reverse(LIST)))


def test_the_form_begins_with_values_that_work(alice, project):
    """What the form suggests can be saved as it is, once it has a name and a threshold."""
    page = alice.get(reverse(ADD)).content.decode()
    for name, value in (("window_minutes", 10), ("for_minutes", 5), ("debounce_minutes", 10), ("minimum_sample", 10)):
        assert re.search(
            rf'<input[^>]*name="{name}"[^>]*value="{value}"|<input[^>]*value="{value}"[^>]*name="{name}"', page
        )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"threshold": "100"}, "This can never fire"),
        ({"series": "score", "direction": "below", "threshold": "70"}, "This would always fire"),
        ({"clear_threshold": "20"}, "the alert could never end"),
        ({"scope": '{"colour": "red"}'}, "cannot be cut by colour"),
        ({"scope": "search"}, "Enter a valid JSON."),
        ({"series": "budget", "condition": "change"}, "A budget has no baseline"),
    ],
)
def test_a_rule_that_cannot_work_is_sent_back(alice, project, changes, message):
    answer = alice.post(reverse(ADD), form(project, **changes))
    assert answer.status_code == 200
    assert message in text_of(answer)
    assert not Rule.objects.exists()


def test_the_form_says_what_it_would_have_done(alice, project):
    rule = make_rule(project)
    change = reverse("admin:alerts_rule_change", args=[rule.pk])
    assert "it never saw enough calls to judge by" in text_of(alice.get(change))
    send(project, NOW, good=5, bad=5)
    assert re.search(r"fired 1 time: \d\d:\d\d to \S+ \(50 %\)", text_of(alice.get(change)))


def test_an_edit_keeps_what_the_evaluator_wrote_meanwhile(alice, project, monkeypatch):
    rule = make_rule(project)
    form_valid = Rule.full_clean

    def meanwhile(self, *args, **kwargs):
        Rule.objects.filter(pk=rule.pk).update(state="firing", last_value=42)
        return form_valid(self, *args, **kwargs)

    monkeypatch.setattr(Rule, "full_clean", meanwhile)
    data = form(project, name=rule.name, threshold="20", minimum_sample="1")
    answer = alice.post(reverse("admin:alerts_rule_change", args=[rule.pk]), data)
    assert answer.status_code == 302
    rule.refresh_from_db()
    assert (rule.threshold, rule.state, rule.last_value) == (20, "firing", 42)
    assert rule.next_check_at > NOW


def test_rules_are_switched_off_and_on_together(alice, project):
    rules = [make_rule(project), make_rule(project)]
    chosen = {"_selected_action": [rule.pk for rule in rules]}
    alice.post(reverse(LIST), chosen | {"action": "switch_off"})
    assert not Rule.objects.filter(enabled=True).exists()
    alice.post(reverse(LIST), chosen | {"action": "switch_on"})
    assert Rule.objects.filter(enabled=True).count() == 2
    assert AuditEntry.objects.filter(action="rule.changed").count() == 4


def test_alice_sees_the_rules_and_budgets_of_her_projects_alone(alice, project):
    other = Project.objects.create(slug="other", name="Other")
    theirs = make_rule(other, name="Theirs")
    Budget.objects.create(project=other, name="Their budget", limit_usd=1)
    assert "Theirs" not in text_of(alice.get(reverse(LIST)))
    assert alice.get(reverse("admin:alerts_rule_change", args=[theirs.pk])).status_code in (302, 404)
    assert "Their budget" not in text_of(alice.get(reverse(ADD)))
    alice.post(reverse(ADD), form(other))
    assert not Rule.objects.filter(project=other).exclude(pk=theirs.pk).exists()


def test_bob_does_not_come_in(client, project):
    client.force_login(make_bob(project))
    assert client.get(reverse(LIST)).status_code == 302
    client.post(reverse(ADD), form(project))
    assert not Rule.objects.exists()

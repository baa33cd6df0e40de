"""``GET /api/v1/alerts`` as a machine sees it."""

from datetime import timedelta

import pytest

from accounts.models import ApiKey, Project
from alerts.evaluate import Evaluator
from tests.alerts.factories import NOW, make_alert, make_rule, send

pytestmark = pytest.mark.usefixtures("stores")

URL = "/api/v1/alerts"


@pytest.fixture
def get(client, api_key):
    def ask(query: str = "", key: str = api_key):
        return client.get(f"{URL}?{query}", headers={"Authorization": f"Bearer {key}"})

    return ask


def test_a_firing_alert_with_its_evidence(get, project):
    rule = make_rule(project, name="Errors", severity="SEV2")
    failed = send(project, NOW, bad=3)
    Evaluator(clock=lambda: NOW).step()
    (alert,) = get().json()["alerts"]
    assert alert["title"] == "Errors: 100 %, above 10 %"
    assert (alert["state"], alert["severity"], alert["rule_id"], alert["rule"]) == ("firing", "SEV2", rule.pk, "Errors")
    assert (alert["series"], alert["unit"], alert["value"], alert["threshold"]) == ("error_rate", "percent", 100, 10)
    assert set(alert["trace_ids"]) == {span.trace_id for span in failed}
    assert alert["resolved_at"] is None
    assert alert["url"].startswith("/alerts/")


def test_filters_and_pages(get, project):
    for number in range(5):
        make_alert(project, title=f"alert {number}", severity="SEV1", fired_at=NOW - timedelta(minutes=number))
    make_alert(
        project, title="over", state="resolved", fired_at=NOW - timedelta(hours=9), resolved_at=NOW - timedelta(hours=8)
    )
    first = get("limit=4").json()
    second = get(f"limit=4&cursor={first['next_cursor']}").json()
    titles = [alert["title"] for alert in first["alerts"] + second["alerts"]]
    assert titles == [*(f"alert {number}" for number in range(5)), "over"]
    assert second["next_cursor"] is None
    assert [alert["title"] for alert in get("state=resolved").json()["alerts"]] == ["over"]
    assert len(get("severity=SEV1&from=now-6h").json()["alerts"]) == 5
    assert get("severity=SEV4").json()["alerts"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [("state=broken", "state"), ("severity=SEV0", "severity"), ("from=sometime", "from"), ("cursor=x", "cursor")],
)
def test_a_bad_parameter_is_named(get, query, field):
    answer = get(query)
    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["detail"].startswith(f"{field}: ")


def test_a_key_sees_the_alerts_of_its_project_alone(get, project):
    other = Project.objects.create(slug="other", name="Other")
    make_alert(other)
    assert get().json()["alerts"] == []


def test_a_key_without_the_scope_is_refused(get, project):
    sender = ApiKey.issue(project, name="sender", scopes=("ingest",))[1]
    assert get(key=sender).status_code == 403
    assert get(key="ow_nobody").status_code == 401


def test_an_alert_from_elsewhere_has_the_same_shape(get, project):
    make_alert(project, value=None, threshold=None, sample=None)
    (alert,) = get().json()["alerts"]
    assert (alert["series"], alert["baseline"], alert["trace_ids"]) == ("", None, [])

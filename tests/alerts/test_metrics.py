"""Rules on OpenTelemetry metrics: made in the admin, read like the metric's page, fired and resolved like any other."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from alerts import preview, readings
from alerts.models import Alert, Rule
from core.timerange import TimeRange
from incidents import respond
from incidents.evidence import gather
from tests.alerts.factories import make_rule
from tests.alerts.test_admin import ADD, alice, form, text_of  # noqa: F401
from tests.alerts.test_evaluate import check
from tests.telemetry.metrics.bodies import CUMULATIVE, MINUTE_NS, T0, Body, moment

pytestmark = pytest.mark.usefixtures("stores")

MINUTE = timedelta(minutes=1)


def at(minute: float):
    return moment(T0 + int(minute * MINUTE_NS))


def rule_on(project, name, aggregation="", **changes) -> Rule:
    given = {"series": "metric", "subject": name, "aggregation": aggregation, "window_minutes": 5}
    return make_rule(project, **given | changes)


def test_it_fires_when_a_queue_is_long_and_resolves_when_it_is_not(project):
    rule = rule_on(project, "queue.depth", "max", threshold=100, scope={"queue": "mail"})
    Body().gauge("queue.depth", 20, 150, queue="mail").gauge("queue.depth", 900, 900, queue="video").store(project)
    assert check(rule, at(2)).state == "firing"
    alert = Alert.objects.get()
    assert (alert.value, alert.threshold, alert.sample) == (150, 100, 2)
    assert alert.title.endswith("150, above 100")
    assert alert.evidence["points"]
    assert alert.evidence["examples"] == []
    assert alert.evidence["words"].startswith("queue.depth (max) of queue=mail over 5 min above 100")
    Body().gauge("queue.depth", *[30] * 6, at=2, queue="mail").store(project)
    assert check(rule, at(8)).state == "ok"


def test_silence_is_no_data_and_can_be_the_alarm(project):
    Body().gauge("heartbeat", 1).store(project)
    kept, told = (rule_on(project, "heartbeat", "avg", threshold=5, no_data=word) for word in ("keep", "alert"))
    for rule in (kept, told):
        assert check(rule, at(1)).state == "ok"
    assert check(kept, at(20)).state == "no_data"
    assert check(told, at(20)).state == "firing"
    assert "no points arrive" in Alert.objects.get().title


def test_a_percentile_needs_its_sample(project):
    rule = rule_on(project, "latency", "p95", threshold=1.5, minimum_sample=20)
    Body().histogram("latency", (0, 10, 0, 0)).store(project)
    assert check(rule, at(1)).state == "no_data"
    assert rule.last_sample == 10
    Body().histogram("latency", (0, 30, 0, 0), at=1).store(project)
    assert check(rule, at(2)).state == "firing"


def test_a_rate_counts_over_a_restart(project):
    rule = rule_on(project, "requests", "rate", threshold=2)
    Body().sum("requests", 600, 30, temporality=CUMULATIVE).store(project)
    assert check(rule, at(2)).last_value == pytest.approx(630 / 300)


@pytest.mark.parametrize(("name", "aggregation"), [("nobody.sends.this", "avg"), ("depth", "p95")])
def test_what_cannot_be_read_is_no_data(project, name, aggregation):
    Body().gauge("depth", 1).store(project)
    assert check(rule_on(project, name, aggregation, threshold=1), at(1)).state == "no_data"


def test_sums_beyond_all_numbers_are_no_data(project):
    Body().gauge("depth", 1.7e308, 1.7e308).store(project)
    assert check(rule_on(project, "depth", "avg", threshold=1), at(2)).state == "no_data"


def test_a_rule_on_nothing_has_its_page_all_the_same(alice, project):  # noqa: F811
    rule = rule_on(project, "nobody.sends.this", threshold=1)
    check(rule, at(1))
    shown = alice.get(rule.get_absolute_url())
    assert shown.status_code == 200
    assert "no points in the last 5 min" in text_of(shown)
    assert alice.get(reverse("admin:alerts_rule_change", args=[rule.pk])).status_code == 200


def test_the_past_is_read_as_the_present_was(project):
    rule = rule_on(project, "requests", "rate", threshold=1)
    Body().sum("requests", *range(0, 3000, 100)).histogram("latency", *[(n, 0, 0, 0) for n in range(30)]).store(project)
    span = TimeRange(at(10), at(20))
    for point in readings.points(rule.watch, span, step=MINUTE, window=rule.window):
        now = readings.read(rule.watch, TimeRange(point.at - rule.window, point.at), point.at)
        assert point.reading.value == pytest.approx(now.value)
    played = preview.simulate(rule, span)
    assert played.firings and not played.unknown


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"series": "calls", "subject": "", "aggregation": "avg"}, "aggregation"),
        ({"aggregation": "mode"}, "aggregation"),
        ({"aggregation": "sum", "widest_window_minutes": 60}, "widest_window_minutes"),
    ],
)
def test_what_does_not_fit_is_refused(project, changes, field):
    with pytest.raises(ValidationError) as refused:
        rule_on(project, "depth", **{"threshold": 1} | changes)
    assert field in refused.value.message_dict


def test_a_metric_below_zero_can_be_watched(project):
    rule = rule_on(project, "balance", "last", threshold=-5, direction="below", clear_threshold=-1)
    Body().gauge("balance", -8).store(project)
    assert check(rule, at(1)).state == "firing"


def test_it_is_made_in_the_admin(alice, project):  # noqa: F811
    Body().gauge("queue.depth", 7).store(project)
    asked = f"?project={project.slug}&series=metric&subject=queue.depth&aggregation=max"
    page = alice.get(reverse(ADD) + asked).content.decode()
    assert 'value="queue.depth"' in page
    given = {"series": "metric", "subject": "queue.depth", "aggregation": "p95", "threshold": "100"}
    assert "queue.depth is a gauge" in text_of(alice.post(reverse(ADD), form(project, **given)))
    answer = alice.post(reverse(ADD), form(project, **given | {"aggregation": "max"}), follow=True)
    assert "queue.depth (max) over 10 min above 100" in text_of(answer)
    rule = Rule.objects.get()
    check(rule, at(1))
    shown = alice.get(rule.get_absolute_url())
    assert "metrics-explorer/chart/?project=" in shown.content.decode()
    assert "the metric" in text_of(shown)


def test_an_alert_on_a_metric_opens_an_incident_with_its_attributes_as_they_are(project):
    rule = rule_on(project, "queue.depth", "max", threshold=100, scope={"queue) OR (1": "mail"}, opens_incident=True)
    Body().gauge("queue.depth", 150, **{"queue) OR (1": "mail"}).store(project)
    assert check(rule, at(1)).state == "firing"
    incident = respond.open_from_alert(Alert.objects.get())
    assert incident.title == Alert.objects.get().title
    assert {evidence.kind for evidence in gather(incident, Alert.objects.get())[0]} >= {"figures", "chart"}

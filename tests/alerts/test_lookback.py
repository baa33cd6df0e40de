"""The demo's past raises the alerts that it would have raised."""

from datetime import timedelta

import pytest

from accounts.models import Project
from alerts import lookback, preview
from alerts.lookback import DemoHistorian
from alerts.models import Alert
from core.timerange import TimeRange
from telemetry.commit import settle, store_spans
from telemetry.span import Score
from tests.alerts.factories import NOW, make_rule, make_span, send, send_scores

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("stores")

LAST_DAY = TimeRange(NOW - 23 * HOUR, NOW)


def test_what_it_would_have_raised_is_recorded_once(project):
    rule = make_rule(project, keep_firing_minutes=5, severity="SEV2", opens_incident=True)
    bad = NOW - 5 * HOUR
    failed = send(project, bad, good=5, bad=5)
    send(project, bad + 20 * MINUTE, good=50)
    assert len(lookback.record(rule, LAST_DAY)) == 1
    alert = Alert.objects.get()
    assert (alert.state, alert.resolution, alert.value) == ("resolved", lookback.FOUND, 50)
    assert abs(alert.fired_at - bad) <= MINUTE
    assert bad + 10 * MINUTE < alert.resolved_at < bad + 40 * MINUTE
    assert {example["trace_id"] for example in alert.evidence["examples"]} == {
        span.trace_id for span in failed if span.status == "error"
    }
    assert lookback.record(rule, LAST_DAY) == []
    # What is over opens no incident.
    assert not Alert.objects.wanting_incident().exists()


def test_what_is_bad_still_is_left_to_the_evaluator(project):
    rule = make_rule(project)
    send(project, NOW - 2 * MINUTE, bad=5)
    assert lookback.record(rule, LAST_DAY) == []


def test_it_waits_until_the_past_is_complete_and_looks_at_the_demo_alone(project):
    demo = Project.objects.create(slug="demo", name="Demo", purpose="demo")
    make_rule(project)
    rule = make_rule(demo, threshold=30, keep_firing_minutes=5)
    historian = DemoHistorian()

    def judged(hours: range) -> None:
        now = NOW + HOUR
        store_spans([make_span(demo, now - hour * HOUR, scores=[Score(name="overall", value=0.9)]) for hour in hours])
        settle()

    judged(range(20))
    send(demo, NOW - 5 * HOUR, bad=5)
    assert not historian.step()
    judged(range(20, 49))
    assert historian.step()
    assert Alert.objects.get().rule == rule
    assert not historian.step()


def test_the_preview_widens_its_window_as_the_rule_does(project):
    rule = make_rule(project, window_minutes=5, widest_window_minutes=40, minimum_sample=8)
    for minutes in range(0, 32, 8):
        send(project, NOW - minutes * MINUTE, good=1, bad=1)
    played = preview.simulate(rule, TimeRange(NOW - HOUR, NOW))
    assert played.points[-1].reading.sample == 8
    assert len(played.firings) == 1


def test_the_preview_of_a_change_names_its_baseline(project):
    rule = make_rule(
        project, series="score", condition="change", direction="below", threshold=20, baseline="yesterday",
        keep_firing_minutes=3,
    )  # fmt: skip
    start = NOW - 3 * HOUR
    for minutes in range(0, 60, 5):
        send_scores(project, start - timedelta(days=1) + minutes * MINUTE, 0.9, 1)
        send_scores(project, start + minutes * MINUTE, 0.5 if 20 <= minutes < 40 else 0.9, 1)
    played = preview.simulate(rule, TimeRange(start, start + HOUR))
    assert played.baseline == "same time yesterday"
    (firing,) = played.firings
    assert firing.limits.fire == pytest.approx(0.72)
    assert start + 15 * MINUTE < firing.fired_at < firing.resolved_at < start + 55 * MINUTE

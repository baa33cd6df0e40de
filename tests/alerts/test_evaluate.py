"""Checking rules on real stores: traffic in, alerts out."""

import threading
from datetime import timedelta

import pytest
from django.db import close_old_connections

from alerts import evaluate, readings
from alerts.evaluate import Evaluator, close_orphans
from alerts.evidence import iso
from alerts.models import Alert, Rule
from core.money import NANO
from costs.models import Budget
from telemetry.store import StoreUnavailable
from tests.alerts.factories import NOW, make_alert, make_rule, send, send_scores

MINUTE = timedelta(minutes=1)

pytestmark = pytest.mark.usefixtures("stores")


def minute(distance: int) -> str:
    """The start of a minute, counted from the one of NOW."""
    return iso(NOW.replace(second=0) + distance * MINUTE)


def check(rule: Rule, at=NOW, evaluator: Evaluator | None = None) -> Rule:
    """Check this rule alone at this moment and return it as it is afterwards."""
    Rule.objects.exclude(pk=rule.pk).update(next_check_at=at + timedelta(days=1))
    Rule.objects.filter(pk=rule.pk).update(next_check_at=at)
    evaluator = evaluator or Evaluator()
    evaluator.clock = lambda: at
    assert evaluator.step()
    rule.refresh_from_db()
    return rule


def test_it_fires_when_calls_fail_and_resolves_when_they_recover(project):
    rule = make_rule(project, threshold=10, for_minutes=2, keep_firing_minutes=3, severity="SEV2")
    send(project, NOW, good=6, bad=4)

    assert check(rule).state == "pending"
    assert not Alert.objects.exists()

    for quarter in range(1, 9):
        check(rule, NOW + quarter * timedelta(seconds=15))
    alert = Alert.objects.get()
    assert rule.state == "firing"
    assert (alert.state, alert.severity, alert.value, alert.threshold, alert.sample) == ("firing", "SEV2", 40, 10, 10)
    assert alert.title == f"{rule.name}: 40 %, above 10 %"
    assert alert.started_at == NOW
    assert alert.fired_at == NOW + 2 * MINUTE

    later = NOW + 12 * MINUTE
    send(project, later, good=20)
    assert check(rule, later).state == "recovering"
    for quarter in range(1, 13):
        check(rule, later + quarter * timedelta(seconds=15))
    alert.refresh_from_db()
    assert rule.state == "ok"
    assert (alert.state, alert.resolved_at, alert.resolution) == ("resolved", later + 3 * MINUTE, evaluate.CLEARED)


def test_evidence_shows_what_made_it_fire(project):
    rule = make_rule(project, scope={"feature": "search"})
    send(project, NOW - 50 * MINUTE, good=30, feature="search")
    failed = send(project, NOW, bad=3, feature="search")
    send(project, NOW, bad=2, feature="chat")
    check(rule)
    evidence = Alert.objects.get().evidence
    assert (evidence["value"], evidence["sample"], evidence["unit"]) == (100, 3, "percent")
    assert evidence["filters"] == {"feature": "search"}
    assert evidence["words"] == "Error rate of calls over 10 min above 10 %"
    assert (evidence["start"], evidence["end"]) == (minute(-10), minute(1))
    assert {found["trace_id"] for found in evidence["examples"]} == {span.trace_id for span in failed}
    assert {found["what"] for found in evidence["examples"]} == {"timeout"}
    known = [(value, sample) for _, value, sample in evidence["points"] if value is not None]
    assert (0.0, 30) in known
    assert known[-1] == (100.0, 3)


def test_quality_below_a_threshold(project):
    rule = make_rule(project, series="score", subject="overall", direction="below", threshold=0.7, minimum_sample=5)
    send_scores(project, NOW, 0.5, 4)
    assert (check(rule).state, rule.last_sample) == ("no_data", 4)
    send_scores(project, NOW, 0.5, 1)
    send_scores(project, NOW, 0.1, 9, name="relevance")
    assert check(rule).state == "firing"
    alert = Alert.objects.get()
    assert alert.value == pytest.approx(0.5)
    assert alert.title == f"{rule.name}: 0.50, below 0.70"
    assert {found["figure"] for found in alert.evidence["examples"]} == {0.5}


def test_the_window_widens_until_the_sample_is_large_enough(project):
    rule = make_rule(
        project,
        series="score",
        direction="below",
        threshold=0.7,
        minimum_sample=10,
        window_minutes=10,
        widest_window_minutes=60,
    )
    send_scores(project, NOW, 0.5, 5)
    send_scores(project, NOW - 30 * MINUTE, 0.6, 5)
    assert check(rule).state == "firing"
    assert (rule.last_sample, rule.last_value) == (10, pytest.approx(0.55))
    assert rule.last_detail["start"] == minute(-40)


def test_latency_p99_above_a_target(project):
    rule = make_rule(project, series="latency_p99", threshold=2000, minimum_sample=20)
    send(project, NOW, good=19)
    slow = send(project, NOW, good=1, duration_ms=4000)
    assert check(rule).state == "firing"
    alert = Alert.objects.get()
    assert alert.value == pytest.approx(4000, rel=0.01)
    assert alert.evidence["examples"][0]["trace_id"] == slow[0].trace_id


def test_spend_in_one_hour_above_a_sum(project):
    rule = make_rule(project, series="cost", threshold=1, window_minutes=60, minimum_sample=10)
    send(project, NOW - 70 * MINUTE, good=1, cost_nano=5 * NANO)
    send(project, NOW - 40 * MINUTE, good=1, cost_nano=NANO)
    assert (check(rule).state, rule.last_value) == ("ok", 1.0)
    send(project, NOW, good=1, cost_nano=1)
    assert check(rule).state == "firing"
    assert Alert.objects.get().title == f"{rule.name}: $1.00, above $1.00"


def test_share_of_the_daily_budget(project):
    rule = make_rule(project, series="budget", threshold=80, condition="threshold")
    assert (check(rule).state, rule.last_value) == ("no_data", None)
    Budget.objects.create(project=project, name="Every day", period="day", limit_usd="10")
    Budget.objects.create(project=project, name="Every month", period="month", limit_usd="300")
    send(project, NOW, good=1, cost_nano=8 * NANO)
    assert (check(rule).state, rule.last_value) == ("ok", 80.0)
    send(project, NOW, good=1, cost_nano=NANO)
    assert check(rule).state == "firing"
    alert = Alert.objects.get()
    assert alert.title == f"{rule.name}: 90 % of Every day, above 80 %"
    assert alert.evidence["points"][-1][1] == pytest.approx(90)


def test_failures_of_one_type(project):
    rule = make_rule(project, series="failures", subject="timeout", threshold=2)
    send(project, NOW, bad=2)
    assert check(rule).state == "ok"
    send(project, NOW, bad=1, kind="tool")
    assert check(rule).state == "firing"


def test_silence_is_seen_by_calls_below_a_number(project):
    rule = make_rule(project, series="calls", direction="below", threshold=1, window_minutes=5)
    send(project, NOW, good=1)
    # What comes late is waited for: the last two minutes are not judged yet.
    assert check(rule, NOW + 6 * MINUTE).state == "ok"
    assert check(rule, NOW + 8 * MINUTE).state == "firing"


def test_a_change_against_the_same_time_yesterday(project):
    rule = make_rule(
        project, series="score", condition="change", direction="below", threshold=20, baseline="yesterday", certain=True
    )
    send_scores(project, NOW, 0.6, 10)
    assert check(rule).state == "no_data"
    send_scores(project, NOW - timedelta(days=1), 0.9, 10)
    send_scores(project, NOW, 0.62, 10)
    assert check(rule, evaluator=Evaluator()).state == "firing"
    alert = Alert.objects.get()
    assert alert.title == f"{rule.name}: 0.61, 32 % under the usual 0.90"
    assert alert.threshold == pytest.approx(0.72)
    assert alert.evidence["baseline"] == {"name": "same time yesterday", "value": pytest.approx(0.9), "sample": 10}


def test_one_open_alert_however_long_it_lasts(project):
    rule = make_rule(project)
    send(project, NOW, bad=5)
    for minute in range(4):
        check(rule, NOW + minute * MINUTE)
    assert Alert.objects.count() == 1


def test_nothing_is_due(project):
    make_rule(project, next_check_at=NOW + MINUTE)
    make_rule(project, enabled=False)
    assert not Evaluator(clock=lambda: NOW).step()


def test_the_rule_that_waited_longest_is_first(project):
    late = make_rule(project, next_check_at=NOW - MINUTE)
    make_rule(project)
    Evaluator(clock=lambda: NOW).step()
    late.refresh_from_db()
    assert late.checked_at == NOW
    assert late.next_check_at == NOW + timedelta(seconds=15)


def test_a_store_that_is_away_is_an_error_and_no_all_clear(project, monkeypatch):
    rule = make_rule(project)
    send(project, NOW, bad=5)
    check(rule)

    def away(*_, **__):
        raise StoreUnavailable("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(readings.telemetry_series, "total", away)
        later = NOW + 5 * MINUTE
        assert check(rule, later).state == "firing"
        assert "connection refused" in rule.last_error
        calm = check(make_rule(project), later)
        assert (calm.state, calm.last_value) == ("error", None)
    assert check(calm, NOW + 6 * MINUTE).state == "firing"
    assert calm.last_error == ""


def test_it_fires_even_when_the_evidence_cannot_be_read(project, monkeypatch):
    rule = make_rule(project)
    send(project, NOW, bad=5)

    def away(*_, **__):
        raise StoreUnavailable("too slow")

    monkeypatch.setattr(readings.telemetry_series, "windows", away)
    check(rule)
    alert = Alert.objects.get()
    assert (alert.evidence["value"], alert.evidence["points"]) == (100, [])


def test_killed_before_it_writes_nothing_is_lost(project, monkeypatch):
    rule = make_rule(project)
    send(project, NOW, bad=5)

    class Killed(BaseException):
        pass

    def kill(*_, **__):
        raise Killed

    for step in ("_look", "_new_alert", "_write"):
        with monkeypatch.context() as dying:
            dying.setattr(Evaluator, step, kill)
            Rule.objects.filter(pk=rule.pk).update(next_check_at=NOW)
            with pytest.raises(Killed):
                Evaluator(clock=lambda: NOW).step()
        rule.refresh_from_db()
        assert rule.next_check_at == NOW + timedelta(seconds=15)
        assert not Alert.objects.exists()

    # In the middle of the transaction: the state must not say what the alert does not.
    with monkeypatch.context() as dying:
        dying.setattr(Alert, "save", kill)
        Rule.objects.filter(pk=rule.pk).update(next_check_at=NOW)
        with pytest.raises(Killed):
            Evaluator(clock=lambda: NOW).step()
    rule.refresh_from_db()
    assert (rule.state, Alert.objects.count()) == ("ok", 0)

    assert check(rule, NOW + MINUTE).state == "firing"
    assert Alert.objects.count() == 1


def test_a_check_that_was_overtaken_writes_nothing(project, monkeypatch):
    make_rule(project)
    send(project, NOW, bad=5)
    slow_look = Evaluator._look

    def overtaken(self, taken, now):
        """While this check reads, its claim runs out and another worker checks the rule."""
        with monkeypatch.context() as fast:
            fast.setattr(Evaluator, "_look", slow_look)
            check(Rule.objects.get(pk=taken.pk), NOW + MINUTE)
        return slow_look(self, taken, now)

    monkeypatch.setattr(Evaluator, "_look", overtaken)
    Evaluator(clock=lambda: NOW).step()
    assert Alert.objects.count() == 1
    assert Alert.objects.get().fired_at == NOW + MINUTE


def test_a_rule_that_is_switched_off_while_it_is_checked_raises_nothing(project, monkeypatch):
    rule = make_rule(project)
    send(project, NOW, bad=5)
    look = Evaluator._look

    def switched_off(self, taken, now):
        Rule.objects.filter(pk=rule.pk).update(enabled=False)
        return look(self, taken, now)

    monkeypatch.setattr(Evaluator, "_look", switched_off)
    Evaluator(clock=lambda: NOW).step()
    assert not Alert.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_evaluators_at_once_check_every_rule_once(project):
    send(project, NOW, bad=5)
    rules = [make_rule(project) for _ in range(12)]
    checked: list[int] = []

    class Counting(Evaluator):
        def _look(self, rule, now):
            checked.append(rule.pk)
            return super()._look(rule, now)

    def work():
        evaluator = Counting(clock=lambda: NOW)
        try:
            while evaluator.step():
                pass
        finally:
            close_old_connections()

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert sorted(checked) == sorted(rule.pk for rule in rules)
    assert Alert.objects.count() == 12


def test_an_alert_without_a_rule_that_watches_it_ends(project):
    off, gone, on = (make_rule(project) for _ in range(3))
    for rule in (off, gone, on):
        make_alert(project, rule)
    Rule.objects.filter(pk=off.pk).update(enabled=False)
    gone.delete()
    assert close_orphans(NOW) == 2
    endings = dict(Alert.objects.values_list("rule", "resolution"))
    assert endings == {off.pk: evaluate.SWITCHED_OFF, None: evaluate.DELETED, on.pk: ""}


def test_a_rule_switched_on_again_starts_without_an_alert(project):
    rule = make_rule(project)
    send(project, NOW, bad=5)
    check(rule)
    Rule.objects.filter(pk=rule.pk).update(enabled=False)
    close_orphans(NOW)
    Rule.objects.filter(pk=rule.pk).update(enabled=True)
    assert check(rule, NOW + MINUTE).state == "firing"
    assert sorted(Alert.objects.values_list("state", flat=True)) == ["firing", "resolved"]

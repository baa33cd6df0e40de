"""Checks the rules that are due, one after the other; safe with many workers and when killed at any moment."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from django.db import transaction
from django.utils import timezone

from alerts import evidence, readings, rules, wording
from alerts.baselines import Memory
from alerts.models import Alert, AlertQuerySet, Rule
from alerts.rules import Condition, Decision, Direction, Effect, Limits, Observation, Phase
from core.redis import RedisError
from core.timerange import TimeRange
from telemetry.store import StoreUnavailable

logger = logging.getLogger(__name__)

CLEARED = "all was well again"
SWITCHED_OFF = "the rule was switched off"
DELETED = "the rule was deleted"


class Detail(TypedDict):
    """``Rule.last_detail``: what the last check rested on. Values in the unit of the series, times ISO 8601."""

    verdict: str
    start: str
    end: str
    low: float | None
    high: float | None
    fire: float | None
    clear: float | None
    baseline: evidence.BaselineFacts | None
    about: str


@dataclass(frozen=True, slots=True)
class Look:
    """What one check saw, and in which stretch."""

    observation: Observation
    span: TimeRange


@dataclass(slots=True)
class Evaluator:
    """Checks due rules; keep one for long, because it remembers baselines."""

    clock: Callable[[], datetime] = timezone.now
    memory: Memory = field(default_factory=Memory)

    def step(self) -> bool:
        """Check one due rule.

        1. Take the rule that has waited longest; return False if none is due.
        2. Move its next_check_at forward with a conditional update, so that two workers never share it.
        3. Read its series and decide; if it fires, collect the evidence. Nothing is written yet.
        4. Write state and alert in one transaction, provided that the rule is still ours: a check that took so
           long that another worker has begun the next one is dropped.
        Return True to go on at once. If step 3 or 4 raises or the process dies, the rule is already postponed: no
        crash loop, and the next check sees the same data.
        """
        now = self.clock()
        due = Rule.objects.filter(enabled=True, next_check_at__lte=now).select_related("budget__project")
        rule = due.order_by("next_check_at").first()
        if rule is None:
            return False
        if not self._take(rule, now):
            return True
        look = self._look(rule, now)
        open_alert = Alert.objects.open().filter(rule=rule).first()
        decision = rules.next_state(rule.spec, _state(rule, open_alert), look.observation, now)
        alert = self._new_alert(rule, look, decision, now) if decision.effect == Effect.FIRE else None
        self._write(rule, look, decision, alert, now)
        return True

    def _take(self, rule: Rule, now: datetime) -> bool:
        """The moment written here is also the proof, in step 4, that nobody took the rule since."""
        due, rule.next_check_at = rule.next_check_at, now + rule.pause
        taken = Rule.objects.filter(pk=rule.pk, enabled=True, next_check_at=due)
        return taken.update(next_check_at=rule.next_check_at) == 1

    def _look(self, rule: Rule, now: datetime) -> Look:
        try:
            return self._observe(rule, now)
        except (StoreUnavailable, RedisError) as error:
            logger.warning("The rule %s of %s could not be checked: %s", rule, rule.project_id, error)
            failed = Observation(None, 0, error=f"The store did not answer: {error}"[:300])
            return Look(failed, readings.window_ending(now, rule.window))

    def _observe(self, rule: Rule, now: datetime) -> Look:
        watch, floor = rule.watch, rule.spec.minimum_sample
        settled = watch.definition.additive and rule.direction == Direction.BELOW
        end = now - readings.SETTLING if settled else now
        for length in rule.lengths:
            span = readings.window_ending(end, length, exactly=not watch.definition.is_estimate)
            reading = readings.read(watch, span, now)
            if reading.sample >= floor:
                break
        is_change = rule.condition == Condition.CHANGE
        baseline = self.memory.find(rule, span) if is_change and reading.sample >= floor else None
        return Look(
            Observation(reading.value, reading.sample, reading.low, reading.high, baseline, reading.about), span
        )

    def _new_alert(self, rule: Rule, look: Look, decision: Decision, now: datetime) -> Alert:
        return new_alert(rule, look, decision.limits, started_at=decision.started_at or now, fired_at=now)

    @transaction.atomic
    def _write(self, rule: Rule, look: Look, decision: Decision, alert: Alert | None, now: datetime) -> None:
        ours = Rule.objects.filter(pk=rule.pk, enabled=True, next_check_at=rule.next_check_at)
        if ours.update(**_columns(look, decision, now)) != 1:
            return
        if alert is not None:
            alert.save(force_insert=True)
        if decision.effect == Effect.RESOLVE:
            resolve(Alert.objects.filter(rule_id=rule.pk), now, CLEARED)


def new_alert(rule: Rule, look: Look, limits: Limits | None, *, started_at: datetime, fired_at: datetime) -> Alert:
    """An alert with its evidence, not saved yet. Where the store does not answer, the figures alone are kept."""
    seen = look.observation
    facts = (rule, seen, limits, look.span, wording.condition_text(rule))
    try:
        collected = evidence.collect(*facts)
    except (StoreUnavailable, RedisError) as error:
        logger.warning("The alert of %s fires without traces: %s", rule, error)
        collected = evidence.without_traces(*facts)
    return Alert(
        project_id=rule.project_id,
        rule=rule,
        fingerprint=rule.fingerprint,
        severity=rule.severity,
        title=wording.title(rule, seen, limits)[:300],
        started_at=started_at,
        fired_at=fired_at,
        value=seen.value,
        threshold=limits.fire if limits else None,
        sample=seen.sample,
        evidence=collected,
    )


def _state(rule: Rule, open_alert: Alert | None) -> rules.State:
    """As stored; the alert itself has the last word on whether there is one."""
    phase = Phase(rule.state)
    if open_alert and not phase.has_alert:
        phase = Phase.FIRING
    elif not open_alert and phase.has_alert:
        phase = Phase.OK
    return rules.State(phase, rule.state_since, rule.observed_at, rule.quiet_until)


def _columns(look: Look, decision: Decision, now: datetime) -> dict[str, Any]:
    seen, state = look.observation, decision.state
    found = decision.limits
    columns: dict[str, Any] = {
        "state": state.phase,
        "state_since": state.since,
        "observed_at": state.observed_at,
        "quiet_until": state.quiet_until,
        "checked_at": now,
        "last_error": seen.error,
    }
    if seen.error:
        return columns
    baseline = seen.baseline
    detail = Detail(
        verdict=decision.verdict.value,
        start=evidence.iso(look.span.start),
        end=evidence.iso(look.span.end),
        low=seen.low,
        high=seen.high,
        fire=found.fire if found else None,
        clear=found.clear if found else None,
        baseline=evidence.BaselineFacts(name=baseline.name, value=baseline.value, sample=baseline.sample)
        if baseline
        else None,
        about=seen.about,
    )
    return columns | {"last_value": seen.value, "last_sample": seen.sample, "last_detail": detail}


def resolve(alerts: AlertQuerySet, now: datetime, resolution: str) -> int:
    """End those of these alerts that are open; returns how many."""
    return alerts.open().update(state=Alert.State.RESOLVED, resolved_at=now, resolution=resolution)


def close_orphans(now: datetime | None = None) -> int:
    """End the open alerts that no rule watches any more; returns how many."""
    now = now or timezone.now()
    deleted = resolve(Alert.objects.filter(rule=None), now, DELETED)
    return deleted + resolve(Alert.objects.filter(rule__enabled=False), now, SWITCHED_OFF)

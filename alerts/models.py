"""What is watched and what came of it: rules, and the alerts that they raise."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.urls import reverse
from django.utils import timezone

from accounts.models import Project
from alerts import checks, rules
from alerts.rules import Condition, Direction, NoData, Phase
from alerts.series import Series, Watch
from costs.models import Budget
from telemetry.filters import Filters
from telemetry.metrics.kinds import NAMES as AGGREGATIONS


class Severity(models.TextChoices):
    """Lower is worse; in doubt choose the worse."""

    SEV1 = "SEV1", "SEV1 critical: outage, data breach, most requests failing"
    SEV2 = "SEV2", "SEV2 high: quality down by a fifth, a major feature broken, three times the normal cost"
    SEV3 = "SEV3", "SEV3 medium: minor quality issues, elevated latency, partial degradation"
    SEV4 = "SEV4", "SEV4 low: cosmetic, can wait for the next business day"

    @property
    def word(self) -> str:
        """``critical``, ``high``, ``medium``, ``low``."""
        return str(self.label).split(":")[0].removeprefix(f"{self.value} ")


class Baselines(models.TextChoices):
    AUTO = "auto", "Same hour of the week, else of the day, else the last 24 h"
    PREVIOUS = "previous", "The period just before"
    YESTERDAY = "yesterday", "Same time yesterday"
    WEEK = "week", "Same time last week"


class Rule(models.Model):
    """One thing to watch in one project: what, when it is bad, for how long, and what then.

    The fields after ``next_check_at`` are the evaluator's own and are written by it alone.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="rules")
    name = models.CharField(max_length=120, help_text="What people read in the alert's title.")
    description = models.TextField(
        blank=True, default="", help_text="What it means when this fires, and what to look at first."
    )

    series = models.CharField("watch", max_length=16, choices=Series, default=Series.ERROR_RATE)
    subject = models.CharField(
        "score, error type or metric",
        max_length=200,
        blank=True,
        default="",
        help_text=(
            "For quality, the score's name: overall, correctness, relevance, helpfulness, safety, or any that is sent. "
            "For failed operations, an error type such as timeout or rate_limit; empty counts all. "
            "For a metric, its name."
        ),
    )
    aggregation = models.CharField(
        max_length=8,
        choices=[(name, name) for name in AGGREGATIONS],
        blank=True,
        default="",
        help_text=(
            "For a metric: rate and sum (the increase) of counters; avg, last, sum, min and max of gauges; "
            "percentiles, avg, rate, count and sum of histograms. Empty: avg, rate or p95, whichever fits."
        ),
    )
    budget = models.ForeignKey(
        Budget,
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="rules",
        help_text="For the share of a budget. Empty: whichever budget of the project is used up most.",
    )
    scope = models.JSONField(
        "only traffic with",
        default=dict,
        blank=True,
        help_text=(
            'Filters as on the pages: {"feature": "search", "model": "gpt-4o-mini"}; of a metric, its attributes. '
            "Empty: everything."
        ),
    )

    condition = models.CharField(max_length=10, choices=Condition, default=Condition.THRESHOLD)
    direction = models.CharField("bad when", max_length=5, choices=Direction, default=Direction.ABOVE)
    threshold = models.FloatField(
        help_text=(
            "Error rate and budgets in percent, latency in milliseconds, spend in dollars, quality from 0 to 1. "
            "For a change: percent of the baseline, where above 200 means +200 %, three times (3x) as much, "
            "and below 20 means a drop by more than 20 %."
        )
    )
    clear_threshold = models.FloatField(
        "clears at",
        null=True,
        blank=True,
        help_text=(
            "The value must come back behind this before the alert can end, so that it does not flap. "
            "Empty: a fifth of the way from the threshold to the ideal, or half the change."
        ),
    )
    floor = models.FloatField(
        "and the value itself beyond",
        null=True,
        blank=True,
        help_text="For changes: small figures triple easily. Ignored while the value itself is not beyond this.",
    )
    baseline = models.CharField(max_length=10, choices=Baselines, default=Baselines.AUTO)
    certain = models.BooleanField(
        "only when chance is excluded",
        default=False,
        help_text=(
            "The 95 % bound of the value must be beyond the threshold (for a change: beyond half of it), "
            "so that a few unlucky calls do not wake anybody."
        ),
    )
    minimum_sample = models.PositiveIntegerField(
        default=10,
        help_text=(
            "With fewer calls or scores than this the rule says “not enough evidence yet”. "
            "Counts, spend and budgets need none."
        ),
    )

    window_minutes = models.PositiveIntegerField(
        "window",
        default=10,
        validators=[MinValueValidator(1), MaxValueValidator(7 * 1440)],
        help_text="Minutes that are looked at together.",
    )
    widest_window_minutes = models.PositiveIntegerField(
        "widest window",
        null=True,
        blank=True,
        validators=[MaxValueValidator(7 * 1440)],
        help_text="While the sample is too small, the window doubles up to this many minutes. Empty: it stays.",
    )
    for_minutes = models.PositiveIntegerField(
        "for", default=5, help_text="Minutes that the condition must hold before the alert fires."
    )
    keep_firing_minutes = models.PositiveIntegerField(
        "keep firing", default=5, help_text="Minutes that all must be well again before the alert resolves."
    )
    debounce_minutes = models.PositiveIntegerField(
        "debounce", default=10, help_text="No new alert within this many minutes after the last one resolved."
    )
    no_data = models.CharField("without data", max_length=8, choices=NoData, default=NoData.KEEP)

    severity = models.CharField(max_length=4, choices=Severity, default=Severity.SEV3)
    opens_incident = models.BooleanField(
        default=False, help_text="Open an incident as soon as this fires, without asking."
    )
    playbook = models.SlugField(
        max_length=80, blank=True, default="", help_text="The playbook that leads through it, for example cost-spike."
    )

    enabled = models.BooleanField(default=True)
    check_every_seconds = models.PositiveIntegerField(
        "check every",
        default=15,
        validators=[MinValueValidator(5), MaxValueValidator(3600)],
        help_text="Seconds between two checks.",
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    next_check_at = models.DateTimeField(default=timezone.now, editable=False)
    state = models.CharField(max_length=10, choices=Phase, default=Phase.OK, editable=False)
    state_since = models.DateTimeField(default=timezone.now, editable=False)
    #: The last check that saw enough to judge by.
    observed_at = models.DateTimeField(null=True, editable=False)
    quiet_until = models.DateTimeField(null=True, editable=False)
    checked_at = models.DateTimeField(null=True, editable=False)
    last_value = models.FloatField(null=True, editable=False)
    last_sample = models.PositiveIntegerField(default=0, editable=False)
    #: Where it fires and clears now, the bounds, the window and the baseline; see ``alerts.evaluate.detail``.
    last_detail = models.JSONField(default=dict, editable=False)
    last_error = models.CharField(max_length=300, blank=True, default="", editable=False)

    class Meta:
        ordering = ["severity", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "name"],
                name="one_rule_of_a_name",
                violation_error_message="There is a rule of this name in the project already.",
            ),
        ]
        indexes = [
            # The evaluator: the due rule that has waited longest.
            models.Index(fields=["next_check_at"], condition=models.Q(enabled=True), name="rule_due"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("alerts:rule", args=[self.pk])

    def clean(self) -> None:
        self.subject = self.subject.strip()
        if self.series == Series.SCORE and not self.subject:
            self.subject = "overall"
        if problems := checks.problems(self):
            raise ValidationError(problems)

    @property
    def watch(self) -> Watch:
        scope = dict(self.scope)
        if self.series == Series.METRIC:
            return Watch(self.project_id, self.series, self.subject, aggregation=self.aggregation, attributes=scope)
        return Watch(self.project_id, self.series, self.subject, Filters(scope), self.budget)

    @property
    def spec(self) -> rules.Spec:
        """The numbers that ``alerts.rules`` decides by."""
        return rules.Spec(
            condition=self.condition,
            direction=self.direction,
            threshold=self.threshold,
            clear_threshold=self.clear_threshold,
            ideal=self.watch.definition.ideal,
            floor=self.floor if self.condition == Condition.CHANGE else None,
            certain=self.certain,
            minimum_sample=self.minimum_sample if self.watch.definition.is_estimate else 0,
            hold=timedelta(minutes=self.for_minutes),
            keep_firing=timedelta(minutes=self.keep_firing_minutes),
            debounce=timedelta(minutes=self.debounce_minutes),
            unwatched_after=max(timedelta(minutes=2), 3 * self.pause),
            no_data=self.no_data,
        )

    @property
    def window(self) -> timedelta:
        return timedelta(minutes=self.window_minutes)

    @property
    def lengths(self) -> list[timedelta]:
        """The window, then twice that, up to the widest: the first with a large enough sample is used."""
        lengths, widest = [self.window], timedelta(minutes=self.widest_window_minutes or self.window_minutes)
        while lengths[-1] < widest:
            lengths.append(min(2 * lengths[-1], widest))
        return lengths

    @property
    def pause(self) -> timedelta:
        """Between two checks."""
        return timedelta(seconds=self.check_every_seconds)

    @property
    def fingerprint(self) -> str:
        """The same for every alert of this rule: what comes again belongs to what was there before."""
        return hashlib.sha256(f"rule:{self.project_id}:{self.pk}".encode()).hexdigest()[:16]


class AlertQuerySet(models.QuerySet["Alert"]):
    def open(self) -> AlertQuerySet:
        return self.filter(state=Alert.State.FIRING)

    def wanting_incident(self) -> AlertQuerySet:
        """Firing alerts whose rule opens an incident and that nobody has taken yet."""
        return self.open().filter(claimed_at=None, rule__opens_incident=True)


class Alert(models.Model):
    """One firing of one rule, from the moment it fired until all was well again. Kept when its rule is deleted."""

    class State(models.TextChoices):
        FIRING = "firing", "Firing"
        RESOLVED = "resolved", "Resolved"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="alerts")
    rule = models.ForeignKey(Rule, null=True, blank=True, on_delete=models.SET_NULL, related_name="alerts")
    #: Alerts with the same fingerprint are the same problem; one of them is open at a time.
    fingerprint = models.CharField(max_length=64)
    severity = models.CharField(max_length=4, choices=Severity)
    title = models.CharField(max_length=300)
    state = models.CharField(max_length=8, choices=State, default=State.FIRING)

    started_at = models.DateTimeField(help_text="When the condition began to hold.")
    fired_at = models.DateTimeField(help_text="When it had held for long enough.")
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolution = models.CharField(max_length=120, blank=True, default="", help_text="How it ended.")

    value = models.FloatField(null=True, help_text="At the moment of firing, in the unit of the series.")
    threshold = models.FloatField(null=True, help_text="What the value was beyond, in the same unit.")
    sample = models.PositiveIntegerField(null=True)
    #: What made it fire, as figures; see ``alerts.evidence.Evidence``.
    evidence = models.JSONField(default=dict)

    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    acknowledged_at = models.DateTimeField(null=True, blank=True)
    #: When it was handed over to an incident.
    claimed_at = models.DateTimeField(null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        # "firing" sorts before "resolved".
        ordering = ["state", "-fired_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["project", "fingerprint"],
                condition=models.Q(state="firing"),
                name="one_open_alert_a_fingerprint",
            ),
            models.CheckConstraint(
                condition=models.Q(state="firing", resolved_at=None)
                | models.Q(state="resolved", resolved_at__isnull=False),
                name="resolved_alerts_have_ended",
            ),
        ]
        indexes = [
            # The list of a project, firing first, by pages.
            models.Index(fields=["project", "state", "-fired_at", "-id"], name="alert_list"),
            # The newest of a project, for the dashboard's panel and for marks on charts.
            models.Index(fields=["project", "-fired_at"], name="alert_newest"),
            # The history of a rule.
            models.Index(fields=["rule", "-fired_at"], name="alert_of_rule"),
            # Open alerts of all projects: the sweep and the hand-over to incidents.
            models.Index(fields=["fired_at"], condition=models.Q(state="firing"), name="alert_open"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("alerts:detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state == self.State.FIRING

    @property
    def lasted(self) -> timedelta:
        """From firing to resolving, or until now."""
        return (self.resolved_at or timezone.now()) - self.fired_at

    @property
    def lasted_ms(self) -> float:
        return self.lasted / timedelta(milliseconds=1)

    def claim(self, now: datetime | None = None) -> bool:
        """Take this alert for an incident; False when somebody was faster.

        Call it in the transaction that opens the incident: if that fails, the alert is free again.
        """
        now = now or timezone.now()
        taken = Alert.objects.filter(pk=self.pk, claimed_at=None).update(claimed_at=now) == 1
        if taken:
            self.claimed_at = now
        return taken

    def acknowledge(self, user: Any, now: datetime | None = None) -> bool:
        """Say that a person has seen it; False when somebody had already, or when it has ended."""
        now = now or timezone.now()
        free = Alert.objects.filter(pk=self.pk, state=self.State.FIRING, acknowledged_at=None)
        taken = free.update(acknowledged_by=user, acknowledged_at=now) == 1
        if taken:
            self.acknowledged_by, self.acknowledged_at = user, now
        return taken

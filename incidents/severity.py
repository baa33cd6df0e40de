"""SEV1 to SEV4: what each means, how soon somebody must respond, and which one the present figures speak for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from accounts.models import Project
from alerts.models import Severity
from core.templatetags.onwatch import percent_text
from core.timerange import TimeRange
from incidents.business_hours import BusinessHours
from telemetry import series
from telemetry.filters import Filters
from telemetry.window import Window

#: "Immediate" on a clock: the time in which a woken person answers.
IMMEDIATE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One way to tell a severity. ``measured`` names the live figure that speaks for it, if any can."""

    severity: Severity
    text: str
    measured: str = ""


CRITERIA: tuple[Criterion, ...] = (
    Criterion(Severity.SEV1, "Complete outage"),
    Criterion(Severity.SEV1, "Data breach or security incident"),
    Criterion(Severity.SEV1, "More than 50 % of requests failing", "failing"),
    Criterion(Severity.SEV2, "Quality down by more than 20 %", "quality"),
    Criterion(Severity.SEV2, "A major feature broken"),
    Criterion(Severity.SEV2, "Cost more than 200 % above normal (three times, 3x)", "cost"),
    Criterion(Severity.SEV3, "Minor quality issues", "quality_minor"),
    Criterion(Severity.SEV3, "Elevated latency", "latency"),
    Criterion(Severity.SEV3, "Partial degradation", "failing_some"),
    Criterion(Severity.SEV4, "Cosmetic or not critical"),
)

RESPONSE: dict[Severity, str] = {
    Severity.SEV1: "immediate, all hands",
    Severity.SEV2: "within 1 hour, primary team",
    Severity.SEV3: "within 4 hours, business hours",
    Severity.SEV4: "next business day",
}


def respond_by(severity: str, opened_at: datetime, project: Project) -> datetime:
    """When somebody must have responded, UTC. SEV3 and SEV4 count the project's business time."""
    hours = BusinessHours.of(project)
    match severity:
        case Severity.SEV1:
            return opened_at + IMMEDIATE
        case Severity.SEV2:
            return opened_at + timedelta(hours=1)
        case Severity.SEV3:
            return hours.add(opened_at, timedelta(hours=4))
    return hours.end_of_next_day(opened_at)


#: Below these counts a figure says nothing about severity.
FEWEST_CALLS = 10
FEWEST_SCORES = 30


@dataclass(frozen=True, slots=True)
class Measured:
    """A live figure beside its criterion: in words, and whether the criterion holds. None: not enough to tell."""

    text: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Figures:
    """The present against the same time yesterday (against the period before where yesterday was empty)."""

    recent: Window
    hour: Window
    baseline: Window
    baseline_name: str
    latency_target_ms: int


def read_figures(project: Project, *, now: datetime | None = None, filters: Filters | None = None) -> Figures:
    """Runs four range reads."""
    now = now or datetime.now(UTC)
    chosen = filters or Filters()
    hour = TimeRange(now - timedelta(hours=1), now)
    baseline, name = series.total(project.pk, hour.shifted(timedelta(days=1)), chosen), "the same hour yesterday"
    if not baseline.calls:
        baseline, name = series.total(project.pk, hour.shifted(timedelta(hours=1)), chosen), "the hour before"
    return Figures(
        recent=series.total(project.pk, TimeRange(now - timedelta(minutes=15), now), chosen),
        hour=series.total(project.pk, hour, chosen),
        baseline=baseline,
        baseline_name=name,
        latency_target_ms=project.latency_target_ms,
    )


def _failing(figures: Figures, share: float) -> Measured:
    recent = figures.recent
    if recent.calls < FEWEST_CALLS:
        return Measured(f"{recent.calls} calls in 15 minutes: too few to tell", None)
    return Measured(
        f"{recent.errors} of {recent.calls} calls failed in 15 minutes ({percent_text(recent.error_rate)})",
        recent.error_rate > share,
    )


def _quality(figures: Figures, drop: float) -> Measured:
    now, usual = figures.hour.score("overall"), figures.baseline.score("overall")
    if now.count < FEWEST_SCORES or usual.count < FEWEST_SCORES:
        return Measured(f"not enough scores to tell ({now.count} now, {usual.count} in {figures.baseline_name})", None)
    change = now.mean / usual.mean - 1 if usual.mean else 0.0
    moved = f"{percent_text(abs(change), 0)} {'below' if change < 0 else 'above'} {figures.baseline_name}"
    return Measured(f"overall {now.mean:.2f} in the last hour, {moved} ({usual.mean:.2f})", -change > drop)


def _cost(figures: Figures) -> Measured:
    now, usual = figures.hour.cost_nano, figures.baseline.cost_nano
    if not usual:
        return Measured("no spend to compare with", None)
    return Measured(f"{now / usual:.1f}x {figures.baseline_name}", now > 3 * usual)


def _latency(figures: Figures) -> Measured:
    p99 = figures.recent.latency_ms(0.99)
    if p99 is None or figures.recent.calls < FEWEST_CALLS:
        return Measured("too few calls in 15 minutes to tell", None)
    target = figures.latency_target_ms
    return Measured(f"p99 {p99 / 1000:.1f} s in 15 minutes, target {target / 1000:g} s", p99 > target)


MEASURES: dict[str, Callable[[Figures], Measured]] = {
    "failing": lambda figures: _failing(figures, 0.5),
    "failing_some": lambda figures: _failing(figures, 0.05),
    "quality": lambda figures: _quality(figures, 0.20),
    "quality_minor": lambda figures: _quality(figures, 0.05),
    "cost": _cost,
    "latency": _latency,
}


@dataclass(frozen=True, slots=True)
class Assessed:
    """A criterion with its live figure, None where only a person can tell."""

    criterion: Criterion
    measured: Measured | None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the figures speak for; the person decides."""

    severity: Severity
    reason: str
    criteria: tuple[Assessed, ...]


def unmeasured() -> tuple[Assessed, ...]:
    """The criteria without figures, for when the store is away."""
    return tuple(Assessed(criterion, None) for criterion in CRITERIA)


def propose(figures: Figures, *, alert_severity: str = "") -> Proposal:
    """The worst severity whose measured criterion holds, or that of the alert when that is worse.

    Without either it is SEV4, and the reason says that no figure speaks for more.
    """
    assessed = tuple(
        Assessed(criterion, MEASURES[criterion.measured](figures) if criterion.measured else None)
        for criterion in CRITERIA
    )
    holding = [found for found in assessed if found.measured and found.measured.holds]
    worst = min(holding, key=lambda found: found.criterion.severity, default=None)
    if alert_severity and (worst is None or alert_severity < worst.criterion.severity):
        return Proposal(Severity(alert_severity), "The rule that fired says so.", assessed)
    if worst:
        reason = f"{worst.criterion.text}: {worst.measured.text}."
        return Proposal(worst.criterion.severity, reason, assessed)
    return Proposal(Severity.SEV4, "No live figure speaks for more; choose a worse one if you know better.", assessed)

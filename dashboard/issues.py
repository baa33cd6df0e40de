"""Top issues: what went wrong in the range, ranked by how much it touched.

Four kinds, all found in the roll-ups: slow operations (p99 above the project's target), low scores of a feature and
topic, rate-limit spikes, and other bursts of errors. Impact counts touched operations: a failed one as one, a slow
one as half, an answer by what its score lacks to 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from core.templatetags.onwatch import duration_text, percent_text
from dashboard import links
from dashboard.queries import Failing, Reading, Scored, Slow
from telemetry.filters import NONE_LABEL
from telemetry.scope import Scope
from telemetry.window import Window, latency_bucket

Kind = Literal["slow", "quality", "rate_limit", "errors"]
Level = Literal["warn", "bad"]

KIND_LABELS: dict[Kind, str] = {
    "slow": "Slow", "quality": "Low scores", "rate_limit": "Rate limit", "errors": "Errors",
}  # fmt: skip

MOST_SHOWN = 7
#: A quantile over fewer operations says nothing.
LEAST_OPERATIONS = 20
LEAST_SCORES = 5
LEAST_FAILED = 5
#: A mean score below this is an issue.
LOW_SCORE = 0.6
#: A step is a burst when it has this many times what is usual for one, and lies so many standard deviations of a
#: Poisson count above it: among a hundred quiet steps one always has twice the usual.
BURST_FACTOR = 3
BURST_DEVIATIONS = 5
#: From this share on, errors are an issue however steady they are.
HEAVY_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Issue:
    """One line of the list."""

    kind: Kind
    subject: str
    what: str
    how_often: str
    #: The worst step and how bad it was.
    peaked_at: datetime
    peak: str
    impact: float
    level: Level
    url: str
    #: The same traces, of the worst step alone.
    peak_url: str

    @property
    def label(self) -> str:
        return KIND_LABELS[self.kind]


def find(reading: Reading) -> list[Issue]:
    """The worst first. Raises StoreUnavailable."""
    scope = _issue_scope(reading)
    target = scope.project.latency_target_ms
    slow = reading.slow_operations(target_bucket=latency_bucket(target), sample=LEAST_OPERATIONS)
    low = reading.low_scores(below=LOW_SCORE, sample=LEAST_SCORES)
    found = [
        *(slow_issue(scope, row) for row in slow),
        *(failing_issue(scope, row, usual) for row, usual in bursts(scope, reading.failing_subjects())),
        *(score_issue(scope, row) for row in low),
    ]
    return sorted(found, key=lambda issue: -issue.impact)[:MOST_SHOWN]


def _issue_scope(reading: Reading) -> Scope:
    """The scope whose links lead to just what was counted: of a long range, whole hours."""
    scope = reading.scope
    if reading.issue_span == links.whole_minutes(replace(scope.span, preset="")):
        return scope
    return replace(scope, span=reading.issue_span)


def slow_issue(scope: Scope, row: Slow) -> Issue:
    target = scope.project.latency_target_ms
    p99 = Window(latency=dict(zip(row.buckets, row.counts, strict=True))).latency_ms(0.99) or 0.0
    filters = {"name": row.name, "min_ms": str(target)}
    return Issue(
        kind="slow",
        subject=row.name or NONE_LABEL,
        what=f"p99 {duration_text(p99)} against a target of {duration_text(target)}",
        how_often=f"about {row.slow:,} of {row.operations:,} slower",
        peaked_at=_moment(row.peak),
        peak=f"{row.slow_at_peak:,} slow",
        impact=row.slow / 2,
        level="bad" if p99 > 2 * target else "warn",
        url=links.traces(scope, **filters),
        peak_url=_peak_url(scope, row.peak, filters),
    )


def bursts(scope: Scope, rows: Sequence[Failing]) -> list[tuple[Failing, float]]:
    """The groups that are worth a line, each with what is usual for one step.

    Usual is the comparison's rate; where that had none, the rate of this range without its worst step.
    """
    steps = max(1.0, scope.span.length / scope.span.step)
    found = []
    for row in rows:
        apart = (row.failed - row.failed_at_peak) / max(1.0, steps - 1)
        usual = row.failed_before / steps or apart
        is_heavy = row.failed >= LEAST_FAILED and row.failed >= HEAVY_SHARE * row.operations
        if is_heavy or is_burst(row.failed_at_peak, usual):
            found.append((row, usual))
    return found


def is_burst(failed: int, usual: float) -> bool:
    """Whether so many failures in one step are out of the ordinary."""
    return failed >= max(LEAST_FAILED, BURST_FACTOR * usual, usual + BURST_DEVIATIONS * math.sqrt(usual))


def failing_issue(scope: Scope, row: Failing, usual: float) -> Issue:
    is_limit = row.error_type == "rate_limit"
    share = row.failed / row.operations
    what = row.error_type
    if is_burst(row.failed_at_peak, usual):
        what = "rate-limit spike" if is_limit else f"burst of {row.error_type}"
    filters = {"model": row.subject} if row.by_model else {"model": "", "name": row.subject}
    filters |= {"error_type": row.error_type, "failed": "1"}
    return Issue(
        kind="rate_limit" if is_limit else "errors",
        subject=row.subject or NONE_LABEL,
        what=what.replace("_", " "),
        how_often=f"{row.failed:,} of {row.operations:,} failed, {percent_text(share)}",
        peaked_at=_moment(row.peak),
        peak=f"{row.failed_at_peak:,} in {_step_text(scope.span.step)}, usually {usual:.1f}",
        impact=row.failed,
        level="bad" if share >= HEAVY_SHARE else "warn",
        url=links.traces(scope, **filters),
        peak_url=_peak_url(scope, row.peak, filters),
    )


def score_issue(scope: Scope, row: Scored) -> Issue:
    subject = " · ".join(part for part in (row.feature, row.topic) if part) or NONE_LABEL
    filters = {"feature": row.feature, "score": row.name, "score_below": str(LOW_SCORE)}
    if row.topic:
        filters["topic"] = row.topic
    return Issue(
        kind="quality",
        subject=subject,
        what=f"{row.name} score of {row.mean:.2f} on average",
        how_often=f"{row.scores:,} answers scored",
        peaked_at=_moment(row.worst),
        peak=f"lowest at {row.mean_at_worst:.2f}",
        impact=row.scores * (1 - row.mean),
        level="bad" if row.mean < LOW_SCORE / 2 else "warn",
        url=links.traces(scope, **filters),
        peak_url=_peak_url(scope, row.worst, filters),
    )


def _peak_url(scope: Scope, peak: int, filters: dict[str, str]) -> str:
    return links.traces_between(scope, _moment(peak), scope.span.step, **filters)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _step_text(step: timedelta) -> str:
    return duration_text(step.total_seconds() * 1000)

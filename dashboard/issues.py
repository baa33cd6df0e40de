"""Top issues: what went wrong in the range, ranked by how much it touched.

Four kinds, all found in the roll-ups: slow operations (p99 above the project's target), low scores of a feature and
topic, rate-limit spikes, and other bursts of errors. Impact counts touched operations: a failed one as one, a slow
one as half, an answer by what its score lacks to 1.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from core.templatetags.onwatch import duration_text, percent_text
from dashboard import links
from dashboard.health import OVERALL
from dashboard.queries import Failure, Grain, Reading, Scored, SlowStep
from telemetry import store
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
#: So many scores in low steps make a dip of a feature whose mean is fine.
LEAST_IN_DIP = 10
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
    spans, scores = Looked.at(reading.scope, reading.span_grain), Looked.at(reading.scope, reading.score_grain)
    (slow, failing), scored = store.together(
        lambda: (slow_operations(reading), failing_subjects(reading)), lambda: _scores_by_group(reading)
    )
    found = [
        *(slow_issue(spans, each) for each in slow),
        *(failing_issue(spans, each) for each in failing),
        *(score_issue(scores, row) for row in low_groups(scored)),
    ]
    return sorted(found, key=lambda issue: -issue.impact)[:MOST_SHOWN]


class Looked(NamedTuple):
    """Where an issue was looked for: its links lead to just what was counted, of a long range whole hours."""

    scope: Scope
    step: timedelta

    @classmethod
    def at(cls, scope: Scope, grain: Grain) -> Looked:
        span = grain.widened(scope.span)
        is_same = span == links.whole_minutes(replace(scope.span, preset=""))
        return cls(scope if is_same else replace(scope, span=span), grain.step)

    def peak_url(self, peak: int, filters: dict[str, str]) -> str:
        return links.traces_between(self.scope, _moment(peak), self.step, **filters)


class Slow(NamedTuple):
    """An operation whose p99 is above the target."""

    name: str
    p99_ms: float
    operations: int
    above: int
    peak: SlowStep


def slow_operations(reading: Reading) -> list[Slow]:
    """Asks where the slow ones are only when there are any."""
    target = latency_bucket(reading.scope.project.latency_target_ms)
    by_name: defaultdict[str, Window] = defaultdict(Window)
    for row in reading.operations:
        by_name[row.name].add(Window(spans=row.operations, latency=dict(zip(row.buckets, row.counts, strict=True))))
    slow = {}
    for name, window in by_name.items():
        above = sum(count for bucket, count in window.latency.items() if bucket > target)
        if window.spans >= LEAST_OPERATIONS and above * 100 > window.spans:
            slow[name] = window, above
    peaks: dict[str, SlowStep] = {}
    for step in reading.slow_steps(list(slow), target_bucket=target):
        if step.name not in peaks or step.above > peaks[step.name].above:
            peaks[step.name] = step
    return [
        Slow(name, window.latency_ms(0.99) or 0.0, window.spans, above, peaks[name])
        for name, (window, above) in slow.items()
        if name in peaks
    ]


def slow_issue(looked: Looked, slow: Slow) -> Issue:
    target = looked.scope.project.latency_target_ms
    filters = {"name": slow.name, "min_ms": str(target)}
    return Issue(
        kind="slow",
        subject=slow.name or NONE_LABEL,
        what=f"p99 {duration_text(slow.p99_ms)} against a target of {duration_text(target)}",
        how_often=f"about {slow.above:,} of {slow.operations:,} slower",
        peaked_at=_moment(slow.peak.slot),
        peak=f"{slow.peak.above:,} slow",
        impact=slow.above / 2,
        level="bad" if slow.p99_ms > 2 * target else "warn",
        url=links.traces(looked.scope, **filters),
        peak_url=looked.peak_url(slow.peak.slot, filters),
    )


class Failing(NamedTuple):
    """What failed in one way, and what is usual for one step."""

    failure: Failure
    #: All operations of the subject, failed or not.
    operations: int
    usual: float


def failing_subjects(reading: Reading) -> list[Failing]:
    """The kinds of failure that are worth a line.

    Usual is the comparison's rate; where that had none, the rate of this range without its worst step.
    """
    steps = max(1.0, reading.scope.span.length / reading.span_grain.step)
    failures = reading.failures(least=LEAST_FAILED)
    operations: Counter[tuple[bool, str]] = Counter()
    for row in reading.operations if failures else ():
        operations[row.model != "", row.model or row.name] += row.operations
    found = []
    for row in failures:
        usual = row.before / steps or (row.failed - row.at_peak) / max(1.0, steps - 1)
        failing = Failing(row, max(row.failed, operations[row.by_model, row.subject]), usual)
        if row.failed >= HEAVY_SHARE * failing.operations or is_burst(row.at_peak, usual):
            found.append(failing)
    return found


def is_burst(failed: int, usual: float) -> bool:
    """Whether so many failures in one step are out of the ordinary."""
    return failed >= max(LEAST_FAILED, BURST_FACTOR * usual, usual + BURST_DEVIATIONS * math.sqrt(usual))


def failing_issue(looked: Looked, failing: Failing) -> Issue:
    row = failing.failure
    is_limit = row.error_type == "rate_limit"
    share = row.failed / failing.operations
    what = row.error_type
    if is_burst(row.at_peak, failing.usual):
        what = "rate-limit spike" if is_limit else f"burst of {row.error_type}"
    filters = {"model": row.subject} if row.by_model else {"model": "", "name": row.subject}
    filters |= {"error_type": row.error_type, "failed": "1"}
    return Issue(
        kind="rate_limit" if is_limit else "errors",
        subject=row.subject or NONE_LABEL,
        what=what.replace("_", " "),
        how_often=f"{row.failed:,} of {failing.operations:,} failed, {percent_text(share)}",
        peaked_at=_moment(row.peak),
        peak=f"{row.at_peak:,} in {_step_text(looked.step)}, usually {failing.usual:.1f}",
        impact=row.failed,
        level="bad" if share >= HEAVY_SHARE else "warn",
        url=links.traces(looked.scope, **filters),
        peak_url=looked.peak_url(row.peak, filters),
    )


def _scores_by_group(reading: Reading) -> list[Scored]:
    return reading.scores_by_group(sample=LEAST_SCORES, low_score=LOW_SCORE)


def low_groups(rows: Sequence[Scored]) -> list[Scored]:
    """One row for each feature and topic that scores low: ``overall`` where it is scored, else the worst dimension.

    A feature without such a topic has one row when it is low as a whole, or was for a while.
    """
    judged: dict[tuple[str, str, bool], Scored] = {}
    for row in rows:
        key = row.feature, row.topic, row.whole
        held = judged.get(key)
        if held is None or _precedence(row) < _precedence(held):
            judged[key] = row
    topics = [row for row in judged.values() if not row.whole and row.mean < LOW_SCORE]
    told = {row.feature for row in topics}
    wholes = [row for row in judged.values() if row.whole and row.feature not in told]
    return topics + [row for row in wholes if row.mean < LOW_SCORE or row.low >= LEAST_IN_DIP]


def _precedence(row: Scored) -> tuple[bool, float]:
    return row.name != OVERALL, row.mean


def score_issue(looked: Looked, row: Scored) -> Issue:
    subject = " · ".join(part for part in (row.feature, row.topic) if part) or NONE_LABEL
    filters = {"feature": row.feature, "score": row.name, "score_below": str(LOW_SCORE)}
    if row.topic:
        filters["topic"] = row.topic
    is_dip = row.mean >= LOW_SCORE
    scores, mean = (row.low, row.low_mean) if is_dip else (row.scores, row.mean)
    return Issue(
        kind="quality",
        subject=subject,
        what=f"{row.name} score fell to {mean:.2f}" if is_dip else f"{row.name} score of {mean:.2f} on average",
        how_often=f"{scores:,} of {row.scores:,} answers" if is_dip else f"{scores:,} answers scored",
        peaked_at=_moment(row.worst),
        peak=f"lowest at {row.mean_at_worst:.2f}",
        impact=scores * (1 - mean),
        level="bad" if mean < LOW_SCORE / 2 else "warn",
        url=links.traces(looked.scope, **filters),
        peak_url=looked.peak_url(row.worst, filters),
    )


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _step_text(step: timedelta) -> str:
    return duration_text(step.total_seconds() * 1000)

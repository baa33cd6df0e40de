"""What the quality page shows: how good, how sure, what changed, where it is worst, and who says so."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.urls import reverse

from core.charts import Figure
from core.timerange import COMPARISONS, TimeRange
from quality import drift, evidence, queries
from quality.evaluators import overall, registry
from quality.evaluators.answer import Evaluator
from quality.evidence import Difference, Interval
from quality.figures import distribution_figure, trend_figure
from quality.models import DIMENSIONS, EvaluationCursor
from quality.queries import LowScore, OtherScore, Written
from telemetry import series
from telemetry.filters import SCORE_FILTERS, Filters
from telemetry.marks import marks_in
from telemetry.scope import Scope
from telemetry.series import Parts
from telemetry.window import ScoreSum

#: Parameter ``by`` -> the word for one row.
GROUPS = {
    "feature": "feature", "model": "model", "prompt_version": "prompt version", "variant": "variant", "topic": "topic",
}  # fmt: skip
DEFAULT_GROUP, DEFAULT_SORT, DEFAULT_DIMENSION = "feature", "mean", "overall"
ROWS_A_PAGE, WORST_SHOWN, BINS = 15, 6, 10
#: Links of a row lead to its scores below this.
LOW = 0.5
LONGEST_NAME = 100


class BadParameter(ValueError):
    """A parameter of the page that cannot be read; the message names it."""


class Row(NamedTuple):
    """One value of a dimension, or one score name."""

    name: str
    sums: ScoreSum
    interval: Interval | None
    change: Difference | None


SORTS: dict[str, Callable[[Row], Any]] = {
    "mean": lambda row: (row.sums.mean or 0.0, row.name),
    "scores": lambda row: (-row.sums.count, row.name),
    "change": lambda row: (row.change.value if row.change else math.inf, row.name),
    "name": lambda row: row.name,
}


@dataclass(frozen=True, slots=True)
class View:
    """What the page is asked for: the scope, and the parameters that are its own."""

    scope: Scope
    dimension: str
    by: str
    sort: str
    page: int
    #: Of the scope and ``topic``, as far as scores know them.
    filters: Filters

    @classmethod
    def from_query(cls, scope: Scope, query: Mapping[str, str]) -> View:
        """Raises BadParameter naming the parameter."""
        dimension = query.get("dimension") or DEFAULT_DIMENSION
        if len(dimension) > LONGEST_NAME:
            raise BadParameter(f"dimension: longer than {LONGEST_NAME} characters")
        by = _one_of("by", query.get("by") or DEFAULT_GROUP, GROUPS)
        sort = _one_of("sort", query.get("sort") or DEFAULT_SORT, SORTS)
        text = query.get("page") or "1"
        if not text.isdecimal() or not 1 <= len(text) <= 4 or int(text) < 1:
            raise BadParameter(f"page: {text!r} is not a number from 1")
        filters = scope.filters.only(SCORE_FILTERS)
        if "topic" in query:
            filters = Filters({**filters.values, "topic": query["topic"]})
        return cls(scope, dimension, by, sort, int(text), filters)

    @property
    def project_id(self) -> int:
        return self.scope.project.pk

    @property
    def ignored(self) -> list[str]:
        """Filters that scores do not know."""
        return [name for name in self.scope.filters.values if name not in SCORE_FILTERS]

    def query(self, **changes: str | None) -> str:
        own: dict[str, str | None] = {
            "dimension": self.dimension if self.dimension != DEFAULT_DIMENSION else None,
            "by": self.by if self.by != DEFAULT_GROUP else None,
            "sort": self.sort if self.sort != DEFAULT_SORT else None,
            "topic": self.filters.values.get("topic"),
        }
        return self.scope.query(**(own | changes))

    def url(self, **changes: str | None) -> str:
        return f"{reverse('quality:overview')}?{self.query(**changes)}"

    def traces(self, **changes: str | None) -> str:
        """The traces that a number counts."""
        given = {"topic": self.filters.values.get("topic"), "score": self.dimension}
        return f"{reverse('traces:list')}?{self.scope.query(**(given | changes))}"


def _one_of(name: str, value: str, known: Mapping[str, object]) -> str:
    if value not in known:
        raise BadParameter(f"{name}: {value!r} is not one of {', '.join(known)}")
    return value


def context(view: View, now: datetime) -> dict[str, Any]:
    """Everything the page needs. Raises StoreUnavailable."""
    scope = view.scope
    totals = series.total(view.project_id, scope.span, view.filters, parts=Parts.SCORES).scores
    before = _before(
        view, lambda span: series.total(view.project_id, span, view.filters, parts=Parts.SCORES).scores, {}
    )
    found: dict[str, Any] = {
        "compared_with": COMPARISONS[scope.compare] if scope.before else "",
        "cards": [(name, _row(name, totals, before), view.url(dimension=name)) for name in DIMENSIONS],
        "evaluation": evaluation(view, now),
        "formula": overall.FORMULA,
        "has_scores": bool(totals),
        "drifts": _before(view, lambda before: drift.drifts(view.project_id, scope.span, before, scope.filters), []),
    }
    if not totals:
        return found
    judges = sources(view)
    has_users = any(each.source == "user" for each in judges)
    names = [*DIMENSIONS, *sorted(name for name in totals if name not in DIMENSIONS)]
    chosen = _row(view.dimension, totals, before)
    found |= {
        "names": [name for name in names if name in totals or name == view.dimension],
        "chosen": chosen,
        "sources": judges,
        "feedback": queries.feedback(view.project_id, scope.span, view.filters) if has_users else [],
        "agreement": agreement(view) if has_users else None,
    }
    if chosen.sums.count:
        found |= {
            "trend": trend(view),
            "distribution": distribution(view),
            "labels": queries.labels(view.project_id, scope.span, view.filters, view.dimension),
            "table": table(view),
            "worst": worst(view),
            "variants": variants(view),
        }
    return found


def _before(view: View, ask: Callable[[TimeRange], Any], otherwise: Any) -> Any:  # noqa: ANN401
    return ask(view.scope.before) if view.scope.before else otherwise


def _row(name: str, now: Mapping[str, ScoreSum], before: Mapping[str, ScoreSum]) -> Row:
    sums = now.get(name) or ScoreSum()
    return Row(name, sums, evidence.interval(sums), evidence.difference(sums, before.get(name) or ScoreSum()))


def trend(view: View) -> Figure:
    scope, step = view.scope, view.scope.span.step

    def ask(span: TimeRange) -> Any:  # noqa: ANN401
        return series.windows(view.project_id, span, step, view.filters, parts=Parts.SCORES)

    return trend_figure(
        ask(scope.span),
        _before(view, ask, []),
        name=view.dimension,
        step=step,
        link=view.traces(**{"range": None, "from": "START", "to": "END"}),
        marks=marks_in(scope.project, scope.span),
        uirevision=f"quality {view.query()}",
        before_name=COMPARISONS[scope.compare],
    )


def distribution(view: View) -> Figure | None:
    """Scores between 0 and 1 in tenths; others in ten parts of what there is."""
    span = view.scope.span
    low, high = 0.0, 1.0
    if view.dimension not in DIMENSIONS:
        _, least, most = queries.extremes(view.project_id, span, view.filters, view.dimension)
        if least < 0 or most > 1:
            low, high = least, most
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        return None
    counts = queries.distribution(view.project_id, span, view.filters, view.dimension, low=low, high=high, bins=BINS)
    edges = [low + (high - low) * place / BINS for place in range(BINS + 1)]
    links = [
        # The last part holds its upper edge, which "below" would leave out.
        view.traces(score_above=f"{edges[at]:g}", score_below=f"{edges[at + 1]:g}" if at + 1 < BINS else None)
        for at in range(BINS)
    ]
    return distribution_figure(counts, edges, links, f"distribution {view.query()}")


def rows_by(view: View, by: str, *, compared: bool = True) -> list[Row]:
    """The chosen score for each value of a dimension, ``compared`` with what was before."""

    def ask(span: TimeRange) -> dict[str, ScoreSum]:
        found = series.by(view.project_id, span, by, view.filters, parts=Parts.SCORES)
        return {value: window.score(view.dimension) for value, window in found.items()}

    now, before = ask(view.scope.span), _before(view, ask, {}) if compared else {}
    return sorted((_row(value, now, before) for value, sums in now.items() if sums.count), key=SORTS[view.sort])


@dataclass(frozen=True, slots=True)
class Table:
    by: str
    word: str
    #: Each with the address of its traces, how many of its scores are low, and the address of those.
    rows: Sequence[tuple[Row, str, int, str]]
    count: int
    tabs: Sequence[tuple[str, str, bool]]
    headings: Sequence[tuple[str, str, str]]
    earlier: str
    later: str
    pages: int


def table(view: View) -> Table:
    rows = rows_by(view, view.by)
    pages = max(1, math.ceil(len(rows) / ROWS_A_PAGE))
    at = min(view.page, pages)
    low = queries.low_scores(view.project_id, view.scope.span, view.filters, view.dimension, key=view.by, below=LOW)
    shown = rows[(at - 1) * ROWS_A_PAGE : at * ROWS_A_PAGE]
    return Table(
        view.by,
        GROUPS[view.by],
        [
            (
                row,
                view.traces(**{view.by: row.name}),
                low.get(row.name, 0),
                view.traces(**{view.by: row.name, "score_below": f"{LOW}"}),
            )
            for row in shown
        ],
        len(rows),
        [(word, f"{view.url(by=name, page=None)}#by", name == view.by) for name, word in GROUPS.items()],
        [
            (label, f"{view.url(sort=sort)}#by", _order(sort) if sort == view.sort else "none")
            for sort, label in (
                ("name", GROUPS[view.by].capitalize()),
                ("mean", "Mean"),
                ("scores", "Scores"),
                ("change", "Change"),
            )
        ],  # fmt: skip
        f"{view.url(page=str(at - 1))}#by" if at > 1 else "",
        f"{view.url(page=str(at + 1))}#by" if at < pages else "",
        pages,
    )


def _order(sort: str) -> str:
    return "descending" if sort == "scores" else "ascending"


class Bad(NamedTuple):
    score: LowScore
    url: str
    question: str
    answer: str
    why: list[OtherScore]


def worst(view: View) -> list[Bad]:
    """The lowest scores with an excerpt of what was said, and what else was found in the same answer."""
    scores = queries.worst(view.project_id, view.scope.span, view.filters, view.dimension, limit=WORST_SHOWN)
    texts = queries.texts_of(view.project_id, scores)
    others = queries.others_of(view.project_id, scores)
    return [
        Bad(
            score,
            f"{reverse('traces:detail', args=[score.trace_id])}?{view.scope.query()}",
            *texts.get((score.trace_id, score.span_id), ("", "")),
            _reasons(others.get((score.trace_id, score.span_id), [])),
        )
        for score in scores
    ]


def _reasons(others: Sequence[OtherScore]) -> list[OtherScore]:
    """The lowest scores that say why, each reason once: a verdict may stand under two names."""
    causes = [other for other in others if other.comment and other.value < LOW and other.name != DEFAULT_DIMENSION]
    told = {other.comment: other for other in reversed(causes)}
    return sorted(told.values(), key=lambda other: other.value)[:2]


class Variant(NamedTuple):
    row: Row
    #: Against the variant with most scores; None for that one.
    against: Difference | None
    url: str


def variants(view: View) -> list[Variant]:
    """Variants of an experiment side by side, the one with most scores first; empty where there are none to compare."""
    rows = [row for row in rows_by(view, "variant", compared=False) if row.name]
    if len(rows) < 2:
        return []
    first, *others = sorted(rows, key=SORTS["scores"])
    return [
        Variant(row, None if row is first else evidence.difference(row.sums, first.sums), view.traces(variant=row.name))
        for row in (first, *others)
    ]


class Source(NamedTuple):
    row: Row
    source: str
    url: str


def sources(view: View) -> list[Source]:
    """Every score name by who judged."""

    def ask(span: TimeRange) -> dict[tuple[str, str], ScoreSum]:
        return queries.by_source(view.project_id, span, view.filters)

    now, before = ask(view.scope.span), _before(view, ask, {})
    return [
        Source(
            Row(key[0], sums, evidence.interval(sums), evidence.difference(sums, before.get(key) or ScoreSum())),
            key[1],
            view.traces(score=key[0]),
        )
        for key, sums in sorted(now.items())
    ]


class AgreementFound(NamedTuple):
    content: ScoreSum
    discontent: ScoreSum
    difference: Difference | None


def agreement(view: View) -> AgreementFound | None:
    """Whether the evaluators' overall score is higher where users were content; None without such traces."""
    found = queries.agreement(view.project_id, view.scope.span, view.filters)
    if not found:
        return None
    content, discontent = found.get(True, ScoreSum()), found.get(False, ScoreSum())
    return AgreementFound(content, discontent, evidence.difference(content, discontent))


class EvaluatorState(NamedTuple):
    name: str
    key: str
    scores: tuple[str, ...]
    looks_at: str
    limits: str
    count: int
    mean: float | None
    last_at: datetime | None
    judged: int
    #: Why it had nothing to say -> how often, most frequent first.
    unjudged: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class EvaluationState:
    cursor: EvaluationCursor | None
    share: float
    waiting: int
    behind_seconds: float
    evaluators: Sequence[EvaluatorState]
    #: Processor milliseconds of one answer; seconds for a day of answers at this share and at all of them.
    ms_each: float | None
    day_now_s: float | None
    day_all_s: float | None
    #: The error is newer than the last answer that was judged.
    is_failing: bool


def evaluation(view: View, now: datetime) -> EvaluationState:
    project = view.scope.project
    cursor = EvaluationCursor.objects.filter(project=project).first()
    written = queries.evaluators(project.pk, view.scope.span)
    waiting = queries.waiting(cursor) if cursor else None
    ms_each = cursor.cpu_ms / cursor.answers if cursor and cursor.answers else None
    calls = series.total(project.pk, view.scope.span, Filters({"kind": "llm"}), parts=Parts.SPANS).spans
    a_day = calls / (view.scope.span.length.total_seconds() / 86_400)
    failed_at = cursor and cursor.last_error_at
    return EvaluationState(
        cursor,
        project.evaluation_share,
        waiting.answers if waiting else 0,
        max(0.0, (now - waiting.oldest).total_seconds()) if waiting and waiting.answers else 0.0,
        [_state(evaluator, cursor, written) for evaluator in registry.EVALUATORS],
        ms_each,
        ms_each and a_day * project.evaluation_share * ms_each / 1000,
        ms_each and a_day * ms_each / 1000,
        bool(failed_at and (not cursor.last_evaluated_at or failed_at > cursor.last_evaluated_at)),
    )


def _state(evaluator: Evaluator, cursor: EvaluationCursor | None, written: Sequence[Written]) -> EvaluatorState:
    mine = [row for row in written if row.evaluator == evaluator.key and row.name == evaluator.scores[0]]
    tally = dict((cursor.tallies if cursor else {}).get(evaluator.key, {}))
    judged = tally.pop("judged", 0)
    return EvaluatorState(
        evaluator.name,
        evaluator.key,
        evaluator.scores,
        evaluator.looks_at,
        evaluator.limits,
        mine[0].count if mine else 0,
        mine[0].mean if mine else None,
        mine[0].last_at if mine else None,
        judged,
        sorted(tally.items(), key=lambda pair: (-pair[1], pair[0])),
    )

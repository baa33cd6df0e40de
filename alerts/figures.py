"""Charts of rules and alerts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from alerts.models import Alert, Rule
from alerts.preview import Preview
from alerts.readings import Point
from alerts.rules import Direction, Limits
from alerts.series import DEFINITIONS, Unit
from alerts.wording import value_text
from core import charts
from core.charts import Figure, Mark

#: A chart is not wider than this many pixels' worth of points.
MOST_POINTS = 300

_UNITS: dict[Unit, charts.Unit] = {
    Unit.SCORE: "score",
    Unit.PERCENT: "percent",
    Unit.MILLISECONDS: "ms",
    Unit.COUNT: "count",
    Unit.USD: "usd",
    Unit.NUMBER: "",
}


def _scaled(unit: Unit, values: Sequence[float | None]) -> list[float | None]:
    """Charts write percent from shares of one."""
    if unit != Unit.PERCENT:
        return list(values)
    return [None if value is None else value / 100 for value in values]


def _levels(series: str, limits: dict[str, float | None]) -> list[dict[str, Any]]:
    unit = DEFINITIONS[series].unit
    colours = {"fires": charts.BAD, "clears": charts.OK, "usual": charts.MUTED}
    return [
        charts.threshold(scaled, f"{name} {value_text(series, value)}", colour=colours[name])
        for name, value in limits.items()
        if value is not None and (scaled := _scaled(unit, [value])[0]) is not None
    ]


def evidence_figure(alert: Alert, marks: Sequence[Mark] = ()) -> Figure | None:
    """What the rule saw up to the moment when it fired; None where nothing was kept."""
    facts = alert.evidence
    if not facts.get("points") or facts.get("series") not in DEFINITIONS:
        return None
    unit = DEFINITIONS[facts["series"]].unit
    times = [parse_datetime(at) for at, _, _ in facts["points"]]
    baseline = facts.get("baseline")
    figure = charts.figure(
        charts.line(
            times, _scaled(unit, [value for _, value, _ in facts["points"]]), name=facts["label"], unit=_UNITS[unit]
        ),
        uirevision=f"alert-{alert.pk}",
        unit=_UNITS[unit],
        thresholds=_levels(
            facts["series"],
            {"fires": facts["threshold"], "clears": facts["clear"], "usual": baseline["value"] if baseline else None},
        ),
        marks=[
            *marks,
            Mark(alert.started_at, "the condition began to hold", colour=charts.WARN),
            Mark(alert.fired_at, "the alert fired", colour=charts.BAD),
        ],
        legend=False,
    )
    return _finely_ticked(figure, unit)


def rule_figure(rule: Rule, preview: Preview, alerts: Sequence[Alert], marks: Sequence[Mark] = ()) -> Figure:
    """The series of a rule with its limits as they were, and its alerts as bands."""
    unit = rule.watch.definition.unit
    shown = _thinned(list(zip(preview.points, preview.limits, strict=True)), rule.direction)
    times = [point.at for point, _ in shown]
    values = _scaled(unit, [point.reading.value for point, _ in shown])

    def level(name: str, colour: str, pick: str) -> dict[str, Any]:
        levels = _scaled(unit, [getattr(limits, pick) if limits else None for _, limits in shown])
        return charts.line(times, levels, name=name, colour=colour, unit=_UNITS[unit], dashed=True)

    figure = charts.figure(
        charts.line(times, values, name=rule.watch.label, unit=_UNITS[unit]),
        level("fires", charts.BAD, "fire"),
        level("clears", charts.OK, "clear"),
        uirevision=f"rule-{rule.pk}",
        unit=_UNITS[unit],
        x_range=(times[0], times[-1]),
        marks=[*marks, *(_band(alert, times[-1]) for alert in alerts)],
    )
    return _finely_ticked(figure, unit)


def _finely_ticked(figure: Figure, unit: Unit) -> Figure:
    """A rule's scores move within a narrow range, where one decimal would write neighbouring ticks alike."""
    if unit == Unit.SCORE:
        figure["layout"]["yaxis"]["tickformat"] = ".2f"
    return figure


def _thinned(points: list[tuple[Point, Limits | None]], direction: str) -> list[tuple[Point, Limits | None]]:
    """At most ``MOST_POINTS``: of neighbours the worst stays, so that no peak disappears."""
    sign = 1 if direction == Direction.ABOVE else -1
    stride = -(-len(points) // MOST_POINTS)

    def badness(pair: tuple[Point, Limits | None]) -> float:
        value = pair[0].reading.value
        return -math.inf if value is None else sign * value

    return [max(points[at : at + stride], key=badness) for at in range(0, len(points), stride)] if points else []


def _band(alert: Alert, now: datetime) -> Mark:
    colour = charts.BAD if alert.is_open else charts.WARN
    return Mark(alert.fired_at, alert.title, alert.get_absolute_url(), alert.resolved_at or now, colour)

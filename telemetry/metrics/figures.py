"""Charts of metrics. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core import charts
from core.charts import Figure, Mark
from telemetry.metrics.page import Chart

#: Units that charts write by themselves.
_UNITS: dict[str, charts.Unit] = {"s": "s", "ms": "ms", "$": "usd", "tokens": "tokens"}


def metric_figure(shown: Chart, *, marks: Sequence[Mark], uirevision: str) -> Figure:
    """One line for each group, the largest first."""
    unit = _UNITS.get(shown.unit, "")
    lines = [
        charts.line(
            shown.times,
            line.values,
            name=line.label or ("(none)" if shown.by else shown.how.label),
            colour=charts.colour(index),
            unit=unit,
        )
        for index, line in enumerate(shown.lines)
    ]
    return charts.figure(
        *lines,
        uirevision=uirevision,
        unit=unit,
        y_title="" if unit else shown.unit,
        marks=marks,
        legend=bool(shown.by),
    )

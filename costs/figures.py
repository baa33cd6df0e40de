"""Charts of money. Pure: points in, figure out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from core import charts
from core.charts import Figure, Mark
from core.money import to_usd
from costs.queries import SpendPoint

#: More colours than this cannot be told apart; the rest is one series.
MOST_MODELS = 7
OTHERS = "others"
NO_MODEL = "(no model)"

#: Address of the traces of one model (None for all) in one step.
Link = Callable[[datetime, str | None], str]


def spend_figure(
    points: Sequence[SpendPoint],
    before: Sequence[SpendPoint],
    *,
    link: Link,
    marks: Sequence[Mark],
    uirevision: str,
    before_name: str = "",
) -> Figure:
    """Spend in every step, stacked by model, most expensive at the bottom; the comparison is a line over it."""
    totals: dict[str, int] = {}
    for _, models in points:
        for model, nano in models.items():
            totals[model] = totals.get(model, 0) + nano
    ranked = sorted((model for model in totals if totals[model]), key=lambda model: (-totals[model], model))
    named, rest = ranked[:MOST_MODELS], ranked[MOST_MODELS:]
    x = [at for at, _ in points]
    traces = [
        charts.bars(
            x,
            [to_usd(models.get(model, 0)) for _, models in points],
            name=model or NO_MODEL,
            colour=charts.colour(index),
            unit="usd",
            links=[link(at, model) for at in x],
        )
        for index, model in enumerate(named)
    ]
    if rest:
        traces.append(
            charts.bars(
                x,
                [to_usd(sum(models.get(model, 0) for model in rest)) for _, models in points],
                name=f"{len(rest)} {OTHERS}",
                colour=charts.MUTED,
                unit="usd",
                links=[link(at, None) for at in x],
            )
        )
    if any(sum(models.values()) for _, models in before):
        # Steps are matched by their place: the comparison is as long as the range.
        earlier = [to_usd(sum(models.values())) for _, models in before[: len(x)]]
        traces.append(
            charts.line(x[: len(earlier)], earlier, name=before_name, colour=charts.BEFORE, unit="usd", dashed=True)
        )
    return charts.figure(*traces, uirevision=uirevision, unit="usd", marks=marks, stacked=True, legend=True)

"""Figures as plain dicts: palette, traces, marks, and the frame around them.

A figure is ``{"data": [...], "layout": {...}}`` in Plotly's format. Colours are the names of CSS variables, which
``static/js/figures.js`` resolves, so that a chart follows the theme. Texts are data, never markup: the script
escapes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple, TypedDict

Unit = Literal["", "count", "percent", "score", "usd", "ms", "s", "tokens"]


class Figure(TypedDict):
    data: list[dict[str, Any]]
    layout: dict[str, Any]


#: Told apart by lightness too. A figure takes them in this order.
SERIES = tuple(f"var(--series-{number})" for number in range(1, 9))
BEFORE = "var(--series-before)"
OK, WARN, BAD, INFO = "var(--ok)", "var(--warn)", "var(--bad)", "var(--info)"
TEXT, MUTED, GRID, SURFACE = "var(--text)", "var(--muted)", "var(--grid)", "var(--surface)"

_AXIS: dict[str, dict[str, Any]] = {
    "": {},
    "count": {"tickformat": ",~r", "rangemode": "tozero"},
    "tokens": {"tickformat": "~s", "rangemode": "tozero"},
    "percent": {"tickformat": ".0%", "rangemode": "tozero"},
    "score": {"tickformat": ".1f"},
    "usd": {"tickprefix": "$", "exponentformat": "none", "rangemode": "tozero"},
    "ms": {"ticksuffix": " ms", "tickformat": ",~r", "rangemode": "tozero"},
    "s": {"ticksuffix": " s", "tickformat": ",~r", "rangemode": "tozero"},
}
#: d3 format of a value in the hover label, what stands before it and what after it.
_HOVER: dict[str, tuple[str, str, str]] = {
    "": ("", ".4~g", ""),
    "count": ("", ",~r", ""),
    "tokens": ("", ",", " tokens"),
    "percent": ("", ".2~%", ""),
    "score": ("", ".3f", ""),
    "usd": ("$", ",.6~f", ""),
    "ms": ("", ",.0f", " ms"),
    "s": ("", ",.2~f", " s"),
}


class Mark(NamedTuple):
    """Something that happened, drawn on every time chart: a deployment, an incident, a price change."""

    at: datetime
    label: str
    url: str = ""
    #: End of a stretch (an incident); None for a moment.
    until: datetime | None = None
    colour: str = MUTED


def colour(index: int) -> str:
    """The colour of the n-th series; they repeat after eight."""
    return SERIES[index % len(SERIES)]


def moment(at: datetime) -> str:
    """A time on an axis. Axes show UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%S")


def _value(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Decimal):
        return float(value)
    return value


def _values(values: Sequence[Any]) -> list[Any]:
    return [_value(value) for value in values]


def _hover(unit: Unit, axis: str) -> str:
    before, number, after = _HOVER[unit]
    return f"{before}%{{{axis}:{number}}}{after}"


def line(
    x: Sequence[Any],
    y: Sequence[float | Decimal | None],
    *,
    name: str,
    colour: str = SERIES[0],
    unit: Unit = "",
    links: Sequence[str] | None = None,
    link: str = "",
    step: timedelta | None = None,
    dashed: bool = False,
    filled: bool = False,
    on_demand: bool = False,
    markers: bool = False,
    group: str = "",
) -> dict[str, Any]:
    """A series over time. ``None`` in ``y`` is a gap: unknown is not zero.

    ``links`` holds one address of this site a point. ``link`` with ``step`` is shorter: one address in which START and
    END stand for the bounds of a point's step. ``on_demand`` hides the series until it is picked in the legend, or by a
    button ``data-js-series`` that names its ``group``; series of one group come and go together.
    """
    alone = _lonely(y)
    trace: dict[str, Any] = {
        "type": "scatter",
        "mode": "lines+markers" if markers or alone else "lines",
        "name": name,
        "x": _values(x),
        "y": _values(y),
        "line": {"color": colour, "width": 1.5 if dashed else 2, "dash": "dash" if dashed else "solid"},
        "marker": {"size": 5, "color": colour},
        "connectgaps": False,
        "hovertemplate": _hover(unit, "y"),
    }
    if filled:
        trace |= {"fill": "tozeroy", "fillcolor": "var(--series-1-soft)"}
    if on_demand:
        trace["visible"] = "legendonly"
    if links is not None:
        trace["customdata"] = list(links)
    meta: dict[str, Any] = {"group": group or name}
    if link and step is not None:
        meta |= {"link": link, "step": int(step.total_seconds())}
    return trace | {"meta": meta}


def _lonely(y: Sequence[Any]) -> bool:
    """Whether a known value has no known neighbour: a line alone would not show it."""
    known = [value is not None for value in y]
    return any(
        here and not (index and known[index - 1]) and not (index + 1 < len(known) and known[index + 1])
        for index, here in enumerate(known)
    )


def bars(
    x: Sequence[Any],
    y: Sequence[Any],
    *,
    name: str = "",
    colour: str | Sequence[str] = SERIES[0],
    unit: Unit = "",
    links: Sequence[str] | None = None,
    link: str = "",
    step: timedelta | None = None,
    horizontal: bool = False,
) -> dict[str, Any]:
    """Bars, with links as in ``line``; ``horizontal`` takes the values from ``x`` and the categories from ``y``.

    With a ``step`` a bar stands on the whole of its step, not astride its beginning.
    """
    trace: dict[str, Any] = {
        "type": "bar",
        "name": name,
        "x": _values(x),
        "y": _values(y),
        "marker": {"color": colour if isinstance(colour, str) else list(colour)},
        "hovertemplate": _hover(unit, "x" if horizontal else "y"),
    }
    if horizontal:
        trace["orientation"] = "h"
    if links is not None:
        trace["customdata"] = list(links)
    if step is not None:
        trace |= {"width": step.total_seconds() * 850, "offset": step.total_seconds() * 75}
        if link:
            trace["meta"] = {"link": link, "step": int(step.total_seconds())}
    return trace


def threshold(value: float | Decimal, label: str, *, colour: str = WARN) -> dict[str, Any]:
    """A level drawn across the chart, for ``figure(thresholds=…)``."""
    return {"value": _value(value), "label": label, "colour": colour}


def figure(
    *traces: dict[str, Any],
    uirevision: str,
    unit: Unit = "",
    y_title: str = "",
    y_range: tuple[float, float] | None = None,
    x_range: tuple[datetime, datetime] | None = None,
    marks: Sequence[Mark] = (),
    thresholds: Sequence[dict[str, Any]] = (),
    stacked: bool = False,
    legend: bool | None = None,
) -> Figure:
    """Traces in the console's frame.

    The user's zoom is kept as long as ``uirevision`` stays the same: name the chart and its range in it.
    """
    horizontal = any(trace.get("orientation") == "h" for trace in traces)
    values = {"gridcolor": GRID, "zerolinecolor": GRID, "automargin": True, "fixedrange": True} | _AXIS[unit]
    plain = {"gridcolor": GRID, "linecolor": GRID, "automargin": True, "showgrid": False, "zeroline": False}
    if y_title:
        values["title"] = {"text": y_title, "font": {"size": 11, "color": MUTED}}
    if unit == "count" and _highest(traces) < FEW:
        # Half a call is nothing that could be counted.
        values["dtick"] = 1
    if y_range is not None:
        values["range"] = list(y_range)
    if x_range is not None:
        plain["range"] = [moment(at) for at in x_range]
        plain["type"] = "date"
    if horizontal:
        plain |= {"autorange": "reversed", "fixedrange": True}
    layout: dict[str, Any] = {
        "autosize": True,
        "uirevision": uirevision,
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"color": TEXT, "size": 11, "family": "var(--font)"},
        "margin": {"l": 44, "r": 12, "t": 8, "b": 28},
        "hovermode": "closest" if horizontal else "x unified",
        "hoverlabel": {"bgcolor": SURFACE, "bordercolor": GRID, "font": {"color": TEXT}},
        "showlegend": len(traces) > 1 if legend is None else legend,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"size": 11}},
        "xaxis": values if horizontal else plain,
        "yaxis": plain if horizontal else values,
        "bargap": 0.25,
        "shapes": [],
        "annotations": [],
    }
    if stacked:
        layout["barmode"] = "stack"
    for level in thresholds:
        _draw_threshold(layout, level)
    if thresholds:
        # Beside the chart, where no line runs through the words.
        layout["margin"]["r"] = 12 + 6 * max(len(level["label"]) for level in thresholds)
    for mark in marks:
        _draw_mark(layout, mark)
    return {"data": _sharing_x(traces), "layout": layout}


#: Below this many, every whole number has a tick of its own.
FEW = 5


def _highest(traces: Sequence[dict[str, Any]]) -> float:
    return max((value for trace in traces for value in trace["y"] if isinstance(value, int | float)), default=0)


#: Stands for "the same x as the first trace": what is pushed every second should not repeat itself.
SAME_X = "same"


def _sharing_x(traces: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    if not traces or len(traces[0]["x"]) < 2:
        return list(traces)
    first = traces[0]["x"]
    return [traces[0], *({**trace, "x": SAME_X} if trace["x"] == first else trace for trace in traces[1:])]


def x_of(figure: Figure, trace: dict[str, Any]) -> list[Any]:
    """The positions of a trace."""
    return figure["data"][0]["x"] if trace["x"] == SAME_X else trace["x"]


def link_of(trace: dict[str, Any], index: int, at: Any) -> str:  # noqa: ANN401
    """The address that a point of a trace leads to, or empty."""
    if "customdata" in trace:
        return trace["customdata"][index]
    meta = trace.get("meta", {})
    if "link" not in meta:
        return ""
    start = datetime.fromisoformat(at).replace(tzinfo=UTC)
    end = start + timedelta(seconds=meta["step"])
    return meta["link"].replace("START", f"{moment(start)}Z").replace("END", f"{moment(end)}Z")


def _draw_threshold(layout: dict[str, Any], level: dict[str, Any]) -> None:
    layout["shapes"].append(
        {
            "type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y", "y0": level["value"], "y1": level["value"],
            "line": {"color": level["colour"], "width": 1, "dash": "dot"},
        }
    )  # fmt: skip
    layout["annotations"].append(
        {
            "xref": "paper", "x": 1, "xanchor": "left", "yref": "y", "y": level["value"], "yanchor": "middle",
            "text": level["label"], "showarrow": False, "font": {"size": 10, "color": level["colour"]},
        }
    )  # fmt: skip


def _draw_mark(layout: dict[str, Any], mark: Mark) -> None:
    start = moment(mark.at)
    layout["shapes"].append(
        {
            "type": "line", "xref": "x", "x0": start, "x1": start, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"color": mark.colour, "width": 1, "dash": "dot"},
        }
    )  # fmt: skip
    if mark.until is not None:
        layout["shapes"].append(
            {
                "type": "rect", "xref": "x", "x0": start, "x1": moment(mark.until), "yref": "paper", "y0": 0, "y1": 1,
                "fillcolor": mark.colour, "opacity": 0.12, "line": {"width": 0}, "layer": "below",
            }
        )  # fmt: skip
    annotation: dict[str, Any] = {
        "xref": "x", "x": start, "yref": "paper", "y": 1, "yanchor": "top", "xanchor": "left", "text": "▾",
        "hovertext": mark.label, "showarrow": False, "font": {"size": 12, "color": mark.colour},
        "captureevents": True,
    }  # fmt: skip
    if mark.url:
        annotation["name"] = mark.url
    layout["annotations"].append(annotation)


class TableRow(NamedTuple):
    """One position of a chart."""

    place: str
    #: Where the first series leads to from here, or empty.
    link: str
    values: list[Any]


def as_table(figure: Figure) -> tuple[list[str], list[TableRow]]:
    """The figures of a chart for people who do not see it: headings, and one row for each position."""
    traces = figure["data"]
    horizontal = any(trace.get("orientation") == "h" for trace in traces)
    values: dict[Any, list[Any]] = {}
    links: dict[Any, str] = {}
    for number, trace in enumerate(traces):
        places, figures = x_of(figure, trace), trace["y"]
        if horizontal:
            places, figures = figures, places
        for index, (place, value) in enumerate(zip(places, figures, strict=True)):
            values.setdefault(place, [None] * len(traces))[number] = value
            if not links.get(place):
                links[place] = link_of(trace, index, place)
    names = [trace.get("name", "") for trace in traces]
    rows = [TableRow(str(place), links[place], found) for place, found in values.items()]
    return ["" if horizontal else "Time (UTC)", *names], rows

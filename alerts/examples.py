"""Example traces of an alert, as rows of its page."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django.utils.dateparse import parse_datetime

from alerts.series import Series
from alerts.wording import value_text
from core.templatetags.onwatch import duration_text

#: Series -> what the columns "what" and "figure" of their examples hold.
_HEADINGS = {
    Series.ERROR_RATE: ("Error", "Duration"),
    Series.FAILURES: ("Error", "Duration"),
    Series.SCORE: ("Label or model", "Score"),
    Series.LATENCY_P50: ("Model", "Duration"),
    Series.LATENCY_P95: ("Model", "Duration"),
    Series.LATENCY_P99: ("Model", "Duration"),
}
_SPEND = ("Model", "Cost")


class ExampleRow(NamedTuple):
    trace_id: str
    at: datetime | None
    name: str
    what: str
    figure: str


class Examples(NamedTuple):
    what: str
    figure: str
    rows: list[ExampleRow]


def rows(facts: dict[str, Any]) -> Examples:
    """The example traces kept in ``Alert.evidence``, with the headings of their last two columns."""
    series = facts.get("series", "")
    what, figure = _HEADINGS.get(series, _SPEND)
    found = [
        ExampleRow(
            each["trace_id"],
            parse_datetime(each["at"]),
            each["name"],
            each["what"],
            _figure_text(series, figure, each["figure"]),
        )
        for each in facts.get("examples", ())
    ]
    return Examples(what, figure, found)


def _figure_text(series: str, heading: str, value: float) -> str:
    if heading == "Duration":
        return duration_text(value)
    return value_text(Series.COST if heading == "Cost" else series, value)

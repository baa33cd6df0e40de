"""Counters of this process, for ``/metrics``. Increments are cheap enough for the ingest path."""

from __future__ import annotations

import threading
from collections.abc import Iterator

HELP = {
    "onwatch_spans_stored_total": "Spans stored in ClickHouse.",
    "onwatch_spans_repeated_total": "Spans that had been stored before and were not counted again.",
    "onwatch_spans_replaced_total": "Stored spans that were put right by what came later.",
    "onwatch_spans_rejected_total": "Spans refused because of their content.",
    "onwatch_scores_stored_total": "Scores stored in ClickHouse.",
    "onwatch_log_pieces_stored_total": "What log records told of spans, stored.",
    "onwatch_log_records_unkept_total": "Log records that told nothing of a model call and were not kept.",
    "onwatch_spans_amended_total": "Stored spans that gained something from a later log record.",
    "onwatch_metric_points_stored_total": "Points of metrics stored in ClickHouse.",
    "onwatch_metric_points_repeated_total": "Points that had been stored before.",
    "onwatch_metric_points_rejected_total": "Points refused because of their content.",
    "onwatch_requests_refused_total": "Ingest requests answered with 503: backlog full or store away.",
    "onwatch_commits_total": "Group commits.",
}

_values: dict[str, int] = dict.fromkeys(HELP, 0)
_lock = threading.Lock()


def count(name: str, by: int = 1) -> None:
    with _lock:
        _values[name] += by


def value(name: str) -> int:
    return _values[name]


def render() -> Iterator[str]:
    for name, text in HELP.items():
        yield f"# HELP {name} {text}"
        yield f"# TYPE {name} counter"
        yield f"{name} {_values[name]}"

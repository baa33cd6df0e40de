"""Counters of this process, for ``/metrics``. Increments are cheap enough for the ingest path."""

from __future__ import annotations

import threading
from collections.abc import Iterator

HELP = {
    "onwatch_spans_stored_total": "Spans stored in ClickHouse.",
    "onwatch_spans_repeated_total": "Spans that had been stored before and were not counted again.",
    "onwatch_spans_rejected_total": "Spans refused because of their content.",
    "onwatch_scores_stored_total": "Scores stored in ClickHouse.",
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

"""Spans and scores as columns, in the form that the store takes fastest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from telemetry import lenient_json
from telemetry.span import Score, Span

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Columns = dict[str, Sequence[Any]]


def microseconds(moment: datetime) -> int:
    """Since 1970, exactly: floats lose the last digit."""
    past = moment - EPOCH
    return (past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds


def json_text(value: Any) -> str:  # noqa: ANN401
    """Compact JSON, empty for nothing. What has no JSON form is written as its text."""
    return lenient_json.dumps(value) if value else ""


def _not_copied() -> dict[str, Callable[[Any], Any]]:
    return {
        "start_time": microseconds,
        "time_to_first_token_ms": lambda ms: ms or 0.0,
        "documents": json_text,
        "attributes": json_text,
    }


_CONVERTED = _not_copied()
_COPIED = tuple(f.name for f in fields(Span) if f.name not in _CONVERTED and f.name != "scores")
_copied_values = attrgetter(*_COPIED)

_SCORE_COPIED = tuple(f.name for f in fields(Score) if f.name != "occurred_at")
_score_values = attrgetter(*_SCORE_COPIED)


def span_columns(spans: Sequence[Span], hashes: Sequence[int], received_at: datetime) -> Columns:
    """Columns of the ``spans`` table; ``hashes`` are ``telemetry.recent.span_hash`` of each."""
    columns: Columns = dict(zip(_COPIED, zip(*map(_copied_values, spans), strict=True), strict=True))
    for name, convert in _CONVERTED.items():
        columns[name] = list(map(convert, map(attrgetter(name), spans)))
    columns["received_at"] = [microseconds(received_at) // 1000] * len(spans)
    columns["id_hash"] = hashes
    return columns


def score_columns(scores: Sequence[Score], hashes: Sequence[int], received_at: datetime) -> Columns:
    """Columns of the ``scores`` table; every score has its ``occurred_at``."""
    columns: Columns = dict(zip(_SCORE_COPIED, zip(*map(_score_values, scores), strict=True), strict=True))
    columns["occurred_at"] = [microseconds(score.occurred_at or received_at) for score in scores]
    columns["received_at"] = [microseconds(received_at) // 1000] * len(scores)
    columns["id_hash"] = hashes
    return columns

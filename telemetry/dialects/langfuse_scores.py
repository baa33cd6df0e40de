"""Langfuse's scores, from all of its majors. Pure."""

from __future__ import annotations

import math
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from telemetry.dialects.decoded import BadItem
from telemetry.dialects.langfuse_events import given_text, moment
from telemetry.dialects.scores import LABEL_VALUES
from telemetry.span import LARGEST_SCORE, Score

if TYPE_CHECKING:
    from accounts.keys import Caller

MAX_NAME = 500
#: A longer word is no category: it goes into the comment.
MAX_LABEL = 400
#: What a category counts as: the mean of a name is then 1, and its labels say how often each was chosen.
CHOSEN = 1.0

NUMERIC, BOOLEAN, CATEGORICAL, TEXT, CORRECTION = "NUMERIC", "BOOLEAN", "CATEGORICAL", "TEXT", "CORRECTION"
DATA_TYPES = (NUMERIC, BOOLEAN, CATEGORICAL, TEXT, CORRECTION)
#: How numbers that are none are written.
NO_NUMBERS = frozenset({"nan", "inf", "infinity"})
#: Who judged -> the canonical source.
SOURCES = {"ANNOTATION": "user", "EVAL": "judge"}


class Judgement(NamedTuple):
    score: Score
    #: What is judged when it is neither a trace nor a span; empty else.
    session_id: str


class _Verdict(NamedTuple):
    value: float
    label: str = ""
    text: str = ""


def to_score(given: Any, caller: Caller, *, fallback_id: str = "") -> Judgement:  # noqa: ANN401
    """The score in one item. Raises BadItem naming the field."""
    if not isinstance(given, Mapping):
        raise BadItem("must be an object")
    name = given_text(given, "name", most=MAX_NAME)
    if not name:
        raise BadItem("is missing", field="name")
    trace_id, span_id, session_id = (given_text(given, key) for key in ("traceId", "observationId", "sessionId"))
    if span_id and not trace_id:
        raise BadItem("is needed beside observationId", field="traceId")
    if not trace_id and not session_id:
        why = "no runs of data sets are kept here" if given.get("datasetRunId") else "is missing"
        raise BadItem(why, field="datasetRunId" if given.get("datasetRunId") else "traceId")
    verdict = _verdict(given)
    comment = given_text(given, "comment", most=None)
    score = Score(
        name=name,
        value=verdict.value,
        trace_id=trace_id,
        span_id=span_id,
        score_id=given_text(given, "id") or fallback_id or uuid.uuid4().hex,
        source=SOURCES.get(str(given.get("source")), "client"),
        label=verdict.label,
        comment="\n".join(filter(None, (verdict.text, comment))),
        project_id=caller.project_id,
        occurred_at=_when(given),
        environment=given_text(given, "environment", most=MAX_LABEL),
    )
    return Judgement(score, "" if trace_id else session_id)


def _when(given: Mapping[str, Any]) -> datetime | None:
    return moment(given.get("timestamp"), field="timestamp")


def _verdict(given: Mapping[str, Any]) -> _Verdict:
    """Value, label and text as the data type has them; without one the value tells it."""
    value, data_type = given.get("value"), given.get("dataType")
    if data_type not in (None, "", *DATA_TYPES):
        raise BadItem(f"{str(data_type)[:40]!r} is none of {', '.join(DATA_TYPES)}", field="dataType")
    if value is None:
        raise BadItem("is missing", field="value")
    match data_type or (CATEGORICAL if _is_word(value) else NUMERIC):
        case "BOOLEAN":
            figure = _number(value)
            if figure not in (0.0, 1.0):
                raise BadItem("must be true, false, 1 or 0", field="value")
            return _Verdict(figure)
        case "CATEGORICAL":
            return _category(value)
        case "TEXT" | "CORRECTION":
            return _Verdict(CHOSEN, text=_text(value))
    return _Verdict(_number(value))


def _is_word(value: Any) -> bool:  # noqa: ANN401
    """A text, but for what JSON has no number for and is read as text."""
    return isinstance(value, str) and value.lower().lstrip("-") not in NO_NUMBERS


def _number(value: Any) -> float:  # noqa: ANN401
    try:
        figure = float(value) if isinstance(value, int | float | str) else math.nan
    except (ValueError, OverflowError):
        figure = math.nan
    if not abs(figure) <= LARGEST_SCORE:
        raise BadItem(f"must be a number, at most {LARGEST_SCORE:.0e}", field="value")
    return figure


def _category(value: Any) -> _Verdict:  # noqa: ANN401
    word = _text(value)
    figure = LABEL_VALUES.get(word.lower(), CHOSEN)
    return _Verdict(figure, label=word) if len(word) <= MAX_LABEL else _Verdict(figure, text=word)


def _text(value: Any) -> str:  # noqa: ANN401
    if not isinstance(value, str) or not value:
        raise BadItem("must be a text", field="value")
    return value

"""Judgements of answers, sent by REST in the background."""

from __future__ import annotations

import math
from uuid import uuid4

from opentelemetry import trace

from onwatch_sdk import counting, sending
from onwatch_sdk.guard import harmless
from onwatch_sdk.texts import word

#: What the console takes of a name, a label and an id.
MAX_WORD = 500
MAX_ID = 256
MAX_COMMENT = 20_000
SOURCES = frozenset({"client", "user", "evaluator", "judge"})


@harmless
def score(
    value: float | bool,
    name: str = "overall",
    *,
    trace_id: str = "",
    span_id: str = "",
    label: str = "",
    comment: str = "",
    source: str = "client",
    score_id: str = "",
) -> None:
    """Judge the span that is running, or the trace (or span of it) that is named. Sent in the background.

    ``value`` is a finite number, usually 0 to 1, or a truth. ``source`` is ``client``, ``user``, ``evaluator`` or
    ``judge``. The same ``score_id`` is stored once; without one each call is a judgement of its own. A score that
    cannot be sent, because it has no number or no trace, is counted as rejected.
    """
    counting.count("scores_given")
    name, trace_id, span_id = word(name, MAX_WORD) or "overall", word(trace_id, MAX_ID), word(span_id, MAX_ID)
    here = trace.get_current_span().get_span_context()
    if not trace_id and here.is_valid:
        trace_id, span_id = trace.format_trace_id(here.trace_id), span_id or trace.format_span_id(here.span_id)
    if not trace_id:
        counting.lost("scores_rejected", 1, f"The score {name!r} names no trace, and none is running.")
        return
    try:
        number = finite(value)
    except Exception as error:
        counting.lost("scores_rejected", 1, f"The score {name!r} has no value ({type(error).__name__}).")
        return
    item = {
        "id": word(score_id, MAX_ID) or uuid4().hex,
        "name": name,
        "value": number,
        "trace_id": trace_id,
        "span_id": span_id,
        "source": source if word(source) in SOURCES else "client",
        "label": word(label, MAX_WORD),
        "comment": word(comment, MAX_COMMENT),
    }
    sending.current().scores.put({name: given for name, given in item.items() if given != ""})


def feedback(
    value: float | bool,
    *,
    trace_id: str = "",
    span_id: str = "",
    comment: str = "",
    name: str = "feedback",
    score_id: str = "",
) -> None:
    """What a person said of an answer: True or False for a thumb, or 0 to 1.

    Keep ``AITraceContext.trace_id`` with the answer to name it later; in a running trace it may be left out.
    """
    score(value, name, trace_id=trace_id, span_id=span_id, comment=comment, source="user", score_id=score_id)


def finite(value: float | bool) -> float:
    """The value as a number. Raises TypeError or ValueError."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{number} is no finite number")
    return number

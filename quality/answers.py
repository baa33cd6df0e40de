"""Sampled answers with what evaluators need to know of them: question, documents, system text.

All of it is read from the store, so evaluation works in any process and goes on where another one was killed.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson

from quality.evaluators.answer import Answer
from quality.models import DIMENSIONS, EvaluationCursor
from telemetry import messages, store
from telemetry.columns import microseconds

#: Answers of one batch.
BATCH = 300
#: Texts longer than this are not fetched: an answer beyond it is not judged, a prompt beyond it gives no question.
MOST_BYTES = 100_000
#: Spans of one trace start within this time of each other.
TRACE_LENGTH = timedelta(hours=1)
#: An own message up to this length is taken to be the question as it stands.
PLAIN_QUESTION = 600


class Sampled(NamedTuple):
    """A row of ``sampled_answers.sql``."""

    trace_id: str
    span_id: str
    start_time: datetime
    duration_ms: float
    model: str
    finish_reason: str
    calls_tools: bool
    input: str
    output: str
    documents: str
    too_long: bool
    feature: str
    user_id: str
    environment: str
    release: str
    prompt_name: str
    prompt_version: str
    variant: str
    received_at: datetime
    position: int


class ToldLater(NamedTuple):
    """A row of ``told_answers.sql``: the part of ``Sampled`` that a log record told."""

    trace_id: str
    span_id: str
    start_time: datetime
    finish_reason: str
    calls_tools: bool
    input: str
    output: str
    documents: str
    too_long: bool
    received_at: datetime
    position: int


class SpanFacts(NamedTuple):
    """A row of ``told_spans.sql``: the rest of it."""

    position: int
    duration_ms: float
    model: str
    feature: str
    user_id: str
    environment: str
    release: str
    prompt_name: str
    prompt_version: str
    variant: str


class Around(NamedTuple):
    """A row of ``around_answers.sql``."""

    trace_id: str
    span_id: str
    is_root: bool
    kind: str
    start_time: datetime
    input: str
    documents: str


class ScoredAlready(NamedTuple):
    trace_id: str
    name: str


class Found(NamedTuple):
    """An answer, and the dimensions that its sender has scored already."""

    row: Sampled
    answer: Answer
    scored: frozenset[str]


def milliseconds(moment: datetime) -> int:
    return microseconds(moment) // 1000


def next_batch(cursor: EvaluationCursor, horizon: datetime) -> list[Sampled]:
    """The oldest sampled answers behind the cursor that were received up to ``horizon``. Raises StoreUnavailable.

    An answer whose text came in a log record after its span was received when that record was.
    """
    ask: dict[str, Any] = {
        "project": cursor.project_id,
        "after": milliseconds(cursor.received_at),
        "position": cursor.position,
        "horizon": milliseconds(horizon),
        "most_bytes": MOST_BYTES,
        "limit": BATCH,
    }
    found = store.rows(Sampled, "quality/sampled_answers", **ask)
    late = store.rows(ToldLater, "quality/told_answers", **ask)
    if late:
        found = sorted([*found, *_judged(cursor.project_id, late)], key=lambda row: (row.received_at, row.position))
    return found[:BATCH]


def _judged(project_id: int, late: Sequence[ToldLater]) -> list[Sampled]:
    """The spans of these texts, with the texts in place."""
    starts = sorted({microseconds(row.start_time) for row in late})
    facts = {
        row.position: row for row in store.rows(SpanFacts, "quality/told_spans", project=project_id, starts=starts)
    }
    return [Sampled(**facts[row.position]._asdict() | row._asdict()) for row in late if row.position in facts]


def missed(cursor: EvaluationCursor, since: datetime) -> list[Sampled]:
    """Sampled answers that the cursor passed before they could be seen. Raises StoreUnavailable."""
    return store.rows(
        Sampled,
        "quality/missed_answers",
        project=cursor.project_id,
        **{"from": milliseconds(since)},
        after=milliseconds(cursor.received_at),
        most_bytes=MOST_BYTES,
        limit=BATCH,
    )


def complete(project_id: int, rows: Sequence[Sampled]) -> list[Found]:
    """Each answer with its question and documents, from the rest of its trace. Runs two queries."""
    if not rows:
        return []
    place: dict[str, Any] = {
        "project": project_id,
        "trace_ids": sorted({row.trace_id for row in rows}),
        "start": microseconds(min(row.start_time for row in rows) - TRACE_LENGTH),
        "end": microseconds(max(row.start_time for row in rows) + TRACE_LENGTH),
    }
    around: defaultdict[str, list[Around]] = defaultdict(list)
    for other in store.rows(Around, "quality/around_answers", most_bytes=MOST_BYTES, **place):
        around[other.trace_id].append(other)
    scored: defaultdict[str, set[str]] = defaultdict(set)
    for each in store.rows(ScoredAlready, "quality/scored_already", names=list(DIMENSIONS), **place):
        scored[each.trace_id].add(each.name)
    return [Found(row, answer_of(row, around[row.trace_id]), frozenset(scored[row.trace_id])) for row in rows]


def answer_of(row: Sampled, around: Sequence[Around]) -> Answer:
    """What evaluators see of a span."""
    documents = _documents(row, around)
    return Answer.of(
        messages.answer(row.output),
        question_of(row, around, documents),
        documents,
        messages.system(row.input),
        row.finish_reason,
        bool(row.calls_tools),
    )


def _documents(row: Sampled, around: Sequence[Around]) -> tuple[str, ...]:
    """Contents of what was retrieved before the answer was finished, each once."""
    end = row.start_time + timedelta(milliseconds=row.duration_ms)
    lists = [row.documents, *(other.documents for other in around if other.start_time <= end)]
    contents = (content for text in lists if text for content in _contents(text))
    return tuple(dict.fromkeys(contents))


def _contents(documents: str) -> list[str]:
    try:
        found = orjson.loads(documents)
    except orjson.JSONDecodeError:
        return []
    return [document["content"] for document in found if isinstance(document, dict) and document.get("content")]


#: How prompts announce the question that they end with.
_MARKER = re.compile(
    r"(?:^|\n)[\s#*>-]*(?:(?:user|customer|final|current|my|the)['s]* )?"
    r"(?:question|query|request|frage|anfrage|demande|pregunta|consulta|domanda|pergunta|vraag|human|user|问题|提问|質問)"
    r"\W{0,3}[:：]\W{0,3}(?P<question>\S[^\n]*(?:\n[^\n]+)*)",
    re.IGNORECASE,
)


#: What stands behind the question for the model to go on from.
_CUE = re.compile(
    r"\n\W*(?:(?:final|your|the) )?"
    r"(?:answer|antwort|réponse|respuesta|risposta|resposta|antwoord|assistant|response)\W*$",
    re.IGNORECASE,
)


def asked_in(prompt: str) -> str:
    """What follows the last "Question:" of a prompt; the prompt itself where nothing does."""
    marked = [_CUE.sub("", match["question"]).strip() for match in _MARKER.finditer(prompt)]
    return marked[-1] if marked and len(marked[-1]) <= 2 * PLAIN_QUESTION else prompt


def question_of(row: Sampled, around: Sequence[Around], documents: Sequence[str]) -> str:
    """The question as the user asked it, as well as it can be told from the prompt that was built around it.

    A short message is the question. Of a long one, or one that holds the retrieved documents, it is what follows the
    last "Question:", else what the root of the trace was asked, else what was searched for, else the last paragraph.
    """
    own = messages.question(row.input)
    if own and len(own) <= PLAIN_QUESTION and not any(document[:60] in own for document in documents):
        return own
    if (marked := asked_in(own)) != own:
        return marked
    for other in around:
        if other.is_root and other.span_id != row.span_id and (asked := messages.question(other.input)):
            return asked
    for other in around:
        if other.kind == "retrieval" and (searched := messages.question(other.input)):
            return searched
    paragraphs = [part.strip() for part in own.split("\n\n") if part.strip()]
    return paragraphs[-1] if paragraphs and len(paragraphs[-1]) <= PLAIN_QUESTION else own

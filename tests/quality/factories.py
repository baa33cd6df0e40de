"""Answers and scores with good defaults."""

import itertools
import json
from datetime import UTC, datetime, timedelta

from accounts.models import Project
from telemetry import commit
from telemetry.span import Score, Span
from tests.telemetry.ingest.ask import ask

_numbers = itertools.count(1)

DOCUMENTS = [
    {"id": "returns-01", "score": 0.9, "content": "Books bought online can be returned within 30 days of delivery."},
    {"id": "returns-02", "score": 0.8, "content": "Refunds are paid to the original card within 5 working days."},
]
QUESTION = "How long do I have to return a book?"
GOOD = "You can return books bought online within 30 days of delivery."
BAD = "Our shop exchanges any title for store credit during 90 days, and couriers collect it every Sunday."


def messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])


def make_trace(project: Project, answer: str = GOOD, *, question: str = QUESTION, at: datetime | None = None, **more):
    """A root with the question, a retrieval, and the model's answer; returns the three spans."""
    number = next(_numbers)
    at = at or datetime.now(UTC) - timedelta(seconds=30)
    ids = {"project_id": project.pk, "trace_id": f"{number:032x}"}
    documents = more.pop("documents", DOCUMENTS)
    context = "\n".join(document["content"] for document in documents)
    prompt = f"Answer from these documents.\n\n{context}\n\nQuestion: {question}"
    root = Span(**ids, span_id=f"{number:014x}00", start_time=at, kind="chain", name="answer",
                input=messages("user", question), duration_ms=900.0)  # fmt: skip
    found = Span(**ids, span_id=f"{number:014x}01", parent_id=root.span_id, start_time=at + timedelta(milliseconds=5),
                 kind="retrieval", name="search", documents=list(documents), duration_ms=20.0)  # fmt: skip
    given = {
        "kind": "llm", "name": "chat gpt-4o-mini", "model": "gpt-4o-mini", "feature": "support-chat",
        "input": messages("user", prompt), "output": messages("assistant", answer), "finish_reason": "stop",
        "duration_ms": 800.0,
    } | more  # fmt: skip
    said = Span(**ids, span_id=f"{number:014x}02", parent_id=root.span_id,
                start_time=at + timedelta(milliseconds=30), **given)  # fmt: skip
    return root, found, said


def store_traces(*traces) -> None:
    commit.store_spans([span for trace in traces for span in trace])


def store_score(project: Project, name: str, value: float, at: datetime, **more) -> Score:
    number = next(_numbers)
    given = {"trace_id": f"{number:032x}", "span_id": f"{number:016x}", "source": "client"} | more
    score = Score(name=name, value=value, project_id=project.pk, occurred_at=at, **given)
    commit.store_scores([score])
    return score


def stored_scores() -> list[tuple]:
    """Name, value, source and evaluator of every score in the store."""
    return ask("SELECT name, value, source, evaluator FROM scores ORDER BY trace_id, span_id, name")

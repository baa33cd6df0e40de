"""The background run of the evaluators.

Sampled answers are read from the store in the order of their receipt, behind a cursor that lives in SQL. The ids of
scores follow from what they judge, and storing a known id does nothing: so a run may be killed at any moment and its
answers judged again without doubling a score, and two workers that run at once only waste time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import xxhash

from accounts.models import Project
from quality import answers
from quality.answers import Found, Sampled, milliseconds
from quality.evaluators import registry
from quality.models import EvaluationCursor
from quality.vocabularies import Vocabularies
from telemetry import store
from telemetry.commit import store_scores
from telemetry.span import Score
from telemetry.store import StoreUnavailable

logger = logging.getLogger(__name__)

#: What was received later than this is left for the next run, because commits under way may still become visible with
#: an earlier moment, and the other spans of a trace may come in the next request.
SETTLE = timedelta(seconds=3)
#: One run judges for at most this long, so that evaluation never takes more than a quarter of one core.
SECONDS_A_RUN = 0.5
#: Cursors without work are moved up when they are this far behind, and not at every run, to spare SQL the writes.
IDLE = timedelta(seconds=60)
#: Now and then what became visible too late is looked for among what was received in this time.
MISSED_WITHIN = timedelta(minutes=15)

FAILED = "failed"
#: The position behind everything that was received at one moment.
END = 2**63 - 1


class Pending(NamedTuple):
    project_id: int
    answers: int


def score_id(project_id: int, trace_id: str, span_id: str, score: str, evaluator: str) -> str:
    """The same for the same judgement, whoever makes it and however often."""
    text = f"{project_id}|{trace_id}|{span_id}|{score}|{evaluator}"
    return xxhash.xxh3_128_hexdigest(text.encode("utf-8", "surrogatepass"))


class Evaluation:
    """Judges what waits, project by project."""

    def __init__(self) -> None:
        self.vocabularies = Vocabularies()
        #: The two jobs run in threads of their own and share the vocabularies.
        self._judging = threading.Lock()

    def run(self, now: datetime | None = None) -> int:
        """Judge what was received up to a few seconds ago, for a bounded time; returns how many answers.

        1. Ask once which projects have something waiting.
        2. Take a batch of each in turn until nothing waits or the time is over.
        3. Store the scores, then move the cursor: killed in between, the batch comes again and changes nothing.
        A store that is away is noted at the cursor and ends the run.
        """
        horizon = (now or datetime.now(UTC)) - SETTLE
        cursors = {cursor.project_id: cursor for cursor in _cursors()}
        if not cursors:
            return 0
        waiting = self._waiting(cursors, horizon)
        judged = 0
        until = time.monotonic() + SECONDS_A_RUN
        while waiting and time.monotonic() < until:
            for project_id in list(waiting):
                count, is_last = self._step(cursors[project_id], horizon)
                judged += count
                if is_last:
                    waiting.discard(project_id)
        self.vocabularies.save_old()
        return judged

    def look_for_missed(self, now: datetime | None = None) -> int:
        """Judge what became visible only after the cursor had passed it; returns how many answers."""
        since = (now or datetime.now(UTC)) - MISSED_WITHIN
        judged = 0
        for cursor in _cursors():
            if rows := answers.missed(cursor, since):
                judged += self._judge(cursor, rows)
                _note(cursor)
        return judged

    def _waiting(self, cursors: dict[int, EvaluationCursor], horizon: datetime) -> set[int]:
        first = min(cursor.received_at for cursor in cursors.values())
        try:
            found = store.rows(Pending, "quality/pending", after=milliseconds(first) - 1, horizon=milliseconds(horizon))
        except StoreUnavailable as error:
            for cursor in cursors.values():
                _note(cursor, error=str(error))
            return set()
        waiting = {each.project_id for each in found} & cursors.keys()
        for project_id in cursors.keys() - waiting:
            if horizon - cursors[project_id].received_at > IDLE:
                _move(cursors[project_id], horizon, END)
                _note(cursors[project_id])
        return waiting

    def _step(self, cursor: EvaluationCursor, horizon: datetime) -> tuple[int, bool]:
        """One batch: how many answers were judged, and whether nothing more waits."""
        try:
            rows = answers.next_batch(cursor, horizon)
            judged = self._judge(cursor, rows)
        except StoreUnavailable as error:
            _note(cursor, error=str(error))
            return 0, True
        is_last = len(rows) < answers.BATCH
        # At the end of what waits the cursor goes up to the horizon: nothing that is older can come any more.
        _move(cursor, *((horizon, END) if is_last else (rows[-1].received_at, rows[-1].position)))
        _note(cursor)
        return judged, is_last

    def _judge(self, cursor: EvaluationCursor, rows: Sequence[Sampled]) -> int:
        with self._judging:
            return self._judge_alone(cursor, rows)

    def _judge_alone(self, cursor: EvaluationCursor, rows: Sequence[Sampled]) -> int:
        began = time.thread_time()
        tallies: dict[str, Counter[str]] = {evaluator.key: Counter() for evaluator in registry.EVALUATORS}
        found = answers.complete(cursor.project_id, rows)
        vocabulary = self.vocabularies.of(cursor.project_id)
        for question in {each.row.trace_id: each.answer.question for each in found}.values():
            vocabulary.learn(question)
        scores = [
            score
            for each in found
            for score in self._scores(cursor, each, vocabulary.topic(each.answer.question), tallies)
        ]
        if scores:
            store_scores(scores)
        if found:
            cursor.answers += len(found)
            cursor.last_evaluated_at = datetime.now(UTC)
            cursor.cpu_ms += (time.thread_time() - began) * 1000
            for key, counts in tallies.items():
                kept = cursor.tallies.setdefault(key, {})
                for outcome, count in counts.items():
                    kept[outcome] = kept.get(outcome, 0) + count
        return len(found)

    def _scores(
        self, cursor: EvaluationCursor, found: Found, topic: str, tallies: dict[str, Counter[str]]
    ) -> list[Score]:
        row = found.row
        if row.too_long:
            for counts in tallies.values():
                counts["answer too long to read"] += 1
            return []
        try:
            judgement = registry.judge(found.answer)
        except Exception as error:
            # A fault of an evaluator costs this answer its scores; without this it would stop all that follow.
            logger.exception("Evaluating span %s of trace %s failed.", row.span_id, row.trace_id)
            cursor.last_error = f"{type(error).__name__}: {error}"
            cursor.last_error_at = datetime.now(UTC)
            for counts in tallies.values():
                counts[FAILED] += 1
            return []
        for key, reason in judgement.unjudged.items():
            tallies[key][reason] += 1
        for key in {judged.evaluator for judged in judgement.scores} & tallies.keys():
            tallies[key]["judged"] += 1
        return [
            Score(
                name=judged.score,
                value=round(judged.verdict.value, 4),
                trace_id=row.trace_id,
                span_id=row.span_id,
                score_id=score_id(cursor.project_id, row.trace_id, row.span_id, judged.score, judged.evaluator),
                source="evaluator",
                label=judged.verdict.label,
                comment=judged.verdict.comment,
                evaluator=judged.evaluator,
                project_id=cursor.project_id,
                occurred_at=row.start_time,
                model=row.model,
                feature=row.feature,
                topic=topic,
                user_id=row.user_id,
                environment=row.environment,
                release=row.release,
                prompt_name=row.prompt_name,
                prompt_version=row.prompt_version,
                variant=row.variant,
            )
            for judged in judgement.scores
            # What the sender has scored is the sender's to say; two voices would count the answer twice.
            if judged.score not in found.scored
        ]


def _cursors() -> list[EvaluationCursor]:
    """One of every project, made where there is none yet."""
    for project in Project.objects.filter(evaluation_cursor=None):
        EvaluationCursor.objects.get_or_create(project=project)
    return list(EvaluationCursor.objects.all())


def _move(cursor: EvaluationCursor, received_at: datetime, position: int) -> None:
    """Forwards only, and only from where it was read: another worker may have come further."""
    at = received_at.replace(microsecond=received_at.microsecond // 1000 * 1000)
    if (at, position) <= (cursor.received_at, cursor.position):
        return
    EvaluationCursor.objects.filter(pk=cursor.pk, received_at=cursor.received_at, position=cursor.position).update(
        received_at=at, position=position
    )
    cursor.received_at, cursor.position = at, position


def _note(cursor: EvaluationCursor, *, error: str = "") -> None:
    """Write down how it went."""
    cursor.last_run_at = datetime.now(UTC)
    if error:
        cursor.last_error, cursor.last_error_at = error, cursor.last_run_at
    cursor.save(
        update_fields=[
            "last_run_at", "last_evaluated_at", "last_error", "last_error_at", "answers", "cpu_ms", "tallies"
        ]
    )  # fmt: skip

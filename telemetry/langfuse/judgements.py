"""Scores that came by themselves, with what they judge beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from accounts.keys import Caller
from telemetry import commit, store, subjects
from telemetry.columns import microseconds
from telemetry.dialects.langfuse_scores import Judgement

#: A session that is judged had a trace within this time.
SESSION_WITHIN = timedelta(days=7)


def take(given: Sequence[Judgement], caller: Caller) -> int:
    """Store what is new of them; returns how many that was. Raises StoreUnavailable and BadRows."""
    if not given:
        return 0
    _find_sessions(given, caller.project_id)
    scores = [judgement.score for judgement in given]
    own = [score.environment for score in scores]
    subjects.complete(caller.project_id, scores)
    for score, environment in zip(scores, own, strict=True):
        score.environment = score.environment or environment
    return commit.store_scores(scores)


class _SessionTrace(NamedTuple):
    session_id: str
    trace_id: str


def _find_sessions(given: Sequence[Judgement], project_id: int) -> None:
    """What judges a session is kept with its newest trace, and without one where none is stored."""
    sessions = sorted({judgement.session_id for judgement in given if judgement.session_id})
    if not sessions:
        return
    since = microseconds(datetime.now(UTC) - SESSION_WITHIN)
    rows = store.rows(
        _SessionTrace, "telemetry/session_traces", project_id=project_id, session_ids=sessions, since=since
    )
    newest = dict(rows)
    for judgement in given:
        if judgement.session_id:
            judgement.score.trace_id = newest.get(judgement.session_id, "")

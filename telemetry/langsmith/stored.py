"""Whole runs are stored first, and then it is asked whether a patch waits that came before one of them, which is rare.

Requests that were stored together are answered together, so they ask together too.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass

from core.connections import drop_dead_connections
from telemetry.langsmith import runs
from telemetry.span import Span

#: More ids are too many for one question.
MOST = 5_000


@dataclass(slots=True, eq=False)
class Stored:
    """The runs of one request."""

    project_id: int
    run_ids: list[str]
    answered: bool = False
    error: Exception | None = None


class Asker:
    """Requests are announced from anywhere and ask from one thread; the first of several asks for all."""

    def __init__(self) -> None:
        self._waiting: deque[Stored] = deque()

    def announce(self, project_id: int, spans: Iterable[Span]) -> Stored:
        stored = Stored(project_id, [span.span_id for span in spans])
        self._waiting.append(stored)
        return stored

    def ask(self, stored: Stored) -> None:
        """Returns when what waits for these runs will be laid over their spans. Raises DatabaseError."""
        while not stored.answered:
            self._ask_for_all()
        if stored.error is not None:
            raise stored.error

    def _ask_for_all(self) -> None:
        together: list[Stored] = []
        by_project: defaultdict[int, list[str]] = defaultdict(list)
        while self._waiting and sum(map(len, by_project.values())) < MOST:
            together.append(self._waiting.popleft())
            by_project[together[-1].project_id] += together[-1].run_ids
        error = None
        try:
            drop_dead_connections()
            for project_id, run_ids in by_project.items():
                runs.are_stored(project_id, run_ids)
        except Exception as raised:
            error = raised
        for stored in together:
            stored.answered, stored.error = True, error

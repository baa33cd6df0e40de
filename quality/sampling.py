"""The pipeline step that picks the answers which the offline evaluators look at.

Runs for every span that comes in. The choice follows the trace id alone, so all answers of a trace are in the
sample or none is, the same on every process and for a span that is sent again.
"""

from __future__ import annotations

import logging
import threading
import time

import xxhash
from django.db import DatabaseError

from accounts.models import Project
from core.connections import drop_dead_connections
from telemetry.span import Span

logger = logging.getLogger(__name__)

#: A changed share holds in every process after this many seconds at the latest.
REFRESH_SECONDS = 10.0

_HASHES = 2**64


def threshold(share: float) -> int:
    """Trace ids whose hash lies below this are in a sample of the given share (0–1)."""
    return round(min(1.0, max(0.0, share)) * _HASHES)


def in_sample(trace_id: str, below: int) -> bool:
    return below >= _HASHES or xxhash.xxh3_64_intdigest(trace_id.encode("utf-8", "surrogatepass")) < below


class Shares:
    """Threshold by project, read again from SQL when it is older than ``REFRESH_SECONDS``."""

    def __init__(self) -> None:
        self._thresholds: dict[int, int] = {}
        self._fresh_until = 0.0
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Read the shares again at the next call."""
        with self._lock:
            self._thresholds = {}
            self._fresh_until = 0.0

    def current(self) -> dict[int, int]:
        if time.monotonic() < self._fresh_until:
            return self._thresholds
        with self._lock:
            if time.monotonic() >= self._fresh_until:
                self._read()
                self._fresh_until = time.monotonic() + REFRESH_SECONDS
            return self._thresholds

    def _read(self) -> None:
        drop_dead_connections()
        try:
            shares = Project.objects.values_list("pk", "evaluation_share")
            self._thresholds = {project_id: threshold(share) for project_id, share in shares}
        except DatabaseError:
            # Telemetry goes on while the SQL database is away: a sample is worth less than the spans.
            logger.warning("The evaluation shares could not be read; the last known ones hold.", exc_info=True)


_shares = Shares()
forget = _shares.forget


def mark(spans: list[Span]) -> None:
    """Set ``sampled`` on the answers (kind llm, counted, with output) that are to be evaluated."""
    thresholds = _shares.current()
    for span in spans:
        if span.kind == "llm" and span.counted and span.output:
            below = thresholds.get(span.project_id, 0)
            if below and in_sample(span.trace_id, below):
                span.sampled = True

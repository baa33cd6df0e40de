"""Periodic work: what runs, how often, and the runner that keeps it going."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

from core.connections import drop_dead_connections

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` does a bounded amount of work, may be killed at any moment, and is called again after ``every``."""

    name: str
    every: timedelta
    run: Callable[[], None]


class Runner:
    """Runs each job again and again, every one after its own pause and never twice at once.

    ``may_run(job)`` is asked before each run; with several workers it takes a lease.
    """

    def __init__(
        self, jobs: Iterable[Job], *, may_run: Callable[[Job], bool] = lambda job: True, threads: int = 4
    ) -> None:
        self.jobs = tuple(jobs)
        self.may_run = may_run
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="job")
        self._clock = threading.Thread(target=self._tick, name="jobs", daemon=True)

    def start(self) -> None:
        self._clock.start()

    def stop(self) -> None:
        """Ask for no more runs and wait for those under way."""
        self._stop.set()
        if self._clock.is_alive():
            self._clock.join()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _tick(self) -> None:
        waits = {job.name: 0.0 for job in self.jobs}
        running: dict[str, object] = {}
        step = 0.25
        while not self._stop.wait(step):
            for job in self.jobs:
                waits[job.name] -= step
                future = running.get(job.name)
                if waits[job.name] > 0 or (future is not None and not future.done()):
                    continue
                waits[job.name] = job.every.total_seconds()
                running[job.name] = self._pool.submit(self._run, job)

    def _run(self, job: Job) -> None:
        try:
            drop_dead_connections()
            if self.may_run(job):
                job.run()
        except Exception:
            logger.exception("The job %s failed; it is tried again in %s.", job.name, job.every)

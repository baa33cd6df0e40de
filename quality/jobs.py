"""Periodic work of quality."""

from __future__ import annotations

from datetime import timedelta

from core.jobs import Job
from quality import snapshots
from quality.run import Evaluation

_evaluation = Evaluation()


def evaluate() -> None:
    _evaluation.run()


def look_for_missed() -> None:
    _evaluation.look_for_missed()


def update_snapshots() -> None:
    snapshots.update()


JOBS: tuple[Job, ...] = (
    Job("quality.evaluate", timedelta(seconds=2), evaluate),
    Job("quality.look_for_missed", timedelta(minutes=1), look_for_missed),
    Job("quality.update_snapshots", timedelta(minutes=1), update_snapshots),
)

"""Periodic work of alerts."""

from __future__ import annotations

import time
from datetime import timedelta

from alerts.evaluate import Evaluator, close_orphans
from alerts.lookback import DemoHistorian
from core.jobs import Job

#: A run checks rules for at most this long, so that a thousand due rules do not hold its thread.
SECONDS_A_RUN = 1.5

_evaluator = Evaluator()
_historian = DemoHistorian()


def check_due_rules() -> None:
    until = time.monotonic() + SECONDS_A_RUN
    while _evaluator.step() and time.monotonic() < until:
        pass


def end_orphans() -> None:
    close_orphans()


def look_back_on_the_demo() -> None:
    _historian.step()


JOBS = (
    Job("alerts.check_due_rules", timedelta(seconds=2), check_due_rules),
    Job("alerts.end_orphans", timedelta(seconds=10), end_orphans),
    Job("alerts.look_back_on_the_demo", timedelta(seconds=10), look_back_on_the_demo),
)

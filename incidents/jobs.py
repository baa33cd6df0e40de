"""Periodic work: alerts become incidents, missed deadlines are told."""

from __future__ import annotations

from datetime import timedelta

from core.jobs import Job
from incidents import deadlines, respond


def _respond() -> None:
    respond.respond_to_alerts()
    respond.tell_resolved()


def _sweep() -> None:
    deadlines.sweep()
    respond.keep_evidence()


JOBS: tuple[Job, ...] = (
    Job("incidents.respond", timedelta(seconds=2), _respond),
    Job("incidents.sweep", timedelta(seconds=5), _sweep),
)

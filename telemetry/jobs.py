"""Periodic work of the telemetry side."""

from __future__ import annotations

from datetime import timedelta

from core.jobs import Job
from core.pace import Paced
from telemetry import amend, metric_rollups, observations, runs
from telemetry.live import audit, rebuild

JOBS: tuple[Job, ...] = (
    # While many old minutes keep being written to, copying them again and again must not take the time of receiving.
    Job("live-repair", timedelta(seconds=2), Paced(rebuild.repair_all, share=0.1)),
    Job("unfinished-runs", timedelta(minutes=1), runs.store_unfinished),
    Job("join-log-records", timedelta(seconds=5), amend.sweep),
    Job("late-scores", timedelta(minutes=10), amend.store_late_scores),
    Job("metric-rollups", timedelta(seconds=20), metric_rollups.roll_up),
    # Replacing spans costs the more the more is stored, and must not take the time of receiving either.
    Job("langfuse-pieces", timedelta(seconds=2), Paced(observations.tend, share=0.2)),
    Job("live-audit", timedelta(minutes=2), audit.audit_all),
)

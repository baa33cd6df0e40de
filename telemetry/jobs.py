"""Periodic work of the telemetry side."""

from __future__ import annotations

from datetime import timedelta

from core.jobs import Job
from core.pace import Paced
from telemetry.langfuse import observations
from telemetry.langsmith import corrections, feedback, runs
from telemetry.live import audit, rebuild
from telemetry.logs import amend
from telemetry.metrics import rollups as metric_rollups

JOBS: tuple[Job, ...] = (
    # While many old minutes keep being written to, copying them again and again must not take the time of receiving.
    Job("live-repair", timedelta(seconds=2), Paced(rebuild.repair_all, share=0.1)),
    Job("unfinished-runs", timedelta(minutes=1), runs.store_unfinished),
    Job("join-log-records", timedelta(seconds=5), amend.sweep),
    Job("late-scores", timedelta(minutes=10), amend.store_late_scores),
    Job("metric-rollups", timedelta(seconds=20), metric_rollups.roll_up),
    Job("langsmith-feedback", timedelta(minutes=1), feedback.apply_waiting),
    Job("langfuse-due", timedelta(seconds=2), observations.store_due),
    # Replacing spans must not take the time of receiving either.
    Job("langfuse-corrections", timedelta(seconds=2), Paced(observations.correct_due, share=0.3)),
    Job("langsmith-corrections", timedelta(seconds=2), Paced(corrections.correct_due, share=0.3)),
    Job("live-audit", timedelta(minutes=2), audit.audit_all),
)

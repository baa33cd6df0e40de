"""Periodic work of the telemetry side."""

from __future__ import annotations

from datetime import timedelta

from core.jobs import Job
from telemetry import runs
from telemetry.live import audit, rebuild

JOBS: tuple[Job, ...] = (
    Job("live-repair", timedelta(seconds=2), rebuild.repair_all),
    Job("unfinished-runs", timedelta(minutes=1), runs.store_unfinished),
    Job("live-audit", timedelta(minutes=2), audit.audit_all),
)

"""Periodic work of this app: none. Budgets are read from the roll-up of spend whenever somebody asks."""

from __future__ import annotations

from core.jobs import Job

JOBS: tuple[Job, ...] = ()

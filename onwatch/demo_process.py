"""Starts the demo application: a client like any other, in a process of its own, sending through the OTLP endpoint."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

from django.conf import settings
from django.db import connection

from accounts.models import Project
from onwatch import first_start
from telemetry import store

#: How much past the demo sends to an empty project: enough for "against the same time yesterday".
PAST_HOURS = 48.0


class Behind(NamedTuple):
    hours: float


def _hours_to_fill() -> float:
    """What is missing up to now; gaps shorter than a quarter of an hour are left."""
    project = Project.objects.get(slug=first_start.DEMO_PROJECT)
    (behind,) = store.rows(Behind, "onwatch/hours_behind", project_id=project.pk)
    return 0.0 if behind.hours < 0.25 else round(min(behind.hours, PAST_HOURS), 2)


def start() -> subprocess.Popen[bytes]:
    """Launch it. It fills the past that is missing, then sends live until its input closes."""
    try:
        key, hours = first_start.demo_key(), _hours_to_fill()
    finally:
        connection.close()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ONWATCH_", "DJANGO_"))
    } | {"ONWATCH_KEY": key}
    host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
    return subprocess.Popen(
        [sys.executable, "-m", "demo", "--endpoint", f"http://{host}:{settings.PORT}", "--hours", str(hours)],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def stop(child: subprocess.Popen[bytes]) -> None:
    """Close its input, which is its sign to end; kill it when it does not."""
    if child.stdin:
        child.stdin.close()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()

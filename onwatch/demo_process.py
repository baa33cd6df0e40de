"""Starts the demo application: a client like any other, in a process of its own, sending through the OTLP endpoint."""

from __future__ import annotations

import os
import subprocess
import sys

from django.conf import settings
from django.db import connection

from onwatch import first_start


def start() -> subprocess.Popen[bytes]:
    """Launch it. It fills two days behind it if the project is empty, then sends live until its input closes."""
    try:
        key = first_start.demo_key()
    finally:
        connection.close()
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "ONWATCH_", "DJANGO_"))
    } | {"ONWATCH_KEY": key}
    host = f"[{settings.HOST}]" if ":" in settings.HOST else settings.HOST
    return subprocess.Popen(
        [sys.executable, "-m", "demo", "--endpoint", f"http://{host}:{settings.PORT}"],
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

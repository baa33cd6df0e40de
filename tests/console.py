"""The whole product, started as an operator starts it, for tests that come from outside."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "only-for-these-tests-1"


@dataclass(frozen=True)
class Running:
    """Where a started console listens, and what it has said."""

    url: str
    otlp_http: str
    #: Without a scheme, as gRPC names it.
    otlp_grpc: str
    log: Path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(folder: Path, **more: str) -> Iterator[Running]:
    """A fresh installation without the demo, with ``more`` in its environment."""
    port, grpc, otlp = free_port(), free_port(), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ONWATCH_")} | {
        "PORT": str(port),
        "ONWATCH_OTLP_PORTS": f"{grpc},{otlp}",
        "ONWATCH_DATA": str(folder / "data"),
        "ONWATCH_DEMO": "0",
        "ONWATCH_ADMIN_PASSWORD": PASSWORD,
        "DATABASE_URL": "",
        **more,
    }
    console = Running(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{otlp}", f"127.0.0.1:{grpc}", folder / "log")
    with console.log.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _await_ready(console, server)
        yield console
    finally:
        _stop(server)


def _await_ready(console: Running, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            urllib.request.urlopen(f"{console.url}/readyz", timeout=2)
            return
        except (urllib.error.URLError, OSError):
            if server.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the console did not start:\n{console.log.read_text()}")
            time.sleep(0.2)


def _stop(server: subprocess.Popen) -> None:
    server.send_signal(signal.SIGINT)
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        os.killpg(server.pid, signal.SIGKILL)
        pytest.fail("the console did not stop")
    if server.returncode:
        pytest.fail(f"the console ended with status {server.returncode}")

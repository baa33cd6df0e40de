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


class Process:
    """One installation in a folder. ``start`` may be called again after ``kill``, on the same data and ports."""

    def __init__(self, folder: Path, **more: str) -> None:
        port, grpc, otlp = free_port(), free_port(), free_port()
        self.data = folder / "data"
        self.console = Running(
            f"http://127.0.0.1:{port}", f"http://127.0.0.1:{otlp}", f"127.0.0.1:{grpc}", folder / "log"
        )
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("ONWATCH_")} | {
            "PORT": str(port),
            "ONWATCH_OTLP_PORTS": f"{grpc},{otlp}",
            "ONWATCH_DATA": str(self.data),
            "ONWATCH_DEMO": "0",
            "ONWATCH_ADMIN_PASSWORD": PASSWORD,
            "DATABASE_URL": "",
            **more,
        }
        self._server: subprocess.Popen[bytes] | None = None

    def start(self) -> Running:
        """Returns when every store answers."""
        with self.console.log.open("ab") as log:
            self._server = subprocess.Popen(
                [sys.executable, "manage.py", "up"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        deadline = time.monotonic() + 120
        while True:
            try:
                urllib.request.urlopen(f"{self.console.url}/readyz", timeout=2)
                return self.console
            except (urllib.error.URLError, OSError):
                if self._server.poll() is not None or time.monotonic() > deadline:
                    pytest.fail(f"the console did not start:\n{self.console.log.read_text()}")
                time.sleep(0.2)

    def kill(self) -> None:
        """As a machine that loses power would: the process and its children, at once."""
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()

    def stop(self) -> None:
        """As Ctrl-C does."""
        self._server.send_signal(signal.SIGINT)
        try:
            self._server.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            pytest.fail("the console did not stop")
        if self._server.returncode:
            pytest.fail(f"the console ended with status {self._server.returncode}")


@contextmanager
def running(folder: Path, **more: str) -> Iterator[Running]:
    """A fresh installation without the demo, with ``more`` in its environment."""
    process = Process(folder, **more)
    try:
        yield process.start()
    finally:
        process.stop()

"""The product under measurement: started from nothing in a folder of its own, as an operator starts it."""

from __future__ import annotations

import contextlib
import http.cookiejar
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from bench import sender
from bench.sender import OTLP, Receiver, Sent

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "only-for-this-benchmark"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def percentile(values: Iterable[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


class Console:
    """Use as a context manager. ``start`` may be called again after ``kill`` on the same data."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="onwatch-bench-"))
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.browser = urllib.request.build_opener(jar)

    def __enter__(self) -> Console:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> float:
        """Start and wait for /readyz; returns the seconds that it took."""
        began = time.perf_counter()
        environment = os.environ | {
            "PORT": str(self.port),
            "ONWATCH_OTLP_PORTS": "",
            "ONWATCH_DATA": str(self.folder / "data"),
            "ONWATCH_DEMO": "0",
            "ONWATCH_ADMIN_PASSWORD": PASSWORD,
        }
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"], cwd=ROOT, env=environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=(self.folder / "log").open("ab"),
        )  # fmt: skip
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=2)
                return time.perf_counter() - began
            except OSError:
                if self.process.poll() is not None or time.perf_counter() - began > 120:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def sign_in(self) -> None:
        page = self.browser.open(f"{self.url}/accounts/login/").read().decode()
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[1]
        form = {"csrfmiddlewaretoken": token, "login": "admin", "password": PASSWORD}
        self.browser.open(f"{self.url}/accounts/login/", urllib.parse.urlencode(form).encode())

    def get_ms(self, path: str) -> float:
        """Milliseconds until the whole answer of a page is there."""
        began = time.perf_counter()
        self.browser.open(f"{self.url}{path}", timeout=60).read()
        return (time.perf_counter() - began) * 1000

    def load(self, bodies: Iterable[bytes], *, spans_per_request: int, connections: int, to: Receiver = OTLP) -> Sent:
        """Send every body once; only what is answered as stored counts."""
        return sender.send(self.port, bodies, spans_per_request=spans_per_request, connections=connections, to=to)

    def settle(self, *, most: float = 180.0) -> float:
        """Wait until merges, roll-ups and live figures have caught up with a load; returns the seconds that it took.

        That is when for five seconds in a row the process is nearly idle and no live minute waits to be copied.
        """
        began, quiet = time.perf_counter(), 0
        while quiet < 5 and time.perf_counter() - began < most:
            before = self.cpu_seconds()
            time.sleep(1)
            is_busy = self.cpu_seconds() - before > 0.15 or self._minutes_to_copy()
            quiet = 0 if is_busy else quiet + 1
        return time.perf_counter() - began

    def _minutes_to_copy(self) -> int:
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=10) as answer:
            found = re.search(rb"^onwatch_live_minutes_to_copy (\d+)", answer.read(), re.MULTILINE)
        return int(found[1]) if found else 0

    def memory_mb(self) -> float:
        """Resident memory of the process and its children; pages that they share are counted once (PSS)."""
        pids = [self.process.pid, *_children(self.process.pid)]
        total = 0
        for pid in pids:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])
        return total / 1024

    def disk_bytes(self) -> int:
        """Of the telemetry's folder, while merges make and remove files in it."""
        total = 0
        for folder, _, names in os.walk(self.folder / "data" / "telemetry"):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    total += Path(folder, name).stat().st_size
        return total

    def cpu_seconds(self) -> float:
        """User and system time of the process itself."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    try:
        direct = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return direct + [grandchild for child in direct for grandchild in _children(child)]

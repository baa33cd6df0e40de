"""A process killed in the middle of a load loses nothing that it answered 200 to, and doubles nothing."""

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from tests.telemetry.ingest.exports import export_request
from tests.telemetry.ingest.ports import free_port

ROOT = Path(__file__).resolve().parents[3]
SPANS = 24
SENDERS = 6
HEADERS = {"content-type": "application/x-protobuf"}


class Server:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.environment = os.environ | {
            "ONWATCH_DATA": str(folder),
            "DATABASE_URL": f"sqlite:///{folder / 'sql'}",
            "DJANGO_SETTINGS_MODULE": "onwatch.settings",
            "ONWATCH_DEMO": "0",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def _run(self, what: str, **more) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.telemetry.ingest.server", what]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment, **more)

    def start(self) -> None:
        self.process = self._run(str(self.port))
        for _ in range(1200):
            assert self.process.poll() is None
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/v1/traces")
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError("The server did not start.")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def look(self) -> dict:
        looking = self._run("look", stdout=subprocess.PIPE)
        out, _ = looking.communicate(timeout=120)
        return json.loads(out)


@pytest.fixture
def server(tmp_path):
    server = Server(tmp_path)
    yield server
    server.kill()


def test_what_was_answered_is_there_once(server):
    server.start()
    numbers = itertools.count()
    sent: dict[int, bytes] = {}
    answered: set[int] = set()
    stop = threading.Event()

    def send() -> None:
        with httpx.Client(timeout=30) as client:
            while not stop.is_set():
                number = next(numbers)
                sent[number] = export_request(range(number * SPANS, (number + 1) * SPANS))
                try:
                    answer = client.post(
                        f"http://127.0.0.1:{server.port}/v1/traces", content=sent[number], headers=HEADERS
                    )
                except httpx.TransportError:
                    return
                if answer.status_code == 200:
                    answered.add(number)

    senders = [threading.Thread(target=send) for _ in range(SENDERS)]
    for sender in senders:
        sender.start()
    deadline = time.monotonic() + 30
    while len(answered) < 60 and time.monotonic() < deadline:
        time.sleep(0.01)
    server.kill()
    stop.set()
    for sender in senders:
        sender.join()
    assert len(answered) >= 60
    assert len(sent) > len(answered)

    server.start()
    with httpx.Client(timeout=30) as client:
        # As exporters do: again what was not answered, and here some of what was.
        for number in sorted(set(sent) - answered) + sorted(answered)[-10:]:
            client.post(f"http://127.0.0.1:{server.port}/v1/traces", content=sent[number], headers=HEADERS)
    server.kill()

    found = server.look()
    assert {count for _, count in found["spans"]} == {1}
    expected = {f"{at + 1:016x}" for number in sent for at in range(number * SPANS, (number + 1) * SPANS)}
    assert {span_id for span_id, _ in found["spans"]} == expected
    assert found["minutes"] == found["hours"] == found["calls"] == len(expected)

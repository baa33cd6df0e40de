"""A console is started and stopped as an operator does it."""

import itertools
import os
import subprocess
import sys
import threading

import httpx

from tests.console import ROOT, free_port, running
from tests.telemetry.ingest.exports import export_request

HEADERS = {"content-type": "application/x-protobuf"}


def test_a_second_start_is_told_which_port_is_taken_and_leaves_the_first_alone(tmp_path):
    with running(tmp_path) as console:
        port, grpc = (address.rpartition(":")[2] for address in (console.url, console.otlp_grpc))
        for setting, ports in {
            "PORT": {"PORT": port, "ONWATCH_OTLP_PORTS": ""},
            "ONWATCH_OTLP_PORTS": {"PORT": str(free_port()), "ONWATCH_OTLP_PORTS": f"{grpc},{free_port()}"},
        }.items():
            environment = os.environ | {"ONWATCH_DATA": str(tmp_path / "data")} | ports
            command = [sys.executable, "manage.py", "up"]
            ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
            assert ended.returncode == 1
            assert ended.stderr.startswith("CommandError: Cannot listen on 127.0.0.1:")
            assert ended.stderr.endswith(f"Set {setting}.\n") and not ended.stdout
            assert httpx.get(f"{console.url}/readyz").status_code == 200
        assert "Redis" not in console.log.read_text()


def test_it_stops_in_order_while_telemetry_arrives(tmp_path):
    """``running`` fails the test when the process does not end by itself with status 0."""
    numbers, answered = itertools.count(), threading.Semaphore(0)

    def send(url: str) -> None:
        with httpx.Client(timeout=30) as client:
            while True:
                body = export_request(range(48 * (number := next(numbers)), 48 * number + 48))
                try:
                    answer = client.post(f"{url}/v1/traces", content=body, headers=HEADERS)
                except httpx.TransportError:
                    return
                assert answer.status_code in (200, 503)
                answered.release()

    with running(tmp_path) as console:
        senders = [threading.Thread(target=send, args=[console.url]) for _ in range(8)]
        for sender in senders:
            sender.start()
        for _ in range(60):
            assert answered.acquire(timeout=30)
    for sender in senders:
        sender.join(30)

    assert "Traceback" not in console.log.read_text()

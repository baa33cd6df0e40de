"""A console is started and stopped as an operator does it."""

import itertools
import threading

import httpx

from tests.console import running
from tests.telemetry.ingest.exports import export_request

HEADERS = {"content-type": "application/x-protobuf"}


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

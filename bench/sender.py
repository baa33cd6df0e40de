"""Sends prebuilt export requests and costs next to nothing itself, so that what is measured is the receiver."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple


class Sent(NamedTuple):
    """What became of a load: spans answered 200 or 202, seconds, milliseconds of each request."""

    spans: int
    seconds: float
    latencies: list[float]


class Receiver(NamedTuple):
    """Where bodies go, and what they are."""

    path: str = "/v1/traces"
    media_type: str = "application/x-protobuf"
    encoding: str = "identity"


OTLP = Receiver()


class _Connection:
    """One blocking socket that speaks just enough HTTP/1.1 for OTLP."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def post(self, body: bytes, to: Receiver) -> tuple[int, float]:
        """Status of the answer, and the seconds to wait before the next try where it asks for that."""
        head = (
            f"POST {to.path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"Content-Type: {to.media_type}\r\nContent-Encoding: {to.encoding}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + body)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._read()
        head_bytes, _, rest = answer.partition(b"\r\n\r\n")
        status_line, *lines = head_bytes.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        missing = int(headers.get("content-length", "0")) - len(rest)
        while missing > 0:
            missing -= len(self._read())
        return int(status_line.split()[1]), float(headers.get("retry-after", "1"))

    def _read(self) -> bytes:
        part = self._socket.recv(65536)
        if not part:
            raise ConnectionError("the console closed a connection")
        return part


def send(port: int, bodies: Iterable[bytes], *, spans_per_request: int, connections: int, to: Receiver = OTLP) -> Sent:
    """Send every body once; what is answered 503 is sent again after the pause that the answer names."""
    waiting: Iterator[bytes] = iter(bodies)
    taking = threading.Lock()
    latencies: list[float] = []
    stored = itertools.count()

    def work() -> None:
        connection = _Connection(port)
        while True:
            with taking:
                body = next(waiting, None)
            if body is None:
                return
            began = time.perf_counter()
            while (answer := connection.post(body, to))[0] == 503:
                time.sleep(answer[1])
            latencies.append((time.perf_counter() - began) * 1000)
            if answer[0] in (200, 202):
                next(stored)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - began
    return Sent(next(stored) * spans_per_request, seconds, latencies)

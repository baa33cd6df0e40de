"""A door in front of the console that is busy twice: before it lets a request in, and when the answer comes out."""

from __future__ import annotations

import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

#: As short as the console's own.
RETRY_AFTER_SECONDS = 1
PATIENCE = 30.0


@dataclass
class BusyDoor:
    console: str
    url: str = ""
    #: When each request came.
    came: list[float] = field(default_factory=list)
    #: Set when a request was let in and its answer out.
    passed: threading.Event = field(default_factory=threading.Event)

    @property
    def pauses(self) -> list[float]:
        return [after - before for before, after in zip(self.came, self.came[1:], strict=False)]

    def wait(self) -> None:
        if not self.passed.wait(PATIENCE):
            pytest.fail(f"nobody came back after {len(self.came)} requests")


@contextmanager
def busy_door(console: str) -> Iterator[BusyDoor]:
    door = BusyDoor(console)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            door.came.append(time.monotonic())
            nth = len(door.came)
            if nth == 1:
                self._answer(503, b"", {"Retry-After": str(RETRY_AFTER_SECONDS)})
                return
            kept = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            request = urllib.request.Request(door.console + self.path, body, kept)
            with urllib.request.urlopen(request, timeout=20) as answer:
                said = answer.read()
            if nth == 2:
                self._answer(503, b"", {"Retry-After": str(RETRY_AFTER_SECONDS)})
                return
            self._answer(answer.status, said, {"Content-Type": answer.headers["Content-Type"]})
            door.passed.set()

        def _answer(self, status: int, said: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    door.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

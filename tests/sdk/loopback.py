"""A console of a few lines: it keeps what it is sent, and answers as it is told."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    #: Set by the test to let the answer go.
    after: threading.Event | None = None


class Loopback:
    def __init__(self) -> None:
        self.url = ""
        self.asked: list[Asked] = []
        #: Given in order; when there is none left, plain success.
        self.answers: list[Answer] = []
        self.default = Answer()
        self._changed = threading.Condition()

    def take(self, asked: Asked) -> Answer:
        with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()
            return self.answers.pop(0) if self.answers else self.default

    def wait_for(self, number: int, seconds: float = 10) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.asked) >= number, seconds), f"{len(self.asked)} requests"

    def span_names(self) -> list[str]:
        return [
            span.name
            for asked in self.asked
            if asked.path == "/v1/traces"
            for resource in ExportTraceServiceRequest.FromString(asked.body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def scores(self) -> list[dict[str, Any]]:
        return [item for asked in self.asked if asked.path == "/api/v1/scores" for item in json.loads(asked.body)]


@contextmanager
def listening() -> Iterator[Loopback]:
    console = Loopback()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            answer = console.take(Asked(self.path, dict(self.headers), body))
            if answer.after is not None:
                answer.after.wait(10)
            try:
                self.send_response(answer.status)
                for name, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                """The SDK did not wait for it."""

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            """Nothing to tell."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    console.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield console
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)

"""HTTP: which path is answered by which module. Bodies in, bodies out; the answers know nothing of sockets."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.clients.model_server import chat, embeddings, messages, responses
from tests.clients.model_server.refusals import refusal

#: Path behind ``/v1`` -> the answer to a request; a streamed answer is an iterator of server-sent events.
ROUTES: dict[str, Callable[[dict[str, Any]], dict[str, Any] | Iterator[str]]] = {
    "/chat/completions": chat.answer,
    "/embeddings": embeddings.answer,
    "/messages": messages.answer,
    "/responses": responses.answer,
}
#: Before each streamed event, so that the first token is seen to come before the last.
PAUSE = 0.01


@dataclass(frozen=True)
class ModelServer:
    #: With ``/v1``, as ``OPENAI_BASE_URL`` wants it.
    url: str

    @property
    def environ(self) -> dict[str, str]:
        """What makes a client of OpenAI or Anthropic call it."""
        return {
            "OPENAI_BASE_URL": self.url,
            "OPENAI_API_BASE": self.url,
            "OPENAI_API_KEY": "sk-not-a-key",
            "ANTHROPIC_BASE_URL": self.url.removesuffix("/v1"),
            "ANTHROPIC_API_KEY": "sk-ant-not-a-key",
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        refused = refusal(body)
        answer = ROUTES.get(self.path.partition("?")[0].removeprefix("/v1"))
        if refused:
            self._send(refused.status, refused.body, refused.headers)
        elif answer is None:
            self._send(404, {"error": {"message": f"no such path: {self.path}", "type": "not_found", "code": None}})
        else:
            self._answer(answer(body))

    def _answer(self, said: dict[str, Any] | Iterator[str]) -> None:
        if isinstance(said, dict):
            self._send(200, said)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        for event in said:
            time.sleep(PAUSE)
            self.wfile.write(event.encode())
            self.wfile.flush()
        self.close_connection = True

    def _send(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """What is asked here is no news."""


@contextmanager
def serving() -> Iterator[ModelServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield ModelServer(f"http://127.0.0.1:{server.server_port}/v1")
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)

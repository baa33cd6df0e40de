"""What ASGI gives and takes, in the small form that ingest needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async

from accounts import keys
from accounts.keys import Caller
from telemetry.receive.body import Receive

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Request:
    """One HTTP request; the body is still in the stream. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: bytes
    receive: Receive

    @classmethod
    def of(cls, scope: dict[str, Any], receive: Receive) -> Request:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return cls(scope["method"], scope["path"], headers, scope["query_string"], receive)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def caller(self, scope: str = "ingest") -> Caller:
        """Whose key this is; asks SQL in a thread when it was not asked lately. Raises KeyRefused."""
        known = keys.cached_caller(self.headers, scope=scope)
        return known or await sync_to_async(keys.identify, thread_sensitive=False)(self.headers, scope=scope)


@dataclass(slots=True)
class Reply:
    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, send: Send) -> None:
        headers = [(b"content-type", self.media_type.encode()), (b"content-length", b"%d" % len(self.body))]
        headers += [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

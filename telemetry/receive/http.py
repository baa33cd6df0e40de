"""What ASGI gives and takes, in the small form that ingest needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async

from accounts import keys
from accounts.keys import Caller, KeyRefused
from telemetry.receive.body import Receive
from telemetry.senders.tally import Sender

Send = Callable[[dict[str, Any]], Awaitable[None]]


@dataclass(slots=True)
class Request:
    """One HTTP request; the body is still in the stream. Header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    query: bytes
    receive: Receive
    #: Who it was found to be by ``caller``, also one whose key was refused.
    sender: Sender | None = None

    @classmethod
    def of(cls, scope: dict[str, Any], receive: Receive) -> Request:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return cls(scope["method"], scope["path"], headers, scope["query_string"], receive)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    async def caller(self, scope: str = "ingest") -> Caller:
        """Whose key this is; asks SQL in a thread when it was not asked lately. Raises KeyRefused."""
        try:
            caller = keys.cached_caller(self.headers, scope=scope)
            caller = caller or await sync_to_async(keys.identify, thread_sensitive=False)(self.headers, scope=scope)
            if not caller.key_id:
                keys.refuse_foreign_page(self.headers, caller)
        except KeyRefused as error:
            self.sender = Sender.refused(error, self.headers)
            raise
        self.sender = Sender.of(caller)
        return caller


@dataclass(slots=True)
class Reply:
    status: int
    body: bytes = b""
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    #: How many spans, points, records, runs or scores were taken.
    items: int = 0
    #: How many were left out as copies of what comes by itself.
    copies: int = 0
    #: Why others were not, one message each.
    refused: Sequence[str] = ()
    #: Why the request as a whole was refused.
    why: str = ""

    async def send(self, send: Send) -> None:
        headers = [(b"content-type", self.media_type.encode()), (b"content-length", b"%d" % len(self.body))]
        headers += [(name.encode(), value.encode()) for name, value in self.headers.items()]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

"""The console's HTTP doors. Uses the standard library alone, follows no redirects and opens no other scheme."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import urllib.error
import urllib.request
from email.message import Message
from typing import Any

from onwatch_sdk.outbox import Patience
from onwatch_sdk.version import VERSION

DEFAULT_ENDPOINT = "http://localhost:8000"
#: Of the doors behind the address.
PATHS = ("/v1/traces", "/api/v1")
TIMEOUT_SECONDS = 10.0
#: Pauses between tries; the console's own ``Retry-After`` comes first.
PAUSES_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)
LONGEST_PAUSE_SECONDS = 30.0
#: "Try again": too fast, or a store or proxy is away.
TRY_AGAIN = frozenset({408, 429, 502, 503, 504})
#: Answers are short; more than this is not read.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
SMALLEST_COMPRESSED = 1024


class Refused(Exception):
    """The console answered, and not with success."""

    def __init__(self, status: int, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"The console answered {status}: {detail}")
        self.status = status
        self.retry_after = retry_after


class Unreachable(Exception):
    """Nobody answered, or not in HTTP."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the key to wherever it points, and its success would be no storing."""

    def redirect_request(self, *_: object) -> None:
        return None


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _NoRedirect(),
    ):
        opener.add_handler(handler)
    return opener


class Console:
    """Where things are sent: an address without a path, and a key."""

    def __init__(self, endpoint: str | None = None, key: str | None = None) -> None:
        base = str(endpoint or os.environ.get("ONWATCH_ENDPOINT") or DEFAULT_ENDPOINT).strip().rstrip("/")
        # What other clients want as their address is understood as well.
        for path in PATHS:
            base = base.removesuffix(path)
        self.base = base.rstrip("/")
        self.key = str(key if key is not None else os.environ.get("ONWATCH_KEY", "")).strip()
        self._opener = _opener()

    def ask(
        self,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str = "application/json",
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> bytes:
        """One request, once: ``GET``, or ``POST`` where there is a body.

        Raises Refused for every answer that is no success, and Unreachable. ``timeout_seconds`` bounds each step of
        the exchange, not their sum.
        """
        headers = {"Content-Type": content_type, "User-Agent": f"onwatch-sdk/{VERSION}"}
        if self.key:
            headers["x-api-key"] = self.key
        if body is not None and len(body) >= SMALLEST_COMPRESSED:
            body = gzip.compress(body, compresslevel=1)
            headers["Content-Encoding"] = "gzip"
        try:
            request = urllib.request.Request(self.base + path, data=body, headers=headers)
            with self._opener.open(request, timeout=timeout_seconds) as response:
                answer: bytes = response.read(MAX_ANSWER_BYTES)
                return answer
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, _detail(error), _retry_after(error.headers)) from None
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self.base} does not answer: {error}") from None
        except ValueError as error:
            # Its text may hold the key.
            raise Unreachable(f"Address or key cannot be used ({type(error).__name__}).") from None

    def deliver(self, path: str, body: bytes, *, content_type: str, patience: Patience) -> bytes:
        """``ask``, again and again while the console is away or asks for time, at most six times.

        Raises what the last try raised.
        """
        for pause in (*PAUSES_SECONDS, None):
            try:
                return self.ask(path, body, content_type=content_type)
            except Refused as refusal:
                if refusal.status not in TRY_AGAIN or pause is None:
                    raise
                if not patience(min(refusal.retry_after or pause, LONGEST_PAUSE_SECONDS)):
                    raise
            except Unreachable:
                if pause is None or not patience(pause):
                    raise
        raise AssertionError("the last try returns or raises")


def _detail(error: urllib.error.HTTPError) -> str:
    try:
        text = error.read(2000).decode(errors="replace")
    except (OSError, http.client.HTTPException):
        return error.reason or ""
    return "".join(character if character.isprintable() else " " for character in text[:300]) or str(error.reason)


def _retry_after(headers: Message | None) -> float | None:
    """The header in seconds; ``None`` when it is absent or a date."""
    try:
        seconds = float(headers.get("Retry-After", "") if headers else "")
    except ValueError:
        return None
    return seconds if 0 <= seconds < 3600 else None


def parsed(answer: bytes) -> Any:
    """The JSON of an answer; ``None`` when it is none."""
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return None

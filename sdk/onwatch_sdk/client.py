"""What goes by REST: scores and feedback in the background, budget checks at once."""

from __future__ import annotations

import json
import logging
import os
import queue
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from opentelemetry import trace

from onwatch_sdk import stats
from onwatch_sdk.guard import harmless

logger = logging.getLogger("onwatch_sdk")

QUEUE_SIZE = 2048
TIMEOUT_SECONDS = 5.0
TRIES = 4

_base = os.environ.get("ONWATCH_ENDPOINT", "http://localhost:8000").rstrip("/")
_key = os.environ.get("ONWATCH_KEY", "")
_queue: queue.Queue[dict[str, Any]] = queue.Queue(QUEUE_SIZE)
_sender: threading.Thread | None = None
_lock = threading.Lock()


def configure(base: str, key: str) -> None:
    global _base, _key
    _base, _key = base, key


def _request(method: str, path: str, body: object = None, *, timeout: float = TIMEOUT_SECONDS) -> Any:  # noqa: ANN401
    headers = {"Content-Type": "application/json", "User-Agent": "onwatch-sdk/0.1.0"}
    if _key:
        headers["x-api-key"] = _key
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{_base}/api/v1{path}", data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=timeout) as response:
        return json.loads(response.read() or b"null")


def _send(items: list[dict[str, Any]]) -> None:
    """Deliver, trying again while the console asks for patience; what it refuses for good is counted as failed."""
    for attempt in range(TRIES):
        try:
            _request("POST", "/scores", items)
        except urllib.error.HTTPError as error:
            if error.code not in (429, 502, 503, 504):
                logger.warning("Scores were refused: %s %s", error.code, error.read()[:300].decode(errors="replace"))
                break
        except (OSError, ValueError):
            pass
        else:
            stats.count("scores_sent", len(items))
            return
        time.sleep(min(0.5 * 2**attempt, 4))
    stats.count("scores_failed", len(items))


def _work() -> None:
    while True:
        items = [_queue.get()]
        while len(items) < 100:
            try:
                items.append(_queue.get_nowait())
            except queue.Empty:
                break
        _send(items)
        for _ in items:
            _queue.task_done()


def _enqueue(item: dict[str, Any]) -> None:
    global _sender
    with _lock:
        if _sender is None or not _sender.is_alive():
            _sender = threading.Thread(target=_work, name="onwatch-scores", daemon=True)
            _sender.start()
    try:
        _queue.put_nowait(item)
    except queue.Full:
        stats.count("scores_dropped")


def flush(timeout_seconds: float) -> bool:
    """Wait until queued scores have been handled, or the time is over (False)."""
    deadline = time.monotonic() + timeout_seconds
    while _queue.unfinished_tasks and time.monotonic() < deadline:
        time.sleep(0.01)
    return not _queue.unfinished_tasks


@harmless
def score(
    value: float | bool,
    name: str = "overall",
    *,
    trace_id: str = "",
    span_id: str = "",
    label: str = "",
    comment: str = "",
    source: str = "client",
) -> None:
    """Judge a trace (the running one by default). Sent in the background."""
    here = trace.get_current_span().get_span_context()
    if not trace_id and here.is_valid:
        trace_id, span_id = trace.format_trace_id(here.trace_id), span_id or trace.format_span_id(here.span_id)
    item = {"name": name, "value": value, "trace_id": trace_id, "span_id": span_id, "source": source}
    _enqueue({**item, **{key: text for key, text in (("label", label), ("comment", comment)) if text}})


def feedback(value: float | bool, *, trace_id: str, comment: str = "", name: str = "feedback") -> None:
    """What a person said of an answer: True or False for a thumb, or 0 to 1."""
    score(value, name, trace_id=trace_id, comment=comment, source="user")


@dataclass(frozen=True)
class Budget:
    """The console's answer. ``known`` is False when it could not be asked; then everything is allowed."""

    allowed: bool
    remaining_usd: str | None = None
    known: bool = True
    budgets: list[dict[str, Any]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.allowed


def check_budget(
    *,
    user: str = "",
    feature: str = "",
    model: str = "",
    estimated_cost_usd: float | None = None,
    timeout_seconds: float = 0.5,
) -> Budget:
    """Whether there is money left for a call. Waits at most ``timeout_seconds`` and says yes when nobody answers."""
    values = {"user": user, "feature": feature, "model": model, "estimated_cost_usd": estimated_cost_usd}
    query = urllib.parse.urlencode({name: value for name, value in values.items() if value not in ("", None)})
    try:
        answer = _request("GET", f"/budgets/check?{query}", timeout=timeout_seconds)
        return Budget(bool(answer["allowed"]), answer.get("remaining_usd"), True, answer.get("budgets", []))
    except (OSError, ValueError, KeyError, TypeError):
        stats.count("faults")
        return Budget(allowed=True, known=False)

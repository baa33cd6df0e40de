"""Group commit: requests that arrive together are decoded and stored together, and each is answered after that.

Receivers run on the event loop and wait here; the work is done in one thread. What an insert costs is mostly the same
for few spans and for many, so while one group is stored the next one gathers, and the busier it gets the larger the
groups become. A lone request waits for nobody. See docs/decisions/0017-one-group-at-a-time.md.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from core.connections import drop_dead_connections
from telemetry import commit, counters
from telemetry.commit import BadRows
from telemetry.dialects.decoded import Decoded, Keep

logger = logging.getLogger(__name__)

#: Senders that were answered together come back together: so long, in seconds, is waited for the last of them.
LINGER = 0.010
#: For requests that are being prepared is waited so long, unless so many wait already.
COMING_SECONDS, ENOUGH = 0.100, 32
#: A group is stored at once when it has this many spans or body bytes.
MOST_SPANS = 4_000
MOST_BYTES = 16 * 1024 * 1024

#: From the body as it came to its spans, and the bytes that it takes when decompressed.
Decode = Callable[[bytes], tuple[Decoded, int]]


class Backlogged(Exception):
    """Too much waits to be stored; the sender should come back in a moment."""


@dataclass(slots=True, eq=False)
class _Request:
    body: bytes
    decode: Decode
    loop: asyncio.AbstractEventLoop
    answer: asyncio.Future[Decoded]
    decoded: Decoded | None = None


class Committer:
    """Takes requests from receivers on any event loop and stores them in groups."""

    def __init__(self, *, most_bytes: int | None = None) -> None:
        self._most_bytes = settings.ONWATCH_MAX_BACKLOG_BYTES if most_bytes is None else most_bytes
        self._thread: threading.Thread | None = None
        self._changed = threading.Condition()
        self._queue: deque[_Request] = deque()
        #: How many requests the group before was of.
        self._last = 0
        self._coming = 0
        #: Body bytes of everything that is not answered yet.
        self.backlog = 0

    @contextmanager
    def coming(self) -> Iterator[None]:
        """Around what prepares a request outside of this thread: a group that gathers waits a moment for it."""
        with self._changed:
            self._coming += 1
        try:
            yield
        finally:
            with self._changed:
                self._coming -= 1
                self._changed.notify()

    async def commit(self, body: bytes, decode: Decode) -> Decoded:
        """Decode and store one request; returns when its spans are on disk.

        Raises Backlogged at once when too much waits, StoreUnavailable when ClickHouse does not answer, and whatever
        ``decode`` raises for a bad body.
        """
        loop = asyncio.get_running_loop()
        request = _Request(body, decode, loop, loop.create_future())
        with self._changed:
            if self.backlog and self.backlog + len(body) > self._most_bytes:
                raise Backlogged
            self.backlog += len(body)
            self._queue.append(request)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
                self._thread.start()
            self._changed.notify()
        try:
            return await request.answer
        finally:
            with self._changed:
                self.backlog -= len(body)

    def _run(self) -> None:
        while True:
            group = self._gather()
            if group:
                counters.count("onwatch_commits_total")
                # Those that broke while this thread waited.
                drop_dead_connections()
                # One at a time, and nobody waits: there is time to bring the roll-ups up to date before the answer.
                alone = len(group) == 1 and self._last <= 1 and not self._queue
                _store(group, count=alone)
            self._last = len(group)

    def _gather(self) -> list[_Request]:
        """Decode what waits until nothing more does or the group is large enough."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue)
            if self._coming:
                self._changed.wait_for(lambda: not self._coming or len(self._queue) >= ENOUGH, COMING_SECONDS)
            elif self._last > 1:
                self._changed.wait_for(lambda: len(self._queue) >= self._last, LINGER)
        group: list[_Request] = []
        spans = size = 0
        while spans < MOST_SPANS and size < MOST_BYTES:
            with self._changed:
                if not self._queue:
                    break
                request = self._queue.popleft()
            try:
                request.decoded, expanded = request.decode(request.body)
                spans += len(request.decoded.spans) + len(request.decoded.items)
            except Exception as error:
                _fail([request], error)
                continue
            group.append(request)
            size += expanded
        return group


def _store(group: list[_Request], *, count: bool) -> None:
    """Spans in one insert, and what other signals brought in one insert a signal."""
    with_spans = [request for request in group if request.decoded.keep is None]
    if with_spans:
        _store_spans(with_spans, count=count)
    if len(with_spans) < len(group):
        others: dict[Keep, list[_Request]] = {}
        for request in group:
            if request.decoded.keep is not None:
                others.setdefault(request.decoded.keep, []).append(request)
        for keep, requests in others.items():
            _keep(keep, requests)


def _keep(keep: Keep, group: list[_Request]) -> None:
    items = [item for request in group for item in request.decoded.items]
    try:
        if items:
            keep(items)
    except BadRows as error:
        for request in group:
            _keep_good_part(keep, request, error)
        return
    except Exception as error:
        _fail(group, error)
        return
    _answer(group)


def _keep_good_part(keep: Keep, request: _Request, error: BadRows) -> None:
    decoded = request.decoded
    try:
        bad = _refused(decoded.items, keep)
    except Exception as later:
        _fail([request], later)
        return
    decoded.refuse(len(bad), f"{len(bad)} cannot be stored: {error}" if bad else "")
    _answer([request])


def _store_spans(group: list[_Request], *, count: bool) -> None:
    spans = [span for request in group for span in request.decoded.spans]
    try:
        commit.store_spans(spans, count=count)
    except BadRows as error:
        if len(group) == 1:
            _store_good_part(group[0], error)
        else:
            # One of them is to blame: each gets its own verdict.
            for request in group:
                _store_spans([request], count=False)
        return
    except Exception as error:
        _fail(group, error)
        return
    _answer(group)


def _store_good_part(request: _Request, error: BadRows) -> None:
    """Halve until the spans that fit no column stand alone, store the others, and say which were refused."""
    decoded = request.decoded
    good, bad = decoded.spans, []
    try:
        bad = _refused(decoded.spans, commit.store_spans)
    except Exception as later:
        _fail([request], later)
        return
    refused = {id(span) for span in bad}
    decoded.spans = [span for span in good if id(span) not in refused]
    named = f"span {bad[0].span_id} of trace {bad[0].trace_id} cannot be stored: {error}" if bad else ""
    decoded.refuse(len(bad), named)
    _answer([request])


def _refused(items: list[Any], keep: Callable[[list[Any]], object]) -> list[Any]:
    """Store by halves what can be stored; returns the rest."""
    try:
        keep(items)
    except BadRows:
        if len(items) == 1:
            return items
        middle = len(items) // 2
        return _refused(items[:middle], keep) + _refused(items[middle:], keep)
    return []


def _answer(group: Iterable[_Request]) -> None:
    _hand_over([(request, request.decoded, None) for request in group])


def _fail(group: Iterable[_Request], error: Exception) -> None:
    _hand_over([(request, None, error) for request in group])


Outcome = tuple[_Request, Decoded | None, Exception | None]


def _hand_over(outcomes: list[Outcome]) -> None:
    """Wake the waiting receivers, with one call for each event loop."""
    for loop in {request.loop for request, _, _ in outcomes}:
        try:
            loop.call_soon_threadsafe(_resolve, [outcome for outcome in outcomes if outcome[0].loop is loop])
        except RuntimeError:
            logger.warning("A receiver stopped before its answer was ready.")


def _resolve(outcomes: list[Outcome]) -> None:
    for request, decoded, error in outcomes:
        if request.answer.done():
            continue
        if error is not None:
            request.answer.set_exception(error)
        else:
            request.answer.set_result(decoded)


@functools.cache
def committer() -> Committer:
    """The one of this process."""
    return Committer()

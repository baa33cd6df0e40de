"""A bounded queue with a thread that empties it: whoever puts something in never waits for the network."""

from __future__ import annotations

import os
import threading
import weakref
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from onwatch_sdk import counting

T = TypeVar("T")
#: Told how many seconds a sender wants to wait before its next try; answers whether it should try again at all.
Patience = Callable[[float], bool]


class Outbox(Generic[T]):
    """Delivers in order and in batches; when it is full the oldest goes, counted as ``<name>_dropped``.

    ``deliver`` is given a batch and counts what becomes of it. It runs in the outbox's own thread, which starts with
    the first item and starts anew in a forked child, whose queue begins empty.

    At most ``size`` items wait, of together ``weight`` as ``weigh`` weighs them. A batch is at most ``batch`` items and
    about ``batch_weight``; it is sent when it is full or when ``every_seconds`` have gone by.
    """

    def __init__(
        self,
        name: str,
        deliver: Callable[[list[T], Patience], None],
        *,
        size: int,
        batch: int,
        every_seconds: float,
        weigh: Callable[[T], int] = lambda item: 1,
        weight: int = 2**60,
        batch_weight: int = 2**60,
    ) -> None:
        self._name = name
        self._deliver = deliver
        self._size = size
        self._batch = batch
        self._every_seconds = every_seconds
        self._weigh = weigh
        self._most_weight = weight
        self._batch_weight = batch_weight
        self._begin()
        if hasattr(os, "register_at_fork"):
            begin = weakref.WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: (again := begin()) and again())

    def _begin(self) -> None:
        self._queue: deque[tuple[T, int]] = deque()
        self._weight = 0
        self._changed = threading.Condition()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        #: The thread waits for a first item.
        self._idle = False
        self._hurry = False
        self._put = 0
        #: Delivered, given up or dropped.
        self._done = 0

    def put(self, item: T) -> None:
        """Take the item, or count it as dropped when the outbox is closed."""
        dropped = 0
        weight = self._weigh(item)
        with self._changed:
            if self._closing.is_set():
                dropped = 1
            else:
                while self._queue and (len(self._queue) >= self._size or self._weight + weight > self._most_weight):
                    self._pop()
                    self._done += 1
                    dropped += 1
                self._queue.append((item, weight))
                self._weight += weight
                self._put += 1
                if self._thread is None:
                    self._start()
                elif self._idle or self._is_batch():
                    self._changed.notify_all()
        if dropped:
            reason = (
                "They came after shutdown."
                if self._closing.is_set()
                else "The queue is full: they came faster than they could be sent."
            )
            counting.lost(f"{self._name}_dropped", dropped, reason)

    def _pop(self) -> T:
        item, weight = self._queue.popleft()
        self._weight -= weight
        return item

    def _is_batch(self) -> bool:
        return len(self._queue) >= self._batch or self._weight >= self._batch_weight

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._work, name=f"onwatch-{self._name}", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            # The interpreter is ending or has no thread to give; the next item tries again, closing counts the rest.
            self._thread = None

    def _work(self) -> None:
        while items := self._take():
            try:
                self._deliver(items, self._patience)
            except Exception:
                counting.fault(f"Sending {self._name}")
                counting.lost(f"{self._name}_failed", len(items), "They could not be put into a request.")
            with self._changed:
                self._done += len(items)
                self._changed.notify_all()

    def _take(self) -> list[T]:
        """The next batch, when it is time for it; empty when the outbox is closed and empty."""
        with self._changed:
            self._idle = True
            self._changed.wait_for(lambda: self._queue or self._closing.is_set())
            self._idle = False
            self._changed.wait_for(
                lambda: self._hurry or self._closing.is_set() or self._is_batch(), self._every_seconds
            )
            # One at least, however heavy.
            left = self._weight - self._batch_weight
            items = [self._pop()] if self._queue else []
            while self._queue and len(items) < self._batch and self._weight > left:
                items.append(self._pop())
            if not self._queue:
                self._hurry = False
            return items

    def _patience(self, seconds: float) -> bool:
        return not self._closing.wait(seconds)

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until all that was put in so far has been handled, or the time is over (False)."""
        with self._changed:
            target = self._put
            self._hurry = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._done >= target, timeout_seconds)

    def retire(self) -> None:
        """Take nothing more; the thread sends what is there, trying each batch once, and ends. Does not wait."""
        self._closing.set()
        with self._changed:
            self._changed.notify_all()

    def close(self, timeout_seconds: float) -> None:
        """Retire, wait for the thread, and count what is left as dropped."""
        self.retire()
        self.flush(timeout_seconds)
        with self._changed:
            left = self._put - self._done
            self._queue.clear()
            self._weight = 0
            self._done = self._put
        if left:
            counting.lost(f"{self._name}_dropped", left, "They were still waiting when the process ended.")

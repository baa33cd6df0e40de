"""What this process knows of the minute buckets: sums it has read, kept until Redis says that they changed.

A page asks for a day and the day before, many times a second when people watch. So each process keeps the sums of
whole hours and quarters, and of the minutes last used, and asks Redis with one round trip which minutes changed since.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

from core.redis import RedisError, connect
from telemetry.live import freshness, keys
from telemetry.live.buckets import KEPT, oldest_minute, read_minutes
from telemetry.window import Window, merged

#: Minutes in a kept sum, coarsest first.
HOUR, QUARTER, LEAF = 60, 15, 1
_PARTS = {HOUR: QUARTER, QUARTER: LEAF}
#: Single minutes kept a project; a busy one takes about 10 KB.
MOST_LEAVES = 400
MOST_PROJECTS = 32


class Node(NamedTuple):
    """An aligned stretch of ``size`` minutes."""

    size: int
    start: int


class _Incomplete(Exception):
    """Redis lacks something of the range; ClickHouse has it."""


class Reader:
    """The buckets of one project. Thread-safe."""

    def __init__(self, project_id: int) -> None:
        self._project_id = project_id
        self._lock = threading.Lock()
        self._reset(b"")

    def _reset(self, epoch: bytes) -> None:
        self._epoch = epoch
        self._revision = 0
        #: Minutes that have a bucket.
        self._filled: set[int] = set()
        self._sums: dict[Node, Window] = {}
        self._leaves: OrderedDict[int, Window] = OrderedDict()

    def slots(self, start: int, end: int, step: int) -> list[Window]:
        """One Window for each ``step`` minutes from ``start`` to ``end`` (minutes since 1970).

        They are the caller's to change. Raises _Incomplete, RedisError.
        """
        with self._lock:
            self._follow(start, end)
            cuts = [list(_cover(at, min(at + step, end))) for at in range(start, end, step)]
            self._fetch({minute for nodes in cuts for node in nodes for minute in self._missing(node)})
            found = [merged(self._sum(node) for node in nodes) for nodes in cuts]
            self._trim()
        return found

    def _follow(self, start: int, end: int) -> None:
        """Learn what changed; drop the sums concerned."""
        epoch, ready, changed, dirty = self._ask(self._revision)
        if not freshness.note_ready(self._project_id, bool(epoch) and ready == b"1").is_live:
            raise _Incomplete
        if epoch != self._epoch:
            self._reset(epoch)
            epoch, ready, changed, dirty = self._ask(0)
            if epoch != self._epoch or ready != b"1":
                raise _Incomplete
        if any(start <= int(minute) < end for minute in dirty):
            raise _Incomplete
        for minute, revision in changed:
            self._revision = max(self._revision, int(revision))
            self._forget(int(minute))

    def _ask(self, revision: int) -> tuple[bytes, bytes, list[tuple[bytes, float]], list[bytes]]:
        pipeline = connect().pipeline(transaction=True)
        pipeline.hmget(keys.state(self._project_id), "epoch", "ready")
        pipeline.zrange(keys.changed(self._project_id), f"({revision}", "+inf", byscore=True, withscores=True)
        pipeline.zrange(keys.dirty(self._project_id), 0, -1)
        (epoch, ready), changed, dirty = pipeline.execute()
        return epoch or b"", ready or b"", changed, dirty

    def _forget(self, minute: int) -> None:
        self._filled.add(minute)
        self._leaves.pop(minute, None)
        for size in _PARTS:
            self._sums.pop(Node(size, minute // size * size), None)

    def _missing(self, node: Node) -> Iterator[int]:
        """The minutes that must be read before the node's sum is known."""
        if node.size == LEAF:
            if node.start in self._filled and node.start not in self._leaves:
                yield node.start
        elif node not in self._sums:
            for part in _parts(node):
                yield from self._missing(part)

    def _fetch(self, minutes: set[int]) -> None:
        wanted = sorted(minutes)
        for minute, window in zip(wanted, read_minutes(self._project_id, wanted), strict=True):
            if not window.spans and not window.scores:
                # Redis was short of memory and dropped a bucket before its time.
                freshness.mark_minutes(self._project_id, [minute])
                raise _Incomplete
            self._leaves[minute] = window

    def _sum(self, node: Node) -> Window:
        """Not to be changed by anyone."""
        if node.size == LEAF:
            if node.start not in self._filled:
                return _NOTHING
            self._leaves.move_to_end(node.start)
            return self._leaves[node.start]
        known = self._sums.get(node)
        if known is None:
            known = self._sums[node] = merged(self._sum(part) for part in _parts(node))
        return known

    def _trim(self) -> None:
        while len(self._leaves) > MOST_LEAVES:
            self._leaves.popitem(last=False)


_NOTHING = Window()


def _parts(node: Node) -> Iterator[Node]:
    size = _PARTS[node.size]
    return (Node(size, start) for start in range(node.start, node.start + node.size, size))


def _cover(start: int, end: int) -> Iterator[Node]:
    """The fewest aligned stretches that make up this one."""
    while start < end:
        size = next(size for size in (HOUR, QUARTER, LEAF) if start % size == 0 and start + size <= end)
        yield Node(size, start)
        start += size


_readers: OrderedDict[int, Reader] = OrderedDict()
_readers_lock = threading.Lock()


def _reader(project_id: int) -> Reader:
    with _readers_lock:
        reader = _readers.get(project_id) or Reader(project_id)
        _readers[project_id] = reader
        _readers.move_to_end(project_id)
        while len(_readers) > MOST_PROJECTS:
            _readers.popitem(last=False)
        return reader


def slots(project_id: int, start: int, end: int, step: int) -> list[Window] | None:
    """One Window for each ``step`` minutes from ``start`` to ``end`` (minutes since 1970); None when Redis is away or
    lacks something of it."""
    if not freshness.may_ask():
        return None
    try:
        return _reader(project_id).slots(start, end, step)
    except _Incomplete:
        return None
    except RedisError as error:
        freshness.failed(error)
        return None


def warm(project_id: int) -> None:
    """Read everything once, so that the first page does not wait for it."""
    first = -(-oldest_minute() // HOUR) * HOUR
    slots(project_id, first, first + int(KEPT.total_seconds()) // 60, HOUR)


def revision(project_id: int) -> tuple[bytes, int] | None:
    """Grows whenever a figure of the project changes (the epoch tells two fillings of Redis apart); None when away."""
    if not freshness.may_ask():
        return None
    try:
        epoch, number = connect().hmget(keys.state(project_id), "epoch", "revision")
    except RedisError as error:
        freshness.failed(error)
        return None
    return epoch or b"", int(number or 0)

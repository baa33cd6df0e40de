"""What was stored in the last minutes, by the hash of its id: a retried export is recognised before it is inserted.

The roll-ups count at the moment of an insert, so a repeated span must never reach it. The index is exact but for
the chance that two ids share a 64-bit hash (about one in 2·10¹² spans at ten million recent ids), small enough for
memory (8 bytes an id), and filled from ClickHouse when the process starts.
See docs/decisions/0002-idempotent-ingest.md.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import xxhash

#: A repeated export within this time is not counted again.
WINDOW = timedelta(minutes=15)

#: Ids are gathered in a Python set (fast to add to, 70 bytes an id) and then frozen into a sorted array (8 bytes).
FREEZE_COUNT = 65_536
FREEZE_SECONDS = 60.0
#: Neighbouring arrays are merged so that few must be searched, but not so far that they outlive the window by much.
MERGE_SECONDS = 180.0

Ids = np.ndarray


def span_hash(project_id: int, trace_id: str, span_id: str) -> int:
    return xxhash.xxh3_64_intdigest(f"{project_id}|{trace_id}|{span_id}".encode("utf-8", "surrogatepass"))


def score_hash(project_id: int, score_id: str) -> int:
    return xxhash.xxh3_64_intdigest(f"{project_id}|{score_id}".encode("utf-8", "surrogatepass"))


def response_hash(project_id: int, response_id: str) -> int:
    """Of a provider's answer; ``sql/keys_arrived.sql`` says the same."""
    return xxhash.xxh3_64_intdigest(f"{project_id}|response|{response_id}".encode("utf-8", "surrogatepass"))


@dataclass(slots=True)
class Claim:
    """Ids that one writer is about to store. Nobody else stores them until the claim ends."""

    #: For each id asked for, in order: True when this writer must store it.
    fresh: list[bool]
    #: True while an insert that failed lately may have stored something after all: ask the store before inserting.
    doubtful: bool
    _held: set[int] = field(repr=False)
    _kept: bool = False

    def keep(self) -> None:
        """Say that what was claimed is stored."""
        self._kept = True


@dataclass(slots=True)
class _Generation:
    """Sorted ids that were stored between two moments (monotonic seconds)."""

    ids: Ids
    oldest: float
    newest: float


class RecentIds:
    """A set of 64-bit ids that forgets after ``WINDOW``. Safe to use from several threads.

    ``load`` gives what other lives of this process stored; it runs when the index is first used.
    """

    def __init__(
        self, *, load: Callable[[], Ids] = lambda: np.empty(0, np.uint64), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._load = load
        self._loaded = False
        self._clock = clock
        self._window = WINDOW.total_seconds()
        self._changed = threading.Condition()
        self._in_flight: set[int] = set()
        self._newest: set[int] = set()
        self._newest_since = clock()
        self._generations: list[_Generation] = []
        self._doubtful_until = clock()

    def __len__(self) -> int:
        return len(self._newest) + sum(len(generation.ids) for generation in self._generations)

    def warm(self) -> None:
        """Load what was stored before this process started; does nothing the second time. Raises StoreUnavailable."""
        if self._loaded:
            return
        with self._changed:
            if self._loaded:
                return
            ids = np.sort(self._load())
            now = self._clock()
            if len(ids):
                self._generations.insert(0, _Generation(ids, now, now))
            self._loaded = True

    @contextmanager
    def claim(self, ids: Sequence[int]) -> Iterator[Claim]:
        """Claim those of ``ids`` that are new; without ``keep()`` they are free again at the end.

        Where another writer holds one of them this waits until that writer is done, holding nothing meanwhile,
        so two writers never wait for each other.
        """
        self.warm()
        wanted = set(ids)
        with self._changed:
            while not self._in_flight.isdisjoint(wanted):
                self._changed.wait()
            held = wanted - self._known(wanted)
            self._in_flight |= held
            doubtful = self._clock() < self._doubtful_until
        claim = Claim(_first_sights(ids, held), doubtful, held)
        try:
            yield claim
        finally:
            with self._changed:
                self._in_flight -= held
                if claim._kept:
                    self._add(held)
                elif held:
                    self._doubtful_until = self._clock() + self._window
                self._changed.notify_all()

    def reset(self) -> None:
        """Forget everything but how to load it."""
        with self._changed:
            self._newest = set()
            self._generations = []
            self._loaded = False

    def _add(self, ids: set[int]) -> None:
        self._newest |= ids
        if len(self._newest) >= FREEZE_COUNT or self._clock() - self._newest_since >= FREEZE_SECONDS:
            self._freeze()

    def _known(self, wanted: set[int]) -> set[int]:
        known = wanted & self._newest
        if not self._generations or len(known) == len(wanted):
            return known
        rest = np.fromiter(wanted - known, np.uint64, len(wanted) - len(known))
        rest.sort()
        horizon = self._clock() - self._window
        for generation in self._generations:
            if generation.newest < horizon:
                continue
            places = np.searchsorted(generation.ids, rest)
            places[places == len(generation.ids)] = 0
            hits = generation.ids[places] == rest
            if hits.any():
                known.update(rest[hits].tolist())
        return known

    def _freeze(self) -> None:
        now = self._clock()
        if self._newest:
            ids = np.fromiter(self._newest, np.uint64, len(self._newest))
            ids.sort()
            self._generations.append(_Generation(ids, self._newest_since, now))
        self._newest = set()
        self._newest_since = now
        self._generations = [g for g in self._generations if g.newest >= now - self._window]
        while self._merge_last_two():
            pass

    def _merge_last_two(self) -> bool:
        if len(self._generations) < 2:
            return False
        older, newer = self._generations[-2:]
        if newer.newest - older.oldest > MERGE_SECONDS or len(older.ids) > 2 * len(newer.ids):
            return False
        ids = np.concatenate((older.ids, newer.ids))
        ids.sort(kind="stable")  # linear for two sorted runs
        self._generations[-2:] = [_Generation(ids, older.oldest, newer.newest)]
        return True


def _first_sights(ids: Sequence[int], held: set[int]) -> list[bool]:
    """True where an id of ``held`` is met for the first time: a batch may name one id twice."""
    if len(held) == len(ids):
        return [True] * len(ids)
    left = set(held)
    fresh = []
    for one in ids:
        fresh.append(one in left)
        left.discard(one)
    return fresh

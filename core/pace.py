"""Work that makes way: run as often as asked, but never for more than a share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Paced:
    """Calls ``run``, and passes over calls that come too soon after one that took long."""

    def __init__(self, run: Callable[[], None], *, share: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._run = run
        self._share = share
        self._clock = clock
        self._not_before = 0.0

    def __call__(self) -> None:
        began = self._clock()
        if began < self._not_before:
            return
        try:
            self._run()
        finally:
            ended = self._clock()
            self._not_before = ended + (ended - began) * (1 / self._share - 1)

"""Sums over a window that moves step by step. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def sliding(parts: Sequence[T], width: int, merge: Callable[[Sequence[T]], T]) -> list[T]:
    """The sum of every ``width`` neighbours, in about three additions each however wide.

    Sums are kept from the left and from the right within blocks of the width; any stretch is the right end of one
    block and the left end of the next.
    """
    from_left = _running(parts, width, merge)
    from_right = _running(parts[::-1], width, merge, offset=-len(parts) % width)[::-1]
    return [
        from_left[last] if (last + 1) % width == 0 else merge((from_right[last + 1 - width], from_left[last]))
        for last in range(width - 1, len(parts))
    ]


def _running(parts: Sequence[T], width: int, merge: Callable[[Sequence[T]], T], *, offset: int = 0) -> list[T]:
    """Running sums that start anew at every block; the first block lacks ``offset`` parts."""
    sums: list[T] = []
    for position, part in enumerate(parts, start=offset):
        sums.append(merge((sums[-1], part)) if sums and position % width else part)
    return sums

"""Keeps faults of this package away from the application."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from onwatch_sdk import stats

logger = logging.getLogger("onwatch_sdk")

P = ParamSpec("P")
R = TypeVar("R")


def harmless(function: Callable[P, R]) -> Callable[P, R | None]:
    """The function, with any exception counted, logged and swallowed."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return function(*args, **kwargs)
        except Exception:
            stats.count("faults")
            logger.debug("%s failed", function.__name__, exc_info=True)
            return None

    return guarded

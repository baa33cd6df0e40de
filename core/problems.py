"""What the REST API answers when it will not do what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ninja.errors import HttpError


class Problem(HttpError):
    """Becomes ``{"detail": message, "field": field}``; ``field`` names the header, parameter or key concerned.

    Where several things are wrong that is the first of them, and ``errors`` has them all.
    """

    def __init__(
        self, status_code: int, message: str, *, field: str = "", errors: Sequence[dict[str, Any]] = ()
    ) -> None:
        super().__init__(status_code, message)
        self.field = field
        self.errors = errors

"""What the REST API answers when it will not do what was asked."""

from __future__ import annotations

from ninja.errors import HttpError


class Problem(HttpError):
    """Becomes ``{"detail": message, "field": field}``; ``field`` names the header, parameter or key concerned."""

    def __init__(self, status_code: int, message: str, *, field: str = "") -> None:
        super().__init__(status_code, message)
        self.field = field

"""What a decoder gives back, whatever the dialect and encoding of the body."""

from __future__ import annotations

from dataclasses import dataclass, field

from telemetry.span import Span


class BadBody(Exception):
    """The body as a whole cannot be read. The message is meant for the sender."""


class BadItem(Exception):
    """One span, record or point cannot be accepted: the field to blame (empty for the whole of it) and why."""

    def __init__(self, why: str, *, field: str = "") -> None:
        super().__init__(why)
        self.field = field

    def at(self, place: str) -> str:
        """The message for the sender, beginning with where it lies."""
        return f"{place}.{self.field}: {self}" if self.field else f"{place}: {self}"


@dataclass(slots=True)
class Decoded:
    """The good part of a body, and why the rest was refused (OTLP's partial success)."""

    spans: list[Span] = field(default_factory=list)
    rejected: int = 0
    #: Where the first refused spans lie and why; empty when none was refused.
    message: str = ""

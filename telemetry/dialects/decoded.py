"""What a decoder gives back, whatever the dialect and encoding of the body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

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


#: Stores items of one or more bodies; raises StoreUnavailable, or BadRows when one does not fit.
Keep = Callable[[list[Any]], object]


@dataclass(slots=True)
class Decoded:
    """The good part of a body, and why the rest was refused (OTLP's partial success)."""

    spans: list[Span] = field(default_factory=list)
    #: Spans, log records or data points, as OTLP counts them.
    rejected: int = 0
    #: Where the first refused ones lie and why; empty when none was refused.
    message: str = ""
    #: One message for each that was refused.
    refused: list[str] = field(default_factory=list)
    #: What a body without spans held, and who stores it.
    items: list[Any] = field(default_factory=list)
    keep: Keep | None = None
    #: Spans that were left out, because what they copy comes by itself.
    copies: int = 0

    @property
    def taken(self) -> int:
        return len(self.spans) + len(self.items)

    def refuse(self, count: int, why: str) -> None:
        """Count what turned out to be bad after decoding."""
        self.rejected += count
        self.refused += [why] * count
        self.message = "; ".join(filter(None, (self.message, why)))

"""What a decoder gives back, whatever the dialect and encoding of the body."""

from __future__ import annotations

from dataclasses import dataclass, field

from telemetry.span import Span


class BadBody(Exception):
    """The body as a whole cannot be read. The message is meant for the sender."""


class BadSpan(Exception):
    """One span cannot be accepted. The message names the field and why."""


@dataclass(slots=True)
class Decoded:
    """The good part of a body, and why the rest was refused (OTLP's partial success)."""

    spans: list[Span] = field(default_factory=list)
    rejected: int = 0
    #: Where the first refused spans lie and why; empty when none was refused.
    message: str = ""

"""What is missing in what a sender sends, in words, and what to do about it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from telemetry.senders.report import Client, Note

Level = Literal["bad", "warn", "info"]

#: A sender that was heard before and is silent for so long is worth a word.
SILENT = timedelta(minutes=30)
#: Names that a sentence lists.
LISTED = 4
#: A share of calls below this is an exception, not a habit.
HABIT = 0.2


class Finding(NamedTuple):
    level: Level
    text: str
    #: What to do, or why it matters.
    advice: str = ""
    #: The parameters of the list of traces that shows them.
    search: dict[str, str] = {}  # noqa: RUF012
    #: The part of the page with more.
    anchor: str = ""


def findings(client: Client, *, now: datetime) -> list[Finding]:
    """The worst first."""
    found = [*_bad(client), *_warnings(client), *_remarks(client, now)]
    order = {"bad": 0, "warn": 1, "info": 2}
    return sorted(found, key=lambda one: order[one.level])


def _bad(client: Client) -> Iterator[Finding]:
    if client.key and not client.key.is_valid():
        ended = "was revoked" if client.key.revoked_at else "has expired"
        yield Finding("bad", f"Its key {ended}, and it still sends.", "Give it a key that is good.")
    if refused := client.noted("refused"):
        worst = max(refused, key=lambda note: note.times)
        more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
        yield Finding("bad", f"{client.refused:,} refused: {worst.subject.rstrip('.')}{more}.", anchor="refused")
    if client.clock:
        yield _clock(client)


def _clock(client: Client) -> Finding:
    off = _lasting(client.clock.seconds)
    if client.clock.is_ahead:
        return Finding(
            "bad",
            f"Its clock is ahead: spans end up to {off} after they were received.",
            "They appear at the wrong time in every chart. Let the machine set its clock by the network (NTP).",
        )
    return Finding(
        "warn",
        f"Its spans are received {off} after they end, always by about the same.",
        "Either its clock is behind, or it holds them back before it sends them.",
    )


def _warnings(client: Client) -> Iterator[Finding]:
    spans, calls = client.spans, client.calls
    if client.sends_nothing:
        number = sum(receipt.requests for receipt in client.receipts)
        said = f"{number:,} requests" if number > 1 else "A request"
        yield Finding(
            "warn",
            f"{said} with nothing in {'them' if number > 1 else 'it'}.",
            "An empty request is a good one and is answered so. Is its exporter given anything to export?",
        )
    if spans and not calls:
        yield Finding(
            "warn",
            "No model call among its spans.",
            "Is the client of the model instrumented, in this process? Cost, tokens and quality need its spans.",
            _search(client),
        )
    for name, text, advice in _CALLS:
        number = client.total(name)
        if calls and number > calls * HABIT:
            yield Finding("warn", f"{number:,} of {calls:,} calls {text}.", advice, _search(client, calls="1"))
    if unpriced := client.noted("unpriced"):
        number = client.total("unpriced")
        noun = "call has" if number == 1 else "calls have"
        models = _listed(unpriced)
        yield Finding("warn", f"{number:,} {noun} no price: {models}.", "", _search(client, unpriced="1"), "unpriced")
    if client.parentless:
        noun = "span names" if client.parentless == 1 else "spans name"
        yield Finding("warn", f"{client.parentless:,} {noun} a parent that was not received.", "", anchor="parentless")
    if any(not source.service for source in client.sources):
        yield Finding("warn", "Spans without a service name.", "Set OTEL_SERVICE_NAME.", _search(client, service=""))


#: Sum -> what is wrong with so many calls, and what helps.
_CALLS = (
    ("modelless", "name no model", "They cannot be priced. Send gen_ai.request.model, or llm.model."),
    (
        "tokenless",
        "say nothing of their tokens",
        "Streams report usage only when asked to (stream_options={'include_usage': True}).",
    ),
    (
        "textless",
        "bring neither question nor answer",
        "Quality cannot be judged without. With OpenTelemetry, set OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT.",
    ),
)


def _remarks(client: Client, now: datetime) -> Iterator[Finding]:
    if attributes := client.noted("attribute"):
        noun = "attribute was" if len(attributes) == 1 else "attributes were"
        text = f"{len(attributes)} {noun} not understood: {_listed(attributes)}."
        yield Finding("info", text, "They are kept with their spans as they came.", anchor="attributes")
    if copies := sum(note.times for note in client.noted("copies")):
        noun = "span was" if copies == 1 else "spans were"
        text = f"{copies:,} {noun} left out: LangSmith's client sends the same as runs."
        yield Finding("info", text, "LANGSMITH_OTEL_ENABLED sends both; LANGSMITH_TRACING_MODE=otel sends OTLP alone.")
    if now - client.last_seen > SILENT:
        yield Finding("info", f"Silent for {_lasting((now - client.last_seen).total_seconds())}.")


def _search(client: Client, **more: str) -> dict[str, str]:
    return {"client": client.name, "key_id": str(client.key_id)} | more


def _listed(notes: list[Note]) -> str:
    names = list(dict.fromkeys(note.subject or "(none)" for note in sorted(notes, key=lambda note: -note.times)))
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def _lasting(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} d"

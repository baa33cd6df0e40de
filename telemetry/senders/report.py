"""Who sends, what of it was refused, and what the console does not understand of it: the last 24 hours.

Nearly all of it is read from the small tables that ``telemetry.senders.tally`` writes; missing parents alone from raw
spans.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from accounts.models import ApiKey, Project
from telemetry import store
from telemetry.senders import parents as sender_parents
from telemetry.senders import tally
from telemetry.senders.clock import Clock, clock_of
from telemetry.senders.parents import NEWEST, Parentless
from telemetry.store import StoreUnavailable

WINDOW = timedelta(hours=24)
#: How far back minutes are drawn, and a clock is judged.
RECENT = timedelta(hours=1)
#: The rate is that of so many of the last minutes.
RATE_MINUTES = 5
#: Senders that are drawn.
MOST_CLIENTS = 60

Who = tuple[int, str]


class Source(NamedTuple):
    """Spans of one service, instrumentation, dialect, key and program."""

    service: str
    scope: str
    dialect: str
    key_id: int
    client: str
    spans: int
    last_seen: datetime
    #: Of no known kind: usually not of an AI system at all.
    unrecognised: int
    errors: int
    calls: int
    unpriced: int
    #: Calls that say nothing of tokens, model, or what was asked and answered.
    tokenless: int
    modelless: int
    textless: int
    #: How many were looked at for attributes that no table understood.
    inspected: int


class Minute(NamedTuple):
    key_id: int
    client: str
    at: int
    spans: int
    batches: int
    lag_min: float
    lag_max: float


class Receipt(NamedTuple):
    """Requests of one key and program that carried one signal."""

    key_id: int
    client: str
    signal: str
    requests: int
    items: int
    refused: int
    last_seen: datetime

    @property
    def what(self) -> str:
        """What is counted, where it is not called like its signal."""
        return {"traces": "spans", "metrics": "points", "logs": "records"}.get(self.signal, "")

    @property
    def one(self) -> str:
        """One of these."""
        return self.what.removesuffix("s")


class Note(NamedTuple):
    """``refused`` (about a signal, a reason), ``attribute`` (of a service, a name), ``unpriced`` (provider, model),
    ``copies`` (of a signal)."""

    kind: str
    key_id: int
    client: str
    about: str
    subject: str
    times: int
    example: str
    last_seen: datetime


class NamedSource(NamedTuple):
    source: Source
    #: Name of the key; empty where none was needed.
    key: str


@dataclass(slots=True)
class Client:
    """One program with one key, and all that is known of it."""

    key_id: int
    #: What it calls itself; empty where it says nothing.
    name: str
    key: ApiKey | None = None
    sources: list[Source] = field(default_factory=list)
    receipts: list[Receipt] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    parentless: int = 0
    #: Spans of each of the last minutes, the oldest first.
    minutes: list[int] = field(default_factory=list)
    clock: Clock | None = None

    @property
    def last_seen(self) -> datetime:
        return max(row.last_seen for row in (*self.sources, *self.receipts))

    @property
    def rate(self) -> float:
        """Spans a minute of late. The minute that runs is not over, and counts only for who sent nothing before it."""
        whole = sum(self.minutes[-RATE_MINUTES - 1 : -1])
        return whole / RATE_MINUTES if whole else sum(self.minutes[-1:])

    @property
    def refused(self) -> int:
        return sum(receipt.refused for receipt in self.receipts)

    def total(self, name: str) -> int:
        return sum(getattr(source, name) for source in self.sources)

    @property
    def sends_nothing(self) -> bool:
        """Whether all its requests were taken, and all were empty."""
        said = self.spans or self.noted("copies") or any(receipt.items or receipt.refused for receipt in self.receipts)
        return not said

    def noted(self, kind: str) -> list[Note]:
        return [note for note in self.notes if note.kind == kind]

    @property
    def spans(self) -> int:
        return self.total("spans")

    @property
    def calls(self) -> int:
        return self.total("calls")

    @property
    def errors(self) -> int:
        return self.total("errors")


class Stranger(NamedTuple):
    """Requests with a key that nobody knows, or with none where one is needed."""

    client: str
    #: Tells keys apart and says nothing about them; empty where there was none.
    mark: str
    signal: str
    requests: int
    reason: str
    last_seen: datetime


@dataclass(frozen=True, slots=True)
class Report:
    since: datetime
    clients: list[Client]
    sources: list[NamedSource]
    refused: list[Note]
    attributes: list[Note]
    unpriced: list[Note]
    parentless: list[Parentless]
    keys: dict[int, str]
    newest: int = NEWEST

    @property
    def spans(self) -> int:
        return sum(named.source.spans for named in self.sources)

    @property
    def refusals(self) -> int:
        return sum(client.refused for client in self.clients)

    @property
    def parentless_spans(self) -> int:
        return sum(found.spans for found in self.parentless)


def report(project: Project, *, now: datetime | None = None) -> Report:
    """Raises StoreUnavailable."""
    now = now or datetime.now(UTC)
    since = now - WINDOW
    _write_what_is_known()
    ask = {"project_id": project.pk, "since": int(since.timestamp())}
    sources = store.rows(Source, "telemetry/senders", **ask)
    receipts = store.rows(Receipt, "telemetry/senders_receipts", **ask)
    notes = store.rows(Note, "telemetry/senders_notes", **ask)
    recent = int((now - RECENT).timestamp()) // 60 * 60
    minutes = store.rows(Minute, "telemetry/senders_minutes", project_id=project.pk, since=recent) if sources else []
    parentless = sender_parents.parentless(project.pk, since=since, now=now) if sources else []
    keys = ApiKey.objects.in_bulk({row.key_id for row in (*sources, *receipts)})
    clients = _clients(sources, receipts, notes, parentless)
    _add_minutes(clients, minutes, last=int(now.timestamp()) // 60 * 60)
    for client in clients.values():
        client.key = keys.get(client.key_id)
    by_kind = {kind: [note for note in notes if note.kind == kind] for kind in ("refused", "attribute", "unpriced")}
    names = {number: key.name for number, key in keys.items()}
    return Report(
        since=since,
        clients=sorted(clients.values(), key=lambda client: client.last_seen, reverse=True)[:MOST_CLIENTS],
        sources=[NamedSource(source, names.get(source.key_id, "")) for source in sources],
        refused=by_kind["refused"],
        attributes=by_kind["attribute"],
        unpriced=by_kind["unpriced"],
        parentless=parentless,
        keys=names,
    )


def strangers(*, now: datetime | None = None) -> list[Stranger]:
    """Who knocks with a key that nobody knows. It belongs to no project: for those who administer all of them."""
    since = int(((now or datetime.now(UTC)) - WINDOW).timestamp())
    _write_what_is_known()
    ask = {"project_id": tally.NOBODYS, "since": since}
    reasons = {(note.client, note.about): note.example for note in store.rows(Note, "telemetry/senders_notes", **ask)}
    found = []
    for receipt in store.rows(Receipt, "telemetry/senders_receipts", **ask):
        name, _, mark = receipt.client.rpartition(" #") if " #" in receipt.client else (receipt.client, "", "")
        reason = reasons.get((receipt.client, receipt.signal), "")
        found.append(Stranger(name, mark, receipt.signal, receipt.requests, reason, receipt.last_seen))
    return found[:50]


def _write_what_is_known() -> None:
    """So that a page shows what came a moment ago; what cannot be written is missing on it until it can."""
    with suppress(StoreUnavailable):
        tally.flush()


def _clients(
    sources: Iterable[Source], receipts: Iterable[Receipt], notes: Iterable[Note], parentless: Iterable[Parentless]
) -> dict[Who, Client]:
    clients: dict[Who, Client] = {}
    for row in (*sources, *receipts):
        client = clients.setdefault((row.key_id, row.client), Client(row.key_id, row.client))
        (client.sources if isinstance(row, Source) else client.receipts).append(row)
    for note in notes:
        if client := clients.get((note.key_id, note.client)):
            client.notes.append(note)
    for found in parentless:
        if client := clients.get((found.key_id, found.client)):
            client.parentless += found.spans
    return clients


def _add_minutes(clients: dict[Who, Client], minutes: Iterable[Minute], *, last: int) -> None:
    """Rates and clocks, from the minutes up to ``last``, the one that runs."""
    by_client: dict[Who, list[Minute]] = defaultdict(list)
    for minute in minutes:
        by_client[minute.key_id, minute.client].append(minute)
    places = range(last - int(RECENT.total_seconds()), last + 60, 60)
    for who, client in clients.items():
        spans = {minute.at: minute.spans for minute in by_client[who]}
        client.minutes = [spans.get(place, 0) for place in places]
        client.clock = clock_of(by_client[who])

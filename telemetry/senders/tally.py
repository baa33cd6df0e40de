"""Who sends, what of it was refused, and what was not understood: counted in memory and written once in a while.

Receivers and the committer call ``received``, ``refused`` and ``stored``; each costs a few dictionary look-ups. A
thread writes the sums to ClickHouse, where the page of senders reads them (``telemetry.senders.report``). A process
that is killed loses the seconds it had not written: the page then says a little less, telemetry is not concerned.
See docs/decisions/0016-senders.md.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

from accounts.keys import Caller, KeyRefused, client_of
from telemetry import redact, store
from telemetry.columns import json_text
from telemetry.dialects.lookup import LOOKUP
from telemetry.span import CALL_KINDS, Span
from telemetry.store import BadRows, StoreUnavailable

logger = logging.getLogger(__name__)

PAUSE_SECONDS = 2.0
#: Characters of an example, and of what it is an example of.
MAX_EXAMPLE, MAX_SUBJECT = 300, 160
#: Different programs, and different subjects of one sender and kind, in an hour; the rest is counted as one.
MOST_CLIENTS, MOST_SUBJECTS = 300, 100
OTHERS = "(others)"
#: Spans of one source whose attributes are looked at between two writings: all of a quiet one, a sample of a loud one.
MOST_INSPECTED = 25
#: Rows that wait for a store that is away; a process forgets what is more.
MOST_WAITING = 20_000

#: The owner of what came with a key that nobody knows.
NOBODYS = 0

_start_of = attrgetter("start_time")
_source_of = attrgetter("project_id", "key_id", "client", "service", "scope", "dialect")


class Sender(NamedTuple):
    project_id: int
    key_id: int
    client: str

    @classmethod
    def of(cls, caller: Caller) -> Sender:
        return cls(caller.project_id, caller.key_id, caller.client)

    @classmethod
    def refused(cls, error: KeyRefused, headers: Mapping[str, str]) -> Sender:
        """Whose key was refused; a key that nobody knows stands beside the name of the program by its mark."""
        client = client_of(headers)
        if error.caller:
            return cls(error.caller.project_id, error.caller.key_id, client)
        return cls(NOBODYS, 0, f"{client} #{error.mark}" if error.mark else client)


@dataclass(slots=True)
class _Receipts:
    requests: int = 0
    items: int = 0
    refused: int = 0
    last_at: int = 0


@dataclass(slots=True)
class _Source:
    spans: int = 0
    calls: int = 0
    unpriced: int = 0
    tokenless: int = 0
    modelless: int = 0
    textless: int = 0
    errors: int = 0
    unrecognised: int = 0
    inspected: int = 0
    batches: int = 0
    lag_min: float = 0.0
    lag_max: float = 0.0
    last_at: int = 0


@dataclass(slots=True)
class _Note:
    times: int = 0
    example: str = ""
    last_at: int = 0


class _Table(NamedTuple):
    """Where a kind of sums goes: the names of its key columns, and what one of them is."""

    name: str
    keys: tuple[str, ...]
    sums: type


RECEIPTS = _Table("sender_receipts", ("minute", "project_id", "key_id", "client", "signal"), _Receipts)
SOURCES = _Table("sender_sources", ("minute", "project_id", "key_id", "client", "service", "scope", "dialect"), _Source)
NOTES = _Table("sender_notes", ("hour", "kind", "project_id", "key_id", "client", "about", "subject"), _Note)


@dataclass(slots=True)
class _Sums:
    """What was counted since the last writing, by table and key."""

    by_table: dict[_Table, dict[tuple[Any, ...], Any]] = field(
        default_factory=lambda: {RECEIPTS: {}, SOURCES: {}, NOTES: {}}
    )

    def at(self, table: _Table, key: tuple[Any, ...]) -> Any:
        sums = self.by_table[table]
        found = sums.get(key)
        if found is None:
            found = sums[key] = table.sums()
        return found

    def rows(self) -> dict[_Table, list[tuple[Any, ...]]]:
        return {
            table: [(*key, *(getattr(one, name) for name in table.sums.__slots__)) for key, one in sums.items()]
            for table, sums in self.by_table.items()
            if sums
        }


class _FewNames:
    """Lets the first so many different names of an hour through; the rest become one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._hour = 0
        self._known: dict[Any, set[str]] = {}

    def bounded(self, group: Any, name: str, hour: int) -> str:  # noqa: ANN401
        if hour != self._hour:
            self._hour, self._known = hour, {}
        known = self._known.setdefault(group, set())
        if name not in known:
            if len(known) >= self._most:
                return OTHERS
            known.add(name)
        return name


class Tally:
    """Counts from any thread; a thread of its own calls ``flush`` while there is something to write."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._sums = _Sums()
        self._waiting: list[tuple[_Table, list[tuple[Any, ...]]]] = []
        self._clients, self._subjects = _FewNames(MOST_CLIENTS), _FewNames(MOST_SUBJECTS)
        self._thread: threading.Thread | None = None

    def received(self, sender: Sender, signal: str, *, items: int = 0) -> None:
        """A request was taken, with so many items that are good."""
        with self._changed:
            now = self._now()
            one = self._receipts(sender, signal, now)
            one.requests += 1
            one.items += items
            self._wake()

    def refused(self, sender: Sender, signal: str, messages: Sequence[str], *, whole: bool = False) -> None:
        """Items were refused, one message each; or, as a ``whole``, a request, for these reasons and no others."""
        if not messages:
            return
        with self._changed:
            now = self._now()
            one = self._receipts(sender, signal, now)
            one.requests += whole
            one.refused += len(messages)
            for message in messages:
                self._note("refused", sender, signal, reason_in(message), message, now)
            self._wake()

    def left_out(self, sender: Sender, signal: str, copies: int) -> None:
        """So many spans were not stored, because what they copy comes by itself."""
        if not copies:
            return
        with self._changed:
            self._note("copies", sender, signal, "", "", self._now(), times=copies)
            self._wake()

    def stored(self, spans: Sequence[Span], received_ms: int) -> None:
        """New spans were stored, by what made them."""
        by_source: dict[tuple[Any, ...], list[Span]] = {}
        for span in spans:
            by_source.setdefault(_source_of(span), []).append(span)
        with self._changed:
            for source, group in by_source.items():
                self._count(source, group, received_ms)
            self._wake()

    def _count(self, source: tuple[Any, ...], spans: list[Span], now: int) -> None:
        project_id, key_id, client, service, scope, dialect = source
        hour = now // 3_600_000
        sender = Sender(project_id, key_id, self._clients.bounded(project_id, client, hour))
        service = self._subjects.bounded((sender, "service"), service, hour)
        scope = self._subjects.bounded((sender, "scope"), scope, hour)
        one: _Source = self._sums.at(SOURCES, (now // 60_000 * 60, *sender, service, scope, dialect))
        for span in spans:
            if span.status == "error":
                one.errors += 1
            if span.kind == "other":
                one.unrecognised += 1
            elif span.counted and span.kind in CALL_KINDS:
                self._count_call(one, sender, span, now)
        one.spans += len(spans)
        newest = max(spans, key=_start_of)
        lag = (now - newest.start_time.timestamp() * 1000 - newest.duration_ms) / 1000
        one.lag_min, one.lag_max = (min(one.lag_min, lag), max(one.lag_max, lag)) if one.batches else (lag, lag)
        one.batches += 1
        one.last_at = now
        for span in spans[: MOST_INSPECTED - one.inspected] if one.inspected < MOST_INSPECTED else ():
            one.inspected += 1
            for name, value in _not_understood(span):
                self._note("attribute", sender, service, name, value, now)

    def _count_call(self, one: _Source, sender: Sender, span: Span, now: int) -> None:
        one.calls += 1
        # A call that used nothing, or that says nothing of what it used, needs no price.
        if span.model and not span.cost_source and (span.input_tokens or span.output_tokens):
            one.unpriced += 1
            served = span.response_model if span.response_model != span.model else ""
            self._note("unpriced", sender, span.provider, span.model, served, now)
        if not span.model:
            one.modelless += 1
        if span.status == "ok" and not (span.input_tokens or span.output_tokens):
            one.tokenless += 1
        # What was embedded is judged by nobody.
        if span.kind == "llm" and not (span.input or span.output):
            one.textless += 1

    def _receipts(self, sender: Sender, signal: str, now: int) -> _Receipts:
        sender = sender._replace(client=self._clients.bounded(sender.project_id, sender.client, now // 3_600_000))
        one: _Receipts = self._sums.at(RECEIPTS, (now // 60_000 * 60, *sender, signal))
        one.last_at = now
        return one

    def _note(
        self,
        kind: str,
        sender: Sender,
        about: str,
        subject: str,
        example: Any,  # noqa: ANN401
        now: int,
        *,
        times: int = 1,
    ) -> None:
        hour = now // 3_600_000
        subject = self._subjects.bounded((sender, kind), subject[:MAX_SUBJECT], hour)
        note: _Note = self._sums.at(NOTES, (hour * 3600, kind, *sender, about[:MAX_SUBJECT], subject))
        if not note.times:
            note.example = (example if isinstance(example, str) else json_text(example) or str(example))[:MAX_EXAMPLE]
        note.times += times
        note.last_at = now

    def _now(self) -> int:
        return int(self._clock() * 1000)

    def _wake(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="tally", daemon=True)
            self._thread.start()
        self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or any(self._sums.by_table.values()))
            time.sleep(PAUSE_SECONDS)
            try:
                self.flush()
            except StoreUnavailable as error:
                logger.info("What is known of senders waits to be written: %s", error)
            except Exception:
                logger.exception("What is known of senders could not be written.")

    def flush(self) -> None:
        """Write what was counted; returns when a reader sees it. Raises StoreUnavailable; then it is tried again."""
        with self._writing:
            with self._changed:
                sums, self._sums = self._sums, _Sums()
            self._waiting += sums.rows().items()
            while self._waiting:
                table, rows = self._waiting[0]
                try:
                    store.insert(table.name, _columns(table, rows))
                except BadRows:
                    logger.exception("What is known of senders fits no column; it is left out.")
                except StoreUnavailable:
                    self._forget_too_much()
                    raise
                self._waiting.pop(0)

    def _forget_too_much(self) -> None:
        while sum(len(rows) for _, rows in self._waiting) > MOST_WAITING:
            self._waiting.pop(0)

    def forget(self) -> None:
        """Begin anew, for tests."""
        with self._writing, self._changed:
            self._sums, self._waiting = _Sums(), []
            self._clients, self._subjects = _FewNames(MOST_CLIENTS), _FewNames(MOST_SUBJECTS)


def _columns(table: _Table, rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    names = (*table.keys, *table.sums.__slots__)
    columns = {name: list(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
    if "example" in columns:
        # Only here, in a thread: the rules of a project may have to be read from SQL.
        columns["example"] = redact.examples(columns["project_id"], columns["example"])
    return columns


#: Names of general conventions that say where something ran: nobody misses them in a figure.
_OF_NO_ACCOUNT = tuple(
    f"{holder}{name}"
    for holder in ("", "resource.")
    for name in (
        "telemetry.", "process.", "host.", "os.", "container.", "k8s.", "cloud.", "service.instance.", "thread.",
        "code.", "network.", "net.", "server.", "client.", "url.", "http.", "user_agent.", "exception.", "links",
    )
)  # fmt: skip


def _not_understood(span: Span) -> Iterator[tuple[str, Any]]:
    """Names of attributes and events that no table knows, each with a value; none of what only repeats a call."""
    for name, value in _told(span) if span.counted else ():
        if not (name.startswith(_OF_NO_ACCOUNT) or LOOKUP.is_kept(name)):
            yield name, value


def _told(span: Span) -> Iterator[tuple[str, Any]]:
    for name, value in span.attributes.items():
        if name == "events" and isinstance(value, list):
            yield from map(_event, value)
        else:
            yield name, value


def _event(event: Any) -> tuple[str, Any]:  # noqa: ANN401
    """Of the form that decoders give them; an attribute that a sender calls so may hold anything."""
    if isinstance(event, dict) and "name" in event:
        return f"event {event['name']}", event.get("attributes", {})
    return "events", event


_COUNT = re.compile(r"^\d+ (?=\w)")
_PLACE = re.compile(r"\[\d+\]")
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\b[0-9a-f]{8}(?:[0-9a-f]|-[0-9a-f]){8,}\b", re.IGNORECASE)
_NUMBER = re.compile(r"\b\d{4,}\b")
_ATTRIBUTE = re.compile(r"\battributes\.[^:]*(?=: )")
_PATH = re.compile(r"^(?:[\w-]+\.)+(?=[\w-]+: )")


def reason_in(message: str) -> str:
    """What messages of one kind have in common: without places in the body, ids, quoted texts and large numbers."""
    reason = _ATTRIBUTE.sub("attributes", _PLACE.sub("", _COUNT.sub("", message[: 4 * MAX_SUBJECT])))
    return _NUMBER.sub("…", _QUOTED.sub("…", _PATH.sub("", reason)))[:MAX_SUBJECT]


#: The one of this process.
_tally = Tally()
received, refused, stored, left_out = _tally.received, _tally.refused, _tally.stored, _tally.left_out
flush, forget = _tally.flush, _tally.forget

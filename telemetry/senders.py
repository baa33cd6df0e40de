"""Who sends, and what of it the console does not understand: read from the raw spans of the last 24 hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from accounts.models import ApiKey, Project
from telemetry import store
from telemetry.columns import microseconds

WINDOW = timedelta(hours=24)
#: Attributes are counted, and parents looked for, in this many of the newest spans.
NEWEST = 5000
#: A parent ends after its children and is sent later.
SETTLES_IN = timedelta(minutes=2)


class Source(NamedTuple):
    """Spans of one service, instrumentation, dialect and key."""

    service: str
    scope: str
    dialect: str
    key_id: int
    spans: int
    last_seen: datetime
    #: Of no known kind: usually not of an AI system at all.
    unrecognised: int
    errors: int
    calls: int
    unpriced: int


class UnmappedAttribute(NamedTuple):
    name: str
    spans: int
    service: str
    #: The start of one value, as JSON.
    example: str


class UnpricedModel(NamedTuple):
    model: str
    response_model: str
    provider: str
    calls: int
    input_tokens: int
    output_tokens: int


class Parentless(NamedTuple):
    """Spans that name a parent which was not received."""

    trace_id: str
    parent_id: str
    service: str
    spans: int
    first_start: datetime


class NamedSource(NamedTuple):
    source: Source
    #: Name of the key; empty where none was needed.
    key: str


@dataclass(frozen=True, slots=True)
class Report:
    since: datetime
    sources: list[NamedSource]
    attributes: list[UnmappedAttribute]
    unpriced: list[UnpricedModel]
    parentless: list[Parentless]
    newest: int = NEWEST

    @property
    def spans(self) -> int:
        return sum(named.source.spans for named in self.sources)

    @property
    def parentless_spans(self) -> int:
        return sum(found.spans for found in self.parentless)


def report(project: Project, *, now: datetime | None = None) -> Report:
    """Raises StoreUnavailable."""
    now = now or datetime.now(UTC)
    since = now - WINDOW
    ask = {"project_id": project.pk, "since": microseconds(since)}
    sources = store.rows(Source, "telemetry/senders", **ask)
    names = dict(ApiKey.objects.filter(pk__in={source.key_id for source in sources}).values_list("pk", "name"))
    return Report(
        since=since,
        sources=[NamedSource(source, names.get(source.key_id, "")) for source in sources],
        attributes=store.rows(UnmappedAttribute, "telemetry/senders_attributes", limit=NEWEST, **ask),
        unpriced=store.rows(UnpricedModel, "telemetry/senders_unpriced", **ask),
        parentless=store.rows(
            Parentless, "telemetry/senders_parentless", limit=NEWEST, settled=microseconds(now - SETTLES_IN), **ask
        ),
    )

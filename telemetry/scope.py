"""What a page or REST call is about: project, time range, comparison, refresh and filters, read from the URL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from accounts.models import Project
from core.timerange import COMPARISONS, DEFAULT_PRESET, REFRESHES, BadRange, TimeRange, comparison
from telemetry.filters import SPAN_FILTERS, Filters

DEFAULT_COMPARE = "yesterday"
DEFAULT_REFRESH = "live"


@dataclass(frozen=True, slots=True)
class Scope:
    """Immutable; two equal scopes show the same figures."""

    project: Project
    span: TimeRange
    compare: str
    refresh: str
    filters: Filters

    @classmethod
    def from_query(cls, project: Project, query: dict[str, str], *, now: datetime | None = None) -> Scope:
        """Raises BadRange (a ValueError) that names the parameter."""
        compare = query.get("compare") or DEFAULT_COMPARE
        if compare not in COMPARISONS:
            raise BadRange(f"compare: {compare!r} is not one of {', '.join(COMPARISONS)}")
        refresh = query.get("refresh") or DEFAULT_REFRESH
        if refresh not in REFRESHES:
            raise BadRange(f"refresh: {refresh!r} is not one of {', '.join(REFRESHES)}")
        span = TimeRange.from_query(query, now=now)
        return cls(project, span, compare, refresh, Filters.from_query(query, SPAN_FILTERS))

    @property
    def before(self) -> TimeRange | None:
        """The range to compare with."""
        return comparison(self.span, self.compare)

    @property
    def is_live(self) -> bool:
        return self.refresh == "live" and self.span.ends_now

    def query(self, **changes: str | None) -> str:
        """The query string of this scope with some parameters changed (None removes); defaults are left out."""
        values: dict[str, str] = {"project": self.project.slug}
        if self.span.preset:
            if self.span.preset != DEFAULT_PRESET:
                values["range"] = self.span.preset
        else:
            values["from"] = self.span.start.strftime("%Y-%m-%dT%H:%M:%SZ")
            values["to"] = self.span.end.strftime("%Y-%m-%dT%H:%M:%SZ")
        if self.compare != DEFAULT_COMPARE:
            values["compare"] = self.compare
        if self.refresh != DEFAULT_REFRESH:
            values["refresh"] = self.refresh
        values |= self.filters.values
        for name, value in changes.items():
            if value is None:
                values.pop(name, None)
            else:
                values[name] = value
        return urlencode(values)

"""Questions about money. Rows carry whole nano-dollars.

Ranges count every minute that they touch, as all series do. Tables of the same range and filters add up to the same
total: models and features come from the roll-ups by minute and hour, users from the roll-up of spend with its edges
from the spans. What no roll-up can tell (a range narrowed to one user or session) is read from the spans.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode

from core.timerange import TimeRange
from telemetry import series, store
from telemetry.filters import Filters
from telemetry.scope import Scope
from telemetry.series import Parts
from telemetry.window import Window

SLOT = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)

#: Filters that roll-ups by minute and hour do not know.
_ONLY_ON_SPANS = frozenset({"user_id", "session_id"})
#: Filters that the roll-up of spend knows.
_ON_SPEND = frozenset({"user_id", "feature", "model"})


class Spend(NamedTuple):
    """What calls of one model, feature or user cost."""

    name: str
    calls: int = 0
    #: Calls whose cost is not known; it is missing from ``cost_nano``.
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_nano: int = 0

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def priced(self) -> int:
        return self.calls - self.unpriced

    @property
    def each_nano(self) -> int | None:
        """Cost of one call, of those whose cost is known; None without any."""
        return round(self.cost_nano / self.priced) if self.priced else None


class UnpricedCalls(NamedTuple):
    """Calls of one model whose cost is not known."""

    provider: str
    model: str
    service_tier: str
    calls: int
    #: Of these, how many came without token counts.
    without_tokens: int
    input_tokens: int
    output_tokens: int
    last_at: datetime

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    @property
    def price_query(self) -> str:
        """Fills the form that sets a price for these calls."""
        return urlencode({"provider": self.provider, "model": self.model})


class WindowSpend(NamedTuple):
    """Spend of one feature, model or the project, one figure for each stretch of time asked for."""

    value: str
    spent: list[int]


class UserSpend(NamedTuple):
    user_id: str
    spent: int


class ModelSlot(NamedTuple):
    slot: datetime
    model: str
    cost_nano: int


#: Start of a step and the cost by model in it.
SpendPoint = tuple[datetime, dict[str, int]]


def added(name: str, rows: Iterable[Spend]) -> Spend:
    """The sum of rows under a name of its own."""
    columns = zip(*(row[1:] for row in rows), strict=True)
    return Spend(name, *(sum(column) for column in columns))


def spend_total(project_id: int, span: TimeRange, filters: Filters) -> Spend:
    """All that was spent in the range. Raises StoreUnavailable."""
    if _ONLY_ON_SPANS & filters.values.keys():
        return added("", _from_spans(project_id, span, "model", filters))
    return _spend("", series.total(project_id, span, filters, parts=Parts.SPANS))


def spend_by(project_id: int, span: TimeRange, dimension: str, filters: Filters) -> list[Spend]:
    """Spend per ``model``, ``feature`` or ``user_id``, highest first. Raises StoreUnavailable."""
    if dimension == "user_id" and filters.values.keys() <= _ON_SPEND:
        return _by_user(project_id, span, filters)
    if dimension == "user_id" or _ONLY_ON_SPANS & filters.values.keys():
        return _from_spans(project_id, span, dimension, filters)
    found = series.by(project_id, span, dimension, filters, parts=Parts.SPANS)
    rows = [_spend(name, window) for name, window in found.items() if window.calls]
    return sorted(rows, key=lambda row: (-row.cost_nano, -row.calls, row.name))


def spend_over_time(project_id: int, span: TimeRange, step: timedelta, filters: Filters) -> list[SpendPoint]:
    """Cost by model in every step that the range touches, oldest first. Raises StoreUnavailable."""
    windows = series.windows(project_id, span, step, filters, parts=Parts.SPANS)
    if not _ONLY_ON_SPANS & filters.values.keys():
        return [(at, {model: sums.cost_nano for model, sums in window.models.items()}) for at, window in windows]
    points: dict[datetime, dict[str, int]] = {at: {} for at, _ in windows}
    asked = _asked(project_id, TimeRange(min(points), max(points) + step), filters)
    for row in store.rows(ModelSlot, "costs/spend_raw_over_time", step=int(step.total_seconds()), **asked):
        points[row.slot][row.model] = row.cost_nano
    return list(points.items())


def cost_by_model(scope: Scope) -> list[Spend]:
    """Spend per model in a scope, highest first. Raises StoreUnavailable."""
    return spend_by(scope.project.pk, scope.span, "model", scope.filters)


def unpriced(project_id: int, span: TimeRange, filters: Filters, *, limit: int = 50) -> list[UnpricedCalls]:
    """Calls whose cost is not known, by host, model and tier. Raises StoreUnavailable."""
    return store.rows(UnpricedCalls, "costs/unpriced", limit=limit, **_asked(project_id, span, filters))


def spend_in(project_id: int, column: str, windows: Sequence[tuple[datetime, datetime]]) -> dict[str, list[int]]:
    """Value of ``feature`` or ``model`` (``project_id``: one empty value) -> what was spent in each window.

    Raises StoreUnavailable.
    Windows are half open and begin and end at whole minutes; values without spend in any of them are absent.
    """
    starts, ends = ([window[side] for window in windows] for side in (0, 1))
    hour = timedelta(hours=1)
    cut_hours = {_floor(bound, hour) for window in windows for bound in window if bound != _floor(bound, hour)}
    found = store.rows(
        WindowSpend,
        "costs/spend_in_windows",
        key=column,
        project_id=project_id,
        starts=starts,
        ends=ends,
        start=min(starts),
        end=max(ends),
        cut_hours=sorted(cut_hours),
    )
    return {"" if column == "project_id" else row.value: row.spent for row in found if any(row.spent)}


def user_spend(project_id: int, start: datetime, end: datetime, *, user: str = "", limit: int = 1) -> list[UserSpend]:
    """Users by what they spent, highest first, or one of them. Quarters of an hour. Raises StoreUnavailable."""
    return store.rows(
        UserSpend, "costs/user_spend", project_id=project_id, start=start, end=end, user=user, limit=limit
    )


def _spend(name: str, window: Window) -> Spend:
    unknown = sum(sums.unpriced for sums in window.models.values())
    return Spend(name, window.calls, unknown, window.input_tokens, window.output_tokens, window.cost_nano)


def _by_user(project_id: int, span: TimeRange, filters: Filters) -> list[Spend]:
    asked = _asked(project_id, span, filters)
    first, last = _ceil(asked["start"], SLOT), _floor(asked["end"], SLOT)
    if first >= last:
        first = last = asked["end"]
    return store.rows(Spend, "costs/spend_by_user", slots_start=first, slots_end=last, **asked)


def _from_spans(project_id: int, span: TimeRange, dimension: str, filters: Filters) -> list[Spend]:
    return store.rows(Spend, "costs/spend_raw", key=dimension, **_asked(project_id, span, filters))


def _asked(project_id: int, span: TimeRange, filters: Filters) -> dict[str, Any]:
    where, values = filters.sql()
    bounds = {"start": _floor(span.start, MINUTE), "end": _ceil(span.end, MINUTE)}
    return {"where": where, "project_id": project_id, **bounds, **values}


def _floor(moment: datetime, step: timedelta) -> datetime:
    seconds = int(step.total_seconds())
    return datetime.fromtimestamp(int(moment.timestamp()) // seconds * seconds, UTC)


def _ceil(moment: datetime, step: timedelta) -> datetime:
    floor = _floor(moment, step)
    return floor if floor == moment else floor + step

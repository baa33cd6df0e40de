"""What the costs page shows: total, comparison, breakdowns, budgets and what has no price."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from costs import queries
from costs.queries import Spend
from telemetry.scope import Scope

#: Names of the page's tables -> column, title, and the word for one row.
DIMENSIONS = {
    "model": ("model", "Models", "model"),
    "feature": ("feature", "Features", "feature"),
    "user": ("user_id", "Users", "user"),
}

#: What a table can be sorted by; all but the name count downwards.
SORTS: dict[str, Callable[[Spend], Any]] = {
    "cost": lambda row: (-row.cost_nano, -row.calls, row.name),
    "calls": lambda row: (-row.calls, row.name),
    "tokens": lambda row: (-row.tokens, row.name),
    "each": lambda row: (-(row.each_nano or 0), row.name),
    "name": lambda row: row.name,
}
DEFAULT_SORT = "cost"

#: The page shows this many rows of a table, or when asked for more, and sums up the rest; the download has them all.
FEW_ROWS = 10
MOST_ROWS = 200


class BadSort(ValueError):
    """A query string that names no column."""


def sort_from(query: dict[str, str]) -> str:
    """Raises BadSort naming the parameter."""
    sort = query.get("sort") or DEFAULT_SORT
    if sort not in SORTS:
        raise BadSort(f"sort: {sort!r} is not one of {', '.join(SORTS)}")
    return sort


@dataclass(frozen=True, slots=True)
class Breakdown:
    """One table: rows, and the sum of those that are not shown."""

    key: str
    column: str
    title: str
    word: str
    rows: Sequence[Spend]
    rest: Spend | None
    rest_count: int
    total: Spend
    #: Whether it shows as many rows as a page can.
    is_long: bool

    def share(self, row: Spend) -> float | None:
        return row.cost_nano / self.total.cost_nano if self.total.cost_nano else None

    @property
    def with_shares(self) -> list[tuple[Spend, float | None]]:
        return [(row, self.share(row)) for row in self.rows]


def rows_of(scope: Scope, key: str, sort: str) -> list[Spend]:
    """Every row of one table. Raises StoreUnavailable."""
    column, _, _ = DIMENSIONS[key]
    return sorted(queries.spend_by(scope.project.pk, scope.span, column, scope.filters), key=SORTS[sort])


def breakdown(scope: Scope, key: str, sort: str, *, is_long: bool = False) -> Breakdown:
    """One table of the page. Raises StoreUnavailable."""
    column, title, word = DIMENSIONS[key]
    rows = rows_of(scope, key, sort)
    most = MOST_ROWS if is_long else FEW_ROWS
    shown, rest = rows[:most], rows[most:]
    return Breakdown(
        key=key,
        column=column,
        title=title,
        word=word,
        rows=shown,
        rest=queries.added("", rest) if rest else None,
        rest_count=len(rest),
        total=queries.added("", rows),
        is_long=is_long,
    )


def change(now: int | None, before: int | None) -> float | None:
    """Growth as a share of what was before; None where either is not known or there was nothing."""
    return (now - before) / before if now is not None and before else None

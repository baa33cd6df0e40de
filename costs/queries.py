"""Questions about money. Rows carry whole nano-dollars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from telemetry import store


class PeriodSpend(NamedTuple):
    """Spend of one spender in one period, before and after its mark; periods count from 1."""

    value: str
    period: int
    before_nano: int
    after_nano: int


def period_spend(
    project_id: int,
    scope: str,
    starts: Sequence[datetime],
    marks: Sequence[datetime],
    end: datetime,
    values: Sequence[str] = (),
    *,
    limit: int,
) -> list[PeriodSpend]:
    """Highest first. ``scope`` is a ``Budget.Scope``; without ``values`` it is about every spender."""
    return store.rows(
        PeriodSpend,
        "costs/period_spend",
        project_id=project_id,
        scope=scope,
        starts=list(starts),
        marks=list(marks),
        start=starts[0],
        end=end,
        values=list(values),
        limit=limit,
    )

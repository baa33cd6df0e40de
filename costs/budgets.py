"""What each budget has left, how its period will end, and whether one more call may be made."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from accounts.models import Project
from costs import queries
from costs.forecast import PATTERN_PERIODS, Forecast, Method, Split, forecast
from costs.models import Budget
from costs.periods import PeriodBounds, bounds, previous

State = Literal["ok", "warning", "over"]

#: Of a budget for each user, feature or model, this many are shown: those that have spent most.
MOST_VALUES = 10
#: An answer to "may I?" is at most this old.
CHECK_SECONDS = 1.0
MOST_CHECKS = 10_000
#: Spend is kept by this step; the pattern of earlier periods is cut at the same step.
SLOT = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class BudgetStatus:
    """One budget in its present period; for a budget of each user (feature, model), that of one of them."""

    spent_nano: int
    limit_nano: int
    #: Never below zero.
    remaining_nano: int
    #: Spent over limit; 1.0 is all of it.
    share: float
    #: What the period will have cost at its end.
    forecast_nano: int
    period_start: datetime
    period_end: datetime
    state: State
    budget: Budget
    #: The user, feature or model; empty for the project.
    value: str
    forecast_method: Method
    #: The highest warning share, in percent, that has been reached; 0 for none.
    reached: int

    @property
    def over_nano(self) -> int:
        """Spent beyond the limit."""
        return max(0, self.spent_nano - self.limit_nano)

    @property
    def forecast_share(self) -> float:
        return self.forecast_nano / self.limit_nano


def _status(budget: Budget, value: str, period: PeriodBounds, spent: int, expected: Forecast) -> BudgetStatus:
    limit = budget.limit_nano
    reached = max((share for share in budget.warn_at if spent * 100 >= limit * share), default=0)
    state: State = "over" if spent >= limit else "warning" if reached else "ok"
    return BudgetStatus(
        spent_nano=spent,
        limit_nano=limit,
        remaining_nano=max(0, limit - spent),
        share=spent / limit,
        forecast_nano=expected.nano,
        period_start=period.start,
        period_end=period.end,
        state=state,
        budget=budget,
        value=value,
        forecast_method=expected.method,
        reached=reached,
    )


def _zone(budget: Budget) -> ZoneInfo:
    return ZoneInfo(budget.project.time_zone)


def status(budget: Budget, now: datetime) -> BudgetStatus:
    """The budget now; of one for each user (feature, model), that of who has spent most."""
    return statuses(budget, now, limit=1)[0]


def statuses(
    budget: Budget, now: datetime, *, limit: int = MOST_VALUES, values: Iterable[str] = (), look_back: bool = True
) -> list[BudgetStatus]:
    """One status, or for a budget of each value those of the highest spenders (or of ``values``).

    Never empty: with no spend there is one status with an empty value. Asks ClickHouse twice, or once
    without ``look_back``, which leaves earlier periods out of the forecast.
    """
    zone = _zone(budget)
    period = bounds(budget.period, now, zone)
    wanted = list(values) if budget.is_each else [budget.scope_value]
    present = queries.period_spend(
        budget.project_id, budget.scope, [period.start], [_mark(period, period, now)], period.end, wanted, limit=limit
    )
    spent = {row.value: Split(row.before_nano, row.after_nano) for row in present}
    if not spent:
        spent = dict.fromkeys(wanted or [""], Split(0, 0))
    earlier = _earlier(budget, period, now, zone, list(spent)) if look_back else defaultdict(list)
    return [
        _status(
            budget,
            value,
            period,
            split.before_nano + split.after_nano,
            forecast(split, earlier[value], elapsed=now - period.start, length=period.end - period.start),
        )
        for value, split in spent.items()
    ]


def _mark(each: PeriodBounds, present: PeriodBounds, now: datetime) -> datetime:
    """The moment of a period that corresponds to now, rounded down to a slot."""
    elapsed = (now - present.start) // SLOT * SLOT
    return min(each.start + elapsed, each.end)


def _earlier(
    budget: Budget, present: PeriodBounds, now: datetime, zone: ZoneInfo, values: list[str]
) -> defaultdict[str, list[Split]]:
    found: defaultdict[str, list[Split]] = defaultdict(list)
    periods = previous(budget.period, present, zone, PATTERN_PERIODS[budget.period])
    if periods:
        rows = queries.period_spend(
            budget.project_id,
            budget.scope,
            [each.start for each in periods],
            [_mark(each, present, now) for each in periods],
            present.start,
            values,
            limit=len(periods) * len(values),
        )
        for row in rows:
            found[row.value].append(Split(row.before_nano, row.after_nano))
    return found


def for_project(project: Project | int, now: datetime | None = None) -> list[BudgetStatus]:
    """Every enabled budget of a project (or of its key), the project's own first, then by share used.

    Asks ClickHouse once or twice for each budget. Raises StoreUnavailable.
    """
    now = now or datetime.now(UTC)
    found = [
        each
        for budget in Budget.objects.filter(project=project, enabled=True).select_related("project")
        for each in statuses(budget, now)
    ]
    return sorted(found, key=lambda each: (each.budget.scope != Budget.Scope.PROJECT, -each.share))


def remaining(project: Project, now: datetime | None = None) -> int | None:
    """Nano-dollars until the first budget of the whole project is used up; None without such a budget."""
    now = now or datetime.now(UTC)
    budgets = Budget.objects.filter(project=project, enabled=True, scope=Budget.Scope.PROJECT)
    return min((status(budget, now).remaining_nano for budget in budgets.select_related("project")), default=None)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left for one caller: the budgets that apply, and the least that any of them has left."""

    statuses: tuple[BudgetStatus, ...]

    @property
    def remaining_nano(self) -> int | None:
        """None when no budget applies."""
        return min((each.remaining_nano for each in self.statuses), default=None)

    def allows(self, estimated_nano: int) -> bool:
        """Whether a call of this cost keeps every budget within its limit. One that is used up allows nothing."""
        return all(
            each.spent_nano < each.limit_nano and each.spent_nano + estimated_nano <= each.limit_nano
            for each in self.statuses
        )


_Caller = tuple[int, str, str, str]
_checked: dict[_Caller, tuple[float, Allowance]] = {}


def allowance(project_id: int, *, user: str = "", feature: str = "", model: str = "") -> Allowance:
    """What is left for calls of this user, feature and model.

    Kept for ``CHECK_SECONDS``, because callers ask before each of their calls.
    """
    caller = (project_id, user, feature, model)
    kept = _checked.get(caller)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    found = _allowance(caller, datetime.now(UTC))
    if len(_checked) >= MOST_CHECKS:
        _checked.clear()
    _checked[caller] = (time.monotonic() + CHECK_SECONDS, found)
    return found


def forget_checked() -> None:
    _checked.clear()


def _allowance(caller: _Caller, now: datetime) -> Allowance:
    project_id, user, feature, model = caller
    named = {Budget.Scope.USER: user, Budget.Scope.FEATURE: feature, Budget.Scope.MODEL: model}
    found: list[BudgetStatus] = []
    for budget in Budget.objects.filter(project_id=project_id, enabled=True).select_related("project"):
        value = named.get(Budget.Scope(budget.scope), "")
        if budget.scope != Budget.Scope.PROJECT and (not value or budget.scope_value not in (value, Budget.EACH)):
            continue
        found += statuses(budget, now, limit=1, values=[value], look_back=False)
    return Allowance(tuple(found))

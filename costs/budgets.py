"""What each budget has left, how its period will end, and whether one more call may be made."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from accounts.models import Project
from costs import queries
from costs.forecast import PATTERN_PERIODS, Forecast, Method, Split, forecast
from costs.ledger import Ledger, UserBook
from costs.models import Budget
from costs.periods import PeriodBounds, bounds, previous

State = Literal["ok", "warning", "over"]

#: Of a budget for each user, feature or model, this many are shown: those that have spent most.
MOST_VALUES = 10
#: An answer to "may I?" is at most this old.
CHECK_SECONDS = 1.0
MOST_KEPT = 10_000
#: Earlier periods are compared at the end of the last whole hour.
MARK = timedelta(hours=1)

_COLUMNS = {Budget.Scope.PROJECT: "project_id", Budget.Scope.FEATURE: "feature", Budget.Scope.MODEL: "model"}


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
    #: The user, feature or model; empty for the project, and for "each" while nobody has spent anything.
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


@dataclass(frozen=True, slots=True)
class _Plan:
    """One budget at one moment, and whose spend is asked for; None for whoever has spent most."""

    budget: Budget
    period: PeriodBounds
    zone: ZoneInfo
    now: datetime
    named: str | None

    @property
    def elapsed(self) -> timedelta:
        return self.now - self.period.start

    def mark(self, period: PeriodBounds) -> datetime:
        """The moment of a period that corresponds to the last whole hour of the present one."""
        return min(period.start + self.elapsed // MARK * MARK, period.end)

    def split(self, period: PeriodBounds) -> list[tuple[datetime, datetime]]:
        return [(period.start, self.mark(period)), (self.mark(period), period.end)]


def _plan(budget: Budget, now: datetime) -> _Plan:
    zone = ZoneInfo(budget.project.time_zone)
    named = None if budget.is_each else budget.scope_value
    return _Plan(budget, bounds(budget.period, now, zone), zone, now, named)


def status(budget: Budget, now: datetime) -> BudgetStatus:
    """The budget now; of one for each user (feature, model), that of who has spent most. Raises StoreUnavailable."""
    return statuses(budget, now, limit=1)[0]


def statuses(budget: Budget, now: datetime, *, limit: int = MOST_VALUES) -> list[BudgetStatus]:
    """One status, or for a budget of each value those of the highest spenders. Raises StoreUnavailable.

    Never empty: where nobody has spent anything there is one status with an empty value.
    """
    return _statuses([_plan(budget, now)], limit=limit)


def for_project(project: Project | int, now: datetime | None = None) -> list[BudgetStatus]:
    """Every enabled budget of a project (or its key), the project's own first, then by share used.

    Asks ClickHouse once for all budgets of features, once for those of models, and so on. Raises StoreUnavailable.
    """
    now = now or datetime.now(UTC)
    budgets = Budget.objects.filter(project=project, enabled=True).select_related("project")
    found = _statuses([_plan(budget, now) for budget in budgets])
    return sorted(found, key=lambda each: (each.budget.scope != Budget.Scope.PROJECT, -each.share))


def remaining(project: Project, now: datetime | None = None) -> int | None:
    """Nano-dollars until the first budget of the whole project is used up; None without such a budget."""
    now = now or datetime.now(UTC)
    budgets = Budget.objects.filter(project=project, enabled=True, scope=Budget.Scope.PROJECT)
    found = _statuses([_plan(budget, now) for budget in budgets.select_related("project")], look_back=False)
    return min((each.remaining_nano for each in found), default=None)


def _statuses(plans: Sequence[_Plan], *, limit: int = MOST_VALUES, look_back: bool = True) -> list[BudgetStatus]:
    """Without ``look_back``, earlier periods are left out of the forecast."""
    found: list[BudgetStatus] = []
    for scope, column in _COLUMNS.items():
        group = [plan for plan in plans if plan.budget.scope == scope]
        if group:
            found += _of_rollups(group, column, limit=limit, look_back=look_back)
    for plan in plans:
        if plan.budget.scope == Budget.Scope.USER:
            found += _of_users(plan, limit=limit)
    return found


def _of_rollups(plans: Sequence[_Plan], column: str, *, limit: int, look_back: bool) -> list[BudgetStatus]:
    windows = [window for plan in plans for window in plan.split(plan.period)]
    spent = queries.spend_in(plans[0].budget.project_id, column, windows)
    found = []
    for index, plan in enumerate(plans):
        splits = {value: Split(*sums[2 * index : 2 * index + 2]) for value, sums in spent.items()}
        if plan.named is None:
            ranked = sorted((value for value in splits if value), key=lambda value: (-sum(splits[value]), value))
            values = [value for value in ranked[:limit] if sum(splits[value])] or [""]
        else:
            values = [plan.named]
        earlier = _earlier(plan, column) if look_back else {}
        found += [_status(plan, value, splits.get(value, Split(0, 0)), earlier.get(value, ())) for value in values]
    return found


def _of_users(plan: _Plan, *, limit: int) -> list[BudgetStatus]:
    book = _book(plan)
    spent = (book.highest(limit) or [("", 0)]) if plan.named is None else [(plan.named, book.spent_by(plan.named))]
    return [_of_user(plan, value, nano) for value, nano in spent]


def _book(plan: _Plan) -> UserBook:
    owner = (plan.budget.pk, plan.budget.updated_at)
    return _ledger.book(owner, plan.budget.project_id, plan.period, plan.now)


def _of_user(plan: _Plan, user: str, spent: int) -> BudgetStatus:
    """Goes by pace alone: the pattern of every user's earlier periods would be read for nobody's use."""
    return _status(plan, user, Split(spent, 0), ())


#: Budget, when it was last changed, the start of its period, and the hour -> value -> earlier periods.
_patterns: dict[tuple[int, datetime, datetime, datetime], dict[str, list[Split]]] = {}
_ledger = Ledger()


def _earlier(plan: _Plan, column: str) -> dict[str, list[Split]]:
    """Earlier periods, split where this one is now. They are over, so they are read once an hour."""
    budget = plan.budget
    key = (budget.pk, budget.updated_at, plan.period.start, plan.mark(plan.period))
    kept = _patterns.get(key)
    if kept is not None:
        return kept
    periods = previous(budget.period, plan.period, plan.zone, PATTERN_PERIODS[budget.period])
    windows = [window for period in periods for window in plan.split(period)]
    spent = queries.spend_in(budget.project_id, column, windows) if windows else {}
    found = {value: [Split(*pair) for pair in zip(sums[::2], sums[1::2], strict=True)] for value, sums in spent.items()}
    if len(_patterns) >= MOST_KEPT:
        _patterns.clear()
    _patterns[key] = found
    return found


def _status(plan: _Plan, value: str, present: Split, earlier: Iterable[Split]) -> BudgetStatus:
    budget, limit = plan.budget, plan.budget.limit_nano
    spent = sum(present)
    length = plan.period.end - plan.period.start
    expected: Forecast = forecast(present, list(earlier), elapsed=plan.elapsed, length=length)
    reached = max((share for share in budget.warn_at if spent * 100 >= limit * share), default=0)
    return BudgetStatus(
        spent_nano=spent,
        limit_nano=limit,
        remaining_nano=max(0, limit - spent),
        share=spent / limit,
        forecast_nano=expected.nano,
        period_start=plan.period.start,
        period_end=plan.period.end,
        state="over" if spent >= limit else "warning" if reached else "ok",
        budget=budget,
        value=value,
        forecast_method=expected.method,
        reached=reached,
    )


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


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """All that checks of one project need, read at one moment."""

    plans: tuple[_Plan, ...]
    #: Column -> value -> spend of each plan of that column, in order.
    spent: dict[str, dict[str, list[int]]]
    #: Of each plan of users, in order.
    books: tuple[UserBook, ...]

    def of(self, named: dict[str, str]) -> Allowance:
        """Scope -> the caller's value; empty for "none of them"."""
        found = []
        seen: dict[str, int] = dict.fromkeys(Budget.Scope.values, 0)
        for plan in self.plans:
            budget, place = plan.budget, seen[plan.budget.scope]
            seen[budget.scope] += 1
            value = named.get(budget.scope, "")
            if budget.scope != Budget.Scope.PROJECT and not (value and budget.scope_value in (value, Budget.EACH)):
                continue
            if budget.scope == Budget.Scope.USER:
                found.append(_of_user(plan, value, self.books[place].spent_by(value)))
                continue
            sums = self.spent[budget.scope].get(value)
            found.append(_status(plan, value, Split(sums[place] if sums else 0, 0), ()))
        return Allowance(tuple(found))


_snapshots: dict[int, tuple[float, _Snapshot]] = {}
_reading = threading.Lock()


def allowance(project_id: int, *, user: str = "", feature: str = "", model: str = "") -> Allowance:
    """What is left for calls of this user, feature and model. Raises StoreUnavailable.

    Callers ask before each of their calls, so all of a project are answered from what was read within
    ``CHECK_SECONDS``.
    """
    kept = _snapshots.get(project_id)
    # One reads anew; who asks meanwhile takes what is there, and waits only where nothing is.
    if (kept is None or kept[0] <= time.monotonic()) and _reading.acquire(blocking=kept is None):
        try:
            kept = _snapshots.get(project_id)
            if kept is None or kept[0] <= time.monotonic():
                kept = time.monotonic() + CHECK_SECONDS, _snapshot(project_id, datetime.now(UTC))
                _snapshots[project_id] = kept
        finally:
            _reading.release()
    return kept[1].of({"user": user, "feature": feature, "model": model})


def _snapshot(project_id: int, now: datetime) -> _Snapshot:
    budgets = Budget.objects.filter(project_id=project_id, enabled=True).select_related("project")
    plans = tuple(_plan(budget, now) for budget in budgets)
    spent = {}
    for scope, column in _COLUMNS.items():
        if periods := [plan.period for plan in plans if plan.budget.scope == scope]:
            spent[str(scope)] = queries.spend_in(project_id, column, periods)
    books = tuple(_book(plan) for plan in plans if plan.budget.scope == Budget.Scope.USER)
    return _Snapshot(plans, spent, books)


def forget() -> None:
    """Read everything anew at the next question."""
    _snapshots.clear()
    _patterns.clear()
    _ledger.forget()

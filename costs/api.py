"""Budgets over REST: what is left, and whether one more call may be made."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema

from accounts.api_auth import KeyAuth, caller
from core.money import to_nano, usd_text
from core.problems import Problem
from costs import budgets
from costs.budgets import BudgetStatus

router = Router(tags=["budgets"], auth=KeyAuth("read"))


class BudgetOut(Schema):
    """One budget in its present period. Money is dollars as decimal strings."""

    id: int
    name: str
    scope: Literal["project", "user", "feature", "model"]
    #: The user, feature or model; empty for the project.
    value: str
    period: Literal["hour", "day", "week", "month"]
    period_start: datetime
    period_end: datetime
    limit_usd: str
    spent_usd: str
    remaining_usd: str
    #: Spent over limit; above 1 when overspent.
    share: float
    state: Literal["ok", "warning", "over"]
    forecast_usd: str
    forecast_method: Literal["pattern", "pace", "early"]


class CheckOut(Schema):
    """Whether a call keeps every budget that is about it within its limit."""

    allowed: bool
    #: The least that any of the budgets has left; null when none is about this call.
    remaining_usd: str | None
    budgets: list[BudgetOut]


class CheckQuery(Schema):
    user: str = ""
    feature: str = ""
    model: str = ""
    estimated_cost_usd: str = "0"


def _out(status: BudgetStatus) -> BudgetOut:
    return BudgetOut(
        id=status.budget.pk,
        name=status.budget.name,
        scope=status.budget.scope,
        value=status.value,
        period=status.budget.period,
        period_start=status.period_start,
        period_end=status.period_end,
        limit_usd=usd_text(status.limit_nano),
        spent_usd=usd_text(status.spent_nano),
        remaining_usd=usd_text(status.remaining_nano),
        share=status.share,
        state=status.state,
        forecast_usd=usd_text(status.forecast_nano),
        forecast_method=status.forecast_method,
    )


@router.get("/budgets", response=list[BudgetOut], summary="Every enabled budget with its spend and forecast")
def list_budgets(request: HttpRequest) -> list[BudgetOut]:
    """The project's own budgets first, then by share used. Of a budget for each user, feature or model, the ten
    that have spent most."""
    return [_out(status) for status in budgets.for_project(caller(request).project_id)]


@router.get("/budgets/check", response=CheckOut, summary="May this call be made?")
def check_budget(request: HttpRequest, query: Query[CheckQuery]) -> CheckOut:
    """Answers for the budgets of the project and of the user, feature and model named. Spend is at most a second old.

    `estimated_cost_usd` is what the call is expected to cost; without it, a call is allowed as long as no budget is
    used up.
    """
    left = budgets.allowance(caller(request).project_id, user=query.user, feature=query.feature, model=query.model)
    return CheckOut(
        allowed=left.allows(_dollars(query.estimated_cost_usd)),
        remaining_usd=None if left.remaining_nano is None else usd_text(left.remaining_nano),
        budgets=[_out(status) for status in left.statuses],
    )


def _dollars(text: str) -> int:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount < 10**9:
        raise Problem(422, f"estimated_cost_usd: {text!r} is no amount of dollars", field="estimated_cost_usd")
    return to_nano(amount)

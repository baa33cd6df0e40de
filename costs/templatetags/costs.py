"""What the tables of the costs page are made of."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from costs.budgets import BudgetStatus
from costs.spending import DEFAULT_SORT
from telemetry.scope import Scope

register = template.Library()


@register.filter
def meter_share(share: float | None) -> str:
    """A share as a plain percentage of at most 100, for a bar."""
    return f"{min(1.0, share or 0) * 100:.1f}"


@register.simple_tag
def sort_heading(scope: Scope, table: str, sort: str, key: str, label: str, num: bool = False) -> SafeString:
    """A column heading that sorts by this column and stays at its table; screen readers hear the present order."""
    css = "num" if num else ""
    order = "none" if sort != key else "ascending" if key == "name" else "descending"
    address = f"{reverse('costs:overview')}?{scope.query(sort=None if key == DEFAULT_SORT else key)}#by-{table}"
    return format_html('<th scope="col" class="{}" aria-sort="{}"><a href="{}">{}</a></th>', css, order, address, label)


@register.simple_tag
def traces_of(scope: Scope, column: str, value: str) -> str:
    """The calls that a row counts."""
    return f"{reverse('traces:list')}?{scope.query(calls='1', **{column: value})}"


@register.simple_tag
def traces_of_budget(scope: Scope, status: BudgetStatus) -> str:
    """The calls that a budget's present period counts, whatever the page is narrowed to."""
    changes: dict[str, str | None] = dict.fromkeys(scope.filters.values)
    changes |= {"range": None, "calls": "1", "from": _moment(status.period_start), "to": _moment(status.period_end)}
    column = {"user": "user_id", "feature": "feature", "model": "model"}.get(status.budget.scope)
    if column and status.value:
        changes[column] = status.value
    return f"{reverse('traces:list')}?{scope.query(**changes)}"


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")

"""The budgets that the demo project starts with."""

from __future__ import annotations

from decimal import Decimal

from accounts.models import Project
from costs.models import Budget


def seed(project: Project) -> None:
    """A budget a day for the demo project and one for its largest feature; a project that has any keeps its own."""
    if project.purpose != Project.Purpose.DEMO or project.budgets.exists():
        return
    Budget.objects.create(
        project=project,
        name="All of the bookshop",
        period=Budget.Period.DAY,
        limit_usd=Decimal("2.50"),
        notes="Agreed with the shop's owner. When it is used up, answers come from the small model.",
    )
    Budget.objects.create(
        project=project,
        name="Support chat",
        scope=Budget.Scope.FEATURE,
        scope_value="support-chat",
        period=Budget.Period.DAY,
        limit_usd=Decimal("0.60"),
        notes="On busy days this is too little, which is when to look at the chat's prompts.",
    )

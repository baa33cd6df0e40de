"""Budgets and prices in the admin, with what has been spent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.decorators import display
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.project_admin import ProjectModelAdmin
from core.money import display as dollars
from costs import budgets, enrich
from costs.budgets import BudgetStatus
from costs.models import Budget, Price
from telemetry.store import StoreUnavailable

UNKNOWN = "–"
METHODS = {
    "pattern": "as earlier periods went on",
    "pace": "if it goes on as it began",
    "early": "too early to tell",
}


class PercentagesField(forms.CharField):
    """``50, 80, 100`` on the page, a list of whole numbers in the model."""

    widget = UnfoldAdminTextInputWidget

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401
        return ", ".join(map(str, value)) if isinstance(value, list) else value

    def to_python(self, value: str) -> list[int]:
        parts = [part.strip().removesuffix("%").strip() for part in (value or "").split(",")]
        try:
            return sorted({int(part) for part in parts if part})
        except ValueError:
            raise forms.ValidationError("Whole percentages, separated by commas: 50, 80, 100.") from None

    def has_changed(self, initial: Any, data: Any) -> bool:  # noqa: ANN401
        try:
            return self.to_python(data) != initial
        except forms.ValidationError:
            return True


class BudgetForm(forms.ModelForm):
    warn_at = PercentagesField(
        label="Warn at (%)",
        initial=[50, 80, 100],
        help_text="Shares of the limit, separated by commas. The budget turns to “warning” at the lowest; "
        "alert rules can watch each.",
    )

    class Meta:
        model = Budget
        fields = (
            "project", "name", "enabled", "scope", "scope_value", "period", "limit_usd", "warn_at", "notes",
        )  # fmt: skip


class SpendSoFar(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("ok", "Fine"), ("warning", "Warning"), ("over", "Used up")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Budget]) -> QuerySet[Budget]:
        if self.value() is None:
            return queryset
        now = datetime.now(UTC)
        try:
            matching = [each.pk for each in queryset if budgets.status(each, now).state == self.value()]
        except StoreUnavailable:
            return queryset
        return queryset.filter(pk__in=matching)


@admin.register(Budget)
class BudgetAdmin(ProjectModelAdmin):
    form = BudgetForm
    list_display = ("name", "who", "limit", "spent", "left", "used", "forecast", "state")
    list_filter = (("project", admin.RelatedOnlyFieldListFilter), SpendSoFar, "scope", "period", "enabled")
    search_fields = ("name", "scope_value", "notes")
    readonly_fields = ("so_far",)
    fieldsets = (
        (None, {"fields": ("project", "name", "enabled", "so_far")}),
        ("Whose spending", {"fields": (("scope", "scope_value"),)}),
        ("How much", {"fields": (("limit_usd", "period"), "warn_at")}),
        ("Notes", {"fields": ("notes",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Budget | None = None) -> Any:  # noqa: ANN401
        """A budget that is not there yet has spent nothing so far."""
        sets = super().get_fieldsets(request, obj)
        return sets if obj else [(None, {"fields": ("project", "name", "enabled")}), *sets[1:]]

    def _status(self, budget: Budget) -> BudgetStatus | None:
        """Asked once a row; None while ClickHouse is away."""
        if not hasattr(budget, "_status_now"):
            try:
                budget._status_now = budgets.status(budget, datetime.now(UTC))  # type: ignore[attr-defined]
            except StoreUnavailable:
                budget._status_now = None  # type: ignore[attr-defined]
        return budget._status_now  # type: ignore[attr-defined]

    @display(description="whose spending", ordering="scope")
    def who(self, budget: Budget) -> str:
        if budget.scope == Budget.Scope.PROJECT:
            return str(budget.project)
        if budget.is_each:
            found = self._status(budget)
            most = f", most: {found.value}" if found and found.value else ""
            return f"{budget.project}: each {budget.scope}{most}"
        return f"{budget.project}: {budget.scope} {budget.scope_value}"

    @display(description="limit", ordering="limit_usd")
    def limit(self, budget: Budget) -> str:
        return f"{dollars(budget.limit_nano)} {'an' if budget.period == 'hour' else 'a'} {budget.period}"

    @display(description="spent so far")
    def spent(self, budget: Budget) -> str:
        found = self._status(budget)
        return dollars(found.spent_nano) if found else UNKNOWN

    @display(description="remaining")
    def left(self, budget: Budget) -> str:
        found = self._status(budget)
        if found is None:
            return UNKNOWN
        return f"{dollars(found.over_nano)} over" if found.over_nano else dollars(found.remaining_nano)

    @display(description="used")
    def used(self, budget: Budget) -> SafeString | str:
        found = self._status(budget)
        return _meter(found) if found else UNKNOWN

    @display(description="forecast")
    def forecast(self, budget: Budget) -> SafeString | str:
        found = self._status(budget)
        if found is None:
            return UNKNOWN
        if found.forecast_method == "early":
            return METHODS["early"]
        return format_html('<span title="{}">{}</span>', METHODS[found.forecast_method], dollars(found.forecast_nano))

    @display(description="state", label={"Fine": "success", "Warning": "warning", "Used up": "danger", "Off": "info"})
    def state(self, budget: Budget) -> str:
        if not budget.enabled:
            return "Off"
        found = self._status(budget)
        return {"ok": "Fine", "warning": "Warning", "over": "Used up"}[found.state] if found else UNKNOWN

    @display(description="So far")
    def so_far(self, budget: Budget) -> SafeString | str:
        found = self._status(budget)
        if found is None:
            return "ClickHouse does not answer; the spend is not known at the moment."
        return format_html(
            "{} of {} in this {}, which ends on {} UTC. Forecast for then: {} ({}).",
            dollars(found.spent_nano),
            dollars(found.limit_nano),
            budget.period,
            date_format(found.period_end, "j F, H:i"),
            dollars(found.forecast_nano),
            METHODS[found.forecast_method],
        )


def _meter(found: BudgetStatus) -> SafeString:
    colour = {"ok": "bg-green-500", "warning": "bg-orange-500", "over": "bg-red-500"}[found.state]
    share = round(found.share * 100)
    bar = render_to_string(
        "costs/admin_meter.html", {"share": share, "width": min(100, share), "colour": colour, "state": found.state}
    )
    return SafeString(bar)


class PriceForm(forms.ModelForm):
    class Meta:
        model = Price
        fields = (
            "project", "provider", "model", "service_tier", "above_input_tokens", "valid_from", "input_price",
            "cached_price", "cache_write_price", "output_price", "reasoning_price", "notes",
        )  # fmt: skip


@admin.register(Price)
class PriceAdmin(ProjectModelAdmin):
    form = PriceForm
    list_display = (
        "model", "provider", "project", "service_tier", "above_input_tokens", "valid_from", "input_price",
        "cached_price", "output_price",
    )  # fmt: skip
    list_filter = (("project", admin.RelatedOnlyFieldListFilter), "provider", "service_tier")
    search_fields = ("model", "provider", "notes")
    date_hierarchy = "valid_from"
    fieldsets = (
        ("Which calls", {
            "fields": (("provider", "model"), ("project", "valid_from"), ("service_tier", "above_input_tokens")),
            "description": "Consulted before the published price book. Calls that are stored already keep their cost.",
        }),
        ("Dollars per million tokens", {
            "fields": (("input_price", "output_price"), ("cached_price", "cache_write_price", "reasoning_price")),
        }),
        ("Notes", {"fields": ("notes",)}),
    )  # fmt: skip

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """A price of an operator who sees every project is for all of them, unless one is chosen."""
        initial = super().get_changeform_initial_data(request)
        if request.user.is_superuser and "project" not in request.GET:
            initial.pop("project", None)
        return initial

    def save_model(self, request: HttpRequest, obj: Price, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        enrich.forget()

    def delete_model(self, request: HttpRequest, obj: Price) -> None:
        super().delete_model(request, obj)
        enrich.forget()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Price]) -> None:
        super().delete_queryset(request, queryset)
        enrich.forget()

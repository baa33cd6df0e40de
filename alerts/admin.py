"""Rules in the admin: made, previewed, switched on and off."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Field, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from unfold.decorators import display

from accounts.project_admin import ProjectModelAdmin, administered
from alerts import preview, wording
from alerts.models import Rule
from alerts.rules import Phase
from alerts.series import DEFINITIONS, Series
from core.timerange import TimeRange
from telemetry.metrics import queries as metric_queries
from telemetry.metrics.kinds import AGGREGATIONS
from telemetry.store import StoreUnavailable

PREVIEWED = timedelta(hours=24)
UNKNOWN = "–"

STATE_LABELS = {
    Phase.OK.label: "success", Phase.PENDING.label: "warning", Phase.FIRING.label: "danger",
    Phase.RECOVERING.label: "warning", Phase.NO_DATA.label: "info", Phase.ERROR.label: "warning", "Off": "info",
}  # fmt: skip


class RuleForm(forms.ModelForm):
    class Meta:
        model = Rule
        fields = (
            "project", "name", "description", "enabled", "severity", "series", "subject", "aggregation", "budget",
            "scope", "condition", "direction", "threshold", "clear_threshold", "floor", "baseline", "certain",
            "minimum_sample", "window_minutes", "widest_window_minutes", "for_minutes", "keep_firing_minutes",
            "debounce_minutes", "no_data", "opens_incident", "playbook", "check_every_seconds",
        )  # fmt: skip

    def clean_scope(self) -> dict[str, str]:
        return self.cleaned_data["scope"] or {}

    def clean(self) -> dict[str, Any] | None:
        """What a metric that is sent already can be asked for."""
        given = super().clean() or self.cleaned_data
        project, name, wanted = given.get("project"), given.get("subject"), given.get("aggregation")
        if given.get("series") == Series.METRIC and project and name and wanted:
            with suppress(StoreUnavailable):
                found = metric_queries.select(project.pk, name)
                known = AGGREGATIONS[found.shape]
                if found.series and wanted not in known:
                    self.add_error("aggregation", f"{name} is a {found.shape}: choose one of {', '.join(known)}.")
        return given


@admin.register(Rule)
class RuleAdmin(ProjectModelAdmin):
    form = RuleForm
    list_display = ("name", "severity", "condition_words", "state_badge", "now", "project", "enabled")
    list_filter = (("project", admin.RelatedOnlyFieldListFilter), "severity", "series", "state", "enabled")
    search_fields = ("name", "description", "subject", "playbook")
    readonly_fields = ("would_have",)
    actions = ("switch_on", "switch_off")
    fieldsets = (
        (None, {"fields": ("project", ("name", "severity"), "description", "enabled")}),
        (
            "What to watch",
            {
                "fields": (
                    ("series", "subject"),
                    ("aggregation", "budget"),
                    "scope",
                    ("window_minutes", "widest_window_minutes"),
                )
            },
        ),
        (
            "When it is bad",
            {
                "fields": (
                    ("condition", "direction"),
                    ("threshold", "clear_threshold"),
                    ("baseline", "floor"),
                    ("minimum_sample", "certain"),
                )
            },
        ),
        (
            "How long, how often",
            {
                "fields": (
                    ("for_minutes", "keep_firing_minutes"),
                    ("debounce_minutes", "check_every_seconds"),
                    "no_data",
                )
            },
        ),
        ("What then", {"fields": (("playbook", "opens_incident"),)}),
        ("The last 24 hours with these settings", {"fields": ("would_have",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Rule | None = None) -> Any:  # noqa: ANN401
        """There is nothing to preview before the rule is saved once."""
        return self.fieldsets if obj else self.fieldsets[:-1]

    def formfield_for_foreignkey(self, field: Field, request: HttpRequest, **kwargs: Any) -> ModelChoiceField | None:
        if field.name == "budget":
            budgets = field.related_model.objects.filter(project__in=administered(request.user))
            kwargs["queryset"] = budgets.select_related("project")
        return super().formfield_for_foreignkey(field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: Rule, form: forms.ModelForm, change: bool) -> None:
        """Write only what the form changed: the evaluator may be writing the rule's state at this moment.

        The rule is checked at once, and a check under way with the old settings is dropped.
        """
        obj.next_check_at = timezone.now()
        if not change:
            obj.save()
        elif form.changed_data:
            obj.save(update_fields=[*form.changed_data, *_cleaned_too(form), "next_check_at", "updated_at"])

    @display(description="fires when")
    def condition_words(self, rule: Rule) -> str:
        return wording.condition_text(rule)

    @display(description="state", label=STATE_LABELS)
    def state_badge(self, rule: Rule) -> str:
        return rule.get_state_display() if rule.enabled else "Off"

    @display(description="now")
    def now(self, rule: Rule) -> str:
        if silence := wording.silence_text(rule):
            return silence
        return f"{wording.value_text(rule.series, rule.last_value)}, {wording.sample_text(rule)}"

    @display(description="it would have")
    def would_have(self, rule: Rule) -> str:
        now = datetime.now(UTC)
        try:
            played = preview.simulate(rule, TimeRange(now - PREVIEWED, now))
        except StoreUnavailable:
            return "not known: the telemetry store does not answer"
        return format_html("{} {}", _summary(rule, played), _details(rule))

    @admin.action(description="Switch on")
    def switch_on(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._switch(request, queryset, on=True)

    @admin.action(description="Switch off (open alerts end)")
    def switch_off(self, request: HttpRequest, queryset: QuerySet[Rule]) -> None:
        self._switch(request, queryset, on=False)

    def _switch(self, request: HttpRequest, queryset: QuerySet[Rule], *, on: bool) -> None:
        for rule in queryset.exclude(enabled=on):
            Rule.objects.filter(pk=rule.pk).update(enabled=on, next_check_at=timezone.now(), updated_at=timezone.now())
            self.log_change(request, rule, f"switched {'on' if on else 'off'}")


def _cleaned_too(form: forms.ModelForm) -> set[str]:
    """Fields that ``Rule.clean`` fills in by itself."""
    return {"subject"} - set(form.changed_data)


def _summary(rule: Rule, played: preview.Preview) -> str:
    counted = DEFINITIONS[rule.series].counted
    if played.unknown == len(played.points):
        return f"not fired: it never saw enough {counted} to judge by."
    if not played.firings:
        return "not fired."
    times = ", ".join(
        f"{firing.fired_at:%H:%M} to {f'{firing.resolved_at:%H:%M}' if firing.resolved_at else 'now'}"
        f" ({wording.value_text(rule.series, firing.observation.value)})"
        for firing in played.firings[:5]
    )
    more = f" and {len(played.firings) - 5} more" if len(played.firings) > 5 else ""
    return f"fired {len(played.firings)} time{'s' if len(played.firings) > 1 else ''}: {times}{more} (UTC)."


def _details(rule: Rule) -> str:
    return f"It clears {wording.clears_text(rule)}."

"""Quality in the admin: to look at, for all of it is made from telemetry."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from accounts.project_admin import ProjectModelAdmin
from quality.models import DIMENSIONS, EvaluationCursor, QualitySnapshot


class ReadOnly(ProjectModelAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(QualitySnapshot)
class QualitySnapshotAdmin(ReadOnly):
    list_display = ("hour", "project", *(f"mean_{name}" for name in DIMENSIONS), "sample_size", "provisional")
    list_filter = ("project", "provisional")
    date_hierarchy = "hour"

    @admin.display(ordering="overall", description="overall")
    def mean_overall(self, snapshot: QualitySnapshot) -> str:
        return _mean(snapshot.overall)

    @admin.display(ordering="correctness", description="correctness")
    def mean_correctness(self, snapshot: QualitySnapshot) -> str:
        return _mean(snapshot.correctness)

    @admin.display(ordering="relevance", description="relevance")
    def mean_relevance(self, snapshot: QualitySnapshot) -> str:
        return _mean(snapshot.relevance)

    @admin.display(ordering="helpfulness", description="helpfulness")
    def mean_helpfulness(self, snapshot: QualitySnapshot) -> str:
        return _mean(snapshot.helpfulness)

    @admin.display(ordering="safety", description="safety")
    def mean_safety(self, snapshot: QualitySnapshot) -> str:
        return _mean(snapshot.safety)


@admin.register(EvaluationCursor)
class EvaluationCursorAdmin(ReadOnly):
    list_display = ("project", "received_at", "last_run_at", "last_evaluated_at", "answers", "last_error_at")


def _mean(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"

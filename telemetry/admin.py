"""Changes to the system under watch, entered or corrected by hand."""

from __future__ import annotations

from django.contrib import admin

from accounts.project_admin import ProjectModelAdmin
from telemetry.models import Change


@admin.register(Change)
class ChangeAdmin(ProjectModelAdmin):
    list_display = ("title", "kind", "version", "at", "by", "project")
    list_filter = ("kind", "project")
    search_fields = ("title", "version", "by")
    date_hierarchy = "at"

"""The admin, for people who administer some projects and not all: each sees and changes what is theirs."""

from __future__ import annotations

from typing import Any

from django.db.models import Field, Model, QuerySet
from django.forms import ModelChoiceField
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from accounts.access import may
from accounts.models import AuditEntry, Membership, Project, User


def administered(user: User) -> QuerySet[Project]:
    """The projects in which this person has the role admin."""
    if user.is_superuser:
        return Project.objects.all()
    return Project.objects.filter(memberships__user=user, memberships__role=Membership.Role.ADMIN)


def may_enter(request: HttpRequest) -> bool:
    """Whether the admin lets this person in: staff, and whoever administers a project."""
    user = request.user
    return user.is_active and user.is_authenticated and (user.is_staff or administered(user).exists())


class ProjectModelAdmin(ModelAdmin):
    """For models with a foreign key ``project``: only the admins of that project see or change a row.

    Rows without a project belong to everybody, and only superusers change them. Every change is audited as
    ``<model>.added``, ``.changed`` or ``.deleted``.
    """

    compressed_fields = True
    warn_unsaved_form = True
    list_per_page = 25

    def _may(self, request: HttpRequest, obj: Model | None) -> bool:
        if obj is None:
            return administered(request.user).exists()
        project = obj.project  # type: ignore[attr-defined]
        return request.user.is_superuser if project is None else may(request.user, project, Membership.Role.ADMIN)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and self._may(request, None)

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self._may(request, None)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self._may(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows = super().get_queryset(request).select_related("project")
        return rows if request.user.is_superuser else rows.filter(project__in=administered(request.user))

    def formfield_for_foreignkey(self, field: Field, request: HttpRequest, **kwargs: Any) -> ModelChoiceField | None:
        if field.name != "project":
            return super().formfield_for_foreignkey(field, request, **kwargs)
        projects = administered(request.user)
        formfield = super().formfield_for_foreignkey(field, request, queryset=projects, **kwargs)
        formfield.required = not (field.null and request.user.is_superuser)
        # Projects themselves are made elsewhere; this form only chooses one.
        for action in ("add", "change", "delete", "view"):
            setattr(formfield.widget, f"can_{action}_related", False)
        return formfield

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """The project that the person looks at; ``?project=`` holds its slug here as on every page."""
        initial = super().get_changeform_initial_data(request)
        current = getattr(request, "project", None)
        return initial | {"project": current.pk} if current else initial

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:  # noqa: ANN401
        self._audit(request, obj, "added", message)
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:  # noqa: ANN401
        self._audit(request, obj, "changed", message)
        return super().log_change(request, obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:  # noqa: ANN401
        for obj in queryset:
            self._audit(request, obj, "deleted", [])
        return super().log_deletions(request, queryset)

    def _audit(self, request: HttpRequest, obj: Model, done: str, message: Any) -> None:  # noqa: ANN401
        AuditEntry.objects.create(
            user=request.user,
            project=obj.project,  # type: ignore[attr-defined]
            action=f"{obj._meta.model_name}.{done}",
            subject=str(obj)[:200],
            detail={"id": obj.pk, "changes": message if isinstance(message, list) else [str(message)]},
        )

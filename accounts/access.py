"""The door to projects: who may see which, and who may do what there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import Membership, Project, User

RANK = {Membership.Role.VIEWER: 1, Membership.Role.RESPONDER: 2, Membership.Role.ADMIN: 3}


def projects_for(user: User) -> QuerySet[Project]:
    """The projects that this person may see."""
    if user.is_superuser:
        return Project.objects.all()
    return Project.objects.filter(memberships__user=user)


def role_in(user: User, project: Project) -> str | None:
    """The person's role in the project, ``admin`` for superusers, None for strangers."""
    if user.is_superuser:
        return Membership.Role.ADMIN
    membership = Membership.objects.filter(user=user, project=project).first()
    return membership.role if membership else None


def may(user: User, project: Project, role: str) -> bool:
    """Whether the person has at least this role in the project."""
    has = role_in(user, project)
    return has is not None and RANK[has] >= RANK[role]


def get_project_or_404(user: User, slug: str) -> Project:
    """The project, or 404 also where it exists and the person may not know of it."""
    project = projects_for(user).filter(slug=slug).first()
    if project is None:
        raise Http404("No such project.")
    return project


def require_role(role: str) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Sign-in, a current project, and at least ``role`` in it (403 otherwise); ``request.role`` is what it is."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            project = request.project
            if project is None:
                raise Http404("No project.")
            request.role = role_in(request.user, project)
            if request.role is None or RANK[request.role] < RANK[role]:
                raise PermissionDenied(f"This needs the role {role} in {project}.")
            return view(request, *args, **kwargs)

        return guarded

    return decorate


viewer_required = require_role(Membership.Role.VIEWER)
responder_required = require_role(Membership.Role.RESPONDER)
admin_required = require_role(Membership.Role.ADMIN)

"""The one door to each kind of object of alerts."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from accounts.access import may, projects_for
from accounts.models import Membership
from alerts.models import Alert, Rule


def get_alert_or_404(request: HttpRequest, pk: int, *, role: str = Membership.Role.VIEWER) -> Alert:
    """The alert; 404 for who may not know of it, 403 for who may see it but not do this.

    The page is then about the alert's project, whichever one was looked at before.
    """
    seen = Alert.objects.select_related("project", "rule", "acknowledged_by")
    alert = seen.filter(pk=pk, project__in=projects_for(request.user)).first()
    if alert is None:
        raise Http404("No such alert.")
    _require(request, alert, role)
    return alert


def get_rule_or_404(request: HttpRequest, pk: int) -> Rule:
    """The rule; 404 for who may not know of it."""
    seen = Rule.objects.select_related("project", "budget__project")
    rule = seen.filter(pk=pk, project__in=projects_for(request.user)).first()
    if rule is None:
        raise Http404("No such rule.")
    _require(request, rule, Membership.Role.VIEWER)
    return rule


def _require(request: HttpRequest, found: Alert | Rule, role: str) -> None:
    if not may(request.user, found.project, role):
        raise PermissionDenied(f"This needs the role {role} in {found.project}.")
    request.project = found.project  # type: ignore[attr-defined]

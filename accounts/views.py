"""Settings of a project: keys, people, the project itself, and the audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.contrib.auth import login
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, invitations
from accounts.access import admin_required
from accounts.adapters import INVITED
from accounts.forms import InviteForm, JoinForm, KeyForm, ProjectForm, RoleForm
from accounts.invitations import NotInvited
from accounts.keys import forget_cached
from accounts.models import ApiKey, AuditEntry, Membership

AUDIT_PAGE = 100
#: How long a rotated key goes on, so that senders can follow.
ROTATION = timedelta(days=1)


def _render(request: HttpRequest, page: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    return render(request, f"accounts/{page}.html", {"page": page, **context}, status=status)


def _keys_page(request: HttpRequest, form: KeyForm, *, issued: str = "", status: int = 200) -> HttpResponse:
    keys = request.project.keys.select_related("created_by")
    return _render(request, "keys", {"form": form, "keys": keys, "issued": issued}, status=status)


@admin_required
def keys(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _keys_page(request, KeyForm())
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _keys_page(request, form, status=400)
    made, text = ApiKey.issue(
        request.project,
        name=form.cleaned_data["name"],
        scopes=tuple(form.cleaned_data["scopes"]),
        created_by=request.user,
    )
    audit.record("key.made", made, user=request.user, project=request.project, scopes=made.scopes)
    return _keys_page(request, KeyForm(), issued=text)


@admin_required
@require_POST
def revoke_key(request: HttpRequest, pk: int) -> HttpResponse:
    key = get_object_or_404(request.project.keys, pk=pk, revoked_at=None)
    key.revoked_at = timezone.now()
    key.save(update_fields=["revoked_at"])
    forget_cached()
    audit.record("key.revoked", key, user=request.user, project=request.project)
    messages.success(request, f"{key} no longer works.")
    return redirect("accounts:keys")


@admin_required
@require_POST
def rotate_key(request: HttpRequest, pk: int) -> HttpResponse:
    """A new key with the same name and scopes; the old one goes on for a while."""
    old = get_object_or_404(request.project.keys, pk=pk, revoked_at=None)
    made, text = ApiKey.issue(request.project, name=old.name, scopes=tuple(old.scopes), created_by=request.user)
    old.expires_at = timezone.now() + ROTATION
    old.save(update_fields=["expires_at"])
    audit.record("key.rotated", made, user=request.user, project=request.project, old=old.prefix)
    return _keys_page(request, KeyForm(), issued=text)


def _people_page(request: HttpRequest, form: InviteForm, *, link: str = "", status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "link": link,
        "members": request.project.memberships.select_related("user").order_by("user__username"),
        "roles": Membership.Role.choices,
        "invitations": [found for found in request.project.invitations.select_related("invited_by") if found.is_open],
    }
    return _render(request, "people", context, status=status)


@admin_required
def people(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        return _people_page(request, InviteForm())
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _people_page(request, form, status=400)
    invited = invitations.invite(
        request.project, form.cleaned_data["role"], actor=request.user, note=form.cleaned_data["note"]
    )
    link = request.build_absolute_uri(reverse("accounts:join", args=[invited.token]))
    return _people_page(request, InviteForm(), link=link)


@admin_required
@require_POST
def change_role(request: HttpRequest, pk: int) -> HttpResponse:
    membership = get_object_or_404(request.project.memberships.select_related("user"), pk=pk)
    form = RoleForm(request.POST)
    if membership.user == request.user:
        messages.error(request, "Somebody else must change your own role, so that nobody locks themselves out.")
    elif request.POST.get("remove"):
        membership.delete()
        audit.record("member.removed", membership.user, user=request.user, project=request.project)
        messages.success(request, f"{membership.user} is no longer in this project.")
    elif form.is_valid():
        old, membership.role = membership.role, form.cleaned_data["role"]
        membership.save(update_fields=["role"])
        audit.record(
            "member.role", membership.user, user=request.user, project=request.project, old=old, new=membership.role
        )
        messages.success(request, f"{membership.user} is now {membership.role}.")
    else:
        messages.error(request, "role: choose viewer, responder or admin.")
    return redirect("accounts:people")


@admin_required
@require_POST
def withdraw_invitation(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(request.project.invitations, pk=pk, used_at=None, withdrawn_at=None)
    found.withdrawn_at = timezone.now()
    found.save(update_fields=["withdrawn_at"])
    audit.record("invitation.withdrawn", found.note or found.pk, user=request.user, project=request.project)
    return redirect("accounts:people")


def join(request: HttpRequest, token: str) -> HttpResponse:
    """Accept an invitation: with one click when signed in, else by making an account."""
    try:
        invitation = invitations.read(token)
    except NotInvited as error:
        return _render(request, "not_invited", {"reason": str(error)}, status=403)
    # For single sign-on, which comes back to this page.
    request.session[INVITED] = token
    form = JoinForm(request.POST or None)
    if request.method == "POST":
        if request.user.is_authenticated:
            invitations.accept(token, request.user)
            return redirect(f"/?project={invitation.project.slug}")
        if form.is_valid():
            user = form.save()
            invitations.accept(token, user)
            login(request, user, backend="django.contrib.auth.backends.ModelBackend")
            return redirect(f"/?project={invitation.project.slug}")
    return _render(request, "join", {"form": form, "invitation": invitation}, status=400 if form.errors else 200)


@admin_required
def project(request: HttpRequest) -> HttpResponse:
    form = ProjectForm(request.POST or None, instance=request.project)
    if request.method == "POST" and form.is_valid():
        changed = form.changed_data
        form.save()
        if changed:
            audit.record("project.changed", request.project, user=request.user, project=request.project, fields=changed)
        messages.success(request, "Saved.")
        return redirect("accounts:project")
    return _render(request, "project", {"form": form}, status=400 if form.errors else 200)


@admin_required
@require_safe
def audit_log(request: HttpRequest) -> HttpResponse:
    """Who changed what in this project, and in the playbooks, which all projects share; newest first."""
    shown = Q(project=request.project) | Q(project=None, action__startswith="playbook.")
    entries = AuditEntry.objects.filter(shown).select_related("user", "key")
    search = request.GET.get("q", "").strip()
    if search:
        entries = entries.filter(
            Q(action__icontains=search) | Q(subject__icontains=search) | Q(user__username__icontains=search)
        )
    before = request.GET.get("before", "")
    if before.isdecimal():
        entries = entries.filter(pk__lt=before)
    rows = list(entries.order_by("-pk")[: AUDIT_PAGE + 1])
    context = {
        "entries": rows[:AUDIT_PAGE],
        "search": search,
        "older": rows[AUDIT_PAGE - 1].pk if len(rows) > AUDIT_PAGE else None,
    }
    return _render(request, "audit", context)

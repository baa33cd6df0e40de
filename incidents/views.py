"""Pages and forms of incidents. Every form works as a plain post; with HTMX the page is updated in place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.access import may, responder_required, viewer_required
from accounts.models import Membership
from alerts.models import Alert, Severity
from core.clickhouse import StoreUnavailable
from core.htmx import wants_fragment
from incidents import actions, page, playbook_format, queries, respond, runs, severity
from incidents import live as live_state
from incidents.actions import EditedMeanwhile, Refused
from incidents.forms import (
    DeclareForm,
    EditForm,
    IncidentForm,
    MergeForm,
    NoteForm,
    RoleForm,
    SeverityForm,
    StateForm,
    TraceForm,
)
from incidents.models import Incident, ItemState, Playbook, PlaybookRun, PlaybookVersion

EDITED = ("title", "summary", "affected_features", "affected_models")


@viewer_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    state = request.GET.get("state", "all")
    level = request.GET.get("severity", "")
    if state not in queries.STATES or (level and level not in Severity.values):
        return HttpResponse("state or severity: not a known value", status=400, content_type="text/plain")
    search = request.GET.get("q", "")
    rows = queries.listing(
        request.project, state=state, severity=level, search=search, cursor=request.GET.get("cursor", "")
    )
    context = {
        "page": rows,
        "state": state,
        "severity": level,
        "search": search,
        "states": queries.STATES,
        "severities": Severity.values,
        "filtered": bool(search or level or state != "all"),
        "may_respond": may(request.user, request.project, Membership.Role.RESPONDER),
        "now": datetime.now(UTC),
    }
    return render(request, "incidents/_list.html" if wants_fragment(request) else "incidents/list.html", context)


def _proposal(request: HttpRequest, alert: Alert | None) -> severity.Proposal | None:
    """None while the telemetry store is away: the form works without live figures."""
    try:
        return severity.propose(severity.read_figures(request.project), alert_severity=alert.severity if alert else "")
    except StoreUnavailable:
        return None


@responder_required
def declare(request: HttpRequest) -> HttpResponse:
    alert = _alert(request, request.POST.get("alert") or request.GET.get("alert"))
    proposal = _proposal(request, alert)
    if request.method == "POST":
        form = DeclareForm(request.POST)
        if form.is_valid():
            incident = _declare(request, form.cleaned_data, alert, proposal)
            respond.collect_evidence(incident, alert)
            return redirect(_url(incident))
    else:
        form = DeclareForm(initial=_initial(request, alert, proposal))
    context = {
        "form": form,
        "proposal": proposal,
        "criteria": proposal.criteria if proposal else severity.unmeasured(),
        "alert": alert,
        "response": severity.RESPONSE,
    }
    return render(request, "incidents/declare.html", context, status=400 if form.errors else 200)


def _alert(request: HttpRequest, pk: str | None) -> Alert | None:
    if not pk or not pk.isdecimal():
        return None
    return Alert.objects.filter(project=request.project, pk=pk).select_related("rule").first()


def _initial(request: HttpRequest, alert: Alert | None, proposal: severity.Proposal | None) -> dict[str, Any]:
    scope = alert.rule.scope if alert and alert.rule else {}
    return {
        "title": alert.title[:200] if alert else request.GET.get("title", "")[:200],
        "severity": proposal.severity if proposal else Severity.SEV3,
        "affected_features": [name for name in (scope.get("feature") or request.GET.get("feature"),) if name],
        "affected_models": [name for name in (scope.get("model") or request.GET.get("model"),) if name],
        "playbook": alert.rule.playbook if alert and alert.rule else "",
        "alert": alert.pk if alert else None,
        "trace": request.GET.get("trace", ""),
    }


def _why(chosen: str, proposal: severity.Proposal | None) -> str:
    """What the figures spoke for when it was declared, for the timeline."""
    if proposal is None:
        return "There were no live figures."
    if chosen == proposal.severity:
        return f"As proposed: {proposal.reason}"
    return f"{proposal.severity.value} was proposed: {proposal.reason}"


@transaction.atomic
def _declare(
    request: HttpRequest, data: dict[str, Any], alert: Alert | None, proposal: severity.Proposal | None
) -> Incident:
    if alert:
        # One at a time, so that two people who declare it at once get one incident.
        Alert.objects.select_for_update().get(pk=alert.pk)
    if alert and (known := respond.known_incident(alert)):
        actions.link_alert(known.incident, alert, actor=request.user)
        messages.info(request, f"{known.incident.ref} is there for this alert already; nothing was opened.")
        return known.incident
    incident = actions.declare(
        request.project,
        title=data["title"],
        severity=data["severity"],
        summary=data["summary"],
        features=data["affected_features"],
        models=data["affected_models"],
        fingerprint=alert.fingerprint if alert else "",
        actor=request.user,
        reason=_why(data["severity"], proposal),
    )
    if alert:
        alert.claim()
        actions.link_alert(incident, alert, actor=request.user)
    if data["trace"]:
        actions.link_trace(incident, data["trace"], actor=request.user)
    if data["playbook"]:
        runs.start(incident, data["playbook"], actor=request.user, base_url=settings.ONWATCH_BASE_URL)
    return incident


@responder_required
@require_POST
def from_alert(request: HttpRequest, pk: int) -> HttpResponse:
    """One click: the rule's severity and playbook, evidence of this moment."""
    alert = get_object_or_404(Alert.objects.select_related("rule", "project"), pk=pk, project=request.project)
    incident = respond.open_from_alert(alert, actor=request.user)
    respond.collect_evidence(incident, alert)
    return redirect(_url(incident))


def _url(incident: Incident) -> str:
    return incident.get_absolute_url()


@login_required
@require_safe
def detail(request: HttpRequest, ref: str) -> HttpResponse:
    incident = queries.get_incident_or_404(request.user, ref)
    return render(request, "incidents/detail.html", page.context(incident, request.user))


@login_required
@require_GET
def live(request: HttpRequest, ref: str) -> HttpResponse:
    """The moving part of the page; 204 while nothing has changed since ``?revision=``."""
    incident = queries.get_incident_or_404(request.user, ref)
    if request.GET.get("revision") == str(incident.revision):
        return HttpResponse(status=204)
    return render(request, "incidents/_live.html", page.context(incident, request.user))


@viewer_required
@require_GET
def now(request: HttpRequest) -> JsonResponse:
    """What the socket pushes, for pages whose socket is away."""
    return JsonResponse(live_state.now(request.project))


@login_required
@require_GET
def older(request: HttpRequest, ref: str, before: int) -> HttpResponse:
    """Timeline entries before one of them."""
    incident = queries.get_incident_or_404(request.user, ref)
    context = {
        "incident": incident,
        "entries": queries.timeline(incident, before=before),
        "may_respond": may(request.user, incident.project, Membership.Role.RESPONDER),
    }
    return render(request, "incidents/_entries.html" if wants_fragment(request) else "incidents/older.html", context)


#: Returns the id of the part of the page that it changed, or nothing.
Act = Callable[..., str | None]


def acts(act: Act) -> Callable[..., HttpResponse]:
    """A post that changes an incident: responder's rights, then back to the page, or its live part for HTMX.

    What is refused is said on the page, with status 409 for HTMX so that the form keeps its text.
    """

    @login_required
    @require_POST
    @wraps(act)
    def view(request: HttpRequest, ref: str, **kwargs: Any) -> HttpResponse:  # noqa: ANN401
        incident = queries.get_incident_or_404(request.user, ref)
        if not may(request.user, incident.project, Membership.Role.RESPONDER):
            raise PermissionDenied("This needs the role responder.")
        try:
            place = act(request, incident, **kwargs)
        except Refused as refused:
            if wants_fragment(request):
                return render(request, "incidents/_refused.html", {"refused": refused}, status=409)
            messages.error(request, str(refused))
            return redirect(_url(incident))
        if wants_fragment(request):
            incident = queries.get_incident_or_404(request.user, ref)
            return render(request, "incidents/_live.html", page.context(incident, request.user))
        return redirect(f"{_url(incident)}#{place}" if place else _url(incident))

    return view


def _cleaned(form: Form) -> dict[str, Any]:
    """The form's values; the first error, with its field's name, becomes a refusal."""
    if form.is_valid():
        return form.cleaned_data
    name, errors = next(iter(form.errors.items()))
    raise Refused(f"{name}: {errors[0]}", field=name)


@acts
def change_state(request: HttpRequest, incident: Incident) -> None:
    data = _cleaned(StateForm(request.POST))
    actions.change_state(incident, data["state"], reason=data["reason"], actor=request.user)


@acts
def change_severity(request: HttpRequest, incident: Incident) -> None:
    data = _cleaned(SeverityForm(request.POST))
    actions.change_severity(incident, data["severity"], reason=data["reason"], actor=request.user)


@acts
def assign(request: HttpRequest, incident: Incident) -> None:
    data = _cleaned(RoleForm(incident.project, request.POST))
    actions.assign(incident, data["role"], data["person"], actor=request.user)


@acts
def take_response(request: HttpRequest, incident: Incident) -> None:
    actions.respond(incident, actor=request.user)


@acts
def add_note(request: HttpRequest, incident: Incident) -> str:
    note = actions.add_note(incident, _cleaned(NoteForm(request.POST))["text"], actor=request.user)
    return f"entry-{note.pk}"


@acts
def correct_note(request: HttpRequest, incident: Incident, entry: int) -> str:
    found = get_object_or_404(incident.timeline, pk=entry)
    actions.correct_note(found, _cleaned(NoteForm(request.POST))["text"], actor=request.user)
    return f"entry-{entry}"


@acts
def merge(request: HttpRequest, incident: Incident) -> None:
    ref = _cleaned(MergeForm(request.POST))["into"].strip()
    try:
        into = queries.get_incident_or_404(request.user, ref)
    except Http404:
        raise Refused(f"into: there is no incident {ref}.", field="into") from None
    actions.merge(incident, into, actor=request.user)


@acts
def link_trace(request: HttpRequest, incident: Incident) -> None:
    data = _cleaned(TraceForm(request.POST))
    actions.link_trace(incident, data["trace_id"], note=data["note"], actor=request.user)


@acts
def start_playbook(request: HttpRequest, incident: Incident) -> str:
    playbook = Playbook.objects.filter(slug=request.POST.get("playbook", ""), archived_at=None).first()
    if playbook is None:
        raise Refused("Choose a playbook.", field="playbook")
    run = runs.start(incident, playbook, actor=request.user, base_url=settings.ONWATCH_BASE_URL)
    return f"run-{run.pk}"


def _run(incident: Incident, pk: int) -> PlaybookRun:
    return get_object_or_404(incident.runs, pk=pk)


@acts
def choose_branch(request: HttpRequest, incident: Incident, run: int) -> str:
    step = request.POST.get("step", "")
    runs.choose_branch(_run(incident, run), step, request.POST.get("branch", ""), actor=request.user)
    return page.step_anchor(run, step)


@acts
def settle_item(request: HttpRequest, incident: Incident, run: int) -> str:
    item, outcome = request.POST.get("item", ""), request.POST.get("outcome", ItemState.Outcome.DONE)
    if outcome == "undo":
        runs.undo(_run(incident, run), item, actor=request.user)
    else:
        note = request.POST.get("note", "")
        runs.settle(_run(incident, run), item, outcome, note=note, actor=request.user)
    return page.step_anchor(run, item.partition("/")[0])


@login_required
def edit(request: HttpRequest, ref: str) -> HttpResponse:
    incident = queries.get_incident_or_404(request.user, ref)
    if not may(request.user, incident.project, Membership.Role.RESPONDER):
        raise PermissionDenied("This needs the role responder.")
    theirs: Incident | None = None
    if request.method == "POST":
        form: IncidentForm = EditForm(request.POST)
        if form.is_valid():
            data = form.cleaned_data
            changes = {name: data[name] for name in EDITED}
            try:
                actions.edit(incident, changes, version=data["version"], actor=request.user)
                return redirect(_url(incident))
            except EditedMeanwhile as conflict:
                theirs = conflict.current
                form = EditForm(initial=changes | {"version": theirs.version})
    else:
        form = EditForm.of(incident)
    context = {"incident": incident, "project": incident.project, "form": form, "theirs": theirs}
    return render(request, "incidents/edit.html", context, status=409 if theirs else 400 if form.errors else 200)


@viewer_required
@require_safe
def playbooks(request: HttpRequest) -> HttpResponse:
    return render(request, "incidents/playbooks.html", {"playbooks": Playbook.objects.filter(archived_at=None)})


def _version(request: HttpRequest, slug: str) -> PlaybookVersion:
    """The version asked for, the newest when none is. Raises Http404."""
    found = get_object_or_404(Playbook, slug=slug)
    number = request.GET.get("version", "")
    version = found.versions.filter(number=number).first() if number.isdecimal() else found.newest
    if version is None:
        raise Http404("No such version.")
    return version


@viewer_required
@require_safe
def playbook(request: HttpRequest, slug: str) -> HttpResponse:
    version = _version(request, slug)
    versions = version.playbook.versions.select_related("author")
    # A template would take the method of that name for the items that a step with branches does not have.
    steps = [{"items": [], **step} for step in version.definition["steps"]]
    context = {"playbook": version.playbook, "version": version, "versions": versions, "steps": steps}
    return render(request, "incidents/playbook.html", context)


@viewer_required
@require_safe
def playbook_file(request: HttpRequest, slug: str) -> HttpResponse:
    """A version as YAML, to keep beside the code or to bring to another console."""
    version = _version(request, slug)
    answer = HttpResponse(playbook_format.dump(version.definition), content_type="application/yaml; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{slug}.yaml"'
    return answer

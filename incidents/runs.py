"""A playbook at work: start it, choose branches, tick and skip items, and see how far it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from incidents import fill, playbook_format
from incidents.actions import Refused, responded, write
from incidents.models import Deadline, Entry, Incident, ItemState, Playbook, PlaybookRun
from telemetry.models import Change

#: An older deployment is hardly to blame.
RELEASES_WITHIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the checklist as it stands."""

    key: str
    text: str
    command: str
    page: str
    state: ItemState | None


@dataclass(frozen=True, slots=True)
class Branch:
    slug: str
    name: str
    when: str
    items: tuple[Item, ...]
    chosen: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step with its window in absolute time; ``ends_at`` is None where the window is open."""

    slug: str
    name: str
    goal: str
    starts_at: datetime
    ends_at: datetime | None
    items: tuple[Item, ...]
    branches: tuple[Branch, ...]

    @property
    def open_items(self) -> list[Item]:
        """What is still to do; of branches only the chosen one counts."""
        return [item for item in self._counted() if item.state is None]

    def _counted(self) -> Iterator[Item]:
        yield from self.items
        for branch in self.branches:
            if branch.chosen:
                yield from branch.items

    @property
    def total(self) -> int:
        return sum(1 for _ in self._counted())

    @property
    def finished(self) -> int:
        return self.total - len(self.open_items)

    @property
    def is_done(self) -> bool:
        undecided = bool(self.branches) and not any(branch.chosen for branch in self.branches)
        return not undecided and not self.open_items

    def is_overdue(self, now: datetime) -> bool:
        return self.ends_at is not None and now > self.ends_at and not self.is_done


def _items(
    entries: list[dict[str, Any]], prefix: str, run: PlaybookRun, states: dict[str, ItemState]
) -> tuple[Item, ...]:
    return tuple(
        Item(
            key=f"{prefix}/{entry['slug']}",
            text=entry["text"],
            command=fill.fill_command(entry.get("command", ""), run.parameters),
            page=fill.fill_page(entry.get("page", ""), run.parameters),
            state=states.get(f"{prefix}/{entry['slug']}"),
        )
        for entry in entries
    )


def steps(run: PlaybookRun) -> list[Step]:
    """The run as it stands; one query."""
    states = {state.item: state for state in run.items.select_related("by")}
    found = []
    for step in run.definition["steps"]:
        window = step.get("window") or {}
        starts = run.started_at + playbook_format.duration(window.get("from", "0m"))
        ends = run.started_at + playbook_format.duration(window["to"]) if "to" in window else None
        chosen = run.branches.get(step["slug"])
        branches = tuple(
            Branch(
                branch["slug"],
                branch["name"],
                branch.get("when", ""),
                _items(branch["items"], f"{step['slug']}/{branch['slug']}", run, states),
                branch["slug"] == chosen,
            )
            for branch in step.get("branches") or []
        )
        items = _items(step.get("items") or [], step["slug"], run, states)
        found.append(Step(step["slug"], step["name"], step.get("goal", ""), starts, ends, items, branches))
    return found


def parameters_of(incident: Incident, base_url: str) -> dict[str, str]:
    """What commands and pages are filled with."""
    return {
        "base_url": base_url.rstrip("/"),
        "project": incident.project.slug,
        "incident": incident.ref,
        "feature": next(iter(incident.affected_features), ""),
        "model": next(iter(incident.affected_models), ""),
        "release": _newest_release(incident) or "RELEASE_COMMIT",
    }


def _newest_release(incident: Incident) -> str:
    """What was deployed last before the incident, as far as it was reported."""
    deployed = Change.objects.filter(project=incident.project, kind=Change.Kind.DEPLOYMENT, at__lte=incident.opened_at)
    newest = deployed.exclude(version="").filter(at__gte=incident.opened_at - RELEASES_WITHIN).first()
    return newest.version if newest else ""


@transaction.atomic
def start(incident: Incident, playbook: Playbook, *, actor: User | None, base_url: str) -> PlaybookRun:
    """Start the newest version in the incident, or return the run that is under way already."""
    incident = Incident.objects.select_for_update().select_related("project").get(pk=incident.pk)
    version = playbook.newest
    if version is None:
        raise Refused("This playbook has no version yet.", field="playbook")
    running = incident.runs.filter(version__playbook=playbook).first()
    if running:
        return running
    run = PlaybookRun.objects.create(
        incident=incident,
        version=version,
        name=playbook.name,
        definition=version.definition,
        parameters=parameters_of(incident, base_url),
        started_by=actor,
    )
    Deadline.objects.bulk_create(
        Deadline(
            incident=incident,
            kind=Deadline.Kind.STEP,
            subject=_subject(run, step.slug),
            due_at=step.ends_at,
        )
        for step in steps(run)
        if step.ends_at
    )
    if actor:
        responded(incident, run.started_at)
    write(incident, Entry.STEP, f"Started the playbook {playbook.name} (version {version.number}).", actor=actor)
    return run


def _locked(run: PlaybookRun) -> PlaybookRun:
    return PlaybookRun.objects.select_for_update().select_related("incident").get(pk=run.pk)


def _find(run: PlaybookRun, key: str) -> tuple[Step, Item]:
    for step in steps(run):
        for item in (*step.items, *(item for branch in step.branches for item in branch.items)):
            if item.key == key:
                return step, item
    raise Refused("The playbook has no such item.", field="item")


def _subject(run: PlaybookRun, slug: str) -> str:
    return f"{run.pk}/{slug}"


def _settle_deadline(run: PlaybookRun, slug: str) -> None:
    """A step that is done in time is never reported as missed; one that is opened again is due as before."""
    now = timezone.now()
    clock = run.incident.deadlines.filter(
        kind=Deadline.Kind.STEP, subject=_subject(run, slug), missed_at__isnull=True, due_at__gt=now
    )
    if any(step.is_done for step in steps(run) if step.slug == slug):
        clock.filter(met_at__isnull=True).update(met_at=now)
    else:
        clock.update(met_at=None)


@transaction.atomic
def choose_branch(run: PlaybookRun, step_slug: str, branch_slug: str, *, actor: User) -> PlaybookRun:
    """Decide which way a step goes. It can be decided anew; what was ticked elsewhere stays on record."""
    run = _locked(run)
    step = next((step for step in steps(run) if step.slug == step_slug), None)
    branch = next((branch for branch in step.branches if branch.slug == branch_slug), None) if step else None
    if branch is None:
        raise Refused("The playbook has no such branch.", field="branch")
    if not branch.chosen:
        run.branches = run.branches | {step_slug: branch_slug}
        run.save(update_fields=["branches"])
        responded(run.incident, timezone.now())
        write(run.incident, Entry.STEP, f"{step.name}: {branch.name}.", actor=actor, step=step_slug, branch=branch_slug)
        _settle_deadline(run, step_slug)
    return run


@transaction.atomic
def settle(run: PlaybookRun, key: str, outcome: str, *, note: str = "", actor: User) -> ItemState:
    """Tick or skip an item. Skipping wants a reason. The first outcome stands until it is undone."""
    run = _locked(run)
    step, item = _find(run, key)
    if item.state is not None:
        return item.state
    if outcome not in ItemState.Outcome.values:
        raise Refused("Done or skipped?", field="outcome")
    if outcome == ItemState.Outcome.SKIPPED and not note.strip():
        raise Refused("Say why it is skipped.", field="note")
    state = ItemState.objects.create(run=run, item=key, outcome=outcome, note=note.strip(), by=actor)
    text = f"{state.get_outcome_display()}: {item.text}" + (f" ({note.strip()})" if note.strip() else "")
    responded(run.incident, state.at)
    write(run.incident, Entry.STEP, text, actor=actor, at=state.at, item=key, step=step.slug)
    _settle_deadline(run, step.slug)
    return state


@transaction.atomic
def undo(run: PlaybookRun, key: str, *, actor: User) -> None:
    """Open a settled item again; the timeline keeps both."""
    run = _locked(run)
    step, item = _find(run, key)
    if item.state is not None:
        item.state.delete()
        write(run.incident, Entry.STEP, f"Not done after all: {item.text}", actor=actor, item=key, step=step.slug)
        _settle_deadline(run, step.slug)

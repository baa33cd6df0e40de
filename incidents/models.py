"""Incidents, their timeline and evidence, and the playbooks that lead through them."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils import timezone

from accounts.models import Project, User
from alerts.models import Alert, Severity


class State(models.TextChoices):
    """Where an incident is. ``resolved`` waits for its review; ``closed`` is over."""

    DECLARED = "declared", "Declared"
    ASSESSING = "assessing", "Assessing"
    MITIGATING = "mitigating", "Mitigating"
    MONITORING = "monitoring", "Monitoring"
    RESOLVED = "resolved", "Resolved"
    CLOSED = "closed", "Closed"


OPEN_STATES = (State.DECLARED, State.ASSESSING, State.MITIGATING, State.MONITORING)


class Role(models.TextChoices):
    """Who does what during one incident."""

    COMMANDER = "commander", "Incident commander"
    COMMUNICATIONS = "communications", "Communications"
    OPERATIONS = "operations", "Operations"


class Incident(models.Model):
    """Something that went wrong and is worked on together, from the first signal to the review."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="incidents")
    title = models.CharField(max_length=200)
    summary = models.TextField(blank=True, default="", help_text="What is known, in Markdown.")
    severity = models.CharField(max_length=4, choices=Severity)
    state = models.CharField(max_length=12, choices=State, default=State.DECLARED)
    affected_features = models.JSONField(default=list, blank=True)
    affected_models = models.JSONField(default=list, blank=True)
    commander = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    communications = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    operations = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")

    opened_at = models.DateTimeField(default=timezone.now)
    #: Empty when a rule opened it.
    opened_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    #: When the first person answered: took a role, changed the state, ticked a step.
    responded_at = models.DateTimeField(null=True, blank=True)
    mitigated_at = models.DateTimeField(null=True, blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="merged")
    #: What opened it by itself; the same again adds to this incident while it is open.
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    #: Raised by every edit; a form that was made from an older one is shown both versions instead of overwriting.
    version = models.PositiveIntegerField(default=1)
    #: Raised by everything that its page shows: open pages compare it with what they have.
    revision = models.PositiveBigIntegerField(default=1)
    #: When figures must be kept with it; empty when that is done. A row, so that it happens whoever dies in between.
    evidence_due_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-opened_at"]
        indexes = [
            models.Index(fields=["project", "state", "-opened_at"], name="incident_list"),
            models.Index(fields=["project", "fingerprint"], name="incident_fingerprint"),
            # Whether anything changed, asked for every page: answered from the index alone.
            models.Index(fields=["project", "revision"], name="incident_stamp"),
            # The sweep that keeps evidence.
            models.Index(
                fields=["evidence_due_at"],
                name="incident_evidence_due",
                condition=models.Q(evidence_due_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ref} {self.title}"

    def get_absolute_url(self) -> str:
        return reverse("incidents:detail", args=[self.ref])

    @property
    def ref(self) -> str:
        """The short id that people say: ``INC-142``."""
        return f"INC-{self.pk}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


class Entry(models.TextChoices):
    """What kind of thing a timeline entry tells."""

    DECLARED = "declared", "Declared"
    ALERT = "alert", "Alert"
    STATE = "state", "State"
    SEVERITY = "severity", "Severity"
    ROLE = "role", "Role"
    EDIT = "edit", "Edit"
    STEP = "step", "Playbook"
    CLOCK = "clock", "Clock"
    EVIDENCE = "evidence", "Evidence"
    MERGE = "merge", "Merge"
    NOTE = "note", "Note"


class TimelineEntry(models.Model):
    """One thing that happened. Written by the product or by hand; corrected only by a new revision."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="timeline")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=10, choices=Entry)
    #: Empty when the product did it.
    actor = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    #: Markdown for notes, one plain sentence for everything else.
    text = models.TextField()
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["at", "pk"]
        indexes = [models.Index(fields=["incident", "at", "id"], name="timeline_order")]

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S} {self.text[:60]}"


class TimelineRevision(models.Model):
    """What a note said before it was corrected."""

    entry = models.ForeignKey(TimelineEntry, on_delete=models.CASCADE, related_name="revisions")
    text = models.TextField()
    replaced_at = models.DateTimeField(default=timezone.now)
    replaced_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering = ["replaced_at"]

    def __str__(self) -> str:
        return f"before {self.replaced_at:%H:%M:%S}: {self.text[:40]}"


class LinkedAlert(models.Model):
    """An alert that belongs to an incident. An alert belongs to one incident at most."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="alerts")
    alert = models.OneToOneField(Alert, on_delete=models.CASCADE, related_name="incident_link")
    linked_at = models.DateTimeField(default=timezone.now)
    #: When the timeline was told that the alert had ended.
    end_told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["linked_at"]

    def __str__(self) -> str:
        return f"{self.alert} in {self.incident.ref}"


class LinkedTrace(models.Model):
    """A trace that shows the failure."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="traces")
    trace_id = models.CharField(max_length=64)
    note = models.CharField(max_length=200, blank=True, default="")
    linked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    linked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["linked_at"]
        constraints = [models.UniqueConstraint(fields=["incident", "trace_id"], name="trace_linked_once")]

    def __str__(self) -> str:
        return self.trace_id


class Evidence(models.Model):
    """Figures as they were at one moment; they stay when the telemetry has long expired."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="evidence")
    taken_at = models.DateTimeField(default=timezone.now)
    title = models.CharField(max_length=200)
    #: ``figures`` | ``chart`` | ``traces`` | ``changes``; ``data`` has the shape that goes with it.
    kind = models.CharField(max_length=10)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["taken_at", "pk"]
        verbose_name_plural = "evidence"

    def __str__(self) -> str:
        return self.title


class DeadlineQuerySet(models.QuerySet["Deadline"]):
    def open(self) -> DeadlineQuerySet:
        """Neither met nor missed."""
        return self.filter(met_at__isnull=True, missed_at__isnull=True)


class Deadline(models.Model):
    """Something that must happen later. Claimed by a conditional update and swept; it survives any process."""

    class Kind(models.TextChoices):
        RESPONSE = "response", "Somebody must have responded"
        STEP = "step", "A playbook step's window ends"
        REVIEW = "review", "The review is due"

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="deadlines")
    kind = models.CharField(max_length=10, choices=Kind)
    #: ``run/step`` for steps: the run's key and the step's slug.
    subject = models.CharField(max_length=80, blank=True, default="")
    due_at = models.DateTimeField()
    #: Met in time or called off.
    met_at = models.DateTimeField(null=True, blank=True)
    #: When the sweep found it missed and wrote so.
    missed_at = models.DateTimeField(null=True, blank=True)

    objects = DeadlineQuerySet.as_manager()

    class Meta:
        ordering = ["due_at"]
        indexes = [
            models.Index(
                fields=["due_at"], name="deadline_open", condition=models.Q(met_at__isnull=True, missed_at__isnull=True)
            )
        ]
        constraints = [models.UniqueConstraint(fields=["incident", "kind", "subject"], name="one_deadline_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.incident.ref} {self.kind} {self.subject} by {self.due_at:%Y-%m-%d %H:%M}"


class Playbook(models.Model):
    """A named way through one kind of failure. What it says is in its versions."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    #: What makes people reach for it, in words.
    trigger = models.CharField(max_length=300, blank=True, default="")
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def newest(self) -> PlaybookVersion | None:
        return self.versions.order_by("-number").first()


class PlaybookVersion(models.Model):
    """One wording of a playbook; never changed once made. ``definition`` has the shape of the YAML files."""

    playbook = models.ForeignKey(Playbook, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition = models.JSONField()
    #: ``seed`` or who wrote it.
    author = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    note = models.CharField(max_length=200, blank=True, default="", help_text="What changed and why.")

    class Meta:
        ordering = ["playbook", "-number"]
        constraints = [models.UniqueConstraint(fields=["playbook", "number"], name="playbook_version_number")]

    def __str__(self) -> str:
        return f"{self.playbook} v{self.number}"


class PlaybookRun(models.Model):
    """A playbook at work in an incident. It keeps its own copy of the version, so later edits change nothing."""

    incident = models.ForeignKey(Incident, on_delete=models.CASCADE, related_name="runs")
    version = models.ForeignKey(PlaybookVersion, null=True, on_delete=models.SET_NULL, related_name="runs")
    name = models.CharField(max_length=120)
    definition = models.JSONField()
    #: What was filled into the commands, for example ``{"feature": "support-chat"}``.
    parameters = models.JSONField(default=dict, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    #: Step slug -> slug of the branch that was chosen.
    branches = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["started_at"]

    def __str__(self) -> str:
        return f"{self.name} in {self.incident.ref}"


class ItemState(models.Model):
    """What became of one item of a run's checklist. No row: still to do."""

    class Outcome(models.TextChoices):
        DONE = "done", "Done"
        SKIPPED = "skipped", "Skipped"

    run = models.ForeignKey(PlaybookRun, on_delete=models.CASCADE, related_name="items")
    #: ``step/item`` or ``step/branch/item``, from the definition's slugs.
    item = models.CharField(max_length=160)
    outcome = models.CharField(max_length=8, choices=Outcome)
    #: Why it was skipped, or what was found.
    note = models.TextField(blank=True, default="")
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["at"]
        constraints = [models.UniqueConstraint(fields=["run", "item"], name="one_outcome_per_item")]

    def __str__(self) -> str:
        return f"{self.item}: {self.outcome}"

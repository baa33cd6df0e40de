"""What people and machines say they changed, to stand beside what happened then."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from accounts.models import Project


class Change(models.Model):
    """One change to the system under watch: a deployment, a prompt, a model, a setting."""

    class Kind(models.TextChoices):
        DEPLOYMENT = "deployment", "Deployment"
        CONFIG = "config", "Configuration"
        PROMPT = "prompt", "Prompt"
        MODEL = "model", "Model"
        OTHER = "other", "Other"

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.DEPLOYMENT)
    title = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now, help_text="When it took effect.")
    version = models.CharField(max_length=120, blank=True, default="", help_text="Release, commit or prompt version.")
    url = models.URLField(max_length=500, blank=True, default="", help_text="Where to read more.")
    by = models.CharField(max_length=120, blank=True, default="", help_text="Who or what made it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]
        # Every chart asks for the changes of one project in one range.
        indexes = [models.Index(fields=["project", "at"], name="changes_of_a_range")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.title}"


class PendingRun(models.Model):
    """A LangSmith run of which one end is known. It becomes a span, and this row goes, when the other end comes."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    #: 32 hex digits.
    run_id = models.CharField(max_length=32)
    pieces = models.JSONField()
    key_id_used = models.PositiveIntegerField(default=0)
    touched_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "run_id"], name="one_pending_run")]

    def __str__(self) -> str:
        return self.run_id

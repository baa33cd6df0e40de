"""What people and machines say they changed, to stand beside what happened then."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from accounts.models import Project
from telemetry import lenient_json


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
    """What is known of an operation that its sender tells in pieces.

    A LangSmith run of which one end is known: it becomes a span, and this row goes, when the other end comes. A
    patch without its beginning is taken for a change of what is stored, until a look shows that nothing is.
    A Langfuse trace or observation: it stays for a while after it became a span, because it may still be changed.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Not stored yet"
        CHANGED = "changed", "Stored, and changed since"
        STORED = "stored", "Stored as it is"

    #: One begins and goes with every run: no more indexes than are asked. The constraint begins with the project.
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+", db_index=False)
    dialect = models.CharField(max_length=16, default="langsmith")
    #: LangSmith: 32 hex digits. Langfuse: ``trace/`` or ``observation/`` and the sender's id.
    run_id = models.CharField(max_length=300)
    #: Langfuse alone, for what holds for all observations of a trace.
    trace_id = models.CharField(max_length=256, blank=True, default="")
    pieces = models.JSONField(encoder=lenient_json.Encoder, decoder=lenient_json.Decoder)
    key_id_used = models.PositiveIntegerField(default=0)
    touched_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    #: When it is to be stored, put in place of what was stored, or forgotten.
    due_at = models.DateTimeField(null=True, db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "dialect", "run_id"], name="one_pending_run")]
        # What else is known of a trace, when one piece of it comes.
        indexes = [models.Index(fields=["project", "trace_id"], name="pending_of_a_trace")]

    def __str__(self) -> str:
        return self.run_id


class Feedback(models.Model):
    """What a LangSmith client, or a person through a presigned link, said of a run, as it was said.

    Its number, where it has one, is also a score in ClickHouse; ``is_applied`` is False until that one agrees.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    feedback_id = models.UUIDField()
    #: 32 hex digits.
    run_id = models.CharField(max_length=32)
    trace_id = models.CharField(max_length=32)
    key = models.CharField(max_length=200)
    #: ``score``, ``value``, ``comment``, ``correction``, ``feedback_source``, ``extra`` and the like.
    said = models.JSONField()
    created_at = models.DateTimeField()
    modified_at = models.DateTimeField()
    #: Kept for a while, so that a repeated delivery does not bring it back.
    deleted_at = models.DateTimeField(null=True)
    #: Whether its score may be in ClickHouse already.
    is_scored = models.BooleanField(default=False)
    is_applied = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "feedback_id"], name="one_feedback")]
        indexes = [
            # Lists of what was said of some runs, and of everything, newest first.
            models.Index(fields=["project", "run_id"], name="feedback_of_runs"),
            models.Index(fields=["project", "-created_at"], name="feedback_by_time"),
            # The few whose score must still be made to agree.
            models.Index(fields=["modified_at"], name="feedback_to_apply", condition=models.Q(is_applied=False)),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.run_id}"


class FeedbackToken(models.Model):
    """A presigned link: whoever opens it before it expires may say one thing of one run."""

    token = models.UUIDField(unique=True, default=uuid.uuid4)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="+")
    run_id = models.CharField(max_length=32)
    key = models.CharField(max_length=200)
    feedback_id = models.UUIDField(default=uuid.uuid4)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        # The links of one run.
        indexes = [models.Index(fields=["project", "run_id"], name="tokens_of_a_run")]

    def __str__(self) -> str:
        return f"{self.key} of {self.run_id} until {self.expires_at:%Y-%m-%d %H:%M}"

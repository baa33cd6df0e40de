"""What quality keeps in SQL: hourly snapshots, how far the evaluators have come, the words that topics are made of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import models
from django.utils import timezone

from accounts.models import Project

#: The console's own dimensions, each 0–1 and higher is better. Every other score name is free.
DIMENSIONS = ("overall", "correctness", "relevance", "helpfulness", "safety")


class QualitySnapshot(models.Model):
    """The scores of one project in one hour (UTC), from every source together.

    A mean is null when nothing was scored: unknown, never zero.
    """

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="quality_snapshots")
    hour = models.DateTimeField(help_text="Start of the hour.")
    overall = models.FloatField(null=True)
    correctness = models.FloatField(null=True)
    relevance = models.FloatField(null=True)
    helpfulness = models.FloatField(null=True)
    safety = models.FloatField(null=True)
    sample_size = models.PositiveIntegerField(
        default=0, help_text="Scores of the dimension that has most of them: about the number of answers judged."
    )
    overall_count = models.PositiveIntegerField(default=0)
    correctness_count = models.PositiveIntegerField(default=0)
    relevance_count = models.PositiveIntegerField(default=0)
    helpfulness_count = models.PositiveIntegerField(default=0)
    safety_count = models.PositiveIntegerField(default=0)
    provisional = models.BooleanField(default=True, help_text="The hour is not over, or its last answers may be late.")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-hour", "project"]
        constraints = [models.UniqueConstraint(fields=["project", "hour"], name="one_snapshot_an_hour")]

    def __str__(self) -> str:
        return f"{self.project}, {self.hour:%Y-%m-%d %H:%M} UTC"


def first_watermark() -> datetime:
    """Where evaluation of a project begins: what came shortly before it is looked at too."""
    return timezone.now() - timedelta(hours=1)


class EvaluationCursor(models.Model):
    """How far the evaluators have come in one project, and how that went. One row a project."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="evaluation_cursor")
    received_at = models.DateTimeField(
        default=first_watermark, help_text="Every sampled answer received before this moment has been looked at."
    )
    position = models.BigIntegerField(
        default=0, help_text="Within that moment: the last span looked at, by the hash of its id."
    )
    last_run_at = models.DateTimeField(null=True, editable=False)
    last_evaluated_at = models.DateTimeField(null=True, editable=False)
    last_error = models.TextField(blank=True, default="", editable=False)
    last_error_at = models.DateTimeField(null=True, editable=False)
    answers = models.PositiveBigIntegerField(default=0, editable=False, help_text="Answers looked at so far.")
    cpu_ms = models.FloatField(default=0.0, editable=False, help_text="Processor time that this took.")
    #: Evaluator -> outcome -> count; the outcome is ``judged`` or the reason why not.
    tallies = models.JSONField(default=dict, blank=True, editable=False)

    def __str__(self) -> str:
        return f"{self.project}: evaluated up to {self.received_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


class TopicVocabulary(models.Model):
    """The words and pairs of words that recur in the questions of one project, bounded. One row a project."""

    project = models.OneToOneField(Project, on_delete=models.CASCADE, related_name="topic_vocabulary")
    #: How many questions were learned from (halved together with all counts when it grows large).
    questions = models.PositiveIntegerField(default=0)
    #: Stem -> the fields of ``quality.topics.Word``.
    words = models.JSONField(default=dict, blank=True)
    #: "stem stem" -> questions in which both occurred.
    pairs = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "topic vocabularies"

    def __str__(self) -> str:
        return f"Topics of {self.project}"

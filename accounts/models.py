"""Who: people, projects, roles, keys and what they changed."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models
from django.utils import timezone

SCOPES = ("ingest", "read", "write")


class User(AbstractUser):
    """A person. ``is_superuser`` may do everything in every project."""

    class Theme(models.TextChoices):
        SYSTEM = "system", "As the system"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    theme = models.CharField(max_length=8, choices=Theme, default=Theme.SYSTEM)


class Project(models.Model):
    """One AI system under watch: its telemetry, budgets, rules and incidents belong together."""

    class Purpose(models.TextChoices):
        OWN = "own", "Own traffic"
        DEMO = "demo", "Demo traffic"
        CONSOLE = "console", "The console's own traces"

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=120)
    purpose = models.CharField(max_length=8, choices=Purpose, default=Purpose.OWN)
    time_zone = models.CharField(max_length=64, default="UTC", help_text="IANA name, for example Europe/Berlin.")
    business_start = models.TimeField(default="09:00")
    business_end = models.TimeField(default="17:00")
    business_days = models.CharField(
        max_length=7,
        default="12345",
        validators=[RegexValidator(r"^[1-7]+$", "Digits 1 (Monday) to 7 (Sunday).")],
        help_text="ISO weekday numbers, for example 12345 for Monday to Friday.",
    )
    evaluation_share = models.FloatField(
        default=0.01, help_text="Share of answers that the offline evaluators look at, 0 to 1."
    )
    latency_target_ms = models.PositiveIntegerField(
        default=5000, help_text="What 99 of 100 calls should stay below, in milliseconds."
    )
    redact = models.BooleanField(
        default=False, help_text="Replace e-mail addresses, phone and card numbers and keys before storage."
    )
    redact_patterns = models.TextField(
        blank=True, default="", help_text="One regular expression a line; what matches is replaced before storage."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["purpose", "name"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """What one person may do in one project."""

    class Role(models.TextChoices):
        VIEWER = "viewer", "Viewer: sees everything, changes nothing"
        RESPONDER = "responder", "Responder: handles alerts and incidents"
        ADMIN = "admin", "Admin: also people, keys, budgets, rules"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.VIEWER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "project"], name="one_role_per_project")]

    def __str__(self) -> str:
        return f"{self.user} in {self.project}: {self.role}"


def hash_key(key: str) -> str:
    """Keys are 256 random bits, so a plain digest cannot be guessed back."""
    return hashlib.sha256(key.encode()).hexdigest()


class ApiKey(models.Model):
    """A machine's way in. The key itself is shown once and never stored."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16, editable=False, help_text="The start of the key, to tell keys apart.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = models.JSONField(default=list, help_text="Any of ingest, read, write.")
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_valid(self, now: datetime | None = None) -> bool:
        now = now or timezone.now()
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    @classmethod
    def issue(
        cls, project: Project, *, name: str, scopes: tuple[str, ...] = SCOPES, key: str = "", **more: Any
    ) -> tuple[ApiKey, str]:
        """Make a key (or take the given one) and return it with its text, which is not kept."""
        key = key or f"ow_{secrets.token_urlsafe(32)}"
        made = cls.objects.create(
            project=project, name=name, prefix=key[:8], digest=hash_key(key), scopes=list(scopes), **more
        )
        return made, key


class AuditEntry(models.Model):
    """One change that a person or key made. Never edited, never deleted by the product."""

    at = models.DateTimeField(default=timezone.now, db_index=True)
    user = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    key = models.ForeignKey(ApiKey, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    project = models.ForeignKey(Project, null=True, blank=True, on_delete=models.SET_NULL, related_name="audit")
    action = models.CharField(max_length=60, help_text="What was done, for example budget.changed.")
    subject = models.CharField(max_length=200)
    detail = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class Invitation(models.Model):
    """A way into a project for one person who has the link. The link itself is not kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="invitations")
    role = models.CharField(max_length=10, choices=Membership.Role)
    note = models.CharField(max_length=120, blank=True, default="", help_text="For whom, so that you know it later.")
    invited_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)
    used_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"{self.role} in {self.project}"

    @property
    def is_open(self) -> bool:
        return self.used_at is None and self.withdrawn_at is None and self.expires_at > timezone.now()

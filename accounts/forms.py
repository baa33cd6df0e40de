"""Web forms for keys, people and projects."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm

from accounts.models import SCOPES, Membership, Project, User

SCOPE_HELP = {
    "ingest": "ingest: send telemetry, scores and costs",
    "read": "read: ask for figures, traces and budgets",
    "write": "write: report changes, open incidents",
}


class KeyForm(forms.Form):
    name = forms.CharField(max_length=120, help_text="Where it is used, for example checkout-service.")
    scopes = forms.MultipleChoiceField(
        choices=[(scope, SCOPE_HELP[scope]) for scope in SCOPES],
        widget=forms.CheckboxSelectMultiple,
        initial=["ingest"],
        help_text="Give no more than it needs.",
    )


class InviteForm(forms.Form):
    role = forms.ChoiceField(choices=Membership.Role.choices)
    note = forms.CharField(required=False, max_length=120, label="For", help_text="A name, so that you know it later.")


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Membership.Role.choices)


class JoinForm(BaseUserCreationForm):
    """A new account for somebody who was invited."""

    class Meta:
        model = User
        fields = ["username", "email"]

    def clean_email(self) -> str:
        """An address is one person's, because single sign-on knows people by it."""
        email = self.cleaned_data["email"]
        if email and User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError("Somebody here has this address already. Is it you? Then sign in instead.")
        return email


class ProjectForm(forms.ModelForm):
    """What an admin sets for the whole project."""

    class Meta:
        model = Project
        fields = [
            "name",
            "time_zone",
            "business_start",
            "business_end",
            "business_days",
            "latency_target_ms",
            "evaluation_share",
            "redact",
            "redact_patterns",
        ]
        labels = {
            "business_start": "Business hours begin",
            "business_end": "Business hours end",
            "latency_target_ms": "Latency target (ms)",
            "evaluation_share": "Share of answers to judge",
            "redact": "Remove personal data",
            "redact_patterns": "Also remove",
        }
        help_texts = {
            "business_start": "In this time zone. Deadlines of SEV3 and SEV4 count business hours alone.",
            "business_days": "1 is Monday, 7 is Sunday: 12345 for Monday to Friday.",
            "evaluation_share": "Between 0 and 1; 0.01 is one answer in a hundred. Judging costs no money.",
        }
        widgets = {
            "business_start": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "business_end": forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            "redact_patterns": forms.Textarea(attrs={"rows": 3, "class": "mono"}),
        }

    #: Headings of the form and the fields below each.
    GROUPS = (
        ("This project", ("name", "time_zone")),
        ("Business hours", ("business_start", "business_end", "business_days")),
        ("Targets and judging", ("latency_target_ms", "evaluation_share")),
        ("What is not stored", ("redact", "redact_patterns")),
    )

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in self.GROUPS]

    def clean_time_zone(self) -> str:
        zone = self.cleaned_data["time_zone"]
        if zone not in available_timezones():
            raise forms.ValidationError("Not an IANA time zone; write it like Europe/Berlin.")
        return zone

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        start, end = values.get("business_start"), values.get("business_end")
        if start and end and start >= end:
            self.add_error("business_end", "Must be later than the start; hours over midnight are not known here.")
        return values

    def clean_evaluation_share(self) -> float:
        share = self.cleaned_data["evaluation_share"]
        if not 0 <= share <= 1:
            raise forms.ValidationError("Between 0 and 1.")
        return share

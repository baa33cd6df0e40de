"""Web forms for keys, people and projects."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.forms import BaseUserCreationForm

from accounts.models import SCOPES, Membership, Project, User

SCOPE_HELP = {
    "ingest": "ingest: send telemetry",
    "read": "read: ask for figures, traces and budgets",
    "write": "write: send scores, report changes, open incidents",
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

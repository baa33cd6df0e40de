"""The web forms of incidents."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.models import Project, User
from alerts.models import Severity
from incidents import queries
from incidents.models import Incident, Playbook, Role, State


def _names(text: str) -> list[str]:
    """Comma-separated names without repeats, in order."""
    return list(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


class NamesField(forms.CharField):
    """A list of names, written with commas."""

    def prepare_value(self, value: Any) -> Any:  # noqa: ANN401
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:  # noqa: ANN401
        return _names(super().clean(value))


class IncidentForm(forms.Form):
    """What an incident is about; for declaring and for editing."""

    title = forms.CharField(max_length=200, help_text="What users notice, in one line.")
    summary = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="What is known so far. Markdown.",
    )
    affected_features = NamesField(required=False, help_text="Names separated by commas.")
    affected_models = NamesField(required=False, help_text="Names separated by commas.")


class DeclareForm(IncidentForm):
    severity = forms.ChoiceField(choices=Severity.choices, widget=forms.RadioSelect)
    playbook = forms.ModelChoiceField(
        Playbook.objects.filter(archived_at=None), required=False, empty_label="None", to_field_name="slug"
    )
    alert = forms.IntegerField(required=False, widget=forms.HiddenInput)
    trace = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    field_order = ["title", "severity", "summary", "affected_features", "affected_models", "playbook"]


class EditForm(IncidentForm):
    version = forms.IntegerField(widget=forms.HiddenInput)

    @classmethod
    def of(cls, incident: Incident) -> EditForm:
        names = ("title", "summary", "affected_features", "affected_models", "version")
        return cls(initial={name: getattr(incident, name) for name in names})


class StateForm(forms.Form):
    state = forms.ChoiceField(choices=State.choices)
    reason = forms.CharField(max_length=500, widget=forms.TextInput(attrs={"placeholder": "Why?"}))


class SeverityForm(forms.Form):
    severity = forms.ChoiceField(choices=[(value, value) for value in Severity.values])
    reason = forms.CharField(max_length=500, widget=forms.TextInput(attrs={"placeholder": "Why?"}))


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=Role.choices, widget=forms.HiddenInput)
    person = forms.ModelChoiceField(User.objects.none(), required=False, empty_label="nobody")

    def __init__(self, project: Project, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self.fields["person"].queryset = queries.responders(project)


class NoteForm(forms.Form):
    text = forms.CharField(
        label="Note",
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "What did you see, do or decide? Markdown."}),
    )


class MergeForm(forms.Form):
    into = forms.RegexField(
        r"(?i)^\s*(INC-)?\d+\s*$", label="Merge into", error_messages={"invalid": "Write it like INC-12."}
    )


class TraceForm(forms.Form):
    trace_id = forms.RegexField(
        r"^[A-Za-z0-9_.:-]{1,64}$", label="Trace", error_messages={"invalid": "That is no trace id."}
    )
    note = forms.CharField(required=False, max_length=200)

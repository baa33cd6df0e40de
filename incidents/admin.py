"""Playbooks are edited here, as YAML; each save makes a new version."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from incidents import library, playbook_format
from incidents.models import Playbook


class PlaybookForm(forms.ModelForm):
    text = forms.CharField(
        label="Playbook",
        widget=forms.Textarea(attrs={"rows": 40, "class": "vLargeTextField", "spellcheck": "false"}),
        help_text="YAML in the format of the delivered playbooks. Saving makes a new version; runs keep theirs.",
    )
    note = forms.CharField(required=False, max_length=200, help_text="What changed and why.")

    class Meta:
        model = Playbook
        fields = ["archived_at"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        if self.instance.pk and (newest := self.instance.newest):
            self.initial["text"] = playbook_format.dump(newest.definition)

    def clean_text(self) -> str:
        try:
            definition = playbook_format.parse(self.cleaned_data["text"])
        except playbook_format.BadPlaybook as error:
            raise forms.ValidationError(str(error)) from error
        same = Playbook.objects.filter(slug=definition["slug"]).exclude(pk=self.instance.pk)
        if same.exists():
            raise forms.ValidationError(f"The slug {definition['slug']!r} belongs to another playbook.")
        self.definition = definition
        return self.cleaned_data["text"]


@admin.register(Playbook)
class PlaybookAdmin(ModelAdmin):
    form = PlaybookForm
    list_display = ["name", "slug", "trigger", "version"]
    search_fields = ["name", "slug"]
    fields = ["text", "note", "archived_at"]

    @admin.display(description="version")
    def version(self, playbook: Playbook) -> int | None:
        newest = playbook.newest
        return newest.number if newest else None

    def save_model(self, request: HttpRequest, obj: Playbook, form: PlaybookForm, change: bool) -> None:
        library.save(obj, form.definition, author=request.user, note=form.cleaned_data["note"])

    def has_delete_permission(self, request: HttpRequest, obj: Playbook | None = None) -> bool:
        """Archive instead: old runs point here."""
        return False

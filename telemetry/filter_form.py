"""The form above the list of traces: every filter that the URL can hold."""

from __future__ import annotations

from typing import Literal, NamedTuple

from django.http import QueryDict

from telemetry.search import FLAGS, NUMBERS, PARAMETERS, Search
from telemetry.span import ERROR_TYPES, KINDS

Widget = Literal["text", "number", "select", "flag"]


class FormField(NamedTuple):
    name: str
    label: str
    widget: Widget
    value: str
    choices: tuple[str, ...] = ()
    help: str = ""
    #: Whether the values of the range are offered while one types.
    suggests: bool = False

    @property
    def checked(self) -> bool:
        return self.widget == "flag" and bool(self.value)


class Group(NamedTuple):
    legend: str
    fields: list[FormField]


_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": KINDS,
    "status": ("ok", "error", "unfinished"),
    "error_type": ERROR_TYPES,
}
_SUGGESTED = {
    "model", "feature", "name", "provider", "environment", "release", "prompt_name", "prompt_version", "variant",
    "service",
}  # fmt: skip
_LABELS = {
    "kind": "Kind", "name": "Operation", "provider": "Provider", "model": "Model", "feature": "Feature",
    "environment": "Environment", "release": "Release", "prompt_name": "Prompt", "prompt_version": "Prompt version",
    "variant": "Variant", "service": "Service", "status": "Status", "error_type": "Error type", "user_id": "User",
    "session_id": "Session", "score": "Score", "score_below": "Below", "score_above": "At least", "topic": "Topic",
    "min_ms": "At least (ms)", "max_ms": "Less than (ms)", "calls": "Model calls", "failed": "Failed operations",
    "unpriced": "Calls without a price", "scope": "Instrumentation", "dialect": "Dialect", "client": "Sent by",
    "key_id": "Number of the key",
}  # fmt: skip
_HELP = {"score": "For example overall, relevance or groundedness."}
_GROUPS = (
    ("What", ("model", "feature", "name", "kind", "status", "error_type")),
    ("Who", ("user_id", "session_id", "service", "environment")),
    ("Score", ("score", "score_above", "score_below", "topic")),
    ("Duration", ("min_ms", "max_ms")),
    ("Version", ("release", "prompt_name", "prompt_version", "variant", "provider")),
    ("Sender", ("client", "scope", "dialect", "key_id")),
    ("Only", FLAGS),
)


def groups(search: Search) -> list[Group]:
    values = search.query()
    return [Group(legend, [_field(name, values.get(name, "")) for name in names]) for legend, names in _GROUPS]


def _field(name: str, value: str) -> FormField:
    widget: Widget = "text"
    if name in _CHOICES:
        widget = "select"
    elif name in NUMBERS:
        widget = "number"
    elif name in FLAGS:
        widget = "flag"
    return FormField(
        name, _LABELS[name], widget, value, _CHOICES.get(name, ()), _HELP.get(name, ""), name in _SUGGESTED
    )


def cleaned(submitted: QueryDict) -> dict[str, str]:
    """The filters of a submitted form: a field that was left empty filters nothing."""
    return {name: submitted[name].strip() for name in PARAMETERS if submitted.get(name, "").strip()}

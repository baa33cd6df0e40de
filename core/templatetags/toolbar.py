"""The toolbar of every page with a time range: range, refresh, comparison and filters, all of them links and forms."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

from django import template

from core.timerange import COMPARISONS, PRESET_LABELS, PRESETS, REFRESHES, TimeRange

register = template.Library()

#: Parameters that ``scope.query`` writes itself, and those that mean another list once the scope changes.
_OWN = {"project", "range", "from", "to", "compare", "refresh"}
_FORGOTTEN = {"cursor", "page"}
#: How a page shows what it shows: kept in its links, but nothing is left out by them, so they are no chips.
_VIEW = {"sort", "show", "tab"}

FILTER_LABELS = {
    "name": "operation", "error_type": "error", "user_id": "user", "session_id": "session", "prompt_name": "prompt",
    "prompt_version": "prompt version", "score_below": "score below", "score_above": "score above",
    "min_ms": "at least (ms)", "max_ms": "at most (ms)", "q": "search", "unpriced": "unpriced", "calls": "calls only",
    "failed": "failed operations",
}  # fmt: skip
_FLAGS = {"unpriced", "calls", "failed"}


class _Links:
    """Addresses of the present page with a part of its query changed."""

    def __init__(self, path: str, scope: Any, given: dict[str, str]) -> None:  # noqa: ANN401
        self.path = path
        self.scope = scope
        known = _OWN | _FORGOTTEN | set(scope.filters.values)
        #: What the page's own filters are: kept, and shown as chips too. An empty topic asks for answers without one.
        self.extra = {name: value for name, value in given.items() if name not in known and (value or name == "topic")}

    def query(self, **changes: str | None) -> str:
        extra = {name: value for name, value in self.extra.items() if name not in changes}
        return "&".join(part for part in (self.scope.query(**changes), urlencode(extra)) if part)

    def to(self, **changes: str | None) -> str:
        return f"{self.path}?{self.query(**changes)}"

    def between(self, span: TimeRange) -> str:
        form = "%Y-%m-%dT%H:%M:%SZ"
        return self.to(**{"range": None, "from": span.start.strftime(form), "to": span.end.strftime(form)})


def _presets(links: _Links, span: TimeRange) -> list[dict[str, Any]]:
    gone: dict[str, str | None] = {"from": None, "to": None}
    return [
        {
            "name": name,
            "label": PRESET_LABELS[name],
            "url": links.to(range=name, **gone),
            "current": span.preset == name,
        }
        for name in PRESETS
    ]


def _choices(links: _Links, name: str, labels: dict[str, str], chosen: str) -> list[dict[str, Any]]:
    return [
        {"name": value, "label": label, "url": links.to(**{name: value}), "current": value == chosen}
        for value, label in labels.items()
    ]


def _moves(links: _Links, span: TimeRange) -> dict[str, str]:
    half = span.length / 2
    return {
        "earlier": links.between(span.shifted(half)),
        "later": "" if span.ends_now else links.between(span.shifted(-half)),
        "wider": links.between(TimeRange(span.start - half, span.end + (timedelta() if span.ends_now else half))),
    }


def _chips(links: _Links, silent: set[str]) -> list[dict[str, str]]:
    chips = links.scope.filters.values | {name: value for name, value in links.extra.items() if name not in _VIEW}
    return [
        {
            "label": FILTER_LABELS.get(name, name.replace("_", " ")),
            "value": "" if name in _FLAGS else value or "(none)",
            "url": links.to(**{name: None}),
        }
        for name, value in chips.items()
        if name not in silent
    ]


@register.inclusion_tag("components/_toolbar.html", takes_context=True)
def toolbar(
    context: dict[str, Any],
    scope: Any,  # noqa: ANN401
    compare: bool = True,
    live: bool = True,
    silent: str = "",
) -> dict[str, Any]:
    """Range presets and a range of one's own, refresh (``live``), comparison (``compare``) and filter chips.

    ``silent`` names parameters of the page that are kept in every link and are no filters.
    """
    request = context["request"]
    links = _Links(request.path, scope, request.GET.dict())
    refreshes = REFRESHES if scope.span.ends_now else {name: REFRESHES[name] for name in REFRESHES if name != "live"}
    gone = dict.fromkeys(("range", "from", "to"))
    return {
        "scope": scope,
        "presets": _presets(links, scope.span),
        "moves": _moves(links, scope.span),
        "hidden": parse_qsl(links.query(**gone), keep_blank_values=True),
        "path": request.path,
        "refreshes": _choices(links, "refresh", refreshes, scope.refresh) if live else [],
        "refresh_label": REFRESHES[scope.refresh] if scope.refresh in refreshes else REFRESHES["off"],
        "comparisons": _choices(links, "compare", COMPARISONS, scope.compare) if compare else [],
        "compare_label": COMPARISONS[scope.compare],
        "chips": _chips(links, set(silent.split())),
        "clear_url": f"{request.path}?{scope.query(**dict.fromkeys(scope.filters.values))}",
    }

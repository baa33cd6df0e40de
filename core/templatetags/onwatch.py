"""How values look on every page: times, money, durations, counts, figures, links that keep the scope."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

from core import charts
from core.money import display

register = template.Library()

#: What stands where a value is not known.
UNKNOWN = "–"


def ago_text(at: datetime, now: datetime) -> str:
    """``5 min ago``; times ahead read ``in 5 min``. ``static/js/times.js`` says the same in the browser."""
    seconds = (now - at).total_seconds()
    distance = abs(seconds)
    if distance < 5:
        return "just now"
    if distance < 60:
        text = f"{distance:.0f} s"
    elif distance < 3600:
        text = f"{distance // 60:.0f} min"
    elif distance < 48 * 3600:
        text = f"{distance // 3600:.0f} h"
    else:
        text = f"{distance // 86400:.0f} d"
    return f"{text} ago" if seconds >= 0 else f"in {text}"


def duration_text(milliseconds: float) -> str:
    """``0.4 ms``, ``812 ms``, ``2.41 s``, ``3 min 12 s``, ``2 h 14 min``, ``3 d 4 h``."""
    if milliseconds < 10:
        return f"{milliseconds:.2g} ms" if milliseconds else "0 ms"
    if milliseconds < 999.5:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 9.995 else f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return _pair(whole, 60, "min", 1, "s")
    if whole < 48 * 3600:
        return _pair(whole, 3600, "h", 60, "min")
    return _pair(whole, 86400, "d", 3600, "h")


def _pair(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    whole, rest = divmod(seconds, large)
    part = rest // small
    return f"{whole} {large_name} {part} {small_name}" if part else f"{whole} {large_name}"


def percent_text(share: float, places: int = 1) -> str:
    """A share of one as percent; what is small but not zero reads ``< 0.1 %``."""
    least = 10**-places
    if 0 < share * 100 < least:
        return f"< {least:g} %"
    return f"{share * 100:.{places}f} %".replace(".0 %", " %")


@register.filter
def ago(at: datetime | None) -> str:
    """A moment relative to now, with the exact time on hover."""
    if at is None:
        return UNKNOWN
    at = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}" data-js-ago>{}</time>',
        at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        at.strftime("%Y-%m-%d %H:%M:%S UTC"),
        ago_text(at, timezone.now()),
    )


@register.filter
def moment(at: datetime | None) -> str:
    """An exact moment: ``2026-07-30 14:05:09 UTC``."""
    if at is None:
        return UNKNOWN
    at = at.astimezone(UTC)
    return format_html(
        '<time datetime="{}">{}</time>', at.strftime("%Y-%m-%dT%H:%M:%SZ"), at.strftime("%Y-%m-%d %H:%M:%S UTC")
    )


@register.filter
def usd(nano: int | None) -> str:
    """Nano-dollars as dollars for people."""
    return UNKNOWN if nano is None else display(int(nano))


@register.filter
def duration(milliseconds: float | None) -> str:
    return UNKNOWN if milliseconds is None else duration_text(milliseconds)


@register.filter
def count(number: int | None) -> str:
    """A whole number with separators: ``1,204``."""
    return UNKNOWN if number is None else f"{int(number):,}"


@register.filter
def percent(share: float | None, places: int = 1) -> str:
    """A share between 0 and 1 as percent."""
    return UNKNOWN if share is None else percent_text(float(share), places)


@register.filter
def percent_column(share: float | None) -> str:
    """The same for a column of a table: always with its decimal, so that the points stand below each other."""
    if share is None:
        return UNKNOWN
    return percent_text(float(share)) if 0 < share < 0.001 else f"{share * 100:.1f} %"


@register.filter
def score(value: float | None) -> str:
    """A score with two places."""
    return UNKNOWN if value is None else f"{value:.2f}"


@register.simple_tag
def delta(change: float | None, unit: str = "", better: str = "up", places: int = 1) -> str:
    """A change with its sign and direction, good or bad by what is ``better``: ``up``, ``down`` or ``none``.

    ``unit`` is written behind it; ``%`` takes a share of one. Nothing at all where the change is not known.
    """
    if change is None:
        return ""
    amount = change * 100 if unit == "%" else change
    if abs(amount) < 0.5 * 10**-places:
        return mark_safe('<span class="delta delta--flat">= no change</span>')
    is_up = amount > 0
    tone = "flat" if better == "none" else "good" if is_up == (better == "up") else "bad"
    word = {"flat": "", "good": " (better)", "bad": " (worse)"}[tone]
    return format_html(
        '<span class="delta delta--{}">{} {}{}<span class="visually-hidden">{}</span></span>',
        tone,
        "▲" if is_up else "▼",
        f"{abs(amount):,.{places}f}",
        f" {unit}" if unit else "",
        word,
    )


@register.simple_tag
def scope_link(page: Any, view_name: str, *args: Any, **changes: Any) -> str:  # noqa: ANN401
    """The address of a page with a scope's project, range and filters, and some of them changed.

    ``None`` removes a parameter; an empty text asks for rows without a value.
    """
    texts = {name: None if value is None else str(value) for name, value in changes.items()}
    return f"{reverse(view_name, args=args)}?{page.query(**texts)}"


@register.simple_tag
def sparkline(values: Sequence[float], label: str) -> SafeString:
    """A small line of how a figure went; ``label`` says in words what it shows."""
    most = max(values, default=0) or 1
    points = " ".join(f"{place},{20 - 18 * value / most:.1f}" for place, value in enumerate(values))
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} 21" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<title>{}</title><polyline points="{}"></polyline></svg>',
        max(1, len(values) - 1),
        label,
        label,
        points,
    )


_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@register.inclusion_tag("components/figure.html", takes_context=True)
def figure(
    context: dict[str, Any], name: str, value: charts.Figure, alternative: str, height: int = 260
) -> dict[str, Any]:
    """A chart: the place to draw in, its data as JSON, a text alternative, and its figures as a table.

    ``name`` is an id, unique on the page. A pushed fragment (``oob``) leaves out the table for browsers without script.
    """
    if not _ID.fullmatch(name):
        raise ValueError(f"{name!r} is no id for a figure")
    return {
        "name": name,
        "data_id": f"{name}-data",
        "figure": value,
        "alternative": alternative,
        "height": int(height),
        "table": "" if context.get("oob") else _table(value),
    }


def _table(value: charts.Figure) -> SafeString:
    """The inside of a ``<table>``. Joined by hand: a template takes a tenth of a second for a chart of ten series."""
    headings, rows = charts.as_table(value)
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{_place(row)}{''.join(map(_cell, row.values))}</tr>" for row in rows)
    return mark_safe(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>")


def _place(row: charts.TableRow) -> str:
    place = escape(row.place.replace("T", " "))
    return f'<td><a href="{escape(row.link)}">{place}</a></td>' if row.link else f"<td>{place}</td>"


def _cell(value: object) -> str:
    return f'<td class="num">{UNKNOWN if value is None else escape(value)}</td>'


@register.simple_tag
def icon(name: str, size: str = "") -> SafeString:
    """A drawing from ``static/img/icons.svg``; always beside a word."""
    css = "icon icon--small" if size == "small" else "icon"
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        css,
        static("img/icons.svg"),
        name,
    )


#: Path, name, icon, and the second key after ``g``.
AREAS = (
    ("/", "Dashboard", "dashboard", "d"),
    ("/traces/", "Traces", "traces", "t"),
    ("/quality/", "Quality", "quality", "q"),
    ("/costs/", "Costs", "costs", "c"),
    ("/alerts/", "Alerts", "alerts", "a"),
    ("/incidents/", "Incidents", "incidents", "i"),
    ("/metrics-explorer/", "Metrics", "metrics", "m"),
    ("/senders/", "Senders", "senders", "s"),
)


@register.simple_tag(takes_context=True)
def areas(context: dict[str, Any]) -> list[dict[str, Any]]:
    """The navigation: each area with its address (which keeps project, range and filters) and whether we are in it."""
    here = getattr(context.get("request"), "path", "")
    return [
        {
            "url": f"{path}?{query}" if (query := _query(context)) else path,
            "name": name,
            "icon": drawing,
            "key": key,
            "current": here == "/" if path == "/" else here.startswith(path),
        }
        for path, name, drawing, key in AREAS
    ]


def _query(context: dict[str, Any]) -> str:
    scope, project = context.get("scope"), context.get("project")
    if hasattr(scope, "query"):
        return scope.query()
    return f"project={project.slug}" if project else ""


@register.simple_tag(takes_context=True)
def project_link(context: dict[str, Any], project: Any) -> str:  # noqa: ANN401
    """The present area for another project, with the same range; filters name things of this one and stay behind."""
    here = getattr(context.get("request"), "path", "/")
    area = next((path for path, *_ in AREAS if path != "/" and here.startswith(path)), "/")
    scope = context.get("scope")
    if hasattr(scope, "query"):
        return f"{area}?{scope.query(**dict.fromkeys(scope.filters.values), project=project.slug)}"
    return f"{area}?project={project.slug}"

"""How sums of scores are written on the quality page."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.templatetags.onwatch import UNKNOWN, delta
from quality.evidence import Difference, Interval
from quality.page import DEFAULT_DIMENSION, View

register = template.Library()


@register.filter
def bounds(interval: Interval | str | None) -> str:
    """``0.78 to 0.84``, the 95 % interval; a template gives an empty text for what is not there."""
    return UNKNOWN if not isinstance(interval, Interval) else f"{interval.low:.2f} to {interval.high:.2f}"


@register.filter
def judged(difference: Difference | None) -> str | SafeString:
    """A difference with how sure it is: an arrow only where chance is excluded."""
    if difference is None:
        return UNKNOWN
    if difference.is_open:
        return format_html(
            '<span class="muted">not enough evidence yet (n = {} of {})</span>',
            f"{difference.have:,}",
            f"{max(difference.needed, difference.have + 1):,}",
        )
    if difference.verdict == "no clear change":
        return format_html('<span class="muted">no clear change</span>')
    return delta(difference.value, places=2)


@register.simple_tag
def dimension_query(view: View, name: str) -> str:
    """The query of this page for another score; the table starts again at its first page."""
    return view.query(dimension=name if name != DEFAULT_DIMENSION else None)


@register.filter
def excerpt(text: str, most: int) -> str:
    """The end of a question stands behind what was put before it; so a long text keeps both of its ends."""
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    half = most // 2
    return f"{line[:half].rstrip()} … {line[-half:].lstrip()}"

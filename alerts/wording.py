"""Rules and their figures in words. Pure; the same words stand in titles, pages, the admin and notifications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alerts import rules
from alerts.rules import Condition, Direction, Phase
from alerts.series import DEFINITIONS, Series, Unit
from core.money import display, to_nano
from core.templatetags.onwatch import UNKNOWN, duration_text
from telemetry.metrics.page import number_text

if TYPE_CHECKING:
    from alerts.models import Rule


def value_text(series: str, value: float | None) -> str:
    """A value of the series with its unit: ``4.2 %``, ``0.62``, ``812 ms``, ``$1.20``, ``1,204``."""
    if value is None:
        return UNKNOWN
    match DEFINITIONS[series].unit:
        case Unit.PERCENT:
            return f"{value:.1f} %".replace(".0 %", " %")
        case Unit.SCORE:
            return f"{value:.3f}".rstrip("0").ljust(4, "0")
        case Unit.MILLISECONDS:
            return duration_text(value).replace(".00 s", " s")
        case Unit.USD:
            return display(to_nano(value))
        case Unit.COUNT:
            return f"{value:,.0f}"
        case Unit.NUMBER:
            return number_text(value)


def minutes_text(minutes: int) -> str:
    """``10 min``, ``2 h``, ``1 h 30 min``."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} min"
    return f"{hours} h {rest} min" if rest else f"{hours} h"


def change_text(direction: str, percent: float) -> str:
    """``+200 %, that is 3x`` or ``−15 %``. From twice on the factor stands beside it: people confuse them."""
    if direction == Direction.BELOW:
        return f"−{percent:g} %"
    return f"+{percent:g} %, that is {1 + percent / 100:g}x" if percent >= 100 else f"+{percent:g} %"


def change_of(value: float, baseline: float) -> str:
    """How far a value is from its baseline: ``23 % under``, ``3.4x``."""
    if value >= 2 * baseline:
        return f"{value / baseline:.1f}x"
    share = 100 * (value / baseline - 1)
    return f"{abs(share):.0f} % {'over' if share >= 0 else 'under'}"


def condition_text(rule: Rule) -> str:
    """``p99 latency over 15 min above 5 s for 5 min``: the whole condition in one line."""
    over = f" over {minutes_text(rule.window_minutes)}" if rule.series != Series.BUDGET else ""
    held = f" for {minutes_text(rule.for_minutes)}" if rule.for_minutes else ""
    what = f"{rule.watch.label}{over}"
    if rule.condition == Condition.CHANGE:
        floor = f" and {rule.direction} {value_text(rule.series, rule.floor)}" if rule.floor is not None else ""
        return f"{what}: {change_text(rule.direction, rule.threshold)} against its baseline{floor}{held}"
    return f"{what} {rule.direction} {value_text(rule.series, rule.threshold)}{held}"


def clears_text(rule: Rule) -> str:
    """When an alert of the rule is over: ``back at 4 % or better for 10 min``."""
    clear = rules.clear_threshold(rule.spec)
    where = (
        f"within {clear:g} % of the baseline"
        if rule.condition == Condition.CHANGE
        else f"{'at or under' if rule.direction == Direction.ABOVE else 'at or over'} {value_text(rule.series, clear)}"
    )
    return f"{where} for {minutes_text(rule.keep_firing_minutes)}" if rule.keep_firing_minutes else where


def sample_text(rule: Rule) -> str:
    """``204 calls``, or how much is missing: ``not enough evidence yet (n = 23 of 60)``."""
    counted = rule.watch.definition.counted
    floor = rule.spec.minimum_sample
    if rule.last_sample < floor:
        return f"not enough evidence yet (n = {rule.last_sample} of {floor})"
    return f"{rule.last_sample:,} {counted if rule.last_sample != 1 else counted.removesuffix('s')}"


def silence_text(rule: Rule) -> str:
    """Why a rule cannot say anything at present; empty where it can."""
    if rule.checked_at is None:
        return "not checked yet"
    if rule.last_error:
        return rule.last_error
    if rule.state != Phase.NO_DATA and not (Phase(rule.state).has_alert and rule.last_value is None):
        return ""
    if rule.series == Series.BUDGET:
        return "no budget is set"
    if rule.last_sample == 0:
        return f"no {rule.watch.definition.counted} in the last {minutes_text(rule.window_minutes)}"
    if rule.last_sample < rule.spec.minimum_sample:
        return sample_text(rule)
    return "no baseline yet: too little history"


def title(rule: Rule, seen: rules.Observation, limits: rules.Limits | None) -> str:
    """An alert's title: the rule's name, the value and what it is beyond."""
    if seen.value is None:
        return f"{rule.name}: no {rule.watch.definition.counted} arrive"
    shown = value_text(rule.series, seen.value)
    if seen.baseline is not None:
        normal = value_text(rule.series, seen.baseline.value)
        return f"{rule.name}: {shown}, {change_of(seen.value, seen.baseline.value)} the usual {normal}"
    beyond = value_text(rule.series, limits.fire) if limits else UNKNOWN
    about = f" of {seen.about}" if seen.about else ""
    return f"{rule.name}: {shown}{about}, {rule.direction} {beyond}"

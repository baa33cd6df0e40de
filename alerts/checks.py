"""What is wrong with a rule before it ever runs: fields that do not fit, and conditions that can never hold. Pure."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from alerts import rules
from alerts.rules import Condition, Direction
from alerts.series import DEFINITIONS, Series, Unit
from telemetry.span import ERROR_TYPES

if TYPE_CHECKING:
    from alerts.models import Rule

Problems = dict[str, str]


def problems(rule: Rule) -> Problems:
    """Field -> what is wrong with it; empty for a rule that can work."""
    if rule.series not in DEFINITIONS or rule.threshold is None:
        return {}
    found: Problems = {}
    for check in (_subject, _aggregation, _budget, _scope, _condition, _threshold, _clear_threshold, _windows):
        for field, message in check(rule).items():
            found.setdefault(field, message)
    return found


def _subject(rule: Rule) -> Problems:
    if rule.series == Series.FAILURES and rule.subject and rule.subject not in ERROR_TYPES:
        return {"subject": f"One of {', '.join(ERROR_TYPES)}, or empty for all."}
    if rule.series == Series.METRIC and not rule.subject:
        return {"subject": "The name of the metric, as its page writes it."}
    if rule.series not in (Series.SCORE, Series.FAILURES, Series.METRIC) and rule.subject:
        return {"subject": "Leave this empty: only quality, failed operations and metrics have one."}
    return {}


def _aggregation(rule: Rule) -> Problems:
    if rule.aggregation and rule.series != Series.METRIC:
        return {"aggregation": "Leave this empty: only metrics have one."}
    return {}


def _budget(rule: Rule) -> Problems:
    if rule.budget_id is None:
        return {}
    if rule.series != Series.BUDGET:
        return {"budget": "Leave this empty: only the share of a budget has one."}
    if rule.budget.project_id != rule.project_id:
        return {"budget": "This budget belongs to another project."}
    return {}


def _scope(rule: Rule) -> Problems:
    if not isinstance(rule.scope, dict) or not all(isinstance(value, str) for value in rule.scope.values()):
        return {"scope": 'An object of texts, for example {"feature": "search"}.'}
    if rule.series == Series.METRIC:
        return {}
    allowed = DEFINITIONS[rule.series].filters
    strange = sorted(set(rule.scope) - set(allowed))
    if not strange:
        return {}
    if not allowed:
        return {"scope": "Leave this empty: the budget says whose spend it counts."}
    return {"scope": f"This series cannot be cut by {', '.join(strange)}, only by {', '.join(allowed)}."}


def _condition(rule: Rule) -> Problems:
    if rule.series == Series.BUDGET and rule.condition == Condition.CHANGE:
        return {"condition": "A budget has no baseline; choose the threshold."}
    if rule.floor is not None and rule.condition != Condition.CHANGE:
        return {"floor": "Leave this empty: it belongs to changes. A threshold is its own floor."}
    return {}


def _threshold(rule: Rule) -> Problems:
    """Conditions that no value can meet. Metrics have whatever values they have."""
    if rule.series == Series.METRIC and rule.condition == Condition.THRESHOLD:
        return {}
    if rule.threshold < 0:
        return {"threshold": "Not below zero; “bad when” says in which direction."}
    below = rule.direction == Direction.BELOW
    if rule.condition == Condition.CHANGE:
        if rule.threshold == 0:
            return {"threshold": "A change by more than 0 % is there all the time."}
        if below and rule.threshold >= 100:
            return {"threshold": "This can never fire: nothing drops by more than 100 %."}
        return {}
    if below and rule.threshold == 0:
        return {"threshold": "This can never fire: the value does not fall below 0."}
    unit = DEFINITIONS[rule.series].unit
    highest = {Unit.SCORE: 1.0, Unit.PERCENT: 100.0}.get(unit)
    if highest is None or rule.series == Series.BUDGET:
        return {}
    if not below and rule.threshold >= highest:
        return {"threshold": f"This can never fire: the value does not rise above {highest:g}."}
    if below and rule.threshold > highest:
        return {"threshold": f"This would always fire: the value is never above {highest:g}."}
    return {}


def _clear_threshold(rule: Rule) -> Problems:
    if rule.clear_threshold is None:
        return {}
    # A change is written without its sign, so its way back is always downwards.
    back_is_down = rule.condition == Condition.CHANGE or rule.direction == Direction.ABOVE
    lowest = -math.inf if rule.series == Series.METRIC and rule.condition == Condition.THRESHOLD else 0
    if back_is_down and not lowest <= rule.clear_threshold <= rule.threshold:
        return {"clear_threshold": f"Between 0 and the threshold ({rule.threshold:g}), else the alert could never end."}
    if not back_is_down and rule.clear_threshold < rule.threshold:
        return {"clear_threshold": f"At or above the threshold ({rule.threshold:g}), else it means nothing."}
    ideal = DEFINITIONS[rule.series].ideal
    if not back_is_down and ideal is not None and rule.clear_threshold > ideal:
        return {"clear_threshold": f"The alert could never end: the value does not rise above {ideal:g}."}
    return {}


def _windows(rule: Rule) -> Problems:
    widest = rule.widest_window_minutes
    if widest is None:
        return {}
    if rule.watch.definition.additive or rule.series == Series.BUDGET:
        return {"widest_window_minutes": "Leave this empty: a longer window would make this figure larger."}
    if rule.window_minutes and widest < rule.window_minutes:
        return {"widest_window_minutes": f"At least the window itself ({rule.window_minutes})."}
    return {}


def clears_at(rule: Rule) -> float:
    """The limit of the all-clear in the unit of the threshold."""
    return rules.clear_threshold(rule.spec)

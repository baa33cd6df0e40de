"""The format of playbooks: YAML in files and in the admin, checked once, then plain data.

A playbook has steps; a step has a time window and either items or branches of items; an item has a text and may have
a command to copy, a page to open, or both. ``${feature}`` and the like are filled in from the incident.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "playbooks"

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DURATION = re.compile(r"(\d{1,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

#: Key -> the most characters of its text; None for what is checked elsewhere.
PLAYBOOK_KEYS = {"slug": 64, "name": 120, "trigger": 300, "steps": None}
STEP_KEYS = {"slug": 40, "name": 120, "goal": 300, "window": None, "items": None, "branches": None}
BRANCH_KEYS = {"slug": 40, "name": 120, "when": 300, "items": None}
ITEM_KEYS = {"slug": 40, "text": 1000, "command": 2000, "page": 1000}
WINDOW_KEYS = {"from": None, "to": None}
PAGE_STARTS = ("${base_url}/", "https://", "http://")


class BadPlaybook(ValueError):
    """The text is no playbook; the message names the place and what is wanted there."""


def duration(text: str) -> timedelta:
    """``15m``, ``2h``, ``1d``. Raises BadPlaybook."""
    match = _DURATION.fullmatch(str(text))
    if not match:
        raise BadPlaybook(f"{text!r} is no duration: write 15m, 2h or 1d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def check(definition: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the definition when it has the right shape. Raises BadPlaybook."""
    _check_keys(definition, PLAYBOOK_KEYS, {"slug", "name", "steps"}, "playbook")
    for number, step in enumerate(_list(definition["steps"], "playbook, steps"), 1):
        _check_step(step, f"step {number}")
    _check_unique(definition["steps"], "playbook, steps")
    return definition


def _check_step(step: Any, where: str) -> None:  # noqa: ANN401
    _check_keys(step, STEP_KEYS, {"slug", "name"}, where)
    _check_window(step.get("window"), f"{where}, window")
    if not step.get("items") and not step.get("branches"):
        raise BadPlaybook(f"{where}: needs items or branches")
    if step.get("items"):
        _check_items(step["items"], where)
    if not step.get("branches"):
        return
    for number, branch in enumerate(_list(step["branches"], f"{where}, branches"), 1):
        _check_keys(branch, BRANCH_KEYS, {"slug", "name", "items"}, f"{where}, branch {number}")
        _check_items(branch["items"], f"{where}, branch {number}")
    _check_unique(step["branches"], f"{where}, branches")


def _check_window(window: Any, where: str) -> None:  # noqa: ANN401
    if window is None:
        return
    _check_keys(window, WINDOW_KEYS, set(), where)
    bounds = {}
    for name, text in window.items():
        try:
            bounds[name] = duration(text)
        except BadPlaybook as error:
            raise BadPlaybook(f"{where}, {name}: {error}") from None
    if "to" in bounds and bounds["to"] <= bounds.get("from", timedelta()):
        raise BadPlaybook(f"{where}: to must be after from")


def _check_items(items: Any, where: str) -> None:  # noqa: ANN401
    for number, item in enumerate(_list(items, f"{where}, items"), 1):
        _check_keys(item, ITEM_KEYS, {"slug", "text"}, f"{where}, item {number}")
        if item.get("page") and not item["page"].startswith(PAGE_STARTS):
            raise BadPlaybook(f"{where}, item {number}, page: must begin with {' or '.join(PAGE_STARTS)}")
    _check_unique(items, f"{where}, items")


def _list(found: Any, where: str) -> list[Any]:  # noqa: ANN401
    if not isinstance(found, list) or not found:
        raise BadPlaybook(f"{where}: must be a list that is not empty")
    return found


def _check_keys(found: Any, allowed: dict[str, int | None], required: set[str], where: str) -> None:  # noqa: ANN401
    if not isinstance(found, dict):
        raise BadPlaybook(f"{where}: must be a mapping")
    if unknown := set(found) - set(allowed):
        raise BadPlaybook(f"{where}: does not know {', '.join(sorted(map(str, unknown)))}")
    if missing := required - {key for key, value in found.items() if value}:
        raise BadPlaybook(f"{where}: needs {', '.join(sorted(missing))}")
    for key, most in allowed.items():
        value = found.get(key)
        if most is None or value is None:
            continue
        if not isinstance(value, str):
            raise BadPlaybook(f"{where}, {key}: must be text, so write it in quotes")
        if len(value) > most:
            raise BadPlaybook(f"{where}, {key}: {len(value)} characters; at most {most} fit")
    slug = found.get("slug")
    if slug and not _SLUG.fullmatch(slug):
        raise BadPlaybook(f"{where}: the slug {slug!r} may hold a-z, 0-9 and single hyphens")


def _check_unique(entries: list[dict[str, Any]], where: str) -> None:
    slugs = [entry["slug"] for entry in entries]
    if double := {slug for slug in slugs if slugs.count(slug) > 1}:
        raise BadPlaybook(f"{where}: the slug {sorted(double)[0]!r} is there twice")


def parse(text: str) -> dict[str, Any]:
    """YAML to a checked definition. Raises BadPlaybook with the line where the YAML itself is wrong."""
    try:
        return check(yaml.safe_load(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise BadPlaybook(f"{line}{getattr(error, 'problem', None) or 'no YAML'}") from error


def dump(definition: dict[str, Any]) -> str:
    """The definition as YAML, keys in the order of the format."""
    return yaml.safe_dump(definition, sort_keys=False, allow_unicode=True, width=120)


def seeds() -> list[dict[str, Any]]:
    """The playbooks that come with the product, checked."""
    return [parse(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))]

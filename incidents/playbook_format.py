"""The format of playbooks: YAML in files and in the admin, checked once, then plain data.

A playbook has steps; a step has a time window and either items or branches of items; an item has a text and may have
a command to copy, a page to open, or both. ``${feature}`` and the like are filled in from the incident.
"""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

import yaml

FOLDER = Path(__file__).parent / "playbooks"

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DURATION = re.compile(r"(\d{1,4})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}

PLAYBOOK_KEYS = {"slug", "name", "trigger", "steps"}
STEP_KEYS = {"slug", "name", "goal", "window", "items", "branches"}
BRANCH_KEYS = {"slug", "name", "when", "items"}
ITEM_KEYS = {"slug", "text", "command", "page"}


class BadPlaybook(ValueError):
    """The text is no playbook; the message names the place and what is wanted there."""


def duration(text: str) -> timedelta:
    """``15m``, ``2h``, ``1d``. Raises BadPlaybook."""
    match = _DURATION.fullmatch(str(text))
    if not match:
        raise BadPlaybook(f"{text!r} is no duration: write 15m, 2h or 1d")
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


def _check_keys(found: Any, allowed: set[str], required: set[str], where: str) -> None:  # noqa: ANN401
    if not isinstance(found, dict):
        raise BadPlaybook(f"{where}: must be a mapping")
    if unknown := set(found) - allowed:
        raise BadPlaybook(f"{where}: does not know {', '.join(sorted(map(str, unknown)))}")
    if missing := required - {key for key, value in found.items() if value}:
        raise BadPlaybook(f"{where}: needs {', '.join(sorted(missing))}")
    slug = found.get("slug", "")
    if slug and not (isinstance(slug, str) and _SLUG.fullmatch(slug)):
        raise BadPlaybook(f"{where}: the slug {slug!r} may hold a-z, 0-9 and single hyphens")


def _check_unique(entries: list[dict[str, Any]], where: str) -> None:
    slugs = [entry["slug"] for entry in entries]
    if double := {slug for slug in slugs if slugs.count(slug) > 1}:
        raise BadPlaybook(f"{where}: the slug {sorted(double)[0]!r} is there twice")


def _check_items(items: Any, where: str) -> None:  # noqa: ANN401
    if not isinstance(items, list) or not items:
        raise BadPlaybook(f"{where}: items must be a list that is not empty")
    for number, item in enumerate(items, 1):
        _check_keys(item, ITEM_KEYS, {"slug", "text"}, f"{where}, item {number}")
    _check_unique(items, where)


def check(definition: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the definition when it has the right shape. Raises BadPlaybook."""
    _check_keys(definition, PLAYBOOK_KEYS, {"slug", "name", "steps"}, "playbook")
    if not isinstance(definition["steps"], list):
        raise BadPlaybook("playbook: steps must be a list")
    for number, step in enumerate(definition["steps"], 1):
        where = f"step {number}"
        _check_keys(step, STEP_KEYS, {"slug", "name"}, where)
        window = step.get("window", {})
        _check_keys(window, {"from", "to"}, set(), f"{where}, window")
        for bound in window.values():
            duration(bound)
        if not step.get("items") and not step.get("branches"):
            raise BadPlaybook(f"{where}: needs items or branches")
        if step.get("items"):
            _check_items(step["items"], where)
        for index, branch in enumerate(step.get("branches") or [], 1):
            _check_keys(branch, BRANCH_KEYS, {"slug", "name", "items"}, f"{where}, branch {index}")
            _check_items(branch["items"], f"{where}, branch {branch['slug']}")
        _check_unique(step.get("branches") or [], where)
    _check_unique(definition["steps"], "playbook")
    return definition


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


def fill(text: str, parameters: dict[str, str], *, url: bool = False) -> str:
    """Put parameters into a command or page; what is not known stays as it is (``$ONWATCH_KEY`` is the shell's)."""
    values = {
        name: value if name == "base_url" or not url else quote(value, safe="") for name, value in parameters.items()
    }
    query = "".join(f"&{name}={quote(parameters[name], safe='')}" for name in ("feature",) if parameters.get(name))
    return Template(text).safe_substitute(values | {"feature_query": query})


def seeds() -> list[dict[str, Any]]:
    """The playbooks that come with the product, checked."""
    return [parse(path.read_text()) for path in sorted(FOLDER.glob("*.yaml"))]

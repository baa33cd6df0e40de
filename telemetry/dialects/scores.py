"""Judgements that travel inside spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from telemetry.dialects.draft import Draft
from telemetry.dialects.table import Group, Part
from telemetry.dialects.values import as_number, as_text, plain
from telemetry.span import LARGEST_SCORE, Score

#: Who judged, in OpenInference's words -> ours.
SOURCES = {"HUMAN": "user", "LLM": "judge", "CODE": "evaluator"}
#: Labels that are a number in other words; a score without a number and without these is no figure.
LABEL_VALUES = {
    "pass": 1.0,
    "passed": 1.0,
    "true": 1.0,
    "yes": 1.0,
    "fail": 0.0,
    "failed": 0.0,
    "false": 0.0,
    "no": 0.0,
}
MAX_SCORES = 100
#: The attribute that holds judgements without a name or a number.
NO_FIGURES = "judgements"


def numbered_group(scope: str, kind: str) -> Group:
    """OpenInference's ``annotations.{i}.annotation.*`` and ``evaluations.{i}.evaluation.*``."""
    prefix = f"{scope}{kind}s.{{}}.{kind}"
    names = {"name": "name", "score": "value", "label": "label", "explanation": "comment"}
    names |= {"annotator_kind": "source", "identifier": "identifier"}
    return Group({f"{prefix}.{name}": leaf for name, leaf in names.items()}, numbered)


def numbered(parts: list[Part], draft: Draft, rank: int) -> None:
    found: dict[tuple[int, ...], dict[str, Any]] = {}
    for indices, leaf, raw in parts:
        found.setdefault(indices, {})[leaf] = plain(raw)
    for indices in sorted(found):
        add(draft, found[indices])


def single(parts: list[Part], draft: Draft, rank: int) -> None:
    """One judgement spread over attributes of the span."""
    add(draft, {part.leaf: plain(part.raw) for part in parts})


def named(parts: list[Part], draft: Draft, rank: int) -> None:
    """Attributes that are a score by themselves; the group's word is the score's name."""
    for _, name, raw in parts:
        add(draft, {"name": name, "value": plain(raw)})


def add(draft: Draft, facts: Mapping[str, Any]) -> None:
    """Note the judgement if it has a name and a number; what it said stays among the attributes if not."""
    score = score_of(facts)
    if score is None:
        said = [{key: value for key, value in facts.items() if value is not None}]
        # An attribute that the sender calls so may hold anything.
        known = draft.rest.get(NO_FIGURES)
        draft.rest[NO_FIGURES] = (known + said if isinstance(known, list) else said)[:MAX_SCORES]
    elif len(draft.scores) < MAX_SCORES:
        draft.scores.append(score)


def score_of(facts: Mapping[str, Any]) -> Score | None:
    """A score from ``name``, ``value``, ``label``, ``comment``, ``source``; ``None`` without a name and a number."""
    name, label = as_text(facts.get("name")).strip(), as_text(facts.get("label"))
    value = facts.get("value")
    value = as_number(value) if value not in (None, "") else LABEL_VALUES.get(label.lower())
    if not name or value is None or abs(value) > LARGEST_SCORE:
        return None
    return Score(
        name=name,
        value=float(value),
        label=label,
        comment=as_text(facts.get("comment")),
        source=SOURCES.get(as_text(facts.get("source")).upper(), "client"),
        evaluator=as_text(facts.get("identifier")),
    )

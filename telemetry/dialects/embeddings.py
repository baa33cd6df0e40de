"""Embedded texts and their vectors. The vectors are dropped here; see ``telemetry.embedding_facts``."""

from __future__ import annotations

from typing import Any

from telemetry.dialects.draft import Draft
from telemetry.dialects.table import Part
from telemetry.dialects.values import json_text, parse_json, plain, text
from telemetry.embedding_facts import LARGEST_PROJECTED, PROJECTED, embedding_facts


def assemble(parts: list[Part], draft: Draft, rank: int) -> None:
    """Texts become the input, vectors become facts."""
    texts: dict[tuple[int, ...], str] = {}
    vectors: dict[tuple[int, ...], list[float]] = {}
    for indices, leaf, raw in parts:
        if leaf == "text":
            texts[indices] = text(raw)
        elif vector := vector_of(plain(raw)):
            vectors[indices] = vector
    if vectors:
        offer_facts(draft, [vectors[at] for at in sorted(vectors)], rank)
    draft.offer("embedding_count", max(len(texts), len(vectors)), rank)
    ordered = [texts[at] for at in sorted(texts)]
    if ordered:
        draft.offer("input", ordered[0] if len(ordered) == 1 else json_text(ordered), rank)


def vector_of(value: Any) -> list[float]:
    """The numbers of a vector, as an array or as JSON text; empty for anything else."""
    if isinstance(value, str):
        value = parse_json(value)
    if isinstance(value, list) and value and all(isinstance(item, float | int) for item in value):
        return value
    return []


def projection(raw: bytes) -> list[float] | None:
    """A projection that the sender made by our rule; ``None`` for any other list."""
    sums = vector_of(plain(raw))
    usable = len(sums) == PROJECTED and all(abs(number) <= LARGEST_PROJECTED for number in sums)
    return [float(number) for number in sums] if usable else None


def vectors_in(value: Any) -> list[list[float]]:
    """The vectors of an answer: bare, in a list, or in a vendor's response object."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("data", "embeddings", "embedding") if name in value), None)
    if vector := vector_of(value):
        return [vector]
    items = value if isinstance(value, list) else []
    found = [vector_of(item.get("embedding", item.get("values")) if isinstance(item, dict) else item) for item in items]
    return [vector for vector in found if vector]


def offer_facts(draft: Draft, vectors: list[list[float]], rank: int) -> None:
    if facts := embedding_facts(vectors):
        draft.offer("embedding_count", facts.count, rank)
        draft.offer("embedding_dimensions", facts.dimensions, rank)
        draft.offer("embedding_norm", facts.norm, rank)
        draft.offer("embedding_projection", facts.projection, rank)

"""Token counts that come as one text: JSON, or the repr of a Python dictionary.

A repr is never evaluated: the numbers are picked out of it by name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from core.money import to_nano
from telemetry.dialects.draft import Draft
from telemetry.dialects.table import Part
from telemetry.dialects.values import as_text, as_whole, parse_json, plain, text

#: Names of one count inside a usage object, in any vendor's words -> the field.
USAGE: dict[str, tuple[str, ...]] = {
    "input_tokens": ("prompt_tokens", "input_tokens", "promptTokenCount"),
    "output_tokens": ("completion_tokens", "output_tokens", "candidatesTokenCount"),
    "total_tokens": ("total_tokens", "total", "totalTokenCount"),
    "cached_tokens": ("cached_tokens", "cache_read", "cache_read_input_tokens", "cachedContentTokenCount"),
    "cache_write_tokens": ("cache_creation", "cache_creation_input_tokens", "cache_write"),
    "reasoning_tokens": ("reasoning_tokens", "reasoning", "thoughtsTokenCount"),
}
_FIELD = {name: field for field, names in USAGE.items() for name in names}
_IN_REPR = re.compile(r"['\"](" + "|".join(_FIELD) + r")['\"]\s*:\s*(\d{1,15})\b")
#: Names by which a vendor's own usage object is told from Langfuse's.
VENDORS = frozenset({"prompt_tokens", "completion_tokens", "input_tokens", "output_tokens", "total_tokens"})
MAX_TEXT = 20_000
#: No single call costs this much.
MAX_USD = 1_000_000


def dollars(raw: bytes) -> int | None:
    """Dollars as whole nano-dollars. Senders whose price list failed report 0: that is not known, never free."""
    return _as_nano(plain(raw))


def _as_nano(value: Any) -> int | None:
    try:
        usd = Decimal(as_text(value)[:64] or "0")
        return to_nano(usd) if 0 <= usd < MAX_USD else None
    except InvalidOperation:
        return None


def counts_in(value: Any) -> dict[str, int]:
    """Field -> tokens from a usage object, nested details included; the first mention of a field is taken."""
    found: dict[str, int] = {}
    _collect(value, found, depth=4)
    return found


def _collect(value: Any, found: dict[str, int], depth: int) -> None:
    if not isinstance(value, Mapping) or depth == 0:
        return
    for name, item in value.items():
        field = _FIELD.get(name)
        if field and not isinstance(item, Mapping) and (count := as_whole(item)):
            found.setdefault(field, count)
    for item in value.values():
        _collect(item, found, depth - 1)


def usage_object(parts: list[Part], draft: Draft, rank: int) -> None:
    """A usage object as JSON or as a repr."""
    for part in parts:
        value = text(part.raw)[:MAX_TEXT]
        parsed = parse_json(value)
        found = counts_in(parsed) if parsed is not None else _counts_in_repr(value)
        for field, count in found.items():
            draft.offer(field, count, rank)


def _counts_in_repr(value: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, digits in _IN_REPR.findall(value):
        if count := as_whole(int(digits)):
            found.setdefault(_FIELD[name], count)
    return found


def langfuse_usage(parts: list[Part], draft: Draft, rank: int) -> None:
    """Langfuse's own form, whose kinds of tokens exclude one another, or a vendor's object passed through."""
    details = parse_json(text(parts[0].raw))
    if not isinstance(details, dict):
        return
    if not VENDORS.isdisjoint(details):
        found = counts_in(details)
    else:
        counts = {name: as_whole(value) or 0 for name, value in details.items() if not isinstance(value, dict)}
        found = {
            "input_tokens": _sum(counts, "input"),
            "output_tokens": _sum(counts, "output"),
            "total_tokens": counts.get("total", 0),
            "cached_tokens": _sum(counts, "input_cached") + _sum(counts, "input_cache_read"),
            "cache_write_tokens": _sum(counts, "input_cache_creation") + _sum(counts, "input_cache_write"),
            "reasoning_tokens": _sum(counts, "output_reasoning"),
        }
    for field, count in found.items():
        draft.offer(field, count, rank)


def _sum(counts: Mapping[str, int], prefix: str) -> int:
    return sum(count for name, count in counts.items() if name.startswith(prefix))


def reported_total(parts: list[Part], draft: Draft, rank: int) -> None:
    """The total of a cost breakdown in dollars, or the sum of its sides."""
    details = parse_json(text(parts[0].raw))
    if not isinstance(details, dict):
        return
    sides = (_as_nano(details.get(side)) or 0 for side in ("input", "output"))
    draft.offer("cost_nano", _as_nano(details.get("total")) or sum(sides), rank)

"""Any Python value as text: bounded in time and size, never raising, and never running the application's code.

``repr`` and ``str`` of unknown objects are not asked: they may query a database, cost seconds or raise. Such objects
are named by their type.
"""

from __future__ import annotations

import dataclasses
import enum
import json
import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath
from typing import Any
from uuid import UUID

from onwatch_sdk import content

MAX_DEPTH = 12
#: Entries of all lists and mappings of one value together.
MAX_ENTRIES = 2_000
#: ``str`` of these is short and their own.
PLAIN = (datetime, date, time, timedelta, Decimal, Fraction, UUID, PurePath)
#: Whole numbers with more bits than this are named, not written: JSON's writer refuses them.
MAX_BITS = 1024

_encode = json.JSONEncoder(ensure_ascii=False).encode


def text_of(value: Any) -> str:
    """Text as it is; everything else as JSON. Redacted and cut as the policy says."""
    if type(value) is str:
        return content.recorded(value)
    plain = Bounded().plain(value)
    return content.recorded(plain if type(plain) is str else _encode(plain))


def json_of(value: Any) -> str:
    """JSON that stays JSON when it is large: texts inside are redacted and cut, and long lists say what is missing."""
    return content.unicode(_encode(Bounded(redact=content.policy.redact is not None).plain(value)))


def word(value: Any, most: int = 400) -> str:
    """A name, id or label: text and numbers as they are, anything else by its type; empty for None. Never raises."""
    if issubclass(type(value), str):
        return content.unicode(str.__str__(value)[:most])
    if value is None:
        return ""
    return str(value)[:most] if type(value) in (int, float, bool, *PLAIN) else named(value)


class Bounded:
    """Turns one value into what JSON knows, within the limits."""

    def __init__(self, *, redact: bool = False) -> None:
        self._redact = redact
        self._entries = MAX_ENTRIES
        self._characters = content.policy.max_characters + 1

    def plain(self, value: Any, depth: int = 0) -> Any:
        """Never raises; what cannot be read is named by its type."""
        kind = type(value)
        if kind is str:
            return self._taken(value)
        if kind is int:
            return value if value.bit_length() <= MAX_BITS else f"<a whole number of {value.bit_length()} bits>"
        if value is None or kind is bool:
            return value
        if kind is float:
            return value if math.isfinite(value) else str(value)
        if depth >= MAX_DEPTH:
            return "…"
        try:
            if kind is dict:
                return self._mapping(value.items(), len(value), depth + 1)
            if kind is list or kind is tuple:
                return self._list(value, len(value), depth + 1)
            return self._other(value, depth)
        except Exception:
            return named(value)

    def _taken(self, text: str) -> str:
        if self._redact:
            text = content.recorded(text)
        left = self._characters
        self._characters -= len(text)
        # Less than nothing is left after a cut; then the next list or mapping ends.
        return text if len(text) <= left else f"{text[: max(0, left)]}… [cut: {len(text):,} characters in all]"

    def _mapping(self, items: Iterable[tuple[Any, Any]], size: int, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if self._spent():
                found["…"] = f"[{size - len(found)} more]"
                break
            if type(key) is not str:
                name = self.plain(key, depth)
                key = name if type(name) is str else _encode(name)
            if type(value) is str and len(value) <= self._characters and not self._redact:
                self._characters -= len(value)
                found[key] = value
            else:
                found[key] = self.plain(value, depth)
        return found

    def _list(self, values: Iterable[Any], size: int, depth: int) -> list[Any]:
        found: list[Any] = []
        for value in values:
            if self._spent():
                found.append(f"… [{size - len(found)} more]")
                break
            found.append(self.plain(value, depth))
        return found

    def _spent(self) -> bool:
        self._entries -= 1
        return self._entries < 0 or self._characters <= 0

    def _other(self, value: Any, depth: int) -> Any:
        """Subclasses and the standard library's own; objects whose fields can be read without running their code."""
        kind = type(value)
        if issubclass(kind, enum.Enum):
            return self.plain(value._value_, depth + 1)
        if issubclass(kind, str):
            return self._taken(str.__str__(value))
        if issubclass(kind, int):
            return self.plain(int.__int__(value))
        if issubclass(kind, float):
            return self.plain(float.__float__(value))
        if kind in PLAIN or (issubclass(kind, PurePath) and kind.__module__.startswith("pathlib")):
            return self._taken(str(value))
        if issubclass(kind, dict):
            return self._mapping(dict.items(value), dict.__len__(value), depth + 1)
        if issubclass(kind, tuple) and isinstance(fields := getattr(kind, "_fields", None), tuple):
            return self._mapping(zip(fields, tuple.__iter__(value), strict=False), len(fields), depth + 1)
        for sort in (list, tuple, set, frozenset):
            if issubclass(kind, sort):
                return self._list(sort.__iter__(value), sort.__len__(value), depth + 1)
        if kind in (bytes, bytearray, memoryview):
            return f"<{len(value)} bytes>"
        if kind.__module__ == "numpy":
            return self._numpy(value)
        if (fields := own_fields(value)) is not None:
            return self._mapping(fields.items(), len(fields), depth + 1)
        return named(value)

    def _numpy(self, value: Any) -> Any:
        """A scalar as the number that it is, an array by its shape."""
        if value.shape == ():
            return self.plain(value.item())
        return f"<array {'x'.join(map(str, value.shape))} {value.dtype}>"


def own_fields(value: Any) -> Mapping[str, Any] | None:
    """The fields of a dataclass or pydantic model, read past its properties; ``None`` for every other object."""
    kind = type(value)
    state = getattr(value, "__dict__", None) if "__getattribute__" not in kind.__dict__ else None
    if state.__class__ is not dict:
        if dataclasses.is_dataclass(kind):
            return {field.name: object.__getattribute__(value, field.name) for field in dataclasses.fields(kind)}
        return None
    if dataclasses.is_dataclass(kind):
        return {field.name: state[field.name] for field in dataclasses.fields(kind) if field.name in state}
    if "model_fields" in _names(kind) or "__pydantic_fields__" in _names(kind):
        return state
    return None


def _names(kind: type) -> set[str]:
    return {name for base in kind.__mro__ for name in ("model_fields", "__pydantic_fields__") if name in base.__dict__}


def named(value: Any) -> str:
    """``<module.Type>``."""
    kind = type(value)
    return f"<{content.unicode(str(kind.__module__))}.{content.unicode(kind.__qualname__)}>"

"""What a dialect is: a table from its senders' names to the fields of the canonical span.

``translate`` compiles all tables into one lookup. A span's fields are chosen by rank: the dialects in order of
precedence, and within a dialect its aliases from left to right; the first that is not empty wins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from telemetry.dialects.values import Reader

#: A name and, where the field's own reader does not fit, how to read it.
Alias = str | tuple[str, Reader]


class Part(NamedTuple):
    """One attribute of a group: the numbers in its name, the group's word for it, its value unread."""

    indices: tuple[int, ...]
    leaf: str
    raw: bytes


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Attributes that make sense together: a list flattened into numbered names, or JSON with many facts in it."""

    #: Name -> the group's own word for it; ``{}`` stands for a number.
    names: Mapping[str, str]
    #: Given all that came; it offers what it finds to the draft with the group's rank.
    assemble: Callable[[list[Part], Any, int], None]
    #: When given, the group is left unread once a better alias has filled this field.
    field: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One vocabulary."""

    name: str
    fields: Mapping[str, Sequence[Alias]] = field(default_factory=dict)
    groups: Sequence[Group] = ()
    #: Span event -> what to do with it, given the draft, the event and the rank of the dialect.
    events: Mapping[str, Callable[[Any, Any, int], None]] = field(default_factory=dict)
    #: Beginnings of names that must never be stored: personal data and settings of the sender's machine.
    hidden: Sequence[str] = ()
    #: Names that repeat what is said elsewhere.
    ignored: Sequence[str] = ()
    #: Names that are known and fill no field: they stay among the attributes, and nobody need be told of them. One that
    #: ends with a point stands for all that begin so.
    kept: Sequence[str] = ()

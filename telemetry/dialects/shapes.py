"""Spans of one instrument carry the same names: what to do with one set of names is worked out once.

A shape holds, for each field, the one alias that wins among these names; the losers are never looked at again. It is
exact as long as the winners are not empty. Where an empty one has a rival, the span is read the long way, name by name.
"""

from __future__ import annotations

from typing import NamedTuple

from telemetry.dialects.lookup import LOOKUP, NOT_KNOWN, UNKNOWN_SLOT
from telemetry.dialects.table import Group
from telemetry.dialects.values import Reader

#: A shape whose names are longer than this together is not worth its memory.
MAX_CHARACTERS = 10_000
#: Shapes remembered for one kind of sender, and kinds of senders.
MAX_SHAPES, MAX_SENDERS = 500, 100


class Scalar(NamedTuple):
    """One attribute for one field."""

    name: str
    slot: int
    read: Reader
    #: Others could fill the field if this one is empty.
    has_rival: bool


class Gathering(NamedTuple):
    """A group and its members: indices, the group's word, name of the attribute."""

    group: Group
    rank: int
    slot: int
    members: tuple[tuple[tuple[int, ...], str, str], ...]


class Shape(NamedTuple):
    scalars: tuple[Scalar, ...]
    #: Names that no table understood.
    unknown: tuple[str, ...]
    gatherings: tuple[Gathering, ...]
    #: The ranks of all fields when every scalar is filled.
    ranks: list[int]


def work_out(names: tuple[str, ...], base_ranks: list[int]) -> Shape:
    """The shape of these names, for a resource that has filled its fields with ``base_ranks``."""
    ranks, best = base_ranks.copy(), {}
    unknown, contested = [], set()
    groups: dict[Group, Gathering] = {}
    for name in names:
        slot, rank, read, membership = LOOKUP.rule(name)
        if rank >= base_ranks[slot]:
            continue
        if membership is NOT_KNOWN:
            unknown.append(name)
        elif membership is not None:
            group, leaf, indices = membership
            known = groups.get(group, Gathering(group, rank, slot, ()))
            groups[group] = known._replace(members=(*known.members, (indices, leaf, name)))
        else:
            if slot in best:
                contested.add(slot)
            if rank < ranks[slot]:
                ranks[slot] = rank
                best[slot] = (name, read)
    contested |= {gathering.slot for gathering in groups.values()} - {UNKNOWN_SLOT}
    return Shape(
        scalars=tuple(Scalar(name, slot, read, slot in contested) for slot, (name, read) in best.items()),
        unknown=tuple(unknown),
        gatherings=tuple(gathering for gathering in groups.values() if gathering.rank < ranks[gathering.slot]),
        ranks=ranks,
    )


class Shapes:
    """The shapes met so far among senders whose resources fill the same fields."""

    _by_ranks: dict[tuple[int, ...], Shapes] = {}

    def __init__(self, base_ranks: list[int]) -> None:
        self._base_ranks = base_ranks.copy()
        self.known: dict[tuple[str, ...], Shape] = {}

    @classmethod
    def of(cls, base_ranks: list[int]) -> Shapes:
        key = tuple(base_ranks)
        found = cls._by_ranks.get(key)
        if found is None:
            if len(cls._by_ranks) >= MAX_SENDERS:
                cls._by_ranks.clear()
            found = cls._by_ranks[key] = cls(base_ranks)
        return found

    def learn(self, names: tuple[str, ...]) -> Shape | None:
        """The shape of names that were not met before; None when they are not worth remembering."""
        if sum(map(len, names)) > MAX_CHARACTERS:
            return None
        if len(self.known) >= MAX_SHAPES:
            self.known.clear()
        shape = self.known[names] = work_out(names, self._base_ranks)
        return shape

"""The tables of all dialects, compiled into one lookup: a name leads to its field, its rank, and how to read it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from telemetry.dialects import kinds
from telemetry.dialects.common import COMMON
from telemetry.dialects.draft import FIELDS, NOBODY, SLOT, Draft
from telemetry.dialects.genai import GENAI
from telemetry.dialects.langfuse import LANGFUSE
from telemetry.dialects.langsmith_otel import LANGSMITH
from telemetry.dialects.litellm import LITELLM
from telemetry.dialects.openinference import OPENINFERENCE
from telemetry.dialects.openlit import OPENLIT
from telemetry.dialects.plain import PLAIN
from telemetry.dialects.table import Dialect, Group, Part
from telemetry.dialects.traceloop import TRACELOOP
from telemetry.dialects.usage import dollars
from telemetry.dialects.values import (
    Reader,
    label,
    milliseconds,
    number,
    plain,
    remembered,
    size,
    text,
    texts,
    whole,
    yes,
)

#: In order of precedence, when several speak in one span.
DIALECTS: tuple[Dialect, ...] = (
    LANGFUSE,
    LANGSMITH,
    OPENINFERENCE,
    GENAI,
    TRACELOOP,
    OPENLIT,
    LITELLM,
    PLAIN,
    COMMON,
)

RANKS_PER_DIALECT = 1000
#: Behind a dialect's own aliases, before the next dialect's.
GROUP_RANK = 900
#: Fields that one dialect sends whole while another before it sends the same in pieces: the whole is taken.
WHOLE: frozenset[tuple[str, str]] = frozenset({("genai", "input"), ("genai", "output"), ("genai", "documents")})


@remembered
def service(raw: bytes) -> str:
    """The name of the sender; SDKs that were given none make one up, which is no name."""
    name = label(raw)
    return "" if name.startswith("unknown_service") else name


#: How a field is read when its alias does not say; all others are labels.
READERS: dict[str, Reader] = {
    "kind": kinds.kind, "request_type": kinds.kind, "provider": kinds.provider, "cost_nano": dollars,
    "input": text, "output": text, "system": text, "query": text, "tool_calls": text, "response_id": text,
    "user_id": text, "session_id": text, "service": service,
    "exception_message": text,
    "input_tokens": whole, "output_tokens": whole, "total_tokens": whole, "cached_tokens": whole,
    "cache_write_tokens": whole, "reasoning_tokens": whole, "embedding_count": size, "embedding_dimensions": size,
    "status_code": whole, "tags": texts, "top_score": number, "stated_latency_ms": milliseconds,
    "streaming": yes, "hybrid": yes, "otel_only": yes,
}  # fmt: skip


class Membership(NamedTuple):
    """An attribute's place in a group."""

    group: Group
    leaf: str
    indices: tuple[int, ...] = ()


def _keep(parts: list[Part], draft: Draft, rank: int) -> None:
    """What no table understood is kept where it is met."""


NOT_KNOWN = Membership(Group({}, _keep), "")

#: Slot, rank, reader, and the group that the attribute belongs to, if any.
Rule = tuple[int, int, Reader, Membership | None]

#: The slot of what no table understood: the last one, which nobody fills.
UNKNOWN_SLOT = len(FIELDS) - 1
UNKNOWN: Rule = (UNKNOWN_SLOT, 0, plain, NOT_KNOWN)
#: Its rank never wins.
DROP: Rule = (UNKNOWN_SLOT, NOBODY, plain, None)

EventHandler = Callable[[Draft, Any, int], None]


class Lookup:
    """The compiled tables."""

    #: Names with numbers in them, and unknown ones, are remembered up to this many and this length.
    MAX_LEARNED = 20_000
    MAX_NAME = 200
    _NUMBER = re.compile(r"\.(\d{1,5})(?=\.|$)")

    def __init__(self, dialects: tuple[Dialect, ...]) -> None:
        self.known: dict[str, Rule] = {}
        self.patterns: dict[str, Rule] = {}
        self.events: dict[str, tuple[EventHandler, int]] = {}
        self.hidden = tuple(prefix for dialect in dialects for prefix in dialect.hidden)
        kept = {name for dialect in dialects for name in dialect.kept}
        self._kept_beginnings = tuple(name for name in kept if name.endswith("."))
        self._kept = kept.difference(self._kept_beginnings)
        #: Thousand of a rank -> name of the dialect.
        self.speakers: dict[int, str] = {}
        self._learned = 0
        for order, dialect in enumerate(dialects, start=1):
            self._compile(dialect, order * RANKS_PER_DIALECT)

    def _compile(self, dialect: Dialect, base: int) -> None:
        self.speakers[base // RANKS_PER_DIALECT] = dialect.name
        for field, aliases in dialect.fields.items():
            taken_first = (dialect.name, field) in WHOLE
            if taken_first:
                self.speakers[0] = dialect.name
            for place, alias in enumerate(aliases):
                name, read = alias if isinstance(alias, tuple) else (alias, READERS.get(field, label))
                self._add(name, (SLOT[field], place if taken_first else base + place, read, None))
        for place, group in enumerate(dialect.groups):
            slot = SLOT[group.field] if group.field else UNKNOWN_SLOT
            for name, leaf in group.names.items():
                self._add(name, (slot, base + GROUP_RANK + place, plain, Membership(group, leaf)))
        for name in dialect.ignored:
            self._add(name, DROP)
        for name, handler in dialect.events.items():
            self.events[name] = (handler, base + GROUP_RANK)

    def _add(self, name: str, rule: Rule) -> None:
        table = self.patterns if "{}" in name else self.known
        if name in table:
            raise ValueError(f"two tables claim the attribute {name!r}")
        table[name] = rule

    def rule(self, name: str) -> Rule:
        return self.known.get(name) or self.learn(name)

    def learn(self, name: str) -> Rule:
        """The rule for a name that no table spells out, remembered while there is room."""
        rule = self._work_out(name)
        if self._learned < self.MAX_LEARNED and len(name) <= self.MAX_NAME:
            self._learned += 1
            self.known[name] = rule
        return rule

    def _work_out(self, name: str) -> Rule:
        if name.startswith(self.hidden):
            return DROP
        rule = self.patterns.get(self._NUMBER.sub(".{}", name))
        if rule is None or rule[3] is None:
            return UNKNOWN
        indices = tuple(int(number) for number in self._NUMBER.findall(name))
        return (*rule[:3], rule[3]._replace(indices=indices))

    def is_kept(self, name: str) -> bool:
        """Whether a table knows the name, though it fills no field."""
        return name in self._kept or name.startswith(self._kept_beginnings)

    def speaker(self, rank: int) -> str:
        return self.speakers.get(rank // RANKS_PER_DIALECT, COMMON.name)


LOOKUP = Lookup(DIALECTS)

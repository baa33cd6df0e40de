"""What a list of spans and traces is asked for: the shared filters and those that only lists know.

The names are those of the URL, so that a number anywhere links to the spans that it counts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from telemetry.filters import SPAN_FILTERS, Filters
from telemetry.span import CALL_KINDS, OPERATION_KINDS

NUMBERS = ("score_below", "score_above", "min_ms", "max_ms")
FLAGS = ("calls", "failed", "unpriced")
TEXTS = ("q", "score", "topic")
#: What made a span, and with which key it came: lists alone can be cut by them. An empty value asks for spans without.
SENDERS = {"scope": "String", "dialect": "String", "client": "String", "key_id": "UInt32"}
#: Every parameter that narrows a list.
PARAMETERS = (*SPAN_FILTERS, *SENDERS, *TEXTS, *NUMBERS, *FLAGS)
MAX_TEXT = 500


class BadSearch(ValueError):
    """A parameter that cannot be read; the message names it."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.field = name


def _sql_list(kinds: frozenset[str]) -> str:
    return ", ".join(f"'{kind}'" for kind in sorted(kinds))


_FLAG_SQL = {
    "calls": f"counted AND kind IN ({_sql_list(CALL_KINDS)})",
    "failed": f"counted AND status = 'error' AND kind IN ({_sql_list(OPERATION_KINDS)})",
    "unpriced": f"counted AND kind IN ({_sql_list(CALL_KINDS)}) AND cost_source = ''",
}
_SEARCHED = ("name", "trace_id", "span_id", "user_id", "session_id", "error_message", "input", "output", "documents")
#: What log records told of spans that were stored before them.
_TOLD_LATER = """id_hash IN (
    SELECT id_hash FROM span_content
    WHERE project_id = {project_id:UInt32} AND start_time >= fromUnixTimestamp64Micro({start:Int64})
        AND start_time < fromUnixTimestamp64Micro({end:Int64})
        AND (
            positionCaseInsensitiveUTF8(input, {q:String}) > 0 OR positionCaseInsensitiveUTF8(output, {q:String}) > 0
            OR positionCaseInsensitiveUTF8(documents, {q:String}) > 0
        )
)"""
_TEXT_SQL = " OR ".join(
    (*(f"positionCaseInsensitiveUTF8({column}, {{q:String}}) > 0" for column in _SEARCHED), _TOLD_LATER)
)
# Hashes of the pair are several times faster to look up than the pair itself. What judges a trace as a whole
# belongs to its root.
_JUDGED = """(
    cityHash64(trace_id, span_id) IN (SELECT cityHash64(trace_id, span_id) FROM scores WHERE {where})
    OR (parent_id = '' AND cityHash64(trace_id, '') IN (SELECT cityHash64(trace_id, span_id) FROM scores WHERE {where}))
)"""
_SCORE_RANGE = (
    "project_id = {project_id:UInt32} AND occurred_at >= fromUnixTimestamp64Micro({start:Int64})"
    " AND occurred_at < fromUnixTimestamp64Micro({end:Int64})"
)


@dataclass(frozen=True, slots=True)
class Search:
    """Which spans are meant. A trace is listed when one of its spans is."""

    filters: Filters = field(default_factory=Filters)
    #: ``q``, ``score`` and ``topic``; an empty topic asks for judged answers without one.
    texts: dict[str, str] = field(default_factory=dict)
    #: Above is inclusive, below is not: neighbouring ranges never share a span.
    numbers: dict[str, float] = field(default_factory=dict)
    flags: frozenset[str] = frozenset()
    senders: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Search:
        """Raises BadSearch naming the parameter."""
        texts = {name: query[name] for name in TEXTS if query.get(name) or (name == "topic" and name in query)}
        texts = {name: text.strip() if name == "q" else text for name, text in texts.items()}
        if len(texts.get("q", "")) > MAX_TEXT:
            raise BadSearch("q", f"longer than {MAX_TEXT} characters")
        numbers = {name: _number(name, query[name]) for name in NUMBERS if query.get(name)}
        if "score" not in texts and (bound := next((name for name in NUMBERS[:2] if name in numbers), "")):
            raise BadSearch(bound, "needs the name of a score, for example score=overall")
        flags = frozenset(name for name in FLAGS if _flag(name, query.get(name, "")))
        filters = Filters.from_query(dict(query))
        senders = {name: query[name] for name in SENDERS if name in query}
        if not senders.get("key_id", "0").isdecimal() or len(senders.get("key_id", "")) > 9:
            raise BadSearch("key_id", f"{senders['key_id'][:60]!r} is not the number of a key")
        texts = {name: text for name, text in texts.items() if text or name == "topic"}
        return cls(filters, texts, numbers, flags, senders)

    def __bool__(self) -> bool:
        return bool(self.filters or self.senders or self.texts or self.numbers or self.flags)

    @property
    def reads_texts(self) -> bool:
        """Whether inputs and outputs must be read, a thousand times the bytes of all else."""
        return "q" in self.texts

    def query(self) -> dict[str, str]:
        """The parameters of the URL, those of the shared filters included."""
        return (
            self.filters.values
            | self.senders
            | self.texts
            | {name: f"{value:g}" for name, value in self.numbers.items()}
            | {name: "1" for name in FLAGS if name in self.flags}
        )

    def sql(self) -> tuple[str, dict[str, Any]]:
        """Conditions on ``spans`` to stand after its range, and their parameters; ``start`` and ``end`` are shared."""
        shared, parameters = self.filters.sql()
        clauses = [shared] if shared else []
        clauses += [f"AND {name} = {{{name}:{SENDERS[name]}}}" for name in self.senders]
        clauses += [f"AND {_FLAG_SQL[name]}" for name in FLAGS if name in self.flags]
        if "min_ms" in self.numbers:
            clauses.append("AND duration_ms >= {min_ms:Float64}")
        if "max_ms" in self.numbers:
            clauses.append("AND duration_ms < {max_ms:Float64}")
        if where := self._score_sql():
            clauses.append(f"AND {_JUDGED.format(where=where)}")
        if self.reads_texts:
            clauses.append(f"AND ({_TEXT_SQL})")
        return "\n".join(clauses), parameters | self.senders | self.numbers | self.texts

    def _score_sql(self) -> str:
        if "score" not in self.texts and "topic" not in self.texts:
            return ""
        clauses = [_SCORE_RANGE]
        if "score" in self.texts:
            clauses.append("name = {score:String}")
        if "topic" in self.texts:
            clauses.append("topic = {topic:String}")
        if "score_below" in self.numbers:
            clauses.append("value < {score_below:Float64}")
        if "score_above" in self.numbers:
            clauses.append("value >= {score_above:Float64}")
        return " AND ".join(clauses)


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise BadSearch(name, f"{text!r} is not a number") from None
    if not math.isfinite(value):
        raise BadSearch(name, f"{text!r} is not a finite number")
    return value


def _flag(name: str, text: str) -> bool:
    if text.lower() in ("", "0", "false"):
        return False
    if text.lower() in ("1", "true", "on"):
        return True
    raise BadSearch(name, f"{text!r} is neither 1 nor 0")

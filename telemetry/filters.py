"""The filters that every page, panel and REST call shares, read from a query string through a whitelist.

The names in the URL are the column names of the roll-ups, so a link made on one page holds on every other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: Keys of ``spans_1m``: every figure can be cut by them.
ROLLUP_FILTERS = (
    "kind", "name", "provider", "model", "feature", "environment", "release",
    "prompt_name", "prompt_version", "variant", "service", "status", "error_type",
)  # fmt: skip
#: Keys of ``scores_1m``.
SCORE_FILTERS = ("model", "feature", "environment", "release", "prompt_name", "prompt_version", "variant", "topic")
#: Only lists of spans and spend know these.
SPAN_FILTERS = (*ROLLUP_FILTERS, "user_id", "session_id")

#: What a filter's chip says when its value is empty.
NONE_LABEL = "(none)"


@dataclass(frozen=True, slots=True)
class Filters:
    """Column -> the one value asked for. An empty value asks for rows without one."""

    values: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_query(cls, query: dict[str, str], allowed: tuple[str, ...] = SPAN_FILTERS) -> Filters:
        return cls({name: query[name] for name in allowed if name in query})

    def __bool__(self) -> bool:
        return bool(self.values)

    def only(self, allowed: tuple[str, ...]) -> Filters:
        return Filters({name: value for name, value in self.values.items() if name in allowed})

    def sql(self, table: str = "") -> tuple[str, dict[str, Any]]:
        """``AND column = {…}`` for every filter, and the parameters. Column names come from the whitelist alone."""
        prefix = f"{table}." if table else ""
        clauses = [f"AND {prefix}{name} = {{f_{name}:String}}" for name in self.values]
        return " ".join(clauses), {f"f_{name}": value for name, value in self.values.items()}

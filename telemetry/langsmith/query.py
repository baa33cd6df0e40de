"""What the bodies of both ``runs/query`` ask for. What narrows is done, or refused by name, never passed over."""

from __future__ import annotations

import base64
import binascii
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from telemetry.columns import EPOCH, microseconds
from telemetry.langsmith.filter_fields import parent_is, run_type
from telemetry.langsmith.filter_sql import Conditions
from telemetry.langsmith.filter_text import BadFilter, Call, Name
from telemetry.langsmith.filter_values import moment
from telemetry.langsmith.questions import Order, Place

DEFAULT_LIMIT = 100
#: Larger pages are cut to it; the cursor leads on.
MOST_LIMIT = 1000
MOST_IDS = 1000


class BadQuery(ValueError):
    """A body that cannot be read, or asks for what is not supported; the message names the field."""


@dataclass(slots=True)
class RunQuery:
    """``sessions`` and ``runs`` are UUIDs still to be looked up; the rest is conditions already."""

    sessions: list[uuid.UUID] = field(default_factory=list)
    runs: list[uuid.UUID] | None = None
    start: datetime | None = None
    end: datetime | None = None
    order: Order = "desc"
    limit: int = DEFAULT_LIMIT
    #: Names of fields, in lower case; empty for all.
    select: frozenset[str] = frozenset()
    with_subtree: bool = True
    conditions: Conditions = field(default_factory=Conditions)
    clauses: list[str] = field(default_factory=list)
    _after: tuple[int, str] | None = None

    def add(self, clause: str) -> None:
        self.clauses.append(clause)

    def where(self) -> str:
        clauses = list(self.clauses)
        if self._after:
            at, span_id = self._after
            moment_mark = self.conditions.value(at, "Int64")
            id_mark = self.conditions.value(span_id, "String")
            sign = "<" if self.order == "desc" else ">"
            clauses += [
                f"start_time {sign}= fromUnixTimestamp64Micro({moment_mark})",
                f"(start_time {sign} fromUnixTimestamp64Micro({moment_mark}) OR span_id {sign} {id_mark})",
            ]
        return "".join(f"AND {clause}\n" for clause in clauses)


Read = Callable[[RunQuery, Any], None]


def first_version(body: Mapping[str, Any]) -> RunQuery:
    """The body of ``POST /runs/query``. Raises BadQuery."""
    return _read(body, _FIRST, RunQuery())


def second_version(body: Mapping[str, Any]) -> RunQuery:
    """The body of ``POST /api/v2/runs/query``. Raises BadQuery."""
    if not body.get("project_ids"):
        raise BadQuery("project_ids: name at least one project")
    query = RunQuery(select=frozenset({"id"}), with_subtree=False)
    if not (body.get("min_start_time") or body.get("ids") or body.get("trace_id")):
        query.start = datetime.now(UTC) - timedelta(days=1)
    return _read(body, _SECOND, query)


def _read(body: Mapping[str, Any], fields: Mapping[str, Read | None], query: RunQuery) -> RunQuery:
    for name, value in body.items():
        if name in _HARMLESS or value in (None, [], ""):
            continue
        read = fields.get(name)
        if read is None:
            raise BadQuery(f"{name}: is not supported here")
        try:
            read(query, value)
        except BadFilter as bad:
            raise BadQuery(f"{name}: {bad}") from None
    return query


# --- Fields ------------------------------------------------------------------------------------------------


def _uuids(value: Any) -> list[uuid.UUID]:  # noqa: ANN401
    try:
        found = [uuid.UUID(str(one)) for one in (value if isinstance(value, list) else [value])]
    except ValueError:
        raise BadFilter(f"{str(value)[:80]!r} is no UUID") from None
    if len(found) > MOST_IDS:
        raise BadFilter(f"more than {MOST_IDS} ids")
    return found


def _sessions(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.sessions += _uuids(value)


def _runs(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.runs = _uuids(value)


def _trace(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    hexes = [one.hex for one in _uuids(value)]
    query.add(f"trace_id IN {query.conditions.value(hexes, 'Array(String)')}")


def _parent(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.add(f"({parent_is(query.conditions, _uuids(value))})")


def _run_type(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.add(run_type(query.conditions, "eq", str(value).lower(), Call("eq", (Name("run_type"), value))))


def _flag(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, bool):
        return value
    if value in (0, 1):
        return bool(value)
    if str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    raise BadFilter("must be true or false")


def _is_root(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.add("parent_id = ''" if _flag(value) else "parent_id != ''")


def _error(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.add("status = 'error'" if _flag(value) else "status != 'error'")


def _start(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.start = moment(value, "must be a time")


def _end(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.end = moment(value, "must be a time")


def _limit(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise BadFilter("must be a whole number from 1 on")
    query.limit = min(value, MOST_LIMIT)


def _order(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    match str(value).lower():
        case "asc":
            query.order = "asc"
        case "desc":
            query.order = "desc"
        case _:
            raise BadFilter("must be asc or desc")


def _select(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    if not isinstance(value, list):
        raise BadFilter("must be a list of fields")
    query.select = frozenset(str(name).lower() for name in value)


def _with_subtree(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.with_subtree = _flag(value)


def _filter(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    query.add(query.conditions.of_text(str(value)))


def _trace_filter(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    _of_trace(query, value, "parent_id = ''")


def _tree_filter(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    _of_trace(query, value, "1")


def _of_trace(query: RunQuery, value: Any, which: str) -> None:  # noqa: ANN401
    """Runs of traces in which such a span fulfils the filter."""
    condition = query.conditions.of_text(str(value))
    query.add(
        f"trace_id IN (SELECT trace_id FROM spans WHERE project_id = {{project_id:UInt32}} AND {which} AND {condition})"
    )


def _examples(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    mark = query.conditions.value([str(one) for one in _uuids(value)], "Array(String)")
    query.add(f"JSONExtractString(attributes, 'reference_example_id') IN {mark}")


def _cursor(query: RunQuery, value: Any) -> None:  # noqa: ANN401
    try:
        at, _, span_id = base64.urlsafe_b64decode(str(value)).decode().partition(":")
        query._after = int(at), span_id
        EPOCH + timedelta(microseconds=int(at))
    except (ValueError, binascii.Error, UnicodeDecodeError, OverflowError):
        raise BadFilter("is none of ours") from None


def cursor_after(place: Place) -> str:
    """Where the next page begins."""
    return base64.urlsafe_b64encode(f"{microseconds(place.start_time)}:{place.span_id}".encode()).decode()


#: They do not change which runs are found.
_HARMLESS = frozenset({"skip_pagination", "skip_prev_cursor", "data_source_type", "use_experimental_search"})
_FIRST: dict[str, Read | None] = {
    "session": _sessions,
    "session_id": _sessions,
    "trace": _trace,
    "trace_id": _trace,
    "parent_run": _parent,
    "id": _runs,
    "run_type": _run_type,
    "reference_example": _examples,
    "is_root": _is_root,
    "error": _error,
    "start_time": _start,
    "end_time": _end,
    "limit": _limit,
    "cursor": _cursor,
    "order": _order,
    "select": _select,
    "filter": _filter,
    "trace_filter": _trace_filter,
    "tree_filter": _tree_filter,
}
_SECOND: dict[str, Read | None] = {
    "project_ids": _sessions,
    "ids": _runs,
    "trace_id": _trace,
    "run_type": _run_type,
    "reference_examples": _examples,
    "is_root": _is_root,
    "has_error": _error,
    "min_start_time": _start,
    "max_start_time": _end,
    "page_size": _limit,
    "cursor": _cursor,
    "selects": _select,
    "filter": _filter,
    "trace_filter": _trace_filter,
    "tree_filter": _tree_filter,
    "include_subtree_usage": _with_subtree,
}

"""The fields of LangSmith's filters: each writes one comparison as a condition on ``spans``. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from telemetry.columns import microseconds
from telemetry.langsmith import ids
from telemetry.langsmith.filter_text import BadFilter, Call
from telemetry.langsmith.filter_values import (
    alternatives,
    each_of,
    moment,
    nano_of,
    number_of,
    seconds_of,
    text_of,
    uuids_of,
)
from telemetry.langsmith.runs_out import RUN_TYPES, STATUSES

if TYPE_CHECKING:
    from telemetry.langsmith.filter_sql import Conditions

OPERATORS = {"eq": "=", "neq": "!=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}

Write = Callable[["Conditions", str, Any, Call], str]


def _compare(conditions: Conditions, column: str, function: str, wanted: Any, kind: str, call: Call) -> str:  # noqa: ANN401
    if function == "in":
        if not isinstance(wanted, list):
            raise BadFilter(f"{call}: in() takes a list")
        return f"{column} IN {conditions.value(wanted, f'Array({kind})')}"
    return f"{column} {OPERATORS[function]} {conditions.value(wanted, kind)}"


def _texts(column: str) -> Write:
    def write(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
        wanted = "" if wanted is None else wanted
        values = each_of(function, wanted, lambda one: text_of(one, call))
        return _compare(conditions, column, function, values, "String", call)

    return write


def _numbers(column: str, read: Callable[[Any, Call], float] = number_of) -> Write:
    def write(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
        values = each_of(function, wanted, lambda one: read(one, call))
        return _compare(conditions, column, function, values, "Float64", call)

    return write


def _times(column: str) -> Write:
    def write(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
        if function == "in":
            raise BadFilter(f"{call}: times are compared by {', '.join(OPERATORS)}")
        mark = conditions.value(microseconds(moment(wanted, str(call))), "Int64")
        return f"{column} {OPERATORS[function]} fromUnixTimestamp64Micro({mark})"

    return write


def _negated(function: str, condition: str) -> str:
    return f"NOT ({condition})" if function == "neq" else f"({condition})"


def _words(column: str, stored: Mapping[str, str]) -> Write:
    """A field whose few values are called otherwise here."""

    def write(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
        asked = [str(one).lower() for one in alternatives(function, wanted, call)]
        values = [ours for ours, theirs in stored.items() if theirs in asked]
        return _negated(function, f"{column} IN {conditions.value(values, 'Array(String)')}")

    return write


def run_type(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
    """Types that no kind stands for are kept beside it."""
    asked = [text_of(one, call).lower() for one in alternatives(function, wanted, call)]
    kinds = [kind for kind, theirs in RUN_TYPES.items() if theirs in asked]
    own = "JSONExtractString(attributes, 'run_type')"
    either = [f"(kind IN {conditions.value(kinds, 'Array(String)')} AND {own} = '')"] if kinds else []
    if "chain" in asked:
        typed = conditions.value(list(RUN_TYPES), "Array(String)")
        either.append(f"(kind NOT IN {typed} AND {own} = '')")
    either.append(f"{own} IN {conditions.value(asked, 'Array(String)')}")
    return _negated(function, " OR ".join(either))


def _error(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
    if wanted is None:
        return _negated(function, "status != 'error'")
    return _texts("error_message")(conditions, function, wanted, call)


def _is_root(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
    (flag,) = alternatives(function, wanted, call)
    is_root = flag is True or flag == 1 or str(flag).lower() == "true"
    return _negated(function, f"parent_id {'=' if is_root else '!='} ''")


def _trace(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
    hexes = [one.hex for one in uuids_of(function, wanted, call)]
    return _negated(function, f"trace_id IN {conditions.value(hexes, 'Array(String)')}")


def _run(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
    return _negated(function, _is_run(conditions, "span_id", uuids_of(function, wanted, call)))


def _parent(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
    if wanted is None:
        return _negated(function, "parent_id = ''")
    return _negated(function, parent_is(conditions, uuids_of(function, wanted, call)))


def _is_run(conditions: Conditions, column: str, runs: Sequence[uuid.UUID]) -> str:
    stored = conditions.value([one for run in runs for one in ids.stored_ids(run)], "Array(String)")
    hexes = conditions.value([run.hex for run in runs], "Array(String)")
    return f"{column} IN {stored} OR (trace_id IN {hexes} AND parent_id = '')"


def parent_is(conditions: Conditions, runs: Sequence[uuid.UUID]) -> str:
    stored = conditions.value([one for run in runs for one in ids.stored_ids(run)], "Array(String)")
    hexes = conditions.value([run.hex for run in runs], "Array(String)")
    roots = (
        f"SELECT span_id FROM spans WHERE project_id = {{project_id:UInt32}} AND trace_id IN {hexes} AND parent_id = ''"
    )
    return f"parent_id IN {stored} OR (trace_id IN {hexes} AND parent_id IN ({roots}))"


def _metadata_key(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
    keys = alternatives(function, wanted, call)
    return _negated(function, " OR ".join(conditions.has_metadata(key, call) for key in keys))


def _metadata_value(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
    raise BadFilter(f"{call}: needs its key: and(eq(metadata_key, …), {call})")


def _judged_by(column: str, write: Write) -> Write:
    def judged(conditions: Conditions, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
        return conditions.judged([write(conditions, function, wanted, call)])

    return judged


SCORE_FIELDS: dict[str, Write] = {
    "feedback_key": _texts("name"),
    "feedback_score": _numbers("value"),
    "feedback_value": _texts("label"),
}

FIELDS: dict[str, Write] = {
    "id": _run,
    "name": _texts("name"),
    "run_type": run_type,
    "status": _words("status", STATUSES),
    "error": _error,
    "start_time": _times("start_time"),
    "end_time": _times("addMicroseconds(start_time, toInt64(duration_ms * 1000))"),
    "latency": _numbers("(duration_ms / 1000)", seconds_of),
    "total_tokens": _numbers("(input_tokens + output_tokens)"),
    "prompt_tokens": _numbers("input_tokens"),
    "completion_tokens": _numbers("output_tokens"),
    "total_cost": _numbers("cost_nano", nano_of),
    "is_root": _is_root,
    "trace_id": _trace,
    "parent_run_id": _parent,
    "thread_id": _texts("session_id"),
    "metadata_key": _metadata_key,
    "metadata_value": _metadata_value,
    **{name: _judged_by(name, write) for name, write in SCORE_FIELDS.items()},
}

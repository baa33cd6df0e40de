"""LangSmith's filters as conditions on ``spans``: columns from a whitelist, values as server-side parameters. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from telemetry.dialects.langsmith import METADATA_FIELDS
from telemetry.langsmith.filter_fields import FIELDS, OPERATORS, SCORE_FIELDS
from telemetry.langsmith.filter_text import BadFilter, Call, Name, parse
from telemetry.langsmith.filter_values import EQUALITIES, pairs_of, shown, text_of

FUNCTIONS = ("and", "or", "not", *OPERATORS, "in", "has", "search")


#: Metadata that became fields of the span, besides standing in its attributes.
class Conditions:
    """Writes conditions and collects their parameters."""

    def __init__(self) -> None:
        self.parameters: dict[str, Any] = {}

    def value(self, value: Any, kind: str) -> str:  # noqa: ANN401
        """A mark for a value that travels beside the question."""
        name = f"p{len(self.parameters)}"
        self.parameters[name] = value
        return f"{{{name}:{kind}}}"

    def of_text(self, text: str) -> str:
        """Raises BadFilter."""
        return self.of_call(parse(text))

    def of_call(self, call: Call) -> str:
        match call.function:
            case "and":
                return self._and(call)
            case "or":
                return _joined(" OR ", [self.of_call(part) for part in _calls(call)])
            case "not":
                (inner,) = _counted(_calls(call), 1, call)
                return f"NOT {self.of_call(inner)}"
            case "has":
                return self._has(call)
            case "search":
                (wanted,) = _counted(call.arguments, 1, call)
                return self._search(wanted, call)
            case function if function in OPERATORS or function == "in":
                return self._comparison(call)
        raise BadFilter(f"{call.function}() is not supported; there are {', '.join(FUNCTIONS)}")

    def _and(self, call: Call) -> str:
        """Key and value of metadata and of feedback are two comparisons that mean one thing."""
        parts = _calls(call)
        written = [condition for pair in PAIRS for condition in pair(self, parts)]
        written += [self.of_call(part) for part in parts if not _is_of_pair(part, parts)]
        return _joined(" AND ", written)

    def _comparison(self, call: Call) -> str:
        field, wanted = _field_and_value(call)
        write = FIELDS.get(field)
        if write is None:
            raise BadFilter(f"{call}: the field {field!r} is not supported; there are {', '.join(FIELDS)}")
        return write(self, call.function, wanted, call)

    def _has(self, call: Call) -> str:
        field, wanted = _field_and_value(call)
        match field:
            case "tags":
                return f"has(tags, {self.value(text_of(wanted, call), 'String')})"
            case "metadata":
                return _joined(
                    " AND ", [self.metadata(key, "eq", value, call) for key, value in pairs_of(wanted, call)]
                )
        raise BadFilter(f"{call}: has() knows tags and metadata")

    def _search(self, wanted: Any, call: Call) -> str:  # noqa: ANN401
        mark = self.value(text_of(wanted, call), "String")
        columns = ("name", "input", "output", "documents", "error_message")
        return _joined(" OR ", [f"positionCaseInsensitiveUTF8({column}, {mark}) > 0" for column in columns])

    def metadata(self, key: Any, function: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
        """A pair of metadata, of one key or one of several; ``wanted`` is compared as text."""
        keys = [text_of(one, call) for one in (key if isinstance(key, list) else [key])]
        found = _joined(" OR ", [self._one_metadata(one, wanted, call) for one in keys])
        match function:
            case "eq" | "in":
                return found
            case "neq":
                return f"NOT {found}"
        raise BadFilter(f"{call}: metadata is compared by {', '.join(EQUALITIES)}")

    def _one_metadata(self, key: str, wanted: Any, call: Call) -> str:  # noqa: ANN401
        values = [shown(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
        mark = self.value(values, "Array(String)")
        places = [
            f"trim(BOTH '\"' FROM JSONExtractRaw(attributes, {self.value(prefix + key, 'String')})) IN {mark}"
            for prefix in ("metadata.", "langsmith.metadata.", "")
        ]
        column = METADATA_FIELDS.get(key)
        return _joined(" OR ", [*places, *([f"{column} IN {mark}"] if column else [])])

    def has_metadata(self, key: Any, call: Call) -> str:  # noqa: ANN401
        name = text_of(key, call)
        places = [
            f"JSONHas(attributes, {self.value(prefix + name, 'String')})"
            for prefix in ("metadata.", "langsmith.metadata.", "")
        ]
        column = METADATA_FIELDS.get(name)
        return _joined(" OR ", [*places, *([f"{column} != ''"] if column else [])])

    def judged(self, comparisons: Sequence[str]) -> str:
        """Spans with a judgement for which all of these hold; what judges a trace belongs to its root."""
        where = " AND ".join(["project_id = {project_id:UInt32}", *comparisons])
        judged = f"SELECT cityHash64(trace_id, span_id) FROM scores WHERE {where}"
        return (
            f"(cityHash64(trace_id, span_id) IN ({judged})"
            f" OR (parent_id = '' AND cityHash64(trace_id, '') IN ({judged})))"
        )


def _joined(word: str, parts: Sequence[str]) -> str:
    return f"({word.join(parts)})" if parts else "1"


def _calls(call: Call) -> list[Call]:
    if wrong := next((part for part in call.arguments if not isinstance(part, Call)), None):
        raise BadFilter(f"{call.function}(): takes comparisons, not {wrong!r}")
    if not call.arguments:
        raise BadFilter(f"{call.function}(): is empty")
    return list(call.arguments)


def _counted(arguments: Sequence[Any], number: int, call: Call) -> Sequence[Any]:
    if len(arguments) != number:
        raise BadFilter(f"{call}: takes {number} argument{'s' if number > 1 else ''}")
    return arguments


def _field_and_value(call: Call) -> tuple[str, Any]:
    field, wanted = _counted(call.arguments, 2, call)
    if not isinstance(field, Name):
        raise BadFilter(f"{call}: begins with the name of a field")
    return field.text, wanted.text if isinstance(wanted, Name) else wanted


# --- Comparisons that mean something together ----------------------------------------------------------------


def _of_field(parts: Sequence[Call], *fields: str) -> list[Call]:
    return [part for part in parts if part.arguments and part.arguments[0] in [Name(field) for field in fields]]


def _metadata_pair(conditions: Conditions, parts: Sequence[Call]) -> list[str]:
    keys, values = _of_field(parts, "metadata_key"), _of_field(parts, "metadata_value")
    if not (keys and values):
        return []
    if len(keys) > 1 or len(values) > 1 or keys[0].function not in ("eq", "in"):
        raise BadFilter("metadata: one key by eq or in, and one value, in an and() of their own")
    return [conditions.metadata(_field_and_value(keys[0])[1], values[0].function, values[0].arguments[1], values[0])]


def _feedback_pair(conditions: Conditions, parts: Sequence[Call]) -> list[str]:
    found = _of_field(parts, *SCORE_FIELDS)
    if len(found) < 2:
        return []
    comparisons = []
    for part in found:
        field, wanted = _field_and_value(part)
        comparisons.append(SCORE_FIELDS[field](conditions, part.function, wanted, part))
    return [conditions.judged(comparisons)]


PAIRS = (_metadata_pair, _feedback_pair)


def _is_of_pair(part: Call, parts: Sequence[Call]) -> bool:
    metadata = [_of_field(parts, "metadata_key"), _of_field(parts, "metadata_value")]
    if all(metadata) and any(part in side for side in metadata):
        return True
    judged = _of_field(parts, *SCORE_FIELDS)
    return len(judged) > 1 and part in judged

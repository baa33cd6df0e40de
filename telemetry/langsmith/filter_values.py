"""Values in LangSmith's filters, read for what a field needs. All raise BadFilter naming the comparison. Pure."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
from django.utils.dateparse import parse_datetime

from core.money import to_nano
from core.timerange import in_utc
from telemetry.langsmith.filter_text import BadFilter, Call

LARGEST = 1e18
EQUALITIES = ("eq", "neq", "in")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")


def text_of(value: Any, call: Call) -> str:  # noqa: ANN401
    if not isinstance(value, str):
        raise BadFilter(f"{call}: must be a text")
    return value


def number_of(value: Any, call: Call) -> float:  # noqa: ANN401
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise BadFilter(f"{call}: must be a number") from None
    if isinstance(value, bool):
        return float(value)
    if not isinstance(value, int | float) or not abs(value) < LARGEST:
        raise BadFilter(f"{call}: must be a number")
    return value


def shown(value: Any) -> str:  # noqa: ANN401
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def pairs_of(wanted: Any, call: Call) -> list[tuple[str, Any]]:  # noqa: ANN401
    try:
        found = orjson.loads(text_of(wanted, call))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or not found:
        raise BadFilter(f"{call}: metadata is a JSON object in a text")
    return list(found.items())


def moment(value: Any, place: str) -> datetime:  # noqa: ANN401
    """Raises BadFilter naming the place."""
    try:
        if isinstance(value, str) and (found := parse_datetime(value)):
            return in_utc(found)
    except ValueError:
        pass
    raise BadFilter(f"{place}: {str(value)[:60]!r} is no time, for example 2026-11-23T14:30:05Z")


def each_of(function: str, wanted: Any, read: Callable[[Any], Any]) -> Any:  # noqa: ANN401
    """Only ``in`` takes a list; to all else a list is no value."""
    return [read(one) for one in wanted] if function == "in" and isinstance(wanted, list) else read(wanted)


def seconds_of(value: Any, call: Call) -> float:  # noqa: ANN401
    """Seconds, or a text with its unit."""
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        return float(match[1]) * _UNITS[match[2]]
    return number_of(value, call)


def nano_of(value: Any, call: Call) -> float:  # noqa: ANN401
    return to_nano(float(number_of(value, call)))


def alternatives(function: str, wanted: Any, call: Call) -> list[Any]:  # noqa: ANN401
    if function not in EQUALITIES or (function == "in") != isinstance(wanted, list):
        raise BadFilter(f"{call}: is compared by {', '.join(EQUALITIES)}")
    return wanted if isinstance(wanted, list) else [wanted]


def uuids_of(function: str, wanted: Any, call: Call) -> list[uuid.UUID]:  # noqa: ANN401
    try:
        return [uuid.UUID(str(one)) for one in alternatives(function, wanted, call)]
    except ValueError:
        raise BadFilter(f"{call}: must be a UUID") from None

"""From the bytes of one OTLP ``AnyValue`` to a Python value: a reader for each type that a field wants.

Every reader takes what senders really send for that type (numbers as text, lists as JSON text, a lone item for a
list) and answers with a falsy value for "empty" or ``None`` for "not understood"; none of them raises for odd
contents, only ``BadItem`` for bytes that are no ``AnyValue`` or nest without end.
"""

from __future__ import annotations

import base64
import functools
import math
import struct
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson
from google.protobuf.message import DecodeError

from telemetry import lenient_json
from telemetry.dialects.decoded import BadItem
from telemetry.dialects.wire import Value

Reader = Callable[[bytes], Any]

#: Lists and maps deeper than this are refused: nobody reads them, and some parser downstream would fall over.
MAX_DEPTH = 32
#: The same for JSON texts, which are kept as they are: they must be written again.
MAX_JSON_DEPTH = 100
#: Characters of a label.
MAX_LABEL = 400
#: Bytes of a value that may be remembered.
MAX_REMEMBERED = 130
#: Values that one reader remembers.
MAX_KNOWN = 4096
#: The largest token count or other whole number that is believed: millions of them add up to less than 64 bits hold.
MAX_WHOLE = 10**12
#: The most vectors of a call, and numbers in one, that are believed: their columns hold no more.
MAX_SIZE = 2**32 - 1
#: The longest time, as in the REST API: some thirty years.
MAX_MILLISECONDS = 1e12

TAG_STRING, TAG_INT, TAG_DOUBLE = 0x0A, 0x18, 0x21
_double = struct.Struct("<d").unpack_from


def text(raw: bytes) -> str:
    """Any value as text; lists and maps as JSON."""
    size = len(raw)
    # The usual string: a tag, its length in one or two bytes, and nothing behind it.
    if size > 1 and raw[0] == TAG_STRING:
        if raw[1] == size - 2 < 0x80:
            return raw[2:].decode("utf-8", "replace")
        if size > 130 and raw[1] & 0x7F | raw[2] << 7 == size - 3 and raw[2] < 0x80:
            return raw[3:].decode("utf-8", "replace")
    return as_text(_parsed(raw))


def remembered(read: Reader) -> Reader:
    """A reader of values that repeat from span to span. Only short ones are kept, and not too many of them."""
    known: dict[bytes, Any] = {}

    @functools.wraps(read)
    def reading(raw: bytes) -> Any:
        value = known.get(raw)
        if value is None:
            value = read(raw)
            if value is not None and len(raw) < MAX_REMEMBERED:
                if len(known) >= MAX_KNOWN:
                    known.clear()
                known[raw] = value
        return value

    return reading


@remembered
def label(raw: bytes) -> str:
    """A short text that figures group by; cut, so that one odd sender cannot fill the store's dictionaries."""
    return text(raw)[:MAX_LABEL]


def as_text(value: Any) -> str:
    """Text for a value that was read as plain Python."""
    if isinstance(value, str):
        return value
    return "" if value is None else json_text(value)


def json_text(value: Any) -> str:
    return lenient_json.dumps(value)


def whole(raw: bytes) -> int | None:
    """A whole number that is not negative, also from a double or numeric text."""
    size = len(raw)
    # Nearly every count fits one or two bytes behind its tag.
    if size == 2 and raw[0] == TAG_INT and raw[1] < 0x80:
        return raw[1]
    if size == 3 and raw[0] == TAG_INT and raw[1] >= 0x80 > raw[2]:
        return raw[1] & 0x7F | raw[2] << 7
    return as_whole(plain(raw))


def as_whole(value: Any) -> int | None:
    if value.__class__ is int and 0 <= value <= MAX_WHOLE:
        return value
    number = as_number(value)
    if number is None or not 0 <= number <= MAX_WHOLE:
        return None
    return int(number)


def size(raw: bytes) -> int | None:
    """How many vectors there are, or numbers in one."""
    return as_size(plain(raw))


def as_size(value: Any) -> int | None:
    number = as_whole(value)
    return number if number is not None and number <= MAX_SIZE else None


def number(raw: bytes) -> float | None:
    """A finite number, also from numeric text."""
    return as_number(plain(raw))


def as_number(value: Any) -> float | None:
    if value is None or value == "":
        return 0
    if isinstance(value, str):
        try:
            value = float(value) if len(value) < 64 else None
        except ValueError:
            return None
    # A whole number may be larger than any float, and asking whether it is finite then fails.
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return None


def milliseconds(raw: bytes) -> float | None:
    """A time that something took."""
    return _believed(number(raw))


def seconds_as_ms(raw: bytes) -> float | None:
    """Seconds on the wire, milliseconds in the span."""
    seconds = number(raw)
    return None if seconds is None else _believed(seconds * 1000)


def _believed(milliseconds: float | None) -> float | None:
    return milliseconds if milliseconds is not None and 0 <= milliseconds <= MAX_MILLISECONDS else None


def yes(raw: bytes) -> bool | None:
    """A boolean, also spelled ``"True"``."""
    value = plain(raw)
    return str(value).lower() in ("true", "1", "yes") if value not in (None, "") else None


def texts(raw: bytes) -> list[str]:
    """A list of texts: an array, a JSON list in a string, or one string with commas."""
    value = plain(raw)
    if isinstance(value, str):
        parsed = parse_json(value) if value[:1] == "[" else None
        value = parsed if isinstance(parsed, list) else [part.strip() for part in value.split(",")]
    if not isinstance(value, list):
        value = [value]
    return [as_text(item) for item in value if item not in (None, "")]


@remembered
def first_text(raw: bytes) -> str:
    """The first of a list of texts."""
    return next(iter(texts(raw)), "")


def unquoted(raw: bytes) -> str:
    """A text that some releases of a sender wrap in JSON quotes and others do not."""
    value = text(raw)
    if value[:1] == '"':
        parsed = parse_json(value)
        if isinstance(parsed, str):
            return parsed
    return value


def unless_null(raw: bytes) -> str:
    """A text, unless it is the JSON of nothing."""
    value = text(raw)
    return "" if value == "null" else value


def iso_ns(raw: bytes) -> int | None:
    """A moment in ISO 8601, with or without JSON quotes around it, as nanoseconds since 1970."""
    value = text(raw).strip().strip('"')
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None if value else 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1_000_000) * 1000


def parse_json(value: str) -> Any:
    """The parsed JSON, ``None`` when it is none."""
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def plain(raw: bytes) -> Any:
    """The value with its JSON type. Raises BadItem for bytes that are no ``AnyValue``, or nest too deep."""
    size = len(raw)
    if size > 1:
        tag, first = raw[0], raw[1]
        if tag == TAG_STRING:
            if first == size - 2 < 0x80:
                return raw[2:].decode("utf-8", "replace")
            if size > 130 and first & 0x7F | raw[2] << 7 == size - 3 and raw[2] < 0x80:
                return raw[3:].decode("utf-8", "replace")
        elif tag == TAG_INT:
            if size == 2 and first < 0x80:
                return first
            if size == 3 and first >= 0x80 > raw[2]:
                return first & 0x7F | raw[2] << 7
        elif tag == TAG_DOUBLE and size == 9:
            return _finite(_double(raw, 1)[0])
    return _parsed(raw)


def _parsed(raw: bytes) -> Any:
    try:
        return _unwrap(Value.FromString(raw), MAX_DEPTH)
    except DecodeError:
        raise BadItem("is no AnyValue, or is nested too deep") from None


def _finite(value: float) -> float | str:
    """JSON has no word for infinity: it is kept as text."""
    return value if math.isfinite(value) else str(value)


def _unwrap(value: Value, depth: int) -> Any:
    which = value.WhichOneof("value")
    return _UNWRAP[which](getattr(value, which), depth) if which else None


def _list(array: Any, depth: int) -> list[Any]:
    _check(depth)
    return [_unwrap(item, depth - 1) for item in array.values]


def _mapping(pairs: Any, depth: int) -> dict[str, Any]:
    _check(depth)
    return {pair.key.decode("utf-8", "replace"): _unwrap(pair.value, depth - 1) for pair in pairs.values}


def _check(depth: int) -> None:
    if depth == 0:
        raise BadItem(f"is nested deeper than {MAX_DEPTH} levels")


_UNWRAP: dict[str, Callable[[Any, int], Any]] = {
    "string_value": lambda value, _: value.decode("utf-8", "replace"),
    "bool_value": lambda value, _: value,
    "int_value": lambda value, _: value,
    "double_value": lambda value, _: _finite(value),
    "array_value": _list,
    "kvlist_value": _mapping,
    "bytes_value": lambda value, _: base64.b64encode(value).decode(),
}

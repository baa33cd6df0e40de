"""OTLP/JSON into the same wire messages that protobuf bodies are read as, so that everything behind is one.

It follows the layout of ``wire``, and differs from protobuf's own JSON: ids are hex, not base64; whole numbers come as
numbers or text, enums as numbers or names; unknown keys are ignored. Keys may be in either of protobuf's spellings,
``startTimeUnixNano`` and ``start_time_unix_nano``.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from telemetry import lenient_json
from telemetry.dialects.decoded import BadBody, BadItem
from telemetry.dialects.values import MAX_DEPTH
from telemetry.dialects.wire import LAYOUT, MESSAGES, Value
from telemetry.lenient_json import BadJson

#: Enum names -> their numbers; the only enums that anything here depends on.
ENUMS = {
    "STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2,
    "AGGREGATION_TEMPORALITY_UNSPECIFIED": 0, "AGGREGATION_TEMPORALITY_DELTA": 1,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": 2,
}  # fmt: skip
DOUBLES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
#: What Python also takes for a whole number, others do not: ``1_000``, `` 5``, digits of other scripts.
_DIGITS = re.compile(r"-?[0-9]{1,20}")
_CAPITAL = re.compile(r"[A-Z]")
#: Of which 64 bits hold any.
_SAFE_DIGITS = re.compile(r"-?[0-9]{1,18}")
#: Messages that hold values inside values.
NESTING = frozenset({"Array", "Pairs"})


def load(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. Texts that are cut in the middle of a character are repaired, not refused."""
    try:
        loaded = lenient_json.loads(body)
    except BadJson as error:
        raise BadBody(f"The body is no JSON: {error}") from None
    if not isinstance(loaded, dict):
        raise BadBody("The body must be a JSON object.")
    return loaded


def under(holder: dict[str, Any], key: str) -> Any:
    """What is under a key in either spelling."""
    found = holder.get(key)
    return holder.get(_snake(key)) if found is None else found


def unknown_key(holder: dict[str, Any], *known: str) -> str:
    """The first key of an object that is none of these in either spelling; empty when there is none."""
    return next((key for key in holder if key not in known and key not in map(_snake, known)), "")


def objects(holder: dict[str, Any], key: str, place: str) -> list[dict[str, Any]]:
    """The list of objects under a key, empty when there is none."""
    found = under(holder, key)
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BadItem("must be a list of objects", field=f"{place}{key}")
    return found


def message(name: str, given: Any, place: str = "") -> Any:
    """A wire message from its JSON. Raises BadItem with the place of what does not fit, beginning with ``place``."""
    target = MESSAGES[name]()
    _fill(target, name, given, place, MAX_DEPTH)
    return target


def _fill(target: Any, name: str, given: Any, place: str, depth: int) -> None:
    if not isinstance(given, dict):
        raise BadItem("must be an object", field=place.rstrip("."))
    fields = _FIELDS[name]
    for key, content in given.items():
        field = fields.get(key)
        if field is not None and content is not None:
            field.put(target, field, content, f"{place}{key}", depth)


class _Field(NamedTuple):
    """How one key of JSON is put into one field of a message."""

    name: str
    #: Of messages: their name.
    type_name: str
    convert: Callable[[Any], Any]
    put: Callable[[Any, Any, Any, str, int], None]


def _put_scalar(target: Any, field: _Field, content: Any, place: str, depth: int) -> None:
    try:
        setattr(target, field.name, field.convert(content))
    except (ValueError, TypeError, OverflowError):
        raise BadItem(f"must be {_WORDS[field.type_name]}", field=place) from None


def _put_scalars(target: Any, field: _Field, content: Any, place: str, depth: int) -> None:
    try:
        getattr(target, field.name).extend(field.convert(item) for item in _listed(content, place))
    except (ValueError, TypeError, OverflowError):
        raise BadItem(f"must hold {_WORDS[field.type_name]} each", field=place) from None


def _put_message(target: Any, field: _Field, content: Any, place: str, depth: int) -> None:
    inner = getattr(target, field.name)
    inner.SetInParent()
    _fill(inner, field.type_name, content, f"{place}.", _deeper(field.type_name, depth, place))


def _put_messages(target: Any, field: _Field, content: Any, place: str, depth: int) -> None:
    items = getattr(target, field.name)
    for at, item in enumerate(_listed(content, place)):
        _fill(items.add(), field.type_name, {} if item is None else item, f"{place}[{at}].", depth)


def _put_attributes(target: Any, field: _Field, content: Any, place: str, depth: int) -> None:
    """Attributes keep their values as bytes of ``AnyValue``, as they come in protobuf."""
    attributes = getattr(target, field.name)
    for at, pair in enumerate(_listed(content, place)):
        name = pair.get("key") if pair.__class__ is dict else None
        if name.__class__ is not str:
            raise BadItem("must be a text", field=f"{place}[{at}].key")
        name = name if name.isascii() else _text(name).decode()
        attributes[name] = _value(pair.get("value"), place, name)


def _value(given: Any, place: str, name: str) -> bytes:
    """The bytes of ``AnyValue``. Nearly all attributes are texts or whole numbers, whose one key is looked at first."""
    if given.__class__ is dict and len(given) == 1:
        if (said := given.get("stringValue")).__class__ is str:
            return _of_text(said.encode(errors="replace"))
        if (said := given.get("intValue")).__class__ is str and _SAFE_DIGITS.fullmatch(said):
            return Value(int_value=int(said)).SerializeToString()
    value = Value()
    if given is not None:
        _fill(value, "Value", given, f"{place}.{name}.", MAX_DEPTH)
    return value.SerializeToString()


def _of_text(raw: bytes) -> bytes:
    """As ``Value(string_value=raw)`` would write it, in a quarter of the time: field 1, the length, the text."""
    size = len(raw)
    if size < 0x80:
        return b"\n%c%b" % (size, raw)
    head = bytearray(b"\n")
    while size >= 0x80:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + raw


def _listed(content: Any, place: str) -> list[Any]:
    if not isinstance(content, list):
        raise BadItem("must be a list", field=place)
    return content


def _deeper(type_name: str, depth: int, place: str) -> int:
    if type_name not in NESTING:
        return depth
    if depth == 0:
        raise BadItem(f"is nested deeper than {MAX_DEPTH} levels", field=place.partition(".arrayValue")[0])
    return depth - 1


def _text(content: Any) -> bytes:
    if not isinstance(content, str):
        raise TypeError
    # Halves of characters, which JSON can hold and UTF-8 cannot, become question marks.
    return content.encode(errors="replace")


def _hex(content: Any) -> bytes:
    return binascii.unhexlify(_text(content))


def _base64(content: Any) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except binascii.Error:
        raise ValueError from None


def _bool(content: Any) -> bool:
    if not isinstance(content, bool):
        raise TypeError
    return content


def _whole(content: Any) -> int:
    if isinstance(content, str) and not _DIGITS.fullmatch(content):
        raise ValueError
    if isinstance(content, bool) or (isinstance(content, float) and not content.is_integer()):
        raise TypeError
    return int(content)


def _enum(content: Any) -> int:
    return ENUMS[content] if content in ENUMS else _whole(content)


def _double(content: Any) -> float:
    if isinstance(content, bool):
        raise TypeError
    return DOUBLES[content] if content in DOUBLES else float(content)


#: Type -> what it must be, in words, and how it is read.
_SCALARS: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "text": ("a text", _text),
    "id": ("hex digits, not base64", _hex),
    "bytes": ("base64", _base64),
    "bool": ("true or false", _bool),
    "double": ("a number", _double),
    "int32": ("a number or a name of the enumeration", _enum),
    **dict.fromkeys(("int64", "uint32", "uint64", "sint32", "fixed64", "sfixed64"), ("a whole number", _whole)),
}
_WORDS = {name: words for name, (words, _) in _SCALARS.items()}


def _compile(name: str, type_name: str) -> _Field:
    bare = type_name.lstrip("*?")
    if bare == "{}":
        return _Field(name, bare, _text, _put_attributes)
    if bare[0].isupper():
        return _Field(name, bare, _text, _put_messages if type_name.startswith("*") else _put_message)
    return _Field(name, bare, _SCALARS[bare][1], _put_scalars if type_name.startswith("*") else _put_scalar)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part.title() for part in rest)


def _snake(name: str) -> str:
    return _CAPITAL.sub(lambda capital: f"_{capital[0].lower()}", name)


_FIELDS: dict[str, dict[str, _Field]] = {
    name: {spelt(field): _compile(field, type_name) for field, _, type_name in fields for spelt in (str, _camel)}
    for name, fields in LAYOUT.items()
}

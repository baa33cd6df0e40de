"""JSON as senders write it, read and written without ever failing on what is odd but clear.

Texts that were cut in the middle of a character (in UTF-8, or between two halves of a ``\\ud83d\\ude00``) are repaired;
``NaN`` and ``Infinity``, which Python writes, are read. Written is what others can read again.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import orjson

#: Deeper than this nothing is written: parsers downstream would fall over it.
MAX_DEPTH = 250
CUT = "…"
TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels"
#: Whole numbers beyond this have no place in JSON that others read.
_LARGEST = 2**64

# A pair of halves, a lone half, or any other escape: in this order, so that an escaped backslash hides nothing.
_ESCAPES = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.")
_HALF = len("\\ud83d")


class BadJson(ValueError):
    """It is no JSON, or nests without end; the message says where."""


def loads(body: bytes, *, nan: bool = True) -> Any:  # noqa: ANN401
    """The value in a body. Raises BadJson, without ``nan`` also for a number that is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:
            text = _ESCAPES.sub(_repaired, body.decode("utf-8", "replace"))
            return json.loads(text) if nan else json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError):
            raise BadJson(str(error)) from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(name)


def _repaired(escape: re.Match[str]) -> str:
    return "?" if len(escape[0]) == _HALF else escape[0]


def dumps(value: Any, *, cut: bool = True) -> str:  # noqa: ANN401
    """Compact JSON of anything; what has no JSON form is written as its text.

    What is too deep is cut, or raises BadJson where it must not be ``cut``.
    """
    try:
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    except TypeError:
        if not cut and is_too_deep(value):
            raise BadJson(TOO_DEEP) from None
        return orjson.dumps(_tamed(value, MAX_DEPTH), default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def is_too_deep(value: Any) -> bool:  # noqa: ANN401
    """Whether it nests deeper than what is written, which is as deep as anything here may recurse."""
    try:
        # Goes nearly as deep, and looks a hundred times faster.
        orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS)
        return False
    except TypeError:
        return is_deeper(value, MAX_DEPTH)


def is_deeper(value: Any, levels: int) -> bool:  # noqa: ANN401
    """Whether lists and objects are nested in more levels than this; itself without recursion."""
    level = _inside([value])
    for _ in range(levels):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return False
    return bool(level)


def _inside(value: Any) -> list[Any]:  # noqa: ANN401
    found = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [inner for inner in found if isinstance(inner, dict | list)]


class Encoder(json.JSONEncoder):
    """For Django's JSON fields, as the decoder below: several times faster than the standard ones."""

    def encode(self, o: Any) -> str:  # noqa: ANN401
        return dumps(o)


class Decoder:
    def decode(self, s: str) -> Any:  # noqa: ANN401
        try:
            return orjson.loads(s)
        except orjson.JSONDecodeError:
            return json.loads(s)


def _tamed(value: Any, depth: int) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, int) and not -_LARGEST // 2 <= value < _LARGEST:
        return str(value) if value.bit_length() < 1000 else CUT
    if depth == 0 and isinstance(value, dict | list | tuple):
        return CUT
    if isinstance(value, dict):
        return {_tamed(str(key), depth): _tamed(inner, depth - 1) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_tamed(inner, depth - 1) for inner in value]
    return value

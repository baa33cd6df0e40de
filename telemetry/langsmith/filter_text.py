"""LangSmith's filter language, from text to a tree: ``and(eq(name, "x"), gt(latency, 5))``. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

MOST_CHARACTERS = 20_000
MOST_DEPTH = 32


class BadFilter(ValueError):
    """A filter that is not understood, or that is not supported; the message names the place and what would do."""


@dataclass(frozen=True, slots=True)
class Name:
    """A bare word: a field."""

    text: str


@dataclass(frozen=True, slots=True)
class Call:
    """``function(arguments)``; arguments are calls, names, and values as in JSON."""

    function: str
    arguments: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(map(_shown, self.arguments))})"


def _shown(argument: Any) -> str:  # noqa: ANN401
    match argument:
        case Name(text):
            return text
        case Call():
            return str(argument)
    return json.dumps(argument, default=str, ensure_ascii=False)


_TOKEN = re.compile(
    r"""\s*(?:(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
    r"""|(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"""
    r"""|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)"""
    r"""|(?P<mark>[(),\[\]]))""",
    re.DOTALL,
)
_CONSTANTS = {"true": True, "false": False, "null": None, "True": True, "False": False, "None": None}


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Call:
    """Raises BadFilter naming the place."""
    if len(text) > MOST_CHARACTERS:
        raise BadFilter(f"longer than {MOST_CHARACTERS} characters")
    reader = _Reader(list(_tokens(text)))
    found = reader.value(0)
    if not isinstance(found, Call):
        raise BadFilter('must be a comparison, for example eq(name, "x")')
    reader.end()
    return found


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if not match:
            raise BadFilter(f"not understood from character {at}: {text[at : at + 30]!r}")
        kind = str(match.lastgroup)
        yield _Token(kind, match[kind], match.start(kind))
        at = match.end()


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0

    def value(self, depth: int) -> Any:  # noqa: ANN401
        if depth > MOST_DEPTH:
            raise BadFilter(f"nested deeper than {MOST_DEPTH}")
        token = self._next()
        match token.kind:
            case "string":
                return _string(token)
            case "number":
                return float(token.text) if any(mark in token.text for mark in ".eE") else int(token.text)
            case "word":
                if self._peek() == "(":
                    self._next()
                    return Call(token.text.lower(), tuple(self._list(")", depth)))
                return _CONSTANTS[token.text] if token.text in _CONSTANTS else Name(token.text)
        if token.text == "[":
            return list(self._list("]", depth))
        raise BadFilter(f"unexpected {token.text!r} at character {token.at}")

    def end(self) -> None:
        if self._at < len(self._tokens):
            token = self._tokens[self._at]
            raise BadFilter(f"unexpected {token.text!r} at character {token.at}, after the end")

    def _list(self, closing: str, depth: int) -> Iterator[Any]:
        if self._peek() == closing:
            self._next()
            return
        while True:
            yield self.value(depth + 1)
            token = self._next()
            if token.text == closing:
                return
            if token.text != ",":
                raise BadFilter(
                    f"unexpected {token.text!r} at character {token.at}: a comma or {closing!r} belongs here"
                )

    def _peek(self) -> str:
        token = self._tokens[self._at] if self._at < len(self._tokens) else None
        return token.text if token and token.kind == "mark" else ""

    def _next(self) -> _Token:
        if self._at >= len(self._tokens):
            raise BadFilter("ends too early")
        self._at += 1
        return self._tokens[self._at - 1]


def _string(token: _Token) -> str:
    if token.text[0] == '"':
        try:
            return orjson.loads(token.text)
        except orjson.JSONDecodeError:
            pass
    return re.sub(r"\\(.)", r"\1", token.text[1:-1], flags=re.DOTALL)

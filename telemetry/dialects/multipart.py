"""Multipart bodies of LangSmith's clients, read from the raw bytes.

Django's parser counts parts without a file name as form fields, of which it takes a thousand; a batch has more.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from telemetry.dialects.decoded import BadBody

MAX_PARTS = 20_000
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
#: How the clients begin nearly all of them.
_USUAL = b'\r\nContent-Disposition: form-data; name="'
_NAME = re.compile(rb'name="([^"]*)"', re.IGNORECASE)
_TYPE = re.compile(rb"^content-type:\s*([^;\r\n]*)", re.IGNORECASE | re.MULTILINE)


class Parts(NamedTuple):
    """Of each part in their order: what it is called, what it holds, and its headers as they came."""

    names: list[str]
    contents: list[bytes]
    heads: list[bytes]


def parts(body: bytes, content_type: str) -> Parts:
    """Raises BadBody when the frame is broken."""
    match = _BOUNDARY.search(content_type)
    if not match:
        raise BadBody("Content-Type: names no multipart boundary.")
    delimiter = b"--" + match[1].encode("latin-1")
    pieces = body.split(b"\r\n" + delimiter)
    if pieces[0].startswith(delimiter):
        pieces[0] = pieces[0][len(delimiter) :]
    else:
        # Before the first boundary anything may stand.
        del pieces[0]
    if len(pieces) < 2 or not pieces.pop().startswith(b"--"):
        raise BadBody("The multipart body does not end with its boundary: it is not complete.")
    if len(pieces) > MAX_PARTS:
        raise BadBody(f"The body has more than {MAX_PARTS} parts.")
    halves = [piece.partition(b"\r\n\r\n") for piece in pieces]
    heads = [head for head, _, _ in halves]
    begin = len(_USUAL)
    names = [
        (head[begin : head.find(b'"', begin)] if head.startswith(_USUAL) else _name(head, place)).decode(
            "utf-8", "replace"
        )
        for place, head in enumerate(heads)
    ]
    return Parts(names, [content for _, _, content in halves], heads)


def _name(head: bytes, place: int) -> bytes:
    match = _NAME.search(head)
    if not match:
        raise BadBody(f"part {place}: has no Content-Disposition with a name.")
    return match[1]


def media_type(head: bytes) -> str:
    kind = _TYPE.search(head)
    return kind[1].decode("latin-1").strip() if kind else ""

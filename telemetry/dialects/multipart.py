"""Multipart bodies of LangSmith's clients, read from the raw bytes.

Django's parser counts parts without a file name as form fields, of which it takes a thousand; a batch has more.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from telemetry.dialects.decoded import BadBody

MAX_PARTS = 20_000
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
_NAME = re.compile(rb'name="([^"]*)"', re.IGNORECASE)
_TYPE = re.compile(rb"^content-type:\s*([^;\r\n]*)", re.IGNORECASE | re.MULTILINE)


class Part(NamedTuple):
    name: str
    content: bytes
    media_type: str


def pieces(body: bytes, content_type: str) -> list[bytes]:
    """What lies between the boundaries, in its order. Raises BadBody when the frame is broken."""
    match = _BOUNDARY.search(content_type)
    if not match:
        raise BadBody("Content-Type: names no multipart boundary.")
    found = body.split(b"--" + match[1].encode("latin-1"))
    if len(found) < 3 or not found[-1].startswith(b"--"):
        raise BadBody("The multipart body does not end with its boundary: it is not complete.")
    if len(found) - 2 > MAX_PARTS:
        raise BadBody(f"The body has more than {MAX_PARTS} parts.")
    return found[1:-1]


def part(piece: bytes, number: int) -> Part:
    """The piece with this number as a part. Raises BadBody where it is none."""
    head, separator, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    name = _NAME.search(head)
    if not separator or not name:
        raise BadBody(f"part {number}: has no Content-Disposition with a name.")
    kind = _TYPE.search(head)
    return Part(
        name[1].decode("utf-8", "replace"),
        content.removesuffix(b"\r\n"),
        kind[1].decode("latin-1").strip() if kind else "",
    )

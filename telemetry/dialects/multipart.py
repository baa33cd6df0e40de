"""Multipart bodies of LangSmith's clients, read from the raw bytes.

Django's parser counts parts without a file name as form fields, of which it takes a thousand; a batch has more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from telemetry.dialects.decoded import BadBody

MAX_PARTS = 20_000
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
_NAME = re.compile(rb'[nN]ame="([^"]*)"')
_TYPE = re.compile(rb"^content-type:\s*([^;\r\n]*)", re.IGNORECASE | re.MULTILINE)


class Part(NamedTuple):
    name: str
    content: bytes
    head: bytes

    @property
    def media_type(self) -> str:
        kind = _TYPE.search(self.head)
        return kind[1].decode("latin-1").strip() if kind else ""


def parts(body: bytes, content_type: str) -> Iterator[Part]:
    """The parts in their order. Raises BadBody when the frame is broken."""
    match = _BOUNDARY.search(content_type)
    if not match:
        raise BadBody("Content-Type: names no multipart boundary.")
    delimiter = b"--" + match[1].encode("latin-1")
    pieces = body.split(delimiter)
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise BadBody("The multipart body does not end with its boundary: it is not complete.")
    if len(pieces) - 2 > MAX_PARTS:
        raise BadBody(f"The body has more than {MAX_PARTS} parts.")
    for number, piece in enumerate(pieces[1:-1]):
        end = piece.find(b"\r\n\r\n")
        name = _NAME.search(piece, 0, max(end, 0))
        if not name:
            raise BadBody(f"part {number}: has no Content-Disposition with a name.")
        content = piece[end + 4 : -2] if piece.endswith(b"\r\n", end + 4) else piece[end + 4 :]
        yield Part(name[1].decode("utf-8", "replace"), content, piece[:end])

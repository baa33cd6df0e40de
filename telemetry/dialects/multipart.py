"""Multipart bodies of LangSmith's clients, read from the raw bytes.

Django's parser counts parts without a file name as form fields, of which it takes a thousand; a batch has more.
"""

from __future__ import annotations

import re

from telemetry.dialects.decoded import BadBody

MAX_PARTS = 20_000
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,200})"?', re.IGNORECASE)
#: How the clients begin nearly all of them.
_USUAL = b'\r\nContent-Disposition: form-data; name="'
_NAME = re.compile(rb'name="([^"]*)"', re.IGNORECASE)
_TYPE = re.compile(rb"^content-type:\s*([^;\r\n]*)", re.IGNORECASE | re.MULTILINE)


#: Name, content, and the headers as they came.
Part = tuple[str, bytes, bytes]


def parts(body: bytes, content_type: str) -> list[Part]:
    """The parts in their order. Raises BadBody when the frame is broken."""
    match = _BOUNDARY.search(content_type)
    if not match:
        raise BadBody("Content-Type: names no multipart boundary.")
    pieces = body.split(b"--" + match[1].encode("latin-1"))
    if len(pieces) < 3 or not pieces[-1].startswith(b"--"):
        raise BadBody("The multipart body does not end with its boundary: it is not complete.")
    if len(pieces) - 2 > MAX_PARTS:
        raise BadBody(f"The body has more than {MAX_PARTS} parts.")
    begin = len(_USUAL)
    found: list[Part] = []
    for piece in pieces[1:-1]:
        end = piece.find(b"\r\n\r\n")
        if piece.startswith(_USUAL) and end > 0:
            name = piece[begin : piece.find(b'"', begin)]
        elif end > 0 and (match := _NAME.search(piece, 0, end)):
            name = match[1]
        else:
            raise BadBody(f"part {len(found)}: has no Content-Disposition with a name.")
        content = piece[end + 4 : -2] if piece.endswith(b"\r\n", end + 4) else piece[end + 4 :]
        found.append((name.decode("utf-8", "replace"), content, piece[:end]))
    return found


def media_type(head: bytes) -> str:
    kind = _TYPE.search(head)
    return kind[1].decode("latin-1").strip() if kind else ""

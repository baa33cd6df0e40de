"""Reading request bodies: raw from the stream, under a cap before and another after decompression."""

from __future__ import annotations

import zlib
from collections.abc import Awaitable, Callable
from typing import Any

import zstandard

from telemetry import lenient_json
from telemetry.lenient_json import BadJson

Receive = Callable[[], Awaitable[dict[str, Any]]]

GZIP, ZLIB, RAW_DEFLATE = 31, 15, -15
#: Larger windows than this are refused: a few bytes could ask for gigabytes of memory.
MOST_ZSTD_WINDOW = 8 * 1024 * 1024
#: Decompressed step by step: this many bytes become 32 MiB at the very worst before the size is looked at.
ZSTD_SLICE = 1024


class TooLarge(Exception):
    """The body is larger than we take; the message says how much that is."""


class BadEncoding(Exception):
    """The body is not what its Content-Encoding says."""


class UnknownEncoding(Exception):
    """We do not know this Content-Encoding; the message lists what we know."""


class Disconnected(Exception):
    """The sender went away in the middle of its body."""


async def read(receive: Receive, *, limit: int, declared: str = "") -> bytes:
    """The raw body, with or without Content-Length (``declared``). Raises TooLarge and Disconnected."""
    if declared.isdigit() and int(declared) > limit:
        raise TooLarge(f"The body has {declared} bytes; at most {limit} are taken.")
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise TooLarge(f"The body has more than {limit} bytes.")
        parts.append(part)
        if not message.get("more_body"):
            return parts[0] if len(parts) == 1 else b"".join(parts)


def json_value(content: bytes) -> Any:  # noqa: ANN401
    """The JSON in it, as SQL takes it. Raises lenient_json.BadJson."""
    return for_sql(lenient_json.loads(content), content)


def for_sql(value: Any, content: bytes) -> Any:  # noqa: ANN401
    """What was read from ``content``, without the character NUL, which PostgreSQL takes in no text. Raises BadJson."""
    if b"\\u0000" not in content:
        return value
    try:
        return _without_nul(value)
    except RecursionError:
        raise BadJson(lenient_json.TOO_DEEP) from None


def _without_nul(value: Any) -> Any:  # noqa: ANN401
    match value:
        case str():
            return value.replace("\0", "")
        case list():
            return [_without_nul(one) for one in value]
        case dict():
            return {_without_nul(name): _without_nul(one) for name, one in value.items()}
    return value


def decompress(raw: bytes, encoding: str, *, limit: int) -> bytes:
    """The body as it was before ``encoding``; never holds more than ``limit`` bytes of it. Raises as named above."""
    match encoding.strip().lower():
        case "" | "identity":
            if len(raw) > limit:
                raise TooLarge(f"The body has more than {limit} bytes.")
            return raw
        case "gzip" | "x-gzip":
            return _inflate(raw, GZIP, limit)
        case "deflate":
            # The standard says zlib-wrapped; some senders leave the wrapper away.
            return _inflate(raw, ZLIB if _has_zlib_header(raw) else RAW_DEFLATE, limit)
        case "zstd":
            return _unzstd(raw, limit)
    raise UnknownEncoding(f"Content-Encoding: {encoding[:40]!r} is none of gzip, deflate, zstd, identity.")


def _has_zlib_header(raw: bytes) -> bool:
    return len(raw) >= 2 and raw[0] & 0x0F == 8 and (raw[0] << 8 | raw[1]) % 31 == 0


def _inflate(raw: bytes, form: int, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit + 1
    try:
        while raw:
            stream = zlib.decompressobj(form)
            part = stream.decompress(raw, left)
            left -= len(part)
            parts.append(part)
            if left <= 0:
                raise TooLarge(f"The body has more than {limit} bytes when decompressed.")
            if not stream.eof:
                raise BadEncoding("The compressed body ends too early.")
            # A gzip body may consist of several members, one after the other.
            raw = stream.unused_data if form == GZIP else b""
    except zlib.error as error:
        raise BadEncoding(f"The body cannot be decompressed: {error}") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _unzstd(raw: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    decompressor = zstandard.ZstdDecompressor(max_window_size=MOST_ZSTD_WINDOW)
    try:
        while raw:
            stream = decompressor.decompressobj()
            for start in range(0, len(raw), ZSTD_SLICE):
                part = stream.decompress(raw[start : start + ZSTD_SLICE])
                left -= len(part)
                parts.append(part)
                if left < 0:
                    raise TooLarge(f"The body has more than {limit} bytes when decompressed.")
                if stream.eof:
                    break
            if not stream.eof:
                raise BadEncoding("The compressed body ends too early.")
            # Several frames may follow each other.
            raw = stream.unused_data + raw[start + ZSTD_SLICE :]
    except zstandard.ZstdError as error:
        raise BadEncoding(f"The body cannot be decompressed: {error}") from None
    return b"".join(parts)

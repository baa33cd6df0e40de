"""``POST /v1/embeddings``: the same small vector for every text."""

from __future__ import annotations

import base64
import struct
from typing import Any

VECTOR = (1.0, 2.0, 3.0)
TOKENS = 8


def answer(body: dict[str, Any]) -> dict[str, Any]:
    asked = body["input"]
    texts = asked if isinstance(asked, list) else [asked]
    vector = _vector(body.get("encoding_format"))
    return {
        "object": "list",
        "model": body["model"],
        "data": [{"object": "embedding", "index": at, "embedding": vector} for at, _ in enumerate(texts)],
        "usage": {"prompt_tokens": TOKENS, "total_tokens": TOKENS},
    }


def _vector(encoding: str | None) -> list[float] | str:
    if encoding != "base64":
        return list(VECTOR)
    return base64.b64encode(struct.pack(f"<{len(VECTOR)}f", *VECTOR)).decode()

"""What is served under which name, and what every call uses."""

from __future__ import annotations

import secrets
import time

#: The name asked for -> the dated name served, as providers do.
SERVED = {"gpt-4o-mini": "gpt-4o-mini-2024-07-18", "claude-sonnet-4-5": "claude-sonnet-4-5-20250929"}

CHAT_USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 30,
    "total_tokens": 150,
    "prompt_tokens_details": {"cached_tokens": 64, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 10, "audio_tokens": 0},
}
#: Dollars for one such call of gpt-4o-mini at list price.
CHAT_COST = "0.0000312"


def served(asked: str) -> str:
    return SERVED.get(asked, asked)


def new_id(prefix: str) -> str:
    return f"{prefix}{secrets.token_hex(12)}"


def now() -> int:
    return int(time.time())

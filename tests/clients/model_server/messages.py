"""``POST /v1/messages``, as Anthropic speaks: one answer to a prompt that is partly cached."""

from __future__ import annotations

from typing import Any

from tests.clients.model_server.chat import ANSWER
from tests.clients.model_server.models import new_id, served

#: What was read from the cache and written to it comes on top of the input here.
USAGE = {"input_tokens": 56, "cache_read_input_tokens": 64, "cache_creation_input_tokens": 5, "output_tokens": 30}
#: Dollars for it at list price: 3 a million for input, 0.3 from the cache, 3.75 into it, 15 for output.
COST = "0.00065595"


def answer(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": served(body["model"]),
        "content": [{"type": "text", "text": ANSWER}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }

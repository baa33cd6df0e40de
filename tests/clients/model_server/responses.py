"""``POST /v1/responses``: one answer."""

from __future__ import annotations

from typing import Any

from tests.clients.model_server.chat import ANSWER
from tests.clients.model_server.models import CHAT_USAGE, new_id, now, served


def answer(body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": new_id("resp_"),
        "object": "response",
        "created_at": now(),
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "model": served(body["model"]),
        "output": [
            {
                "id": new_id("msg_"),
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": ANSWER, "annotations": []}],
            }
        ],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "service_tier": "default",
        "usage": {
            "input_tokens": CHAT_USAGE["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": CHAT_USAGE["prompt_tokens_details"]["cached_tokens"]},
            "output_tokens": CHAT_USAGE["completion_tokens"],
            "output_tokens_details": {"reasoning_tokens": CHAT_USAGE["completion_tokens_details"]["reasoning_tokens"]},
            "total_tokens": CHAT_USAGE["total_tokens"],
        },
    }

"""``POST /v1/chat/completions``: one answer, a tool call when tools are offered, or a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.clients.model_server.models import CHAT_USAGE, new_id, now, served

ANSWER = "The sky is blue."
TOOL_ARGUMENTS = '{"city":"Springfield"}'


def answer(body: dict[str, Any]) -> dict[str, Any] | Iterator[str]:
    if body.get("stream"):
        return _events(body)
    calls = _tool_calls(body)
    message = {"role": "assistant", "content": None if calls else ANSWER, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop", "logprobs": None}
    return _envelope(body, "chat.completion") | {"choices": [choice], "usage": CHAT_USAGE}


def _envelope(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {
        "id": new_id("chatcmpl-"),
        "object": kind,
        "created": now(),
        "model": served(body["model"]),
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


def _tool_calls(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The first tool on offer is called, unless its result has just been given."""
    if not body.get("tools") or body["messages"][-1]["role"] == "tool":
        return []
    name = body["tools"][0]["function"]["name"]
    return [{"id": new_id("call_"), "type": "function", "function": {"name": name, "arguments": TOOL_ARGUMENTS}}]


def _events(body: dict[str, Any]) -> Iterator[str]:
    base = _envelope(body, "chat.completion.chunk")
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": word} for word in ("The ", "sky ", "is ", "blue.")]
    for delta in deltas:
        yield _event(base | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event(base | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event(base | {"choices": [], "usage": CHAT_USAGE})
    yield "data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk)}\n\n"

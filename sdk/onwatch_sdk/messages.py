"""Conversations in the form of the GenAI conventions: ``[{"role", "parts": [{"type", …}]}]`` as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from onwatch_sdk import responses
from onwatch_sdk.responses import first, follow, read
from onwatch_sdk.texts import json_of

#: Of one conversation; the first and the last of a longer one are kept.
MAX_MESSAGES = 200
#: LangChain's names of roles -> the conventions'.
ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "AIMessageChunk": "assistant"}
#: Where an answer keeps its message, the first that is there.
ANSWERS: tuple[tuple[str | int, ...], ...] = (
    ("choices", 0, "message"),
    ("candidates", 0, "content"),
    ("output", "message"),
    ("message",),
)


def input_messages(value: Any) -> str:  # noqa: ANN401
    """JSON for a prompt or a list of messages; empty for what is neither."""
    if isinstance(value, str):
        return json_of([{"role": "user", "parts": [_text(value)]}])
    if not isinstance(value, (list, tuple)) or not value:
        return ""
    if isinstance(value[0], str) and all(isinstance(part, str) for part in value[:MAX_MESSAGES]):
        return json_of([{"role": "user", "parts": [_text(part) for part in value[:MAX_MESSAGES]]}])
    if not _is_message(value[0]):
        return ""
    kept: Iterable[Any] = value
    if len(value) > MAX_MESSAGES:
        gap = {"role": "system", "content": f"[{len(value) - MAX_MESSAGES} messages left out]"}
        kept = [*value[: MAX_MESSAGES // 2], gap, *value[-(MAX_MESSAGES // 2) :]]
    return json_of([message(one) for one in kept])


def output_messages(answer: Any) -> str:  # noqa: ANN401
    """JSON for what a model answered; empty where it has neither text nor tool calls in a known place."""
    if isinstance(answer, str):
        return json_of([{"role": "assistant", "parts": [_text(answer)]}])
    if not isinstance(answer, Mapping) and not responses.is_answer(answer) and not _is_message(answer):
        return ""
    found = next((inner for path in ANSWERS if (inner := follow(answer, path)) is not None), answer)
    if isinstance(items := read(answer, "output"), (list, tuple)):
        # OpenAI's Responses: messages and tool calls are items of one list.
        shown: dict[str, Any] = {"role": "assistant", "parts": [part for item in items[:100] for part in _item(item)]}
    else:
        shown = message(found, role="assistant")
    if not shown["parts"]:
        if not isinstance(text := responses.output_of(answer), str):
            return ""
        shown["parts"] = [_text(text)]
    if isinstance(reason := responses.finish_reason(answer), str):
        shown["finish_reason"] = reason
    return json_of([shown])


def _is_message(value: Any) -> bool:  # noqa: ANN401
    if isinstance(value, (tuple, list)):
        return len(value) == 2 and isinstance(value[0], str)
    return (
        isinstance(first(value, ("role", "type")), str) and first(value, ("content", "parts", "tool_calls")) is not None
    )


def message(value: Any, *, role: str = "user") -> dict[str, Any]:  # noqa: ANN401
    """One message of OpenAI, Anthropic, LangChain, Google or ``(role, text)``."""
    if isinstance(value, str):
        return {"role": role, "parts": [_text(value)]}
    if isinstance(value, (tuple, list)) and len(value) == 2:
        return {"role": ROLES.get(value[0], value[0]), "parts": _parts(value[1])}
    said = first(value, ("role", "type"))
    said = said if isinstance(said, str) and said not in ("message", "text") else role
    parts = _parts(first(value, ("content", "parts")))
    if said == "tool":
        answered = {
            "type": "tool_call_response",
            "id": read(value, "tool_call_id") or "",
            "response": read(value, "content"),
        }
        parts = [answered]
    calls = read(value, "tool_calls")
    parts += [_tool_call(call) for call in calls[:100]] if isinstance(calls, (list, tuple)) else []
    return {"role": ROLES.get(said, said), "parts": parts}


def _parts(content: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    if content is None or content == "":
        return []
    if isinstance(content, (list, tuple)):
        return [part for block in content[:500] for part in _item(block)]
    return [_text(content) if isinstance(content, str) else {"type": "text", "content": content}]


def _item(block: Any) -> list[dict[str, Any]]:  # noqa: ANN401
    """The parts in one content block, or in one item of a Responses answer."""
    if isinstance(block, str):
        return [_text(block)]
    kind = read(block, "type")
    if kind == "message":
        return _parts(read(block, "content"))
    if kind in ("tool_use", "function_call"):
        return [_tool_call(block)]
    if kind == "tool_result":
        return [
            {"type": "tool_call_response", "id": read(block, "tool_use_id") or "", "response": read(block, "content")}
        ]
    if kind in ("thinking", "reasoning"):
        text = first(block, ("thinking", "text"))
        return [{"type": "reasoning", "content": text}] if text else []
    if isinstance(text := read(block, "text"), str):
        return [_text(text)]
    if kind in ("image_url", "input_image", "image"):
        # Pictures are named, not sent: a data address is megabytes of base64.
        address = read(block, "image_url")
        address = read(address, "url") if not isinstance(address, str) else address
        short = isinstance(address, str) and not address.startswith("data:")
        return [{"type": "uri", "modality": "image", "uri": address if short else "<inline image>"}]
    return [{"type": str(kind or "unknown"), "content": block}]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "content": text}


def _tool_call(call: Any) -> dict[str, Any]:  # noqa: ANN401
    """OpenAI's (arguments as JSON text inside ``function``), Anthropic's (``input``) or LangChain's (``args``)."""
    function = read(call, "function")
    source = call if function is None else function
    arguments = first(source, ("arguments", "args", "input"))
    if isinstance(arguments, str) and len(arguments) < 100_000:
        with contextlib.suppress(ValueError, RecursionError):
            arguments = json.loads(arguments)
    return {
        "type": "tool_call",
        "id": first(call, ("call_id", "id")) or "",
        "name": read(source, "name") or "",
        "arguments": arguments,
    }

"""Conversations: flattened into numbered names, spread over events, or whole; all become GenAI message JSON.

``[{"role": "user", "parts": [{"type": "text", "content": "…"}]}]``; a lone text stays a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from telemetry.dialects.draft import Draft
from telemetry.dialects.table import Group, Part
from telemetry.dialects.values import as_text, json_text, parse_json, plain, text

DEFAULT_ROLES = {"input": "user", "output": "assistant"}
#: A conversation that somebody made up to hurt us is cut here.
MAX_MESSAGES = 2000

_FINISH_REASON = re.compile(r'"finish_reason":\s*"(\w+)"')


def flattened_group(prefix: str, side: str) -> Group:
    """OpenInference: one attribute for each leaf of each message."""
    call = f"{prefix}.tool_calls.{{}}.tool_call"
    content = f"{prefix}.contents.{{}}.message_content"
    return Group(
        {
            f"{prefix}.role": "role",
            f"{prefix}.content": "content",
            f"{prefix}.name": "name",
            f"{prefix}.tool_call_id": "call_id",
            f"{content}.type": "part_type",
            f"{content}.text": "part_text",
            f"{content}.image.image.url": "part_image",
            f"{call}.id": "tool_id",
            f"{call}.function.name": "tool_name",
            f"{call}.function.arguments": "tool_arguments",
        },
        assemble(side),
        side,
    )


def assemble(side: str) -> Callable[[list[Part], Draft, int], None]:
    """Build the messages of one side and offer them; what the model asked tools for is offered too."""

    def build(parts: list[Part], draft: Draft, rank: int) -> None:
        messages: dict[int, dict[Any, str]] = {}
        for indices, leaf, raw in sorted(parts, key=lambda part: part.indices):
            first, *inner = indices or (0,)
            if len(messages) < MAX_MESSAGES or first in messages:
                messages.setdefault(first, {})[(leaf, *inner)] = text(raw)
        built = [_message(leaves, side) for leaves in messages.values()]
        draft.offer(side, json_text(built), rank)
        if side == "output":
            draft.offer("tool_calls", tool_calls(built), rank)
            draft.offer("finish_reason", next((m["finish_reason"] for m in built if "finish_reason" in m), ""), rank)

    return build


def _message(leaves: dict[Any, str], side: str) -> dict[str, Any]:
    role = leaves.get(("role",)) or DEFAULT_ROLES[side]
    content = leaves.get(("content",), "")
    parts: list[dict[str, Any]] = []
    if role == "tool" and (call_id := leaves.get(("call_id",))):
        parts.append({"type": "tool_call_response", "id": call_id, "response": content})
    elif content:
        parts.append({"type": "text", "content": content})
    parts += _contents(leaves)
    parts += _calls(leaves)
    message: dict[str, Any] = {"role": role, "parts": parts}
    if name := leaves.get(("name",)):
        message["name"] = name
    if reason := leaves.get(("finish_reason",)):
        message["finish_reason"] = reason
    return message


def assemble_calls(parts: list[Part], draft: Draft, rank: int) -> None:
    """Tool calls flattened into numbered names, apart from the message that made them."""
    calls: dict[tuple[int, ...], dict[str, str]] = {}
    for indices, leaf, raw in sorted(parts, key=lambda part: part.indices):
        calls.setdefault(indices, {})[leaf] = text(raw)
    draft.offer("tool_calls", json_text([_call(call) for call in calls.values()]), rank)


def _numbers(leaves: Iterable[Any], prefix: str) -> list[int]:
    return sorted({leaf[1] for leaf in leaves if len(leaf) == 2 and leaf[0].startswith(prefix)})


def _contents(leaves: dict[Any, str]) -> list[dict[str, Any]]:
    parts = []
    for number in _numbers(leaves, "part_"):
        if url := leaves.get(("part_image", number)):
            parts.append({"type": "uri", "modality": "image", "uri": url})
        elif content := leaves.get(("part_text", number)):
            kind = leaves.get(("part_type", number), "text")
            parts.append({"type": "reasoning" if kind == "reasoning" else "text", "content": content})
    return parts


def _calls(leaves: dict[Any, str]) -> list[dict[str, Any]]:
    return [
        {
            "type": "tool_call",
            "id": leaves.get(("tool_id", number), ""),
            "name": leaves.get(("tool_name", number), ""),
            "arguments": _parsed(leaves.get(("tool_arguments", number), "")),
        }
        for number in _numbers(leaves, "tool_")
    ]


def _parsed(value: Any) -> Any:
    if isinstance(value, str):
        parsed = parse_json(value)
        return value if parsed is None else parsed
    return value


def assemble_texts(side: str) -> Callable[[list[Part], Draft, int], None]:
    """Numbered texts: one is kept as it is, several as a JSON list."""

    def build(parts: list[Part], draft: Draft, rank: int) -> None:
        texts = [text(part.raw) for part in sorted(parts, key=lambda part: part.indices)]
        draft.offer(side, texts[0] if len(texts) == 1 else json_text(texts), rank)

    return build


def event(side: str, role: str) -> Callable[[Draft, Any, int], None]:
    """A message that came as a span event; they are gathered in the order of their coming."""

    def add(draft: Draft, event: Any, rank: int) -> None:
        body = {key: plain(event.attributes[key]) for key in event.attributes}
        message = from_event(body, role)
        if message["parts"]:
            draft.heard.spoken.setdefault(side, []).append((event.time_unix_nano, message))

    return add


def from_event(body: dict[str, Any], role: str) -> dict[str, Any]:
    """A GenAI message from the body of an event: ``{content, role, tool_calls}`` or ``{finish_reason, message}``."""
    inner = _parsed(body.get("message"))
    spoken = {**body, **inner} if isinstance(inner, dict) else body
    content = spoken.get("content", spoken.get("gen_ai.event.content"))
    parts: list[dict[str, Any]] = []
    if content:
        parts.append(_content_part(content, spoken, role))
    for call in _items(_parsed(spoken.get("tool_calls"))):
        parts.append({"type": "tool_call", **_call(call)})
    message: dict[str, Any] = {"role": as_text(spoken.get("role") or role), "parts": parts}
    if body.get("finish_reason"):
        message["finish_reason"] = as_text(body["finish_reason"])
    return message


def _content_part(content: Any, spoken: dict[str, Any], role: str) -> dict[str, Any]:
    if role == "tool":
        return {"type": "tool_call_response", "id": as_text(spoken.get("id", "")), "response": content}
    return {"type": "text", "content": content if isinstance(content, str) else json_text(content)}


def _items(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _call(call: dict[str, Any]) -> dict[str, Any]:
    """``{"id", "name", "arguments"}`` from GenAI's form or OpenAI's."""
    function = call.get("function")
    source = function if isinstance(function, dict) else call
    return {
        "id": as_text(call.get("call_id") or call.get("id", "")),
        "name": as_text(source.get("name", "")),
        "arguments": _parsed(source.get("arguments", source.get("args", ""))),
    }


def tool_calls(messages: list[dict[str, Any]]) -> str:
    """JSON of what the model asked tools for in these messages, ``""`` for nothing."""
    calls = [
        _call(part)
        for message in messages
        for part in _parts(message)
        if part.get("type") in ("tool_call", "tool_use", "function", "function_call", None)
    ]
    return json_text(calls) if calls else ""


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    """What may be a tool call in it; in OpenAI's Responses API a call stands beside the messages, not in one."""
    if message.get("type") == "function_call":
        return [message]
    return [part for side in ("parts", "tool_calls", "content") for part in _items(message.get(side))]


def tool_calls_in(output: str) -> str:
    """The same from an output as text: GenAI messages, OpenAI's message or its whole response."""
    parsed = parse_json(output)
    if isinstance(parsed, dict):
        choices = [choice.get("message") for choice in _items(parsed.get("choices"))]
        parsed = choices or [parsed]
    return tool_calls(_items(parsed))


def finish_reason_in(output: str) -> str:
    """Why the model stopped, from the JSON of its messages. Inside a text the quotes would be escaped."""
    found = _FINISH_REASON.search(output)
    return found[1] if found else ""


def with_system(system: str, conversation: str) -> str:
    """The system text in front of the messages, unless it is among them already."""
    if '"role":"system"' in conversation or '"role": "system"' in conversation:
        return conversation
    parts = system if system[:1] == "[" else json_text([{"type": "text", "content": system}])
    head = f'{{"role":"system","parts":{parts}}}'
    if conversation[:1] != "[":
        message = json_text({"role": "user", "parts": [{"type": "text", "content": conversation}]})
        return f"[{head},{message}]" if conversation else f"[{head}]"
    rest = conversation[1:].lstrip()
    return f"[{head}{rest}" if rest[:1] == "]" else f"[{head},{rest}"


def count_in(conversation: str) -> int:
    """How many messages a conversation has: the number of inputs of an embedding call."""
    parsed = parse_json(conversation)
    return len(parsed) if isinstance(parsed, list) else 1

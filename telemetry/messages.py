"""Reading a span's input or output as a conversation, whatever form its sender gave it.

Understood are plain text, GenAI messages with parts, OpenAI's and Anthropic's messages, requests and responses,
OpenInference's and LangChain's forms, and the plain ``{"question": …}`` of hand-written code. What is not understood
stays readable as JSON. Nothing here raises: odd contents only lose their structure.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import orjson

from telemetry import lenient_json

PartKind = Literal["text", "reasoning", "tool_call", "tool_result", "media", "json"]


class Part(NamedTuple):
    """One piece of a message. ``name`` is the tool's name or the kind of medium."""

    kind: PartKind
    text: str
    name: str = ""


class Message(NamedTuple):
    #: ``system`` | ``user`` | ``assistant`` | ``tool``, or what the sender called it; empty where nobody said.
    role: str
    parts: list[Part]

    @property
    def text(self) -> str:
        """What was said, without reasoning, tool calls and their results."""
        return "\n".join(part.text for part in self.parts if part.kind == "text")


_ROLES = {
    "human": "user", "humanmessage": "user", "humanmessagechunk": "user",
    "ai": "assistant", "aimessage": "assistant", "aimessagechunk": "assistant",
    "model": "assistant", "bot": "assistant",
    "systemmessage": "system", "developer": "system",
    "toolmessage": "tool", "function": "tool", "functionmessage": "tool",
}  # fmt: skip

#: Where a JSON object holds its conversation, and the keys of hand-written inputs and outputs; first match wins.
_CONVERSATIONS = ("messages", "input_messages", "output_messages", "choices", "generations", "candidates", "contents")
_SYSTEM = ("system", "system_instructions", "instructions", "system_prompt")
_LONE_TEXTS = (
    "question", "query", "prompt", "input", "user_input", "text", "answer", "output", "output_text", "response",
    "result", "completion", "content",
)  # fmt: skip
#: Deeper nesting is nobody's conversation.
_DEPTH = 6
_MOST_MESSAGES = 2000


def parse(text: str) -> Any:  # noqa: ANN401
    """The JSON in the text, also JSON in a JSON string; the text itself when it is none."""
    value: Any = text
    for _ in range(2):
        if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "[", '"'):
            break
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            break
    return value


def conversation(text: str, *, role: str = "") -> list[Message]:
    """The messages in a span's input or output; ``role`` is that of a text which names none."""
    if not text:
        return []
    value = parse(text)
    found = [message for message in _messages(value, role, _DEPTH) if message.parts]
    if not found and value not in (None, "", [], {}):
        found = [Message(role, [Part("json", as_text(value))])]
    return found[:_MOST_MESSAGES]


def question(text: str) -> str:
    """What the user said last in an input; empty when nobody did."""
    said = conversation(text, role="user")
    return next((message.text for message in reversed(said) if message.role == "user" and message.text), "")


def system(text: str) -> str:
    """The system text of an input."""
    return "\n".join(message.text for message in conversation(text) if message.role == "system")


def answer(text: str) -> str:
    """What the model said in an output, without tool calls and reasoning; empty when it said nothing."""
    said = conversation(text, role="assistant")
    return "\n".join(message.text for message in said if message.role == "assistant" and message.text)


def as_text(value: Any) -> str:  # noqa: ANN401
    """Any JSON value for reading: text as it is, all else as compact JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else lenient_json.dumps(value)


def _role(value: Any, otherwise: str) -> str:  # noqa: ANN401
    name = str(value or "").lower()
    return _ROLES.get(name, name) or otherwise


def _messages(value: Any, role: str, depth: int) -> Iterator[Message]:  # noqa: ANN401
    if depth == 0:
        return
    if isinstance(value, str):
        if value:
            yield Message(role, [Part("text", value)])
    elif isinstance(value, list):
        if value and all(isinstance(item, dict) and "role" not in item and _is_part(item) for item in value):
            yield Message(role, list(_parts(value)))
        else:
            for item in value:
                yield from _messages(item, role, depth - 1)
    elif isinstance(value, dict):
        yield from _from_object(value, role, depth)


def _from_object(value: dict[str, Any], role: str, depth: int) -> Iterator[Message]:
    if isinstance(kwargs := value.get("kwargs"), dict) and "content" in kwargs:
        # LangChain's serialised message: the class name stands for the role.
        kind = value["id"][-1] if isinstance(value.get("id"), list) and value["id"] else kwargs.get("type")
        yield _message(kwargs, _role(kind, role))
    elif "role" in value or value.get("type") in ("human", "ai", "message") or "tool_calls" in value:
        inner = value.get("data") if isinstance(value.get("data"), dict) else value
        named = value.get("role") or (value["type"] if value.get("type") in ("human", "ai") else "")
        yield _message(inner, _role(named, role))
    elif isinstance(value.get("message"), dict):
        yield from _messages(value["message"], role or "assistant", depth - 1)
    elif isinstance(output := value.get("output"), list):
        yield from _messages(output, "assistant", depth - 1)
    elif key := next((name for name in _CONVERSATIONS if isinstance(value.get(name), list)), ""):
        yield from _system(value, depth)
        yield from _messages(value[key], role, depth - 1)
    elif _is_part(value):
        yield Message(role, [_part(value)])
    elif lone := next((name for name in _LONE_TEXTS if value.get(name)), ""):
        yield from _system(value, depth)
        yield from _messages(value[lone], role, depth - 1)


def _system(value: dict[str, Any], depth: int) -> Iterator[Message]:
    for name in _SYSTEM:
        if value.get(name):
            yield from _messages(value[name], "system", depth - 1)
            return


def _message(value: dict[str, Any], role: str) -> Message:
    parts: list[Part] = []
    content = value.get("parts") or value.get("contents") or value.get("content")
    if role == "tool" and isinstance(content, str):
        parts.append(Part("tool_result", content, str(value.get("name") or "")))
    else:
        parts.extend(_parts(content))
    if isinstance(reasoning := value.get("reasoning_content"), str) and reasoning:
        parts.insert(0, Part("reasoning", reasoning))
    if isinstance(value.get("refusal"), str) and value["refusal"]:
        parts.append(Part("text", value["refusal"]))
    calls = value.get("tool_calls")
    parts.extend(_tool_call(call) for call in (calls if isinstance(calls, list) else ()) if isinstance(call, dict))
    return Message(role, parts)


def _is_part(item: dict[str, Any]) -> bool:
    return "type" in item and item["type"] not in ("human", "ai", "message")


def _parts(content: Any) -> Iterator[Part]:  # noqa: ANN401
    if isinstance(content, str):
        if content:
            yield Part("text", content)
    elif isinstance(content, list):
        for item in content:
            if isinstance(item, str):
                yield Part("text", item)
            elif isinstance(item, dict):
                yield _part(item)
            elif item is not None:
                yield Part("json", as_text(item))
    elif isinstance(content, dict):
        yield _part(content)


def _part(item: dict[str, Any]) -> Part:
    if isinstance(inner := item.get("message_content"), dict):
        item = inner
    kind = str(item.get("type") or "")
    match kind:
        case "text" | "input_text" | "output_text" | "" if isinstance(_text(item), str):
            return Part("text", _text(item))
        case "reasoning" | "thinking":
            return Part("reasoning", as_text(item.get("content") or item.get("thinking") or item.get("summary")))
        case "tool_call" | "tool_use" | "function" | "function_call" | "server_tool_call":
            return _tool_call(item)
        case "tool_call_response" | "tool_result" | "function_call_output" | "server_tool_call_response":
            found = next((item[key] for key in ("response", "result", "content", "output") if key in item), "")
            return Part("tool_result", as_text(found), str(item.get("name") or ""))
        case "refusal":
            return Part("text", as_text(item.get("refusal")))
        case "image" | "image_url" | "input_image" | "audio" | "input_audio" | "blob" | "file" | "uri" | "document":
            return Part("media", _address(item), str(item.get("modality") or kind.removesuffix("_url")))
    return Part("json", as_text(item))


def _text(item: dict[str, Any]) -> Any:  # noqa: ANN401
    return next((item[key] for key in ("content", "text") if key in item), None)


def _tool_call(call: dict[str, Any]) -> Part:
    source = call["function"] if isinstance(call.get("function"), dict) else call
    found = next((source[key] for key in ("arguments", "args", "input") if source.get(key)), "")
    return Part("tool_call", as_text(found), str(source.get("name") or ""))


def _address(item: dict[str, Any]) -> str:
    """Where the medium is; its bytes are never shown."""
    image = item.get("image_url")
    found = image.get("url") if isinstance(image, dict) else image or item.get("uri") or item.get("file_id")
    return found if isinstance(found, str) and not found.startswith("data:") else ""

"""Conversations in the form of the GenAI conventions: ``[{"role", "parts": [{"type", …}]}]`` as JSON."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from json.encoder import encode_basestring as quoted
from typing import Any

from onwatch_sdk import content, responses
from onwatch_sdk.responses import first, follow, read
from onwatch_sdk.texts import json_of

#: Of one conversation; the first and the last of a longer one are kept.
MAX_MESSAGES = 200
#: Of one message.
MAX_PARTS = 100
#: LangChain's and Google's names of roles -> the conventions'.
ROLES = {"human": "user", "ai": "assistant", "model": "assistant", "AIMessageChunk": "assistant"}
#: Where an answer keeps its message, the first that is there.
ANSWERS: tuple[tuple[str | int, ...], ...] = (
    ("choices", 0, "message"),
    ("candidates", 0, "content"),
    ("output", "message"),
    ("message",),
)


def input_messages(value: Any) -> str:
    """JSON for a prompt or a list of messages; empty for what is neither."""
    if isinstance(value, str):
        return Writer().conversation([("user", value)])
    if not isinstance(value, (list, tuple)) or not value:
        return ""
    if isinstance(value[0], str) and all(isinstance(part, str) for part in value[:MAX_MESSAGES]):
        return Writer().conversation([("user", value)])
    if not _is_message(value[0]):
        return ""
    kept: Iterable[Any] = value
    if len(value) > MAX_MESSAGES:
        gap = {"role": "system", "content": f"[{len(value) - MAX_MESSAGES} messages left out]"}
        kept = [*value[: MAX_MESSAGES // 2], gap, *value[-(MAX_MESSAGES // 2) :]]
    return Writer().conversation(kept)


def parts_of(text: str) -> str:
    """JSON for a text that belongs to no message."""
    return content.unicode(f"[{','.join(Writer().parts(text))}]")


def output_messages(answer: Any) -> str:
    """JSON for what a model answered; empty where it has neither text nor tool calls in a known place."""
    writer = Writer()
    if isinstance(answer, str):
        return writer.conversation([("assistant", answer)]) if answer else ""
    if not responses.may_be_answer(answer) and not _is_message(answer):
        return ""
    if isinstance(items := read(answer, "output"), (list, tuple)):
        # OpenAI's Responses: messages and tool calls are items of one list.
        parts = writer.parts(items)
    else:
        spoken = next((inner for path in ANSWERS if (inner := follow(answer, path)) is not None), answer)
        parts = writer.spoken(spoken)
    if not parts:
        text = responses.output_of(answer)
        if not isinstance(text, str):
            return ""
        parts = writer.parts(text)
    return f"[{writer.message('assistant', parts, responses.finish_reason(answer))}]"


def _is_message(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return len(value) == 2 and isinstance(value[0], str)
    named = isinstance(first(value, ("role", "type")), str)
    return named and first(value, ("content", "parts", "tool_calls")) is not None


class Writer:
    """Writes messages of OpenAI, Anthropic, LangChain, Google and ``(role, text)`` within one allowance of characters.

    JSON is written as it is found, part by part: prompts are long, and a copy as dictionaries would cost more than all
    the rest of a span.
    """

    def __init__(self) -> None:
        self._left = content.policy.max_characters
        self._redact = content.policy.redact

    def conversation(self, messages: Iterable[Any]) -> str:
        return content.unicode(f"[{','.join([self._one(message) for message in messages])}]")

    def message(self, role: str, parts: list[str], finish_reason: Any = None) -> str:
        ended = f',"finish_reason":{quoted(str(finish_reason))}' if isinstance(finish_reason, str) else ""
        return f'{{"role":{quoted(ROLES.get(role, role))},"parts":[{",".join(parts)}]{ended}}}'

    def _one(self, value: Any) -> str:
        if type(value) is dict:
            role, said = value.get("role"), value.get("content")
            if type(role) is str and type(said) is str and said and role != "tool" and "tool_calls" not in value:
                return self.message(role, [self._text(said)])
        if isinstance(value, str):
            return self.message("user", self.parts(value))
        if isinstance(value, (tuple, list)) and len(value) == 2:
            return self.message(str(value[0]), self.parts(value[1]))
        role = first(value, ("role", "type"))
        role = str(role) if isinstance(role, str) and role != "message" else "user"
        return self.message(role, self.spoken(value))

    def spoken(self, value: Any) -> list[str]:
        """The parts of one message: its content and the tools that it asks for."""
        if isinstance(value, str):
            return self.parts(value)
        said = first(value, ("content", "parts"))
        if read(value, "role") == "tool" or read(value, "type") == "tool":
            return [self._answered(read(value, "tool_call_id"), said)]
        calls = read(value, "tool_calls")
        calls = calls[:MAX_PARTS] if isinstance(calls, (list, tuple)) else ()
        return [*self.parts(said), *(self._tool_call(call) for call in calls)]

    def parts(self, said: Any) -> list[str]:
        if isinstance(said, str):
            return [self._text(str.__str__(said))] if said else []
        if said is None:
            return []
        if isinstance(said, (list, tuple)):
            return [part for block in said[:MAX_PARTS] for part in self._block(block)]
        return [self._other("text", said)]

    def _block(self, block: Any) -> list[str]:
        """The parts in one content block, or in one item of a Responses answer."""
        if isinstance(block, str):
            return [self._text(str.__str__(block))]
        kind = read(block, "type")
        if kind == "message":
            return self.parts(read(block, "content"))
        if kind in ("tool_use", "function_call"):
            return [self._tool_call(block)]
        if kind == "tool_result":
            return [self._answered(read(block, "tool_use_id"), read(block, "content"))]
        if kind in ("thinking", "reasoning"):
            text = first(block, ("thinking", "text"))
            return [self._text(text, "reasoning")] if isinstance(text, str) else []
        if isinstance(text := read(block, "text"), str):
            return [self._text(str.__str__(text))]
        if kind in ("image_url", "input_image", "image"):
            return [self._image(read(block, "image_url"))]
        return [self._other(kind if isinstance(kind, str) else "unknown", block)]

    def _text(self, text: str, kind: str = "text") -> str:
        if self._redact is not None:
            text = content.recorded(text)
        if len(text) > self._left:
            text = f"{text[: max(0, self._left)]}… [cut: {len(text):,} characters in all]"
        self._left -= len(text)
        return f'{{"type":"{kind}","content":{quoted(text)}}}'

    def _json(self, value: Any) -> str:
        text = json_of(value)
        if len(text) > self._left:
            text = quoted(f"[left out: {len(text):,} characters of JSON]")
        self._left -= len(text)
        return text

    def _other(self, kind: str, value: Any) -> str:
        return f'{{"type":{quoted(kind)},"content":{self._json(value)}}}'

    def _image(self, address: Any) -> str:
        """Pictures are named, not sent: a data address is megabytes of base64."""
        address = address if isinstance(address, str) else read(address, "url")
        short = isinstance(address, str) and not address.startswith("data:")
        return f'{{"type":"uri","modality":"image","uri":{quoted(address[:2000] if short else "<inline image>")}}}'

    def _answered(self, identity: Any, said: Any) -> str:
        return f'{{"type":"tool_call_response","id":{self._json(identity or "")},"response":{self._json(said)}}}'

    def _tool_call(self, call: Any) -> str:
        """OpenAI's (arguments as JSON text inside ``function``), Anthropic's (``input``) or LangChain's (``args``)."""
        function = read(call, "function")
        source = call if function is None else function
        arguments = first(source, ("arguments", "args", "input"))
        if isinstance(arguments, str) and len(arguments) < content.policy.max_characters:
            with contextlib.suppress(ValueError, RecursionError):
                arguments = json.loads(arguments)
        identity = self._json(first(call, ("call_id", "id")) or "")
        name = self._json(read(source, "name") or "")
        return f'{{"type":"tool_call","id":{identity},"name":{name},"arguments":{self._json(arguments)}}}'

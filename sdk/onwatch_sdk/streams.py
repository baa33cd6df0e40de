"""What the chunks of a stream add up to: text, tokens, model and tool calls."""

from __future__ import annotations

from typing import Any

from onwatch_sdk import content, responses
from onwatch_sdk.responses import follow, read

#: Where a chunk's piece of text is, the first that is there.
DELTAS: tuple[tuple[str | int, ...], ...] = (
    ("choices", 0, "delta", "content"),
    ("choices", 0, "text"),
    ("delta", "text"),
    ("delta",),
    ("message", "content"),
    ("content",),
    ("text",),
    ("response",),
    ("answer",),
)
#: Where a chunk holds the answer, or its head, as a whole: Anthropic's start, the end of OpenAI's Responses.
WHOLES = ("message", "response")
#: Chunks that are kept as they are.
MAX_OTHERS = 200


class Heard:
    """Gathers from chunks of text or of the usual clients; bounded, however long the stream.

    With ``collect`` the chunks are things of their own (documents, vectors): they are kept as they are.
    """

    def __init__(self, *, collect: bool = False) -> None:
        self.number = 0
        self._collect = collect
        self.attributes: dict[str, Any] = {}
        #: What the chunks were, when they were no text.
        self.others: list[Any] = []
        self._texts: list[str] = []
        self._characters = 0
        self._counts: dict[str, int] = {}
        self._calls: dict[int, dict[str, str]] = {}

    def add(self, chunk: Any, *, keep: bool) -> None:
        """Take what the chunk says; its text only with ``keep``."""
        self.number += 1
        if self._collect:
            self._put_aside(chunk, True)
            return
        if isinstance(chunk, str):
            if keep:
                self._say(str.__str__(chunk))
            return
        if chunk is None or isinstance(chunk, (bytes, int, float)):
            self._put_aside(chunk, keep)
            return
        said = self._facts(chunk)
        if not keep:
            return
        text = next((text for path in DELTAS if (text := responses.joined(follow(chunk, path))) is not None), None)
        if text is not None:
            self._say(text)
        elif not self._tool_calls(chunk) and not said:
            self._put_aside(chunk, keep)

    def _say(self, text: str) -> None:
        if text and self._characters <= content.policy.max_characters:
            self._texts.append(text)
            self._characters += len(text)

    def _put_aside(self, chunk: Any, keep: bool) -> None:
        if keep and len(self.others) < MAX_OTHERS:
            self.others.append(chunk)

    def _facts(self, chunk: Any) -> bool:
        said = False
        for part in (chunk, *(read(chunk, name) for name in WHOLES)):
            if part is None or isinstance(part, (str, list)):
                continue
            # Counts grow from chunk to chunk, and a later chunk may be silent about what an earlier one said.
            for what, number in responses.counts(responses.usage_of(part)).items():
                self._counts[what] = max(number, self._counts.get(what, 0))
                said = True
            for name, value in responses.attributes(part).items():
                if not name.startswith(("gen_ai.usage.", "llm.tokens.", "ai.tokens.")):
                    self.attributes[name] = value
                    said = True
        if isinstance(reason := read(read(chunk, "delta"), "stop_reason"), str):
            self.attributes["gen_ai.response.finish_reasons"] = [reason]
        return said

    def _tool_calls(self, chunk: Any) -> bool:
        """OpenAI's pieces of tool calls: id and name come first, the arguments bit by bit."""
        pieces = follow(chunk, ("choices", 0, "delta", "tool_calls"))
        for place, piece in enumerate(pieces if isinstance(pieces, (list, tuple)) else ()):
            number = read(piece, "index")
            call = self._calls.setdefault(number if isinstance(number, int) else place, {"arguments": ""})
            function = read(piece, "function")
            for name, value in (("id", read(piece, "id")), ("name", read(function, "name"))):
                if isinstance(value, str) and value:
                    call[name] = value
            more = read(function, "arguments")
            if isinstance(more, str) and len(call["arguments"]) <= content.policy.max_characters:
                call["arguments"] += more
        return bool(pieces)

    @property
    def text(self) -> str:
        return "".join(self._texts)

    @property
    def asked_tools(self) -> bool:
        return bool(self._calls)

    def answer(self) -> dict[str, Any]:
        """The whole as one OpenAI-like message, for the same reading as an answer that came at once."""
        calls = [
            {"id": call.get("id", ""), "function": {"name": call.get("name", ""), "arguments": call["arguments"]}}
            for _, call in sorted(self._calls.items())
        ]
        return {"role": "assistant", "content": self.text, "tool_calls": calls}

    def facts(self) -> dict[str, Any]:
        """Tokens, served model, id and why it ended, as far as the stream said."""
        return {**self.attributes, **responses.token_attributes(self._counts)}

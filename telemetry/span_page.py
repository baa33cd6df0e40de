"""One span as people read it: conversations, documents, facts, attributes; long texts cut with their length said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson

from telemetry import messages
from telemetry.dialects.values import MAX_LABEL
from telemetry.queries import WholeSpan
from telemetry.span import CALL_KINDS

#: Characters of one piece of text, and of one attribute, until somebody asks for all.
PREVIEW = 2000
ATTRIBUTE_PREVIEW = 400
DOCUMENT_PREVIEW = 280
#: Beyond this even "all" is cut: the raw text is a link of its own.
MOST_CHARACTERS = 1_000_000
#: Messages of a long conversation: its first and its last ones.
FIRST_MESSAGES = 1
LAST_MESSAGES = 8
MOST_METADATA = 12
MOST_DOCUMENTS = 50

COST_SOURCES = {
    "reported": "as reported by the sender",
    "override": "by the project's own price",
    "price_book": "by the price book",
}


class Text(NamedTuple):
    """A piece of text; ``hidden`` characters of it are not shown."""

    shown: str
    hidden: int = 0
    #: ``text`` | ``reasoning`` | ``tool_call`` | ``tool_result`` | ``media`` | ``json``
    kind: str = "text"
    #: Of the tool or medium.
    name: str = ""


class Turn(NamedTuple):
    role: str
    parts: list[Text]


class Conversation(NamedTuple):
    """``skipped`` turns between the first and the last ones are not shown."""

    first: list[Turn]
    last: list[Turn]
    skipped: int
    #: Characters that the span holds, as it came.
    length: int

    @property
    def hidden(self) -> bool:
        """Whether something of it is not shown."""
        return bool(self.skipped) or any(part.hidden for turn in (*self.first, *self.last) for part in turn.parts)


class ShownDocument(NamedTuple):
    rank: int
    id: str
    score: float | None
    content: Text
    #: Its metadata: source, page and the like.
    about: list[tuple[str, Text]]


class ToolCall(NamedTuple):
    id: str
    name: str
    arguments: Text


def conversation(text: str, *, role: str, length: int, whole: bool) -> Conversation:
    turns = [
        Turn(message.role, [_part(part, whole) for part in message.parts])
        for message in messages.conversation(text, role=role)
    ]
    skipped = 0 if whole else max(0, len(turns) - FIRST_MESSAGES - LAST_MESSAGES)
    split = FIRST_MESSAGES if skipped else 0
    return Conversation(turns[:split], turns[split + skipped :], skipped, length)


def _part(part: messages.Part, whole: bool) -> Text:
    text = part.text if part.kind in ("text", "reasoning", "media") else pretty(part.text)
    return cut(text, whole=whole)._replace(kind=part.kind, name=part.name)


def cut(text: str, *, whole: bool, at: int = PREVIEW) -> Text:
    limit = MOST_CHARACTERS if whole else at
    # A few characters more are no reason to make anyone click.
    return Text(text) if len(text) <= limit * 1.2 else Text(text[:limit], len(text) - limit)


def pretty(text: str) -> str:
    """JSON with indentation; whatever is none stays as it is."""
    value = messages.parse(text)
    if isinstance(value, dict | list) and value:
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()
    return text


def documents(span: WholeSpan, *, whole: bool) -> list[ShownDocument]:
    found = messages.parse(span.documents)
    items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [
        ShownDocument(
            rank,
            messages.as_text(item.get("id")),
            _score(item.get("score")),
            _content(item.get("content"), whole),
            _about(item.get("metadata"), whole),
        )
        for rank, item in enumerate(items[:MOST_DOCUMENTS] if not whole else items, 1)
    ]


def _content(content: Any, whole: bool) -> Text:  # noqa: ANN401
    return cut(messages.as_text(content), whole=whole, at=DOCUMENT_PREVIEW)


def _about(metadata: Any, whole: bool) -> list[tuple[str, Text]]:  # noqa: ANN401
    pairs = list(metadata.items()) if isinstance(metadata, dict) else []
    return [(name, _content(value, whole)) for name, value in (pairs if whole else pairs[:MOST_METADATA])]


def _score(value: Any) -> float | None:  # noqa: ANN401
    return float(value) if isinstance(value, int | float) else None


def tool_calls(span: WholeSpan, *, whole: bool) -> list[ToolCall]:
    """What the model asked tools for."""
    found = messages.parse(span.tool_calls)
    items = [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
    return [
        ToolCall(
            messages.as_text(item.get("id")),
            messages.as_text(item.get("name")),
            cut(pretty(messages.as_text(item.get("arguments"))), whole=whole),
        )
        for item in items
    ]


def attributes(span: WholeSpan, *, whole: bool) -> list[tuple[str, Text]]:
    """Name and value of every attribute that no table understood."""
    found = messages.parse(span.attributes)
    if not isinstance(found, dict):
        return [("", cut(span.attributes, whole=whole))] if span.attributes else []
    return [
        (name, cut(messages.as_text(value), whole=whole, at=ATTRIBUTE_PREVIEW)) for name, value in sorted(found.items())
    ]


class Fact(NamedTuple):
    """``filter`` is the list's parameter that finds more of the same."""

    label: str
    value: str
    filter: str = ""


_FACTS = (
    ("Provider", "provider", "provider"),
    ("Model", "model", "model"),
    ("Served by", "response_model", ""),
    ("Finish reason", "finish_reason", ""),
    ("Service tier", "service_tier", ""),
    ("Tool", "tool_name", ""),
    ("Feature", "feature", "feature"),
    ("User", "user_id", "user_id"),
    ("Session", "session_id", "session_id"),
    ("Environment", "environment", "environment"),
    ("Release", "release", "release"),
    ("Prompt", "prompt_name", "prompt_name"),
    ("Prompt version", "prompt_version", "prompt_version"),
    ("Experiment", "experiment", ""),
    ("Variant", "variant", "variant"),
    ("Service", "service", "service"),
    ("Instrumentation", "scope", "scope"),
    ("Dialect", "dialect", "dialect"),
    ("Sent by", "client", "client"),
)


#: Facts that are no column, by the names that senders give them.
_FACTS_IN_ATTRIBUTES = (
    ("Index", ("gen_ai.data_source.id", "retrieval.index", "gen_ai.retrieval.source")),
    ("Documents found", ("retrieval.num_results", "gen_ai.retrieval.document_count")),
)


def facts(span: WholeSpan) -> list[Fact]:
    """What is known beside texts and figures, in the order in which one asks for it."""
    return list(_known_facts(span))


def _known_facts(span: WholeSpan) -> Iterator[Fact]:
    for label, name, parameter in _FACTS:
        value = getattr(span, name)
        if value and not (name == "response_model" and value == span.model):
            yield Fact(label, value, parameter)
    told = messages.parse(span.attributes)
    for label, names in _FACTS_IN_ATTRIBUTES if isinstance(told, dict) else ():
        if name := next((name for name in names if name in told), ""):
            yield Fact(label, messages.as_text(told[name])[:MAX_LABEL])
    if span.tags:
        yield Fact("Tags", ", ".join(span.tags))


class Page(NamedTuple):
    """Everything of a span that is more than a plain value."""

    facts: list[Fact]
    input: Conversation
    output: Conversation
    documents: list[ShownDocument]
    #: Those that the output does not show by itself.
    tool_calls: list[ToolCall]
    attributes: list[tuple[str, Text]]
    error: Text
    ids: list[tuple[str, str]]
    cost_source: str
    is_call: bool

    @property
    def has_hidden(self) -> bool:
        texts = [document.content for document in self.documents]
        texts += [value for document in self.documents for _, value in document.about]
        texts += [call.arguments for call in self.tool_calls]
        texts += [self.error, *(value for _, value in self.attributes)]
        return self.input.hidden or self.output.hidden or any(text.hidden for text in texts)


def build(span: WholeSpan, *, whole: bool) -> Page:
    """``whole`` shows all of every text."""
    output = conversation(span.output, role="assistant", length=span.output_length, whole=whole)
    said = any(part.kind == "tool_call" for turn in output.last for part in turn.parts)
    ids = (("Trace", span.trace_id), ("Span", span.span_id), ("Parent", span.parent_id), ("Response", span.response_id))
    return Page(
        facts=facts(span),
        input=conversation(span.input, role="user", length=span.input_length, whole=whole),
        output=output,
        documents=documents(span, whole=whole),
        tool_calls=[] if said else tool_calls(span, whole=whole),
        attributes=attributes(span, whole=whole),
        error=cut(span.error_message, whole=whole),
        ids=[(label, value) for label, value in ids if value],
        cost_source=COST_SOURCES.get(span.cost_source, span.cost_source),
        is_call=span.kind in CALL_KINDS,
    )

"""What a LangSmith run says in its outputs: tool calls, why the model stopped, vectors. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import Any

from telemetry.dialects import embeddings, messages
from telemetry.dialects.langsmith_places import at, first, list_at, path, paths
from telemetry.dialects.settle import FINISH_REASONS
from telemetry.embedding_facts import embedding_facts
from telemetry.span import Span

FINISH_PLACES = paths(
    "choices.0.finish_reason",
    "generations.0.0.generation_info.finish_reason",
    "generations.0.0.message.kwargs.response_metadata.finish_reason",
    "finish_reason",
    "stop_reason",
)
TELLING_WHY = frozenset(place[0] for place in FINISH_PLACES)
#: Where lists of a model's messages are (in vendors' responses, LangChain's generations, alone), and where in an entry.
MESSAGE_LISTS = (
    (path("choices"), path("message")),
    (path("generations.0"), path("message.kwargs")),
    (path("messages"), ()),
    (path("output"), ()),
)
LONE_MESSAGES = paths("", "output", "message", "messages")
#: One of these is in every output that asks for a tool.
SIGNS_OF_A_TOOL_CALL = ('"tool_call', '"tool_use"', '"type":"function')
DOCUMENT_KEYS = frozenset({"id", "page_content", "metadata", "type"})
#: More answers to one question are not looked at.
MOST_MESSAGES = 50
#: Where vectors are, beside the outputs themselves.
VECTOR_PLACES = paths("", "output", "outputs", "embeddings")


def tool_calls(outputs: Any, output: str) -> str:  # noqa: ANN401
    """JSON of what the model asked tools for; ``output`` is all that it said, as JSON."""
    if not any(sign in output for sign in SIGNS_OF_A_TOOL_CALL):
        return ""
    found = [at(entry, inside) for place, inside in MESSAGE_LISTS for entry in list_at(outputs, place)[:MOST_MESSAGES]]
    found += [at(outputs, place) for place in LONE_MESSAGES]
    return messages.tool_calls([message for message in found if isinstance(message, dict) and _may_call(message)])


def _may_call(message: Mapping[str, Any]) -> bool:
    """Parts without a type would be taken for calls; only lists of parts with types are read."""
    content = message.get("content")
    typed = isinstance(content, list) and all(isinstance(part, dict) and part.get("type") for part in content)
    return bool(message.get("tool_calls")) or typed


def finish_reason(outputs: Any) -> str:  # noqa: ANN401
    if not isinstance(outputs, dict) or TELLING_WHY.isdisjoint(outputs):
        return ""
    reason = first(outputs, FINISH_PLACES)
    return FINISH_REASONS.get(reason, reason) if isinstance(reason, str) else ""


def is_told_by_documents(outputs: Any) -> bool:  # noqa: ANN401
    """Whether the documents of a retrieval, as LangChain writes them, are all that it put out."""
    if not isinstance(outputs, dict) or outputs.keys() != {"documents"} or not isinstance(outputs["documents"], list):
        return False
    return all(map(_is_plain_document, outputs["documents"]))


def _is_plain_document(entry: Any) -> bool:  # noqa: ANN401
    return (
        isinstance(entry, dict)
        and entry.keys() <= DOCUMENT_KEYS
        and isinstance(entry.get("page_content"), str)
        and isinstance(entry.get("id"), (str, NoneType))
        and isinstance(entry.get("metadata"), (dict, NoneType))
        and entry.get("type") in (None, "Document")
    )


def fill_embedding(span: Span, outputs: Any) -> None:  # noqa: ANN401
    """The vectors of the answer go; facts about them stay."""
    for place in VECTOR_PLACES:
        value = at(outputs, place)
        if value and (vectors := embeddings.vectors_in(value)):
            break
    else:
        return
    span.output = ""
    if facts := embedding_facts(vectors):
        span.embedding_count, span.embedding_dimensions = facts.count, facts.dimensions
        span.embedding_norm, span.embedding_projection = facts.norm, facts.projection

"""Reading what model calls return: text, tokens and names, from the usual clients' objects and plain dictionaries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

#: Attribute of the span <- paths in the result, the first that is there.
PATHS: dict[str, tuple[str, ...]] = {
    "gen_ai.usage.input_tokens": ("usage.prompt_tokens", "usage.input_tokens", "usage_metadata.input_tokens"),
    "gen_ai.usage.output_tokens": ("usage.completion_tokens", "usage.output_tokens", "usage_metadata.output_tokens"),
    "gen_ai.usage.cache_read.input_tokens": (
        "usage.prompt_tokens_details.cached_tokens",
        "usage.cache_read_input_tokens",
        "usage_metadata.input_token_details.cache_read",
    ),
    "gen_ai.usage.cache_write.input_tokens": ("usage.cache_creation_input_tokens",),
    "gen_ai.usage.reasoning.output_tokens": ("usage.completion_tokens_details.reasoning_tokens",),
    "gen_ai.response.model": ("model",),
    "gen_ai.response.id": ("id",),
}
TEXT_PATHS = (
    "choices.0.message.content",
    "choices.0.text",
    "content.0.text",
    "output_text",
    "content",
    "text",
    "answer",
)
DELTA_PATHS = ("choices.0.delta.content", "choices.0.text", "delta.text", "content", "text")


def look(value: Any, path: str) -> Any:  # noqa: ANN401
    """Follow a dotted path through attributes, keys and indexes; None where it ends early."""
    for part in path.split("."):
        if value is None:
            return None
        if isinstance(value, dict):
            value = value.get(part)
        elif part.isdigit():
            value = value[int(part)] if isinstance(value, (list, tuple)) and len(value) > int(part) else None
        else:
            value = getattr(value, part, None)
    return value


def first(value: Any, paths: Iterable[str]) -> Any:  # noqa: ANN401
    return next((found for path in paths if (found := look(value, path)) is not None), None)


def attributes(result: Any) -> dict[str, str | int]:  # noqa: ANN401
    """What the result says of tokens and model."""
    if isinstance(result, str) or result is None:
        return {}
    found = {name: first(result, paths) for name, paths in PATHS.items()}
    return {name: value for name, value in found.items() if isinstance(value, (str, int)) and value not in ("", 0)}


def output_text(result: Any) -> Any:  # noqa: ANN401
    """The answer's text where the result has one in a known place, else the result itself."""
    if isinstance(result, str):
        return result
    text = first(result, TEXT_PATHS)
    return text if isinstance(text, str) else result


def delta_text(chunk: Any) -> str:  # noqa: ANN401
    """The piece of text in one chunk of a stream."""
    if isinstance(chunk, str):
        return chunk
    text = first(chunk, DELTA_PATHS)
    return text if isinstance(text, str) else ""

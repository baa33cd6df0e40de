"""Reading what model calls return: tokens, names and text, from the usual clients' objects and plain dictionaries.

No client is imported: an answer is recognised by its fields. Objects that have none of them are not touched, because
reading an attribute may run code (``content`` of a streaming HTTP response reads it to the end).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

#: Where answers keep their token counts.
USAGES = ("usage", "usage_metadata", "usageMetadata", "token_usage")
#: What tells that an object is an answer of a model, beside the above.
MARKS = ("choices", "candidates", "response_metadata", "output_text", "embeddings")

#: Count -> its names in a usage object: OpenAI chat and Responses, Anthropic, LangChain, Google, Bedrock, Ollama.
TOKENS: dict[str, tuple[str, ...]] = {
    "input": (
        "prompt_tokens", "input_tokens", "prompt_token_count", "promptTokenCount", "inputTokens", "prompt_eval_count",
    ),
    "output": (
        "completion_tokens", "output_tokens", "candidates_token_count", "candidatesTokenCount", "outputTokens",
        "eval_count",
    ),
    "cached": (
        "cache_read_input_tokens", "cached_content_token_count", "cachedContentTokenCount", "cacheReadInputTokens",
    ),
    "cache_write": ("cache_creation_input_tokens", "cacheWriteInputTokens"),
    "reasoning": ("thoughts_token_count", "thoughtsTokenCount"),
    "total": ("total_tokens", "total_token_count", "totalTokenCount", "totalTokens"),
}  # fmt: skip
#: Objects inside a usage object, and the counts in them.
DETAILS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("prompt_tokens_details", (("cached", "cached_tokens"),)),
    ("input_tokens_details", (("cached", "cached_tokens"),)),
    ("completion_tokens_details", (("reasoning", "reasoning_tokens"),)),
    ("output_tokens_details", (("reasoning", "reasoning_tokens"),)),
    ("input_token_details", (("cached", "cache_read"), ("cache_write", "cache_creation"))),
    ("output_token_details", (("reasoning", "reasoning"),)),
)
#: Those whose input excludes what was cached; the conventions' includes it.
EXCLUSIVE = ("cache_read_input_tokens", "cache_creation_input_tokens", "cacheReadInputTokens", "cacheWriteInputTokens")
#: Google's output excludes thoughts; the conventions' includes them.
THOUGHTS = ("thoughts_token_count", "thoughtsTokenCount")

#: Count -> the attributes that say it: the conventions' name, then the plain one.
NAMES: dict[str, tuple[str, ...]] = {
    "input": ("gen_ai.usage.input_tokens", "llm.tokens.input"),
    "output": ("gen_ai.usage.output_tokens", "llm.tokens.output"),
    "cached": ("gen_ai.usage.cache_read.input_tokens", "ai.tokens.cached"),
    "cache_write": ("gen_ai.usage.cache_write.input_tokens", "ai.tokens.cache_write"),
    "reasoning": ("gen_ai.usage.reasoning.output_tokens", "ai.tokens.reasoning"),
}
SERVED = ("model", "model_version", "modelVersion", "model_name")
IDS = ("id", "response_id", "responseId")
MAX_TOKENS = 2**53


@functools.lru_cache(maxsize=512)
def _sort(kind: type) -> str:
    if issubclass(kind, Mapping):
        return "mapping"
    return "model" if hasattr(kind, "__pydantic_fields__") else "object"


def is_mapping(value: Any) -> bool:
    """As ``isinstance`` would say, without its cost."""
    return _sort(type(value)) == "mapping"


@functools.lru_cache(maxsize=512)
def _class_names(kind: type) -> frozenset[str]:
    return frozenset(dir(kind))


def read(value: Any, name: str) -> Any:
    """A key or an attribute, whichever the value has; None where it has neither, or where reading it fails."""
    kind = type(value)
    if kind is dict:
        return value.get(name)
    try:
        sort = _sort(kind)
        if sort == "mapping":
            return value.get(name)
        if sort == "model":
            # A pydantic model takes a microsecond and an exception to say that it has no such field.
            if name in value.__dict__:
                return value.__dict__[name]
            if (more := value.__pydantic_extra__) and name in more:
                return more[name]
            return getattr(value, name, None) if name in _class_names(kind) else None
        return getattr(value, name, None)
    except Exception:
        return None


def first(value: Any, names: tuple[str, ...]) -> Any:
    for name in names:
        if (found := read(value, name)) is not None:
            return found
    return None


def at(value: Any, place: int) -> Any:
    """An entry of a list; None for everything else."""
    return value[place] if isinstance(value, (list, tuple)) and -len(value) <= place < len(value) else None


def is_answer(value: Any) -> bool:
    """Whether it has the fields of a model's answer."""
    return (
        value is not None
        and not isinstance(value, (str, bytes, int, float, list, tuple))
        and (first(value, USAGES) is not None or first(value, MARKS) is not None)
    )


def may_be_answer(value: Any) -> bool:
    """Whether it is worth a look: a dictionary, or an object with the fields of an answer."""
    return type(value) is dict or is_mapping(value) or is_answer(value)


def counts(usage: Any) -> dict[str, int]:
    """Tokens as the conventions count them: input includes cached ones, output includes reasoning."""
    found: dict[str, int] = {}
    for what, names in TOKENS.items():
        for name in names:
            if (number := _whole(read(usage, name))) is not None:
                found[what] = number
                break
    if not found:
        return found
    for name, inner in DETAILS:
        if (details := read(usage, name)) is not None:
            for what, key in inner:
                if number := _whole(read(details, key)):
                    found.setdefault(what, number)
    if ("cached" in found or "cache_write" in found) and any(read(usage, name) for name in EXCLUSIVE):
        found["input"] = found.get("input", 0) + found.get("cached", 0) + found.get("cache_write", 0)
    if "reasoning" in found and any(read(usage, name) for name in THOUGHTS):
        found["output"] = found.get("output", 0) + found["reasoning"]
    if "total" in found and "input" not in found and "output" not in found:
        found["input"] = found["total"]
    return found


def _whole(value: Any) -> int | None:
    """A count that can be believed: bool, text and objects that answer to every name are none."""
    if type(value) is int:
        return value if 0 <= value < MAX_TOKENS else None
    if value is None or isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < MAX_TOKENS:
        return None
    return int(value)


def token_attributes(found: Mapping[str, int]) -> dict[str, int]:
    return {name: number for what, number in found.items() if number for name in NAMES.get(what, ())}


def usage_of(answer: Any) -> Any:
    """The usage object; the answer itself for those that keep counts beside the text (Ollama)."""
    usage = first(answer, USAGES)
    if usage is None and is_mapping(metadata := read(answer, "response_metadata")):
        usage = first(metadata, USAGES)
    return answer if usage is None else usage


def attributes(answer: Any) -> dict[str, Any]:
    """What the answer says of tokens, served model, id, cost and why it ended."""
    if not may_be_answer(answer):
        return {}
    found: dict[str, Any] = token_attributes(counts(usage_of(answer)))
    metadata = read(answer, "response_metadata")
    metadata = metadata if is_mapping(metadata) else {}
    served = first(answer, SERVED) or first(metadata, ("model_name", "model"))
    if isinstance(served, str) and served:
        found["gen_ai.response.model"] = str(served)
    identity = first(answer, IDS)
    if isinstance(identity, str) and identity:
        found["gen_ai.response.id"] = str(identity)
    if isinstance(reason := finish_reason(answer) or first(metadata, ("finish_reason", "stop_reason")), str):
        found["gen_ai.response.finish_reasons"] = [str(reason)]
    cost = first(answer, ("cost_usd", "total_cost")) if is_mapping(answer) else None
    if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 < cost < MAX_TOKENS:
        found["llm.cost_usd"] = float(cost)
    return found


def finish_reason(answer: Any) -> Any:
    """Why the model stopped, in the provider's word; None where it does not say."""
    for choices in ("choices", "candidates"):
        if (choice := at(read(answer, choices), 0)) is not None:
            reason = first(choice, ("finish_reason", "finishReason"))
            # Google's is an enumeration.
            return reason if isinstance(reason, str) else read(reason, "name")
    return first(answer, ("stop_reason", "stopReason", "done_reason"))


#: Where the text of an answer is, the first that is there. Numbers are places in a list.
TEXTS: tuple[tuple[str | int, ...], ...] = (
    ("choices", 0, "message", "content"),
    ("choices", 0, "text"),
    ("output_text",),
    ("candidates", 0, "content", "parts"),
    ("output", "message", "content"),
    ("message", "content"),
    ("content",),
    ("answer",),
    ("text",),
    ("response",),
    ("result",),
    ("output",),
)


def follow(value: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        if value is None:
            return None
        value = at(value, step) if isinstance(step, int) else read(value, step)
    return value


def output_of(answer: Any) -> Any:
    """The answer's text where it is in a known place, else the answer itself."""
    if not may_be_answer(answer):
        return answer
    for path in TEXTS:
        if (text := joined(follow(answer, path))) is not None:
            return text
    return answer


def joined(found: Any) -> str | None:
    """Text, or the text parts of a list of content blocks; None where there is none."""
    if isinstance(found, str):
        return found
    if not isinstance(found, (list, tuple)):
        return None
    texts = [part if isinstance(part, str) else read(part, "text") for part in found[:1000]]
    texts = [text for text in texts if isinstance(text, str)]
    return "".join(texts) if texts else None

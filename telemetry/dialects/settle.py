"""What remains when all attributes are read: facts that follow from others, and senders' habits put right."""

from __future__ import annotations

import re
from typing import Any

from telemetry import errors
from telemetry.dialects import embeddings, messages
from telemetry.dialects.documents import from_list
from telemetry.dialects.draft import NOBODY, SLOT, Draft
from telemetry.dialects.events import without_folders
from telemetry.dialects.lookup import LOOKUP
from telemetry.dialects.values import MAX_LABEL, as_size, parse_json
from telemetry.span import Kind

#: Without a word about the kind, the first of these facts tells it.
KIND_FROM_FACT: tuple[tuple[int, Kind], ...] = tuple(
    (SLOT[fact], kind)
    for fact, kind in (
        ("embedding_model", "embedding"),
        ("embedding_count", "embedding"),
        ("embedding_dimensions", "embedding"),
        ("query", "retrieval"),
        ("documents", "retrieval"),
        ("top_score", "retrieval"),
        ("input_tokens", "llm"),
        ("output_tokens", "llm"),
        ("total_tokens", "llm"),
        ("model", "llm"),
        ("response_model", "llm"),
        ("model_name", "llm"),
        ("tool_name", "tool"),
    )
)
#: A more exact word than "generation", which gateways use for every call.
EXACT_KINDS = frozenset({"embedding", "rerank"})

#: Instrumentation scopes whose spans without a kind repeat the call above them.
ECHOING_SCOPES = ("litellm",)
FINISH_REASONS = {"tool_calls": "tool_call", "function_call": "tool_call", "tool_use": "tool_call"}
#: One of these is in every output that asks for a tool; OpenAI's clients write ``"function_call": null`` everywhere.
SIGNS_OF_A_TOOL_CALL = ('"tool_call', '"tool_use"', '"type": "function_call"', '"type":"function_call"')
#: How an output begins that is a vector, or several.
BARE_VECTOR = re.compile(r"\s*\[[\s\[]*-?\d")

#: Names that say no more than "error".
UNTELLING = frozenset({"", "Exception", "BaseException", "Error", "_OTHER"})
#: Where a message ends that holds its traceback as well.
TRACEBACK = "Traceback (most recent call last)"
MAX_PARSED = 1_000_000

STATUS_UNSET, STATUS_OK, STATUS_ERROR = 0, 1, 2

KIND, NAME, TRACE, PARENT = SLOT["kind"], SLOT["name"], SLOT["trace_id"], SLOT["parent_id"]
MODEL, RESPONSE_MODEL, MODEL_NAME = SLOT["model"], SLOT["response_model"], SLOT["model_name"]
INPUT_TOKENS, OUTPUT_TOKENS, TOTAL_TOKENS = SLOT["input_tokens"], SLOT["output_tokens"], SLOT["total_tokens"]
CACHED, CACHE_WRITE, REASONING = SLOT["cached_tokens"], SLOT["cache_write_tokens"], SLOT["reasoning_tokens"]
COST, COST_SOURCE, FINISH = SLOT["cost_nano"], SLOT["cost_source"], SLOT["finish_reason"]
INPUT, OUTPUT, DOCUMENTS, TOOL_CALLS = SLOT["input"], SLOT["output"], SLOT["documents"], SLOT["tool_calls"]
TOOL_NAME = SLOT["tool_name"]
STATUS, DIALECT, SCOPE, COUNTED = SLOT["status"], SLOT["dialect"], SLOT["scope"], SLOT["counted"]
SYSTEM, QUERY, TOP_SCORE, OWN_NAME = SLOT["system"], SLOT["query"], SLOT["top_score"], SLOT["own_name"]
REQUEST_TYPE, EMBEDDING_MODEL, EMBEDDING_COUNT = SLOT["request_type"], SLOT["embedding_model"], SLOT["embedding_count"]
ERROR_NAME, FAILED = SLOT["error_name"], SLOT["failed"]
STREAMING, FIRST_TOKEN_IF_STREAMING = SLOT["streaming"], SLOT["first_token_if_streaming_ms"]
HYBRID, OTEL_ONLY, MADE_UP_PARENT = SLOT["hybrid"], SLOT["otel_only"], SLOT["made_up_parent"]
DURATION, STATED_LATENCY = SLOT["duration_ms"], SLOT["stated_latency_ms"]
FIRST_TOKEN_MS, FIRST_TOKEN_NS = SLOT["time_to_first_token_ms"], SLOT["first_token_ns"]


def settle(draft: Draft, status_code: int, status_message: str) -> None:
    """Complete the draft. ``status_code`` is OTLP's: 0 unset, 1 ok, 2 error."""
    values, ranks = draft.values, draft.ranks
    kind = _settle_kind(values, ranks)
    if values[MODEL_NAME]:
        # The served one, unless that is said elsewhere: gateways use it for what was asked.
        wanted = MODEL if values[RESPONSE_MODEL] else RESPONSE_MODEL
        values[wanted] = values[wanted] or values[MODEL_NAME]
    if not values[MODEL]:
        values[MODEL] = values[EMBEDDING_MODEL] or values[RESPONSE_MODEL]
    if values[OWN_NAME]:
        values[NAME] = values[OWN_NAME]
    if values[COST]:
        values[COST_SOURCE] = "reported"
    if values[FINISH] in FINISH_REASONS:
        values[FINISH] = FINISH_REASONS[values[FINISH]]
    if values[QUERY] and not values[INPUT]:
        values[INPUT] = values[QUERY]
    if values[SYSTEM]:
        values[INPUT] = messages.with_system(values[SYSTEM], values[INPUT])
    if values[DURATION] == 0 and values[STATED_LATENCY]:
        values[DURATION] = values[STATED_LATENCY]
    if values[FIRST_TOKEN_MS] is None:
        if values[FIRST_TOKEN_NS]:
            values[FIRST_TOKEN_MS] = draft.ms_since_start(values[FIRST_TOKEN_NS])
        elif values[STREAMING]:
            values[FIRST_TOKEN_MS] = values[FIRST_TOKEN_IF_STREAMING] or None
    if values[STREAMING]:
        # Of the request's parameters the only one that is read; like the others it stays among the attributes.
        draft.rest["gen_ai.request.stream"] = True
    if values[MADE_UP_PARENT] and values[PARENT] and values[TRACE].startswith(values[PARENT]):
        values[PARENT] = ""
    if values[HYBRID] and not values[OTEL_ONLY]:
        values[COUNTED] = False
    _settle_tokens(values)
    _BY_KIND.get(kind, _nothing)(draft)
    if status_code == STATUS_ERROR or values[FAILED] or (status_code == STATUS_UNSET and values[ERROR_NAME]):
        _settle_error(draft, status_message)


def _settle_kind(values: list[Any], ranks: list[int]) -> str:
    """Set kind, dialect, and whether the span only echoes another."""
    kind = values[KIND]
    if ranks[KIND] < NOBODY:
        values[DIALECT] = LOOKUP.speaker(ranks[KIND])
        if values[REQUEST_TYPE] in EXACT_KINDS and kind == "llm":
            values[KIND] = kind = values[REQUEST_TYPE]
        return kind
    values[DIALECT] = LOOKUP.speaker(min(ranks[KIND:]))
    if values[REQUEST_TYPE]:
        kind = values[REQUEST_TYPE]
    elif values[SCOPE].startswith(ECHOING_SCOPES):
        values[COUNTED] = False
    else:
        kind = next((kind for slot, kind in KIND_FROM_FACT if ranks[slot] < NOBODY), "other")
    values[KIND] = kind
    return kind


def _settle_tokens(values: list[Any]) -> None:
    """Input includes what was cached, output includes reasoning, whatever the sender thinks of it."""
    cached = values[CACHED] + values[CACHE_WRITE]
    if cached > values[INPUT_TOKENS]:
        values[INPUT_TOKENS] += cached
    if values[REASONING] > values[OUTPUT_TOKENS]:
        values[OUTPUT_TOKENS] += values[REASONING]
    if values[TOTAL_TOKENS] and not (values[INPUT_TOKENS] and values[OUTPUT_TOKENS]):
        _split_total(values)


def _split_total(values: list[Any]) -> None:
    """Only one side or none is known beside the total: the other is the rest, input when nothing is known."""
    missing = values[TOTAL_TOKENS] - values[INPUT_TOKENS] - values[OUTPUT_TOKENS]
    if missing > 0:
        values[OUTPUT_TOKENS if values[INPUT_TOKENS] else INPUT_TOKENS] += missing


def _settle_llm(draft: Draft) -> None:
    values = draft.values
    output = values[OUTPUT]
    if len(output) > MAX_PARSED:
        return
    if not values[TOOL_CALLS] and any(sign in output for sign in SIGNS_OF_A_TOOL_CALL):
        values[TOOL_CALLS] = messages.tool_calls_in(output)
    if not values[FINISH] and '"finish_reason"' in output:
        reason = messages.finish_reason_in(output)
        values[FINISH] = FINISH_REASONS.get(reason, reason)


def _settle_embedding(draft: Draft) -> None:
    """The vectors of the answer go, whether or not facts about them could be had."""
    values = draft.values
    if BARE_VECTOR.match(values[OUTPUT]) or '"embedding' in values[OUTPUT][:500]:
        if not draft.has("embedding_norm") and (vectors := embeddings.vectors_in(parse_json(values[OUTPUT]))):
            embeddings.offer_facts(draft, vectors, NOBODY - 1)
        values[OUTPUT] = ""
    elif '"dimensions"' in values[OUTPUT][:500] and isinstance(facts := parse_json(values[OUTPUT]), dict):
        # Langfuse's wrapper of OpenAI tells this of the vectors instead of them.
        draft.offer("embedding_dimensions", as_size(facts.get("dimensions")), NOBODY - 1)
        draft.offer("embedding_count", as_size(facts.get("count")), NOBODY - 1)
    if not values[EMBEDDING_COUNT] and values[INPUT]:
        values[EMBEDDING_COUNT] = messages.count_in(values[INPUT])


def _settle_retrieval(draft: Draft) -> None:
    values = draft.values
    if not values[DOCUMENTS] and values[OUTPUT][:1] in ("[", "{"):
        values[DOCUMENTS] = from_list(parse_json(values[OUTPUT])) or []
    if not values[DOCUMENTS] and values[TOP_SCORE]:
        values[DOCUMENTS] = [{"score": float(values[TOP_SCORE])}]


def _settle_tool(draft: Draft) -> None:
    """Dialects without a word for the tool name its span after it."""
    values = draft.values
    if not values[TOOL_NAME]:
        values[TOOL_NAME] = values[NAME].removeprefix("execute_tool ")[:MAX_LABEL]


def _nothing(draft: Draft) -> None:
    """Other kinds need no more."""


_BY_KIND = {
    "llm": _settle_llm,
    "embedding": _settle_embedding,
    "retrieval": _settle_retrieval,
    "rerank": _settle_retrieval,
    "tool": _settle_tool,
}


def _settle_error(draft: Draft, status_message: str) -> None:
    values = draft.values
    message, _, traceback = (status_message or draft.get("exception_message") or "").partition(TRACEBACK)
    named = values[ERROR_NAME] or draft.get("exception_type")
    original = errors.named_in(message) if named in UNTELLING else named
    values[STATUS] = "error"
    values[SLOT["error_original"]] = original or named
    values[SLOT["error_message"]] = message.strip()
    values[SLOT["error_type"]] = errors.normalise(
        original, message=message, status_code=draft.get("status_code") or 0, kind=values[KIND]
    )
    if traceback:
        draft.rest.setdefault("exception.stacktrace", without_folders(TRACEBACK + traceback))

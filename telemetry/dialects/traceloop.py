"""Traceloop's OpenLLMetry: workflow spans, association properties, and the older numbered prompts and completions."""

from __future__ import annotations

from telemetry.dialects import events, messages
from telemetry.dialects.draft import Draft
from telemetry.dialects.metadata import prefixed, stand_in
from telemetry.dialects.table import Dialect, Group, Part
from telemetry.dialects.values import unless_null


def _numbered(prefix: str, side: str) -> Group:
    call = f"{prefix}.tool_calls.{{}}"
    return Group(
        {
            f"{prefix}.role": "role",
            f"{prefix}.content": "content",
            f"{prefix}.finish_reason": "finish_reason",
            f"{prefix}.tool_call_id": "call_id",
            f"{call}.id": "tool_id",
            f"{call}.name": "tool_name",
            f"{call}.arguments": "tool_arguments",
        },
        messages.assemble(side),
        side,
    )


def _entity(side: str) -> Group:
    """The arguments or the result of a function; ``null`` is the result of one that returns nothing."""

    def build(parts: list[Part], draft: Draft, rank: int) -> None:
        draft.offer(side, unless_null(parts[0].raw), rank)

    return Group({f"traceloop.entity.{side}": ""}, build, side)


TRACELOOP = Dialect(
    name="traceloop",
    fields=prefixed("traceloop.association.properties.")
    | {
        "kind": ["traceloop.span.kind"],
        "request_type": ["llm.request.type"],
        "own_name": ["traceloop.entity.name"],
        "model": ["llm.request.model"],
        "response_id": ["llm.response.id"],
        "total_tokens": ["llm.usage.total_tokens"],
        "reasoning_tokens": ["llm.usage.reasoning_tokens"],
        "cached_tokens": ["llm.usage.cache_read_input_tokens"],
        "cache_write_tokens": ["llm.usage.cache_creation_input_tokens"],
        "streaming": ["gen_ai.is_streaming", "llm.is_streaming"],
        "user_id": [*prefixed("traceloop.association.properties.")["user_id"], "llm.user"],
        "prompt_name": ["traceloop.prompt.key"],
        "prompt_version": ["traceloop.prompt.version"],
    },
    groups=[
        _numbered("gen_ai.prompt.{}", "input"),
        _numbered("gen_ai.completion.{}", "output"),
        # Behind the messages of a model call, which the function around it repeats as its arguments and result.
        _entity("input"),
        _entity("output"),
        stand_in("traceloop.prompt.version_name", "prompt_version"),
    ],
    events={
        "gen_ai.content.completion.chunk": events.first_token,
        "llm.content.completion.chunk": events.first_token,
        "db.query.result": events.query_result,
        "db.search.result": events.query_result,
    },
    kept=[
        "traceloop.workflow.name",
        "traceloop.entity.path",
        "traceloop.entity.version",
        "traceloop.prompt.managed",
        "traceloop.prompt.template",
        "traceloop.prompt.template_variables.",
        "traceloop.prompt.version_hash",
        "traceloop.prompt.version_name",
        "gen_ai.openai.api_base",
        "db.system",
        "db.vector.query.top_k",
    ],
)

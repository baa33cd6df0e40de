"""LiteLLM's ``otel`` callback: the GenAI conventions, costs of its own, and much about its keys."""

from __future__ import annotations

import re

from telemetry.dialects import events, messages, usage
from telemetry.dialects.draft import Draft
from telemetry.dialects.kinds import named
from telemetry.dialects.table import Dialect, Group, Part
from telemetry.dialects.values import label, text

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def given_by_people(raw: bytes) -> str | None:
    """The id, unless it is one that the gateway makes up for every call: those are no sessions."""
    value = text(raw)
    return None if _UUID.fullmatch(value) else value


def _routed(parts: list[Part], draft: Draft, rank: int) -> None:
    """``provider/model``, as the gateway names what it calls; of embeddings it says the provider nowhere else."""
    provider, _, model = label(parts[0].raw).rpartition("/")
    draft.offer("model", model, rank)
    draft.offer("provider", named(provider.partition("/")[0]), rank)


LITELLM = Dialect(
    name="litellm",
    fields={
        "cost_nano": ["gen_ai.cost.total_cost", "llm.response.cost"],
        "session_id": [("litellm.trace_id", given_by_people)],
        "provider": ["error.llm_provider"],
        "status_code": ["litellm.provider.error.code"],
    },
    groups=[
        # The only place that knows cached and reasoning tokens: the repr of a Python dictionary.
        Group({"metadata.usage_object": ""}, usage.usage_object),
        Group(
            {f"gen_ai.completion.{{}}.function_call.{leaf}": leaf for leaf in ("name", "arguments")},
            messages.assemble_calls,
            "tool_calls",
        ),
        Group({"error.stack_trace": ""}, events.stack_trace),
        Group({"litellm.provider.model": ""}, _routed),
    ],
    hidden=("metadata.requester_ip_address", "metadata.requester_custom_headers"),
    kept=[
        "resource.model_id",
        "litellm.call_id",
        "litellm.trace_id",
        "hidden_params",
        "metadata.applied_guardrails",
        "gen_ai.cost.",
        "llm.request.functions.",
    ],
)

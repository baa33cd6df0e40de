"""LiteLLM's ``otel`` callback: the GenAI conventions, costs of its own, and much about its keys."""

from __future__ import annotations

from telemetry.dialects import events, usage
from telemetry.dialects.table import Dialect, Group

LITELLM = Dialect(
    name="litellm",
    fields={
        "cost_nano": ["gen_ai.cost.total_cost", "llm.response.cost"],
        "model": ["litellm.provider.model"],
        "session_id": ["litellm.trace_id"],
        "provider": ["error.llm_provider"],
    },
    groups=[
        # The only place that knows cached and reasoning tokens: the repr of a Python dictionary.
        Group({"metadata.usage_object": ""}, usage.usage_object),
        Group({"error.stack_trace": ""}, events.stack_trace),
    ],
    hidden=("metadata.requester_ip_address", "metadata.requester_custom_headers"),
)

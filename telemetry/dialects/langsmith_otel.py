"""LangSmith's SDK when it sends OTLP: runs as spans, with their inputs and outputs as whole JSON."""

from __future__ import annotations

from telemetry.dialects import usage
from telemetry.dialects.metadata import SECRET_PREFIXES, prefixed
from telemetry.dialects.table import Dialect, Group
from telemetry.dialects.values import first_text, text, texts

METADATA = "langsmith.metadata."
_METADATA = prefixed(METADATA)


def _is_otel(raw: bytes) -> bool:
    """Whether the sender chose OTLP alone, spelled as a switch or as a mode."""
    return text(raw).strip().lower() in ("true", "1", "otel")


LANGSMITH = Dialect(
    name="langsmith",
    fields=_METADATA
    | {
        # A retriever calls its operation "embeddings": LangSmith's own word wins.
        "kind": ["langsmith.span.kind"],
        "provider": [f"{METADATA}ls_provider"],
        "model": [f"{METADATA}ls_model_name"],
        "service": ["langsmith.trace.session_name"],
        "prompt_name": [f"{METADATA}lc_hub_repo", *_METADATA["prompt_name"]],
        "prompt_version": [f"{METADATA}lc_hub_commit_hash", *_METADATA["prompt_version"]],
        "tags": [("langsmith.span.tags", texts)],
        "finish_reason": [(f"{METADATA}ls_finish_reason", first_text)],
        # The client chooses the id of a trace by naming a parent that exists nowhere.
        "made_up_parent": [("langsmith.trace.name", text)],
        # The same runs also come as runs, unless the sender chose OTLP alone.
        "hybrid": ["langsmith.internal_provider"],
        "otel_only": [(f"{METADATA}LANGSMITH_OTEL_ONLY", _is_otel), (f"{METADATA}LANGSMITH_TRACING_MODE", _is_otel)],
    },
    groups=[
        Group(
            {
                f"{METADATA}usage_metadata": "",
                "gen_ai.usage.input_token_details": "input",
                "gen_ai.usage.output_token_details": "output",
            },
            usage.usage_object,
        ),
    ],
    hidden=tuple(f"{METADATA}{secret}" for secret in SECRET_PREFIXES),
    kept=[
        # What the clients and LangChain say of themselves, in OTLP and in runs.
        *(
            f"{base}{name}"
            for base in (METADATA, "metadata.")
            for name in (
                "ls_method", "ls_model_type", "ls_retriever_name", "ls_temperature", "ls_max_tokens", "ls_stop",
                "ls_integration",
                "ls_invocation_params", "lc_versions", "lc_agent_name", "langgraph_node", "langgraph_step",
                "langgraph_path", "langgraph_triggers", "langgraph_checkpoint_ns", "checkpoint_ns", "model",
                "model_name", "stream", "temperature", "max_tokens", "_type",
            )
        ),
        # Which of its names a thread had is kept for who reads the run back.
        *(f"metadata.{name}" for name in ("thread_id", "session_id", "conversation_id")),
        "gen_ai.serialized.",
        "langsmith.request.streaming",
        "langsmith.trace.session_id",
        "invocation_params",
        "attachments",
        "reference_example_id",
        "run_type",
    ],
)  # fmt: skip

"""Langfuse 3 to 5: attributes of its SDK, and of others that send to it."""

from __future__ import annotations

from telemetry.dialects import metadata, usage
from telemetry.dialects.draft import NOBODY, Draft
from telemetry.dialects.kinds import maker
from telemetry.dialects.table import Alias, Dialect, Group, Part
from telemetry.dialects.values import iso_ns, label, text, texts, unquoted

LEVEL, MESSAGE = "langfuse.observation.level", "langfuse.observation.status_message"
#: The level of nearly everything, worth no place.
USUAL_LEVEL = "DEFAULT"


def _level(parts: list[Part], draft: Draft, rank: int) -> None:
    """Status stays unset in this dialect: the level tells an error, and the message then says which."""
    said = {part.leaf: text(part.raw) for part in parts}
    if said.get(LEVEL) == "ERROR":
        draft.offer("failed", True, rank)
        draft.offer("exception_message", said.get(MESSAGE), rank)
    else:
        draft.rest |= {name: value for name, value in said.items() if value and value != USUAL_LEVEL}


def _model(parts: list[Part], draft: Draft, rank: int) -> None:
    """The model; this dialect has no word for the provider, unless metadata has one."""
    name = label(parts[0].raw)
    draft.offer("model", name, rank)
    draft.offer("provider", maker(name), NOBODY - 1)


#: Release 5 wraps metadata in JSON quotes, 3 and 4 do not.
_METADATA: dict[str, list[Alias]] = {
    field: [(name, unquoted) for name in names]
    for field, names in metadata.prefixed("langfuse.trace.metadata.", "langfuse.observation.metadata.").items()
}

LANGFUSE = Dialect(
    name="langfuse",
    fields=_METADATA
    | {
        "kind": ["langfuse.observation.type"],
        "provider": ["langfuse.observation.metadata.provider", "langfuse.observation.metadata.ls_provider"],
        "finish_reason": [("langfuse.observation.metadata.finish_reason", unquoted)],
        "first_token_ns": [("langfuse.observation.completion_start_time", iso_ns)],
        "input": ["langfuse.observation.input", "langfuse.trace.input"],
        "output": ["langfuse.observation.output", "langfuse.trace.output"],
        "user_id": ["langfuse.user.id", *_METADATA["user_id"]],
        "session_id": ["langfuse.session.id", *_METADATA["session_id"]],
        "environment": ["langfuse.environment", *_METADATA["environment"]],
        "release": ["langfuse.release", *_METADATA["release"]],
        "prompt_name": ["langfuse.observation.prompt.name", *_METADATA["prompt_name"]],
        "prompt_version": ["langfuse.observation.prompt.version", *_METADATA["prompt_version"]],
        "experiment": ["langfuse.experiment.name", *_METADATA["experiment"]],
        "tags": [("langfuse.trace.tags", texts)],
    },
    groups=[
        Group({"langfuse.observation.usage_details": ""}, usage.langfuse_usage),
        Group({"langfuse.observation.cost_details": ""}, usage.reported_total),
        # Its own SDK flattens them, LiteLLM does not.
        *(
            Group({name: ""}, metadata.unpack(name))
            for name in ("langfuse.trace.metadata", "langfuse.observation.metadata")
        ),
        metadata.stand_in("langfuse.experiment.id", "experiment"),
        Group({LEVEL: LEVEL, MESSAGE: MESSAGE}, _level),
        Group({"langfuse.observation.model.name": ""}, _model),
    ],
    ignored=["public_key"],
    kept=[
        LEVEL,
        MESSAGE,
        "langfuse.observation.model.parameters",
        "langfuse.generation.name",
        "langfuse.trace.metadata",
        "langfuse.observation.metadata",
        "langfuse.trace.name",
        "langfuse.trace.public",
        "langfuse.experiment.",
        "langfuse.internal.",
        "langfuse.version",
    ],
)

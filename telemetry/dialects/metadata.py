"""What senders hide in free-form metadata: JSON texts and prefixes that hold users, sessions, features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from telemetry.dialects.draft import Draft
from telemetry.dialects.table import Group, Part
from telemetry.dialects.values import as_text, label, parse_json, plain

#: Keys that people use in metadata -> the field meant.
METADATA: dict[str, tuple[str, ...]] = {
    "user_id": ("user_id", "userId", "langfuse_user_id", "user"),
    "session_id": ("session_id", "sessionId", "thread_id", "conversation_id", "langfuse_session_id"),
    "feature": ("feature", "feature_name"),
    "environment": ("environment", "env"),
    "release": ("release", "revision_id"),
    "experiment": ("experiment", "experiment_name"),
    "variant": ("variant", "experiment_variant"),
    "prompt_name": ("prompt_name",),
    "prompt_version": ("prompt_version",),
}
#: Keys that must not be stored: personal data that gateways add, and the sender's environment.
SECRET_PREFIXES = ("user_api_key_", "LANGSMITH_", "LANGCHAIN_")


def prefixed(*prefixes: str) -> dict[str, list[str]]:
    """Aliases for metadata that is flattened behind a prefix."""
    return {field: [f"{prefix}{key}" for prefix in prefixes for key in keys] for field, keys in METADATA.items()}


def unpack(name: str) -> Callable[[list[Part], Draft, int], None]:
    """Metadata as one JSON text: what has a field goes there, the rest stays under the attribute's own name."""

    def build(parts: list[Part], draft: Draft, rank: int) -> None:
        value = plain(parts[0].raw)
        found = parse_json(value) if isinstance(value, str) else value
        if not isinstance(found, dict):
            draft.rest[name] = value
            return
        left = {
            key: item for key, item in found.items() if item not in (None, "") and not key.startswith(SECRET_PREFIXES)
        }
        take(left, draft, rank)
        if left:
            draft.rest[name] = left

    return build


def take(found: dict[str, Any], draft: Draft, rank: int) -> None:
    """Offer the known keys, and remove them."""
    for field, keys in METADATA.items():
        for key in keys:
            if key in found:
                draft.offer(field, as_text(found.pop(key)), rank)


def invocation_parameters(name: str) -> Callable[[list[Part], Draft, int], None]:
    """The request's parameters: kept as they are, and the model asked for may stand in them alone."""

    def build(parts: list[Part], draft: Draft, rank: int) -> None:
        value = plain(parts[0].raw)
        draft.rest[name] = value
        if not draft.has("model") and isinstance(value, str):
            found = parse_json(value)
            if isinstance(found, Mapping):
                draft.offer("model", as_text(found.get("model")), rank)

    return build


def stand_in(name: str, field: str) -> Group:
    """A fact of its own, hence kept, that also fills the field where nothing better does."""

    def build(parts: list[Part], draft: Draft, rank: int) -> None:
        if said := label(parts[0].raw):
            draft.rest[name] = said
            draft.offer(field, said, rank)

    return Group({name: ""}, build)

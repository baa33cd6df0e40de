"""Langfuse's own SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.clients.senders.sender import Sender


def _major(number: int, environment: str, address: str, **more: Any) -> Sender:
    settings: Mapping[str, str] = {address: "{url}", "LANGFUSE_PUBLIC_KEY": "any", "LANGFUSE_SECRET_KEY": "{key}"}
    given = {"program": "langfuse_openai.py", "spans": 6} | more
    return Sender(
        slug=f"langfuse-{number}",
        title=f"Langfuse SDK {number}",
        packages=("langfuse",),
        environment=environment,
        settings=settings,
        **given,
    )


SENDERS = (
    _major(5, "main", "LANGFUSE_BASE_URL"),
    _major(4, "langfuse4", "LANGFUSE_BASE_URL"),
    _major(3, "langfuse3", "LANGFUSE_HOST"),
    _major(
        2,
        "langfuse2",
        "LANGFUSE_HOST",
        program="langfuse2_openai.py",
        # It does not wrap embeddings.
        spans=5,
        # It names no service.
        options={"LANGFUSE_RELEASE": "langfuse-2"},
        options_say="Whatever else you set, for example:",
        found_by={"release": "langfuse-2"},
    ),
)

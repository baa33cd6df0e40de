"""Langfuse's own SDK."""

from __future__ import annotations

from tests.clients.senders.sender import Sender


def _major(number: int, environment: str, address: str) -> Sender:
    return Sender(
        slug=f"langfuse-{number}",
        title=f"Langfuse SDK {number}",
        packages=("langfuse",),
        environment=environment,
        program="langfuse_openai.py",
        settings={address: "{url}", "LANGFUSE_PUBLIC_KEY": "any", "LANGFUSE_SECRET_KEY": "{key}"},
        spans=6,
    )


SENDERS = (
    _major(5, "main", "LANGFUSE_BASE_URL"),
    _major(4, "langfuse4", "LANGFUSE_BASE_URL"),
    _major(3, "langfuse3", "LANGFUSE_HOST"),
)

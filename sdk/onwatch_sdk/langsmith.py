"""For teams that write LangSmith today: the same calls, on the real ``langsmith`` package, pointed at the console."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeVar

from langsmith import Client, traceable

F = TypeVar("F", bound=Callable[..., Any])

_client: Client | None = None


def setup_langsmith(endpoint: str, key: str, *, project: str = "default") -> Client:
    """Point LangSmith's client, LangChain and LangGraph at the console (its address, without a path)."""
    global _client
    address = f"{endpoint.rstrip('/')}/api/v1"
    os.environ.update(
        LANGSMITH_TRACING="true", LANGSMITH_ENDPOINT=address, LANGSMITH_API_KEY=key, LANGSMITH_PROJECT=project
    )
    _client = Client(api_url=address, api_key=key)
    return _client


def _ready() -> Client:
    return _client or Client()


def trace_chain(name: str = "", *, run_type: str = "chain", **more: Any) -> Callable[[F], F]:  # noqa: ANN401
    """``@traceable`` with this module's client."""

    def decorate(function: F) -> F:
        return traceable(run_type=run_type, name=name or function.__name__, client=_client, **more)(function)

    return decorate


def log_feedback(run_id: str, key: str, score: float | bool, *, comment: str | None = None) -> None:
    """Feedback on a run."""
    _ready().create_feedback(run_id, key=key, score=score, comment=comment)


def get_run_url(run_id: str) -> str:
    """Where the run is shown."""
    client = _ready()
    return client.get_run_url(run=client.read_run(run_id))

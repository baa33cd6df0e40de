"""For teams that write LangSmith today: the same calls, on the real ``langsmith`` package, pointed at the console.

Needs ``pip install "onwatch-sdk[langsmith]"``.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import langsmith
from langsmith import Client, traceable
from langsmith import utils as _utils
from langsmith.run_helpers import get_current_run_tree

from onwatch_sdk import console, content, counting
from onwatch_sdk.guard import harmless

# The package advises whoever calls it to move to newer calls. That is this module's affair, and those ask for ids of
# project and trace that a caller of ours does not have.
warnings.filterwarnings("ignore", module=r"onwatch_sdk\.langsmith")

_client: Client | None = None
_base = ""


def setup_langsmith(
    endpoint: str | None = None,
    key: str | None = None,
    *,
    project: str = "default",
    hide_inputs: bool | None = None,
    hide_outputs: bool | None = None,
) -> Client:
    """Point LangSmith's client, and with it LangChain and LangGraph, at the console (its address, without a path).

    Sets ``LANGSMITH_TRACING``, ``_ENDPOINT``, ``_API_KEY`` and ``_PROJECT`` for this process. ``endpoint`` and ``key``
    come from ``ONWATCH_ENDPOINT`` and ``ONWATCH_KEY`` where they are not given. Inputs and outputs are hidden when
    ``ONWATCH_CAPTURE_CONTENT=0``, unless said otherwise here. Returns the client.
    """
    global _base, _client
    where = console.Console(endpoint, key)
    _base = where.base
    # The path under which LangSmith's own client derives the address of a run's page from that of the API.
    address = f"{where.base}/api/v1"
    os.environ.update(
        LANGSMITH_TRACING="true",
        LANGSMITH_ENDPOINT=address,
        LANGSMITH_API_KEY=where.key,
        LANGSMITH_PROJECT=project,
    )
    # The package remembers the environment that it has read.
    forget = getattr(getattr(_utils, "get_env_var", None), "cache_clear", None)
    if forget is not None:
        forget()
    hidden = not content.policy.capture
    _client = Client(
        api_url=address,
        api_key=where.key,
        hide_inputs=hidden if hide_inputs is None else hide_inputs,
        hide_outputs=hidden if hide_outputs is None else hide_outputs,
    )
    configure = getattr(langsmith, "configure", None)
    if configure is not None:
        # So that functions that were decorated before, and ``traceable`` itself, send by this client as well.
        configure(client=_client, enabled=True)
    return _client


def _ready() -> Client:
    return _client or setup_langsmith()


def trace_chain(
    name: Any = "",
    *,
    run_type: Any = "chain",
    metadata: Mapping[str, Any] | None = None,
    tags: list[str] | None = None,
    **more: Any,
) -> Any:
    """``@traceable``: bare or with arguments, for every sort of function, before or after ``setup_langsmith``.

    ``metadata`` of ``user_id``, ``session_id`` and ``feature`` becomes user, session and feature. Further arguments
    are those of ``traceable``.
    """

    def decorate(function: Any) -> Any:
        called = name if isinstance(name, str) and name else getattr(function, "__name__", "chain")
        return traceable(run_type=run_type, name=called, metadata=metadata, tags=tags, **more)(function)

    return decorate(name) if callable(name) else decorate


@harmless
def log_feedback(
    run_id: str | UUID | None,
    key: str,
    score: float | bool | None = None,
    *,
    value: Any = None,
    comment: str | None = None,
) -> None:
    """Feedback on a run; on the one that is running where ``run_id`` is None. Never raises.

    Sent in the background where the package knows the run's trace, else at once.
    """
    counting.count("scores_given")
    try:
        run = get_current_run_tree() if run_id is None else None
        target = run.id if run is not None else run_id
        if target is None:
            raise ValueError("no run is named, and none is running")
        trace_id = run.trace_id if run is not None else None
        _ready().create_feedback(target, key=key, score=score, value=value, comment=comment, trace_id=trace_id)
    except Exception as error:
        counting.lost("scores_failed", 1, str(error))
    else:
        counting.count("scores_sent")


def get_run_url(run_id: str | UUID) -> str:
    """The page of a run in the console; empty when it cannot be found (it may not have been sent yet)."""
    try:
        client = _ready()
        found = urlsplit(client.get_run_url(run=client.read_run(run_id)))
        # For an address on this machine the package answers with "localhost", and without the port.
        return f"{_base}{found.path}" + (f"?{found.query}" if found.query else "")
    except Exception:
        counting.fault("get_run_url")
        return ""


def flush() -> None:
    """Wait until the runs that were recorded have been sent."""
    _ready().flush()

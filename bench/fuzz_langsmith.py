"""LangSmith's runs for the fuzzer: bodies of ``POST /runs/batch``, joined and translated as they are when they come."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import orjson

from telemetry.dialects import langsmith
from telemetry.dialects.decoded import BadBody, BadItem


def decode(body: bytes, *, json: bool, caller: Any) -> SimpleNamespace:
    """The spans of all runs in the body whose pieces are good."""
    try:
        batch = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadBody(str(error)) from None
    runs: dict[str, dict[str, Any]] = {}
    for piece in _pieces(batch):
        with contextlib.suppress(BadItem):
            identity = langsmith.run_id(piece.get("id"))
            runs[identity] = langsmith.merged(runs.get(identity, {}), langsmith.checked(piece))
    spans = []
    for run in runs.values():
        with contextlib.suppress(BadItem):
            spans.append(langsmith.to_span(run, caller))
    return SimpleNamespace(spans=spans)


def _pieces(batch: Any) -> Iterator[dict[str, Any]]:
    for name in ("post", "patch"):
        listed = batch.get(name) if isinstance(batch, dict) else None
        for piece in listed if isinstance(listed, list) else ():
            if isinstance(piece, dict):
                yield piece


def bodies() -> Iterator[bytes]:
    """A run of each type, with every place that is read, in two pieces."""
    outputs: dict[str, Any] = {
        name: "text" for where, names in langsmith.OUTPUT_FIELDS if not where for name, _ in names
    }
    for where in (*langsmith.USAGE_PLACES, *langsmith.DOCUMENT_LISTS):
        if len(where) == 1:
            outputs[str(where[0])] = "text"
    usage = {"input_tokens": 9, "output_tokens": 3, "input_token_details": {"cache_read": 4}, "total_cost": 0.5}
    kwargs = {"content": "x", "usage_metadata": usage, "tool_calls": [{"id": "c", "name": "t", "args": {"a": 1}}]}
    outputs |= {
        "usage_metadata": usage,
        "generations": [[{"message": {"kwargs": kwargs}, "generation_info": {"finish_reason": "stop"}}]],
        "choices": [{"message": {"role": "assistant", "content": "x"}, "finish_reason": "stop"}],
        "documents": [{"id": "d", "page_content": "x", "metadata": {"score": 0.5}}],
        "embeddings": [[1.0, 2.0]],
    }
    metadata = {"ls_provider": "openai", "ls_model_name": "gpt-4o-mini", "user_id": "u", "thread_id": "t"}
    for number, kind in enumerate(langsmith.KINDS):
        identity = f"{number:08d}-0000-4000-8000-000000000000"
        begun = {
            "id": identity, "trace_id": identity, "name": "n", "run_type": kind, "start_time": "2026-11-23T14:30:05Z",
            "session_name": "s", "inputs": {"messages": []}, "tags": ["a"],
            "extra": {"metadata": metadata, "runtime": {"sdk": "langsmith-py", "sdk_version": "1"}},
        }  # fmt: skip
        ended = {
            "id": identity, "end_time": 1795444694908, "outputs": outputs,
            "events": [{"name": "new_token", "time": "2026-11-23T14:30:06Z"}, {"name": "own", "kwargs": {"a": 1}}],
            "error": "ValueError('no')\n\nTraceback (most recent call last):\n  File \"/a/b.py\", line 1",
        }  # fmt: skip
        yield orjson.dumps({"post": [begun], "patch": [ended]})

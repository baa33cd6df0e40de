"""Traces, scores and budget checks for AI applications, on OpenTelemetry.

Nothing here raises into the application or waits for the network, except ``check_budget``, which is asked for an
answer and waits a bounded time for it. What could not be sent is counted: see ``stats``.
"""

from onwatch_sdk.client import Budget, check_budget, feedback, score
from onwatch_sdk.context import AITraceContext, annotate
from onwatch_sdk.decorators import (
    trace_embedding,
    trace_llm_call,
    trace_rag_pipeline,
    trace_retrieval,
    trace_tool,
)
from onwatch_sdk.setup import flush, setup_tracing, shutdown
from onwatch_sdk.stats import Stats, stats

__all__ = [
    "AITraceContext",
    "Budget",
    "Stats",
    "annotate",
    "check_budget",
    "feedback",
    "flush",
    "score",
    "setup_tracing",
    "shutdown",
    "stats",
    "trace_embedding",
    "trace_llm_call",
    "trace_rag_pipeline",
    "trace_retrieval",
    "trace_tool",
]

"""Traces, scores and budget checks for AI applications, on OpenTelemetry.

Nothing here raises into the application or waits for the network, except ``check_budget``, which is asked for an
answer and waits a bounded time for it, and ``flush`` and ``shutdown``, which are asked to wait. What could not be sent
is counted: see ``stats``.
"""

from onwatch_sdk.budgets import Budget, check_budget, check_budget_async
from onwatch_sdk.carried import carry
from onwatch_sdk.context import AITraceContext, annotate
from onwatch_sdk.counting import Stats, stats
from onwatch_sdk.decorators import (
    trace_embedding,
    trace_llm_call,
    trace_rag_pipeline,
    trace_retrieval,
    trace_tool,
)
from onwatch_sdk.scores import feedback, score
from onwatch_sdk.tracing import flush, setup_tracing, shutdown
from onwatch_sdk.version import VERSION as __version__

__all__ = [
    "AITraceContext",
    "Budget",
    "Stats",
    "__version__",
    "annotate",
    "carry",
    "check_budget",
    "check_budget_async",
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

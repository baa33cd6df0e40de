"""What a decorator of the SDK costs: the median of a decorated call less that of the bare function.

    .venv/bin/python -m bench.sdk

Beside it stands what OpenTelemetry alone takes for a span with the same attributes, in the same run. Spans go to a
processor that throws them away, so that no exporter is measured. The SDK adds vectors up with numpy where the
application has loaded it, as here; one line shows it without.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "sdk"))

import numpy  # noqa: E402
from opentelemetry import context, trace  # noqa: E402
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider  # noqa: E402

import onwatch_sdk as onwatch  # noqa: E402
from onwatch_sdk import embedding as embeddings  # noqa: E402
from onwatch_sdk import sending, tracing  # noqa: E402
from onwatch_sdk.console import Console  # noqa: E402
from onwatch_sdk.sending import Sending  # noqa: E402

ROUNDS = 15
CALLS = 400
QUESTION = "Why is the sky blue, and since when has anybody known? Please answer in two sentences."
ANSWER = {
    "id": "chatcmpl-1",
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Air scatters blue. " * 20}}],
    "usage": {"prompt_tokens": 120, "completion_tokens": 80, "prompt_tokens_details": {"cached_tokens": 64}},
}
MESSAGES = [{"role": "system", "content": "Be brief. " * 20}, {"role": "user", "content": QUESTION}]
DOCUMENTS = [{"id": f"doc-{n}", "score": 0.9 - n / 10, "content": "Rayleigh scattering. " * 20} for n in range(5)]
VECTOR = [((n * 37) % 101 - 50) / 700 for n in range(1536)]
ARRAY = numpy.array(VECTOR)


class Last(SpanProcessor):
    """Keeps the last span alone."""

    span: ReadableSpan | None = None

    def on_end(self, span: ReadableSpan) -> None:
        self.span = span


def llm_call(messages: list[dict[str, str]]) -> dict[str, Any]:
    return ANSWER


def text_call(prompt: str) -> str:
    return "Air scatters blue."


def retrieval(query: str) -> list[dict[str, Any]]:
    return DOCUMENTS


def embedding(text: str) -> list[float]:
    return VECTOR


def tool(city: str, unit: str) -> dict[str, Any]:
    return {"temperature": 12.5, "unit": unit}


def pipeline(query: str) -> str:
    return "Air scatters blue."


#: What is measured: name, the function, its decorator, its arguments.
SUBJECTS: list[tuple[str, Callable[..., Any], Callable[[Any], Any], tuple[Any, ...]]] = [
    ("trace_llm_call", llm_call, onwatch.trace_llm_call(model="gpt-4o-mini", provider="openai"), (MESSAGES,)),
    ("  text in, text out", text_call, onwatch.trace_llm_call(model="gpt-4o-mini"), (QUESTION,)),
    ("  capture=False", llm_call, onwatch.trace_llm_call(model="gpt-4o-mini", capture=False), (MESSAGES,)),
    ("trace_retrieval", retrieval, onwatch.trace_retrieval(index="docs"), (QUESTION,)),
    ("trace_embedding", embedding, onwatch.trace_embedding(model="text-embedding-3-small"), (QUESTION,)),
    ("  of 8 numbers", lambda text: VECTOR[:8], onwatch.trace_embedding(model="tiny"), (QUESTION,)),
    ("  as a numpy array", lambda text: ARRAY, onwatch.trace_embedding(model="text-embedding-3-small"), (QUESTION,)),
    ("trace_tool", tool, onwatch.trace_tool, ("Zurich", "C")),
    ("trace_rag_pipeline", pipeline, onwatch.trace_rag_pipeline(feature="chat"), (QUESTION,)),
]


def medians(calls: list[Callable[[], Any]]) -> list[float]:
    """Microseconds of each. They take turns, so that a slow moment of the machine is everybody's."""
    taken: list[list[int]] = [[] for _ in calls]
    for _ in range(ROUNDS):
        for call, times in zip(calls, taken, strict=True):
            for _ in range(CALLS):
                began = time.perf_counter_ns()
                call()
                times.append(time.perf_counter_ns() - began)
    return [statistics.median(times) / 1000 for times in taken]


def bare_span(tracer: trace.Tracer, span: ReadableSpan) -> Callable[[], None]:
    """OpenTelemetry alone, with the attributes that the SDK wrote."""
    name, attributes = span.name, dict(span.attributes or {})

    def call() -> None:
        with tracer.start_as_current_span(name, attributes=attributes):
            pass

    return call


def stepped(work: Any) -> Callable[[], None]:
    """One run of a coroutine function without an event loop, whose own time is not of interest."""

    def call() -> None:
        try:
            work(QUESTION).send(None)
        except StopIteration:
            return

    return call


def main() -> None:
    last = Last()
    provider = TracerProvider()
    provider.add_span_processor(last)
    trace.set_tracer_provider(provider)
    tracer = provider.get_tracer("bench")
    print(f"{'median of a call, µs':22} attributes     bare  decorated  overhead  bare span")
    for name, function, decorator, args in SUBJECTS:
        decorated = decorator(function)
        decorated(*args)
        report(name, lambda f=function, a=args: f(*a), lambda d=decorated, a=args: d(*a), tracer, last)

    decorated = onwatch.trace_embedding(model="text-embedding-3-small")(embedding)
    loaded = sys.modules.pop("numpy")
    decorated(QUESTION)
    report("embedding, no numpy", lambda: embedding(QUESTION), lambda: decorated(QUESTION), tracer, last)
    sys.modules["numpy"] = loaded

    async def coroutine(prompt: str) -> str:
        return "Air scatters blue."

    traced = onwatch.trace_llm_call(model="gpt-4o-mini")(coroutine)
    asyncio.run(traced(QUESTION))
    report("coroutine", stepped(coroutine), stepped(traced), tracer, last)

    def stream(prompt: str) -> Any:
        yield from ("Air ", "scatters ", "blue", ".") * 5

    traced_stream = onwatch.trace_llm_call(model="gpt-4o-mini")(stream)
    list(traced_stream(QUESTION))
    report("stream of 20 chunks", lambda: list(stream(QUESTION)), lambda: list(traced_stream(QUESTION)), tracer, last)

    def inside() -> None:
        with onwatch.AITraceContext("turn", user="u-1", session="s-1", feature="chat"):
            pass

    inside()
    report("AITraceContext", lambda: context.get_current(), inside, tracer, last)
    onwatch.trace_llm_call(llm_call)(MESSAGES)
    length, picking, adding = arithmetic()
    print(
        f"arithmetic of a list of {len(VECTOR):,} floats without numpy: {length + picking + adding:.1f} µs"
        f" (length {length:.1f}, picking the components of 32 sums {picking:.1f}, adding them up {adding:.1f})"
    )
    print(f"handing over a model call's span to the sending thread: {handing_over(last.span):.1f} µs")


def arithmetic() -> list[float]:
    """Microseconds of what a list of plain numbers takes at least without numpy: three passes over it, each in C."""
    pickers = embeddings._pickers(len(VECTOR))
    picked = [pick(VECTOR) for pair in pickers for pick in pair]
    return medians(
        [
            lambda: math.hypot(*VECTOR),
            lambda: [(plus(VECTOR), minus(VECTOR)) for plus, minus in pickers],
            lambda: [sum(numbers) for numbers in picked],
        ]
    )


def handing_over(span: ReadableSpan) -> float:
    """Microseconds until an ended span waits to be sent. The thread that takes it drops it."""
    now = Sending(Console("http://127.0.0.1:9"))
    now.spans._deliver = lambda spans, patience: None  # type: ignore[method-assign]
    sending.replace(now)
    (taken,) = medians([lambda: tracing.Forwarder().on_end(span)])
    return taken


def report(name: str, bare: Callable[[], Any], decorated: Callable[[], Any], tracer: trace.Tracer, last: Last) -> None:
    assert last.span is not None
    number = len(last.span.attributes or {})
    plain, traced, span = medians([bare, decorated, bare_span(tracer, last.span)])
    print(f"{name:22} {number:>10} {plain:>8.1f} {traced:>10.1f} {traced - plain:>9.1f} {span:>10.1f}")


if __name__ == "__main__":
    main()

"""One run of a decorated function, from its first argument to its last chunk. Nothing in here raises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any

from opentelemetry import context
from opentelemetry.context import Context
from opentelemetry.trace import INVALID_SPAN, Span, set_span_in_context

from onwatch_sdk import content, counting, errors, tracing
from onwatch_sdk.arguments import Args, Arguments, Kwargs
from onwatch_sdk.carried import carried, carrying
from onwatch_sdk.kinds import Kind
from onwatch_sdk.streams import Heard

#: What an application may have said itself inside the call: that is believed before what the result says.
FIRST_TOKEN = "gen_ai.response.time_to_first_chunk"


class Plan:
    """What is the same for every run of one decorated function."""

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        kind: type[Kind],
        attributes: Mapping[str, Any],
        carried: dict[str, str],
        capture: bool | None,
    ) -> None:
        self.name = content.unicode(name)
        self.kind = kind(Arguments(function))
        self.attributes = {**attributes, **carried, "gen_ai.operation.name": kind.operation}
        #: Handed down to everything below.
        self.carried = carried
        self.capture = capture is not False


class Call:
    """Begins the span at once. ``enter`` and ``leave`` enclose every stretch in which the function itself runs."""

    __slots__ = ("_began", "_capture", "_context", "_heard", "_kind", "_said", "_token", "span")

    def __init__(self, plan: Plan, args: Args, kwargs: Kwargs) -> None:
        self.span: Span = INVALID_SPAN
        self._kind = plan.kind
        self._token: Any = None
        self._context: Context | None = None
        self._heard: Heard | None = None
        self._said = 0
        self._capture = plan.capture and content.policy.capture
        try:
            self._begin(plan, args, kwargs)
        except Exception:
            counting.fault(f"Beginning {plan.name}")
        self._began = perf_counter_ns()

    def _begin(self, plan: Plan, args: Args, kwargs: Kwargs) -> None:
        within = carrying(plan.carried) if plan.carried else None
        above = carried(within)
        attributes = {**above.attributes, **plan.attributes} if above.attributes else plan.attributes
        if plan.kind.calls_model:
            above.tell_model_call()
        span = tracing.tracer().start_span(plan.name, within, plan.kind.span_kind, attributes)
        self._context = set_span_in_context(span, within)
        self.span = span
        if span.is_recording():
            if found := plan.kind.before(args, kwargs, self._capture):
                span.set_attributes(_unsaid(found, plan.attributes))
            self._said = _size(span)

    def enter(self) -> None:
        if self._context is not None:
            self._token = context.attach(self._context)

    def leave(self) -> None:
        if self._token is not None:
            context.detach(self._token)
            self._token = None

    def chunk(self, chunk: Any) -> None:
        try:
            if self._heard is None:
                self._heard = self._listener()
                self.span.set_attribute(FIRST_TOKEN, (perf_counter_ns() - self._began) / 1e9)
                self._said += 1
            self._heard.add(chunk, keep=self._capture)
        except Exception:
            counting.fault("Reading a chunk")

    def _listener(self) -> Heard:
        return Heard(collect=self._kind.collects)

    def returned(self, result: Any) -> None:
        """The function is through; so is the span."""
        took = perf_counter_ns() - self._began
        span = self.span
        try:
            if span.is_recording():
                found = self._kind.after(result, self._capture)
                found[self._kind.latency] = took / 1e6
                self._say(found)
        except Exception:
            counting.fault("Describing a result")
        self._end()

    def streamed(self, *, early: bool = False) -> None:
        """The stream is through, or its consumer has had enough."""
        took = perf_counter_ns() - self._began
        try:
            if self.span.is_recording():
                found = self._kind.after_stream(self._heard or self._listener(), self._capture)
                found[self._kind.latency] = took / 1e6
                if early:
                    found["ai.stream.stopped_early"] = True
                self._say(found)
        except Exception:
            counting.fault("Describing a stream")
        self._end()

    def failed(self, error: BaseException) -> None:
        """What was heard until then is told as well."""
        try:
            if self.span.is_recording():
                errors.record(self.span, error)
                if self._heard is not None:
                    self._say(self._kind.after_stream(self._heard, self._capture))
        except Exception:
            counting.fault("Describing an exception")
        self._end()

    def _say(self, found: dict[str, Any]) -> None:
        if _size(self.span) > self._said:
            # Something was recorded by hand meanwhile.
            found = _unsaid(found, getattr(self.span, "attributes", None) or {})
        self.span.set_attributes(found)

    def _end(self) -> None:
        try:
            self.span.end()
        except Exception:
            counting.fault("Ending a span")


def _size(span: Span) -> int:
    return len(getattr(span, "attributes", None) or ())


def _unsaid(found: dict[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if name not in said}

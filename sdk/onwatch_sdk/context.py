"""``AITraceContext``: one operation of the application as a span, with what it carries and what is recorded on it."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace import Span, Status, StatusCode

from onwatch_sdk import setup
from onwatch_sdk.carried import attributes_for, carrying
from onwatch_sdk.guard import harmless


def text_of(value: Any) -> str:  # noqa: ANN401
    """Text as it is; everything else as JSON, or as Python shows it where JSON has no form for it."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError):
        return repr(value)


def fail(span: Span, error: BaseException) -> None:
    """Mark the span failed with the error's type and message."""
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(Status(StatusCode.ERROR, str(error)))
    span.record_exception(error)


class AITraceContext:
    """A span around a piece of work; ``with`` and ``async with`` both do.

    ``user``, ``session``, ``feature``, ``prompt_name``, ``prompt_version``, ``experiment`` and ``variant`` are handed
    down to every span below, whoever makes it.
    """

    def __init__(
        self,
        name: str,
        *,
        kind: str = "invoke_workflow",
        user: str | None = None,
        session: str | None = None,
        feature: str | None = None,
        prompt_name: str | None = None,
        prompt_version: str | None = None,
        experiment: str | None = None,
        variant: str | None = None,
        input: Any = None,  # noqa: A002, ANN401
        **attributes: str | bool | int | float,
    ) -> None:
        self.name = name
        self._attributes = {"gen_ai.operation.name": kind, **attributes}
        if input is not None:
            self._attributes["input.value"] = text_of(input)
        self._carried = attributes_for(
            user=user,
            session=session,
            feature=feature,
            prompt_name=prompt_name,
            prompt_version=prompt_version,
            experiment=experiment,
            variant=variant,
        )
        self.span: Span = trace.INVALID_SPAN
        self._token: Any = None

    @property
    def trace_id(self) -> str:
        """32 hex digits, for links and feedback that come later."""
        return trace.format_trace_id(self.span.get_span_context().trace_id)

    @property
    def span_id(self) -> str:
        return trace.format_span_id(self.span.get_span_context().span_id)

    def __enter__(self) -> AITraceContext:
        self._begin()
        return self

    @harmless
    def _begin(self) -> None:
        within = carrying(self._carried)
        self.span = setup.tracer().start_span(self.name, within, attributes={**self._attributes, **self._carried})
        self._token = context.attach(trace.set_span_in_context(self.span, within))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._finish(error)

    @harmless
    def _finish(self, error: BaseException | None) -> None:
        if error is not None:
            fail(self.span, error)
        if self._token is not None:
            context.detach(self._token)
        self.span.end()

    async def __aenter__(self) -> AITraceContext:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    @harmless
    def record_metric(self, name: str, value: float) -> None:
        """A figure of the application's own, kept on the span under its name."""
        self.span.set_attribute(name, value)

    @harmless
    def record_quality_score(self, value: float, name: str = "overall", *, comment: str = "") -> None:
        """A judgement of this answer, 0 to 1; ``overall`` counts as the answer's quality."""
        _record_score(self.span, name, value, comment)

    @harmless
    def record_tokens(
        self,
        input_tokens: int = 0,
        output_tokens: int = 0,
        *,
        cached: int = 0,
        cache_write: int = 0,
        reasoning: int = 0,
    ) -> None:
        """Tokens as the provider counts them: input includes cached ones, output includes reasoning."""
        _record_tokens(self.span, input_tokens, output_tokens, cached, cache_write, reasoning)

    @harmless
    def record_cost(self, usd: float) -> None:
        """What this call cost in dollars, when you know better than a price list."""
        self.span.set_attribute("llm.cost_usd", usd)

    @harmless
    def record_output(self, output: Any) -> None:  # noqa: ANN401
        """What came out, shown on the trace and judged when it is in the sample."""
        self.span.set_attribute("output.value", text_of(output))


def _record_score(span: Span, name: str, value: float, comment: str = "") -> None:
    attributes: dict[str, str | float] = {
        "gen_ai.evaluation.name": name,
        "gen_ai.evaluation.score.value": float(value),
    }
    if comment:
        attributes["gen_ai.evaluation.explanation"] = comment
    span.add_event("gen_ai.evaluation.result", attributes)


def _record_tokens(
    span: Span, input_tokens: int, output_tokens: int, cached: int, cache_write: int, reasoning: int
) -> None:
    figures = {
        ("gen_ai.usage.input_tokens", "llm.tokens.input"): input_tokens,
        ("gen_ai.usage.output_tokens", "llm.tokens.output"): output_tokens,
        ("gen_ai.usage.cache_read.input_tokens",): cached,
        ("gen_ai.usage.cache_write.input_tokens",): cache_write,
        ("gen_ai.usage.reasoning.output_tokens",): reasoning,
    }
    span.set_attributes({name: int(figure) for names, figure in figures.items() if figure for name in names})


def annotate() -> AITraceContext:
    """The span that is running now, to record on it from inside a decorated function."""
    here = AITraceContext("")
    here.span = trace.get_current_span()
    return here

"""``AITraceContext``: one operation of the application as a span, with what it carries and what is recorded on it."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from opentelemetry import context, trace
from opentelemetry.trace import Span

from onwatch_sdk import content, counting, errors, responses, scores, tracing
from onwatch_sdk.carried import attributes_for, carried, carrying
from onwatch_sdk.guard import harmless
from onwatch_sdk.texts import text_of, word

#: The console's word for a kind of work -> the conventions' operation. Other operations pass as they are.
OPERATIONS: dict[str, str] = {
    "llm": "chat",
    "embedding": "embeddings",
    "tool": "execute_tool",
    "agent": "invoke_agent",
    "chain": "invoke_workflow",
    "workflow": "invoke_workflow",
}
DEFAULT = "invoke_workflow"
#: As they are written in other places -> ours.
ALSO = {"user_id": "user", "session_id": "session", "prompt_name": "prompt"}


class AITraceContext:
    """A span around a piece of work; ``with`` and ``async with`` both do.

    ``user``, ``session``, ``feature``, ``prompt``, ``prompt_version``, ``experiment`` and ``variant`` are handed down
    to every span below, whoever makes it. ``kind`` is an operation of the GenAI conventions or the console's word for
    it (``llm``, ``retrieval``, ``tool``, ``agent``, ``chain``, ...). Without one it is a workflow; a model call when
    ``model`` is given, or when tokens or cost were recorded and no model call was traced inside: only model calls
    carry money, and it is to be counted once.

    Further keyword arguments become attributes of the span.
    """

    def __init__(
        self,
        name: str = "operation",
        *,
        kind: str | None = None,
        user: str | None = None,
        session: str | None = None,
        feature: str | None = None,
        prompt: str | None = None,
        prompt_version: str | int | None = None,
        experiment: str | None = None,
        variant: str | None = None,
        model: str | None = None,
        provider: str | None = None,
        input: Any = None,
        **attributes: Any,
    ) -> None:
        self.span: Span = trace.INVALID_SPAN
        self.name = name
        self._kind = kind if kind is not None or model is None else "chat"
        #: One for each block that is open: a context may be used again, and inside itself.
        self._open: list[tuple[Span, object]] = []
        self._recorded_spend = False
        self._model_call_inside = False
        self._attributes: dict[str, Any] = {}
        self._carried: dict[str, str] = {}
        given = {
            "user": user,
            "session": session,
            "feature": feature,
            "prompt": prompt,
            "prompt_version": prompt_version,
            "experiment": experiment,
            "variant": variant,
        }
        self._describe(given, model, provider, input, attributes)

    @harmless
    def _describe(
        self,
        given: dict[str, Any],
        model: str | None,
        provider: str | None,
        input: Any,
        more: dict[str, Any],
    ) -> None:
        for name, value in more.items():
            if (ours := ALSO.get(name)) is None:
                self._attributes[word(name)] = _attribute(value)
            elif given[ours] is None:
                given[ours] = value
        self._carried = attributes_for(**given)
        operation = word(self._kind) or DEFAULT
        self._attributes["gen_ai.operation.name"] = OPERATIONS.get(operation, operation)
        if asked := word(model):
            self._attributes.update({"gen_ai.request.model": asked, "llm.model": asked})
        if who := word(provider):
            self._attributes.update({"gen_ai.provider.name": who, "llm.provider": who})
        if input is not None and content.policy.capture:
            self._attributes["input.value"] = text_of(input)

    @property
    def trace_id(self) -> str:
        """32 hex digits, for links and feedback that come later; empty before the block begins."""
        found = self.span.get_span_context()
        return trace.format_trace_id(found.trace_id) if found.is_valid else ""

    @property
    def span_id(self) -> str:
        """16 hex digits; empty before the block begins."""
        found = self.span.get_span_context()
        return trace.format_span_id(found.span_id) if found.is_valid else ""

    def __enter__(self) -> AITraceContext:
        self._begin()
        return self

    @harmless
    def _begin(self) -> None:
        within = carrying(self._carried, self._note_model_call)
        above = carried(within)
        if self._attributes.get("gen_ai.operation.name") in tracing.MODEL_CALLS:
            carried().tell_model_call()
        self._model_call_inside = self._recorded_spend = False
        attributes = {**above.attributes, **self._attributes}
        self.span = tracing.tracer().start_span(word(self.name), within, attributes=attributes)
        self._open.append((self.span, context.attach(trace.set_span_in_context(self.span, within))))

    def _note_model_call(self) -> None:
        self._model_call_inside = True

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._finish(error)

    @harmless
    def _finish(self, error: BaseException | None) -> None:
        if not self._open:
            return
        span, token = self._open.pop()
        context.detach(token)
        try:
            if error is not None:
                errors.record(span, error)
            if self._kind is None and self._recorded_spend and not self._model_call_inside:
                span.set_attribute("gen_ai.operation.name", "chat")
        finally:
            span.end()
            if self._open:
                self.span = self._open[-1][0]

    async def __aenter__(self) -> AITraceContext:
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.__exit__(kind, error, traceback)

    @harmless
    def record_metric(self, name: str, value: float | int | bool | str) -> None:
        """A figure of the application's own, kept on the span under its name."""
        self._set({word(name) or "metric": value})

    @harmless
    def record_quality_score(
        self, value: float | bool, name: str = "overall", *, label: str = "", comment: str = ""
    ) -> None:
        """A judgement of this answer, 0 to 1; ``overall`` counts as the answer's quality.

        After the block has ended it is sent as ``score`` would send it. A value that is no finite number is not taken
        and counted as a fault.
        """
        number = scores.finite(value)
        if self._has_ended():
            scores.score(number, name, trace_id=self.trace_id, span_id=self.span_id, label=label, comment=comment)
            return
        said = {"gen_ai.evaluation.score.label": word(label), "gen_ai.evaluation.explanation": word(comment, 20_000)}
        self.span.add_event(
            "gen_ai.evaluation.result",
            {
                "gen_ai.evaluation.name": word(name) or "overall",
                "gen_ai.evaluation.score.value": number,
                **{key: text for key, text in said.items() if text},
            },
        )

    @harmless
    def record_tokens(
        self,
        input_tokens: int = 0,
        output_tokens: int = 0,
        *,
        cached: int = 0,
        cache_write: int = 0,
        reasoning: int = 0,
        model: str | None = None,
    ) -> None:
        """Tokens of this call, as most providers count: input includes cached ones, output includes reasoning.

        ``model`` is the model that served it; the console needs one for the price.
        """
        figures = {
            "input": input_tokens,
            "output": output_tokens,
            "cached": cached,
            "cache_write": cache_write,
            "reasoning": reasoning,
        }
        self._recorded_spend = True
        self._set(_tokens(figures))
        if served := word(model):
            self._set({"gen_ai.response.model": served})

    @harmless
    def record_cost(self, usd: float) -> None:
        """What this call cost in dollars, when you know better than a price list."""
        self._recorded_spend = True
        self._set({"llm.cost_usd": usd})

    @harmless
    def record_output(self, output: Any) -> None:
        """What came out, shown on the trace and judged when it is in the sample."""
        if content.policy.capture:
            self._set({"output.value": text_of(responses.output_of(output))})

    def _has_ended(self) -> bool:
        """False as well for a span that is not recorded at all, because its trace is not sampled."""
        return getattr(self.span, "end_time", None) is not None

    @harmless
    def _set(self, attributes: dict[str, Any]) -> None:
        if self.span.is_recording():
            self.span.set_attributes({name: _attribute(value) for name, value in attributes.items()})
        elif self._has_ended():
            counting.lost("faults", 1, f"{', '.join(attributes)} came after {word(self.name)!r} had ended.")


def _tokens(figures: dict[str, Any]) -> dict[str, int]:
    counted = {}
    for name, figure in figures.items():
        try:
            counted[name] = max(0, int(figure or 0))
        except Exception:
            counting.fault(f"Recording {name} tokens")
    return responses.token_attributes(counted)


def _attribute(value: Any) -> Any:
    """Numbers and truths as they are, everything else as text: OpenTelemetry drops what it does not know."""
    if type(value) in (bool, float) or (type(value) is int and -(2**63) <= value < 2**63):
        return value
    return text_of(value)


def annotate() -> AITraceContext:
    """The span that is running now, to record on it from inside a decorated function."""
    here = AITraceContext("the running span")
    here.span = trace.get_current_span()
    return here

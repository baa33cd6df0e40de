"""What is said of each kind of work: attributes before it runs, and from what it returned or streamed.

Names are those of the GenAI conventions with the plain ones beside them.
"""

from __future__ import annotations

from typing import Any, ClassVar

from opentelemetry.trace import SpanKind

from onwatch_sdk import documents, embedding, messages, responses
from onwatch_sdk.arguments import MISSING, Args, Arguments, Kwargs
from onwatch_sdk.streams import Heard
from onwatch_sdk.texts import text_of

Attributes = dict[str, Any]


class Kind:
    """A workflow or any other work: what went in and what came out, as text."""

    operation: ClassVar[str] = "invoke_workflow"
    span_kind: ClassVar[SpanKind] = SpanKind.INTERNAL
    latency: ClassVar[str] = "operation.latency_ms"
    #: Carries tokens and cost.
    calls_model: ClassVar[bool] = False
    #: The chunks of its streams are things of their own, not pieces of a text.
    collects: ClassVar[bool] = False
    #: Parameters that are the input, the first that a function has; without one of them all arguments are.
    inputs: ClassVar[tuple[str, ...]] = ()

    def __init__(self, arguments: Arguments) -> None:
        self._all = arguments.all
        self._input = arguments.finder(*self.inputs)

    def given(self, args: Args, kwargs: Kwargs) -> Any:
        found = self._input(args, kwargs)
        return self._all(args, kwargs) if found is MISSING else found

    def before(self, args: Args, kwargs: Kwargs, capture: bool) -> Attributes:
        return {"input.value": text_of(self.given(args, kwargs))} if capture else {}

    def after(self, result: Any, capture: bool) -> Attributes:
        return {"output.value": text_of(responses.output_of(result))} if capture and result is not None else {}

    def after_stream(self, heard: Heard, capture: bool) -> Attributes:
        if not capture:
            return {}
        if heard.text or not heard.others:
            return {"output.value": text_of(heard.text)}
        return self.after(heard.others, capture)


class Pipeline(Kind):
    inputs = ("query", "question", "message", "messages", "prompt", "input", "text")


class LlmCall(Kind):
    operation = "chat"
    span_kind = SpanKind.CLIENT
    latency = "llm.latency_ms"
    calls_model = True
    inputs = ("messages", "prompt", "input", "contents")
    systems: ClassVar[tuple[str, ...]] = ("system", "system_prompt", "instructions")
    #: Parameter -> attributes.
    settings: ClassVar[dict[str, tuple[str, ...]]] = {
        "model": ("gen_ai.request.model", "llm.model"),
        "temperature": ("gen_ai.request.temperature",),
        "top_p": ("gen_ai.request.top_p",),
        "max_tokens": ("gen_ai.request.max_tokens",),
        "seed": ("gen_ai.request.seed",),
    }

    def __init__(self, arguments: Arguments) -> None:
        super().__init__(arguments)
        self._system = arguments.finder(*self.systems)
        self._settings = [
            (arguments.finder(name), names) for name, names in self.settings.items() if arguments.may_have(name)
        ]

    def before(self, args: Args, kwargs: Kwargs, capture: bool) -> Attributes:
        found: Attributes = {}
        for find, names in self._settings:
            value = find(args, kwargs)
            if isinstance(value, (str, int, float)) and value != "":
                found.update(dict.fromkeys(names, text_of(value) if isinstance(value, str) else value))
        if capture:
            system = self._system(args, kwargs)
            if isinstance(system, str) and system:
                found["gen_ai.system_instructions"] = messages.parts_of(system)
            given = self.given(args, kwargs)
            spoken = messages.input_messages(given)
            # A conversation is written once, for both names.
            found["input.value"] = spoken if spoken and type(given) is list else text_of(given)
            if spoken:
                found["gen_ai.input.messages"] = spoken
        return found

    def after(self, result: Any, capture: bool) -> Attributes:
        found = responses.attributes(result)
        if capture and result is not None:
            found["output.value"] = text_of(responses.output_of(result))
            if spoken := messages.output_messages(result):
                found["gen_ai.output.messages"] = spoken
        return found

    def after_stream(self, heard: Heard, capture: bool) -> Attributes:
        found = heard.facts()
        if capture:
            found["output.value"] = text_of(heard.text) if heard.text or not heard.others else text_of(heard.others)
            if spoken := messages.output_messages(heard.answer() if heard.asked_tools else heard.text):
                found["gen_ai.output.messages"] = spoken
        return found


class Retrieval(Kind):
    operation = "retrieval"
    span_kind = SpanKind.CLIENT
    collects = True
    inputs = ("query", "question", "query_text", "text", "q", "input", "prompt")

    def __init__(self, arguments: Arguments) -> None:
        super().__init__(arguments)
        self._query = arguments.finder(*self.inputs, first=True)
        self._most = arguments.finder("top_k", "k", "limit", "n_results")

    def before(self, args: Args, kwargs: Kwargs, capture: bool) -> Attributes:
        found: Attributes = {}
        most = self._most(args, kwargs)
        if type(most) is int and 0 <= most < 2**31:
            found["gen_ai.retrieval.top_k"] = most
        query = self._query(args, kwargs)
        if capture and query is not MISSING:
            text = text_of(query)
            found.update({"gen_ai.retrieval.query.text": text, "retrieval.query": text})
        return found

    def after(self, result: Any, capture: bool) -> Attributes:
        return documents.attributes(result, content=capture)

    def after_stream(self, heard: Heard, capture: bool) -> Attributes:
        return {**documents.attributes(heard.others, content=capture), "retrieval.num_results": heard.number}


class Embedding(Kind):
    operation = "embeddings"
    span_kind = SpanKind.CLIENT
    calls_model = True
    collects = True
    inputs = ("texts", "input", "inputs", "text", "documents", "query", "content", "contents")

    def __init__(self, arguments: Arguments) -> None:
        super().__init__(arguments)
        self._model = arguments.finder("model")

    def before(self, args: Args, kwargs: Kwargs, capture: bool) -> Attributes:
        found = super().before(args, kwargs, capture)
        model = self._model(args, kwargs)
        if isinstance(model, str) and model:
            found["gen_ai.request.model"] = found["embedding.model"] = text_of(model)
        return found

    def after(self, result: Any, capture: bool) -> Attributes:
        return {**responses.attributes(result), **embedding.facts(embedding.vectors_in(result))}

    def after_stream(self, heard: Heard, capture: bool) -> Attributes:
        found = embedding.facts(embedding.vectors_in(heard.others))
        return {**found, "embedding.num_inputs": heard.number} if found else {}


class Tool(Kind):
    operation = "execute_tool"
    collects = True

    def before(self, args: Args, kwargs: Kwargs, capture: bool) -> Attributes:
        if not capture:
            return {}
        text = text_of(self._all(args, kwargs))
        return {"gen_ai.tool.call.arguments": text, "input.value": text}

    def after(self, result: Any, capture: bool) -> Attributes:
        if not capture or result is None:
            return {}
        text = text_of(result)
        return {"gen_ai.tool.call.result": text, "output.value": text}

    def after_stream(self, heard: Heard, capture: bool) -> Attributes:
        texts = heard.others
        return self.after("".join(texts) if all(isinstance(text, str) for text in texts) else texts, capture)

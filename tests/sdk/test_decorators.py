"""Every decorator on every sort of function: one span, and a function that behaves as it did."""

import asyncio
import functools
import inspect
import json
from types import SimpleNamespace

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

import onwatch_sdk as onwatch

DECORATORS = {
    onwatch.trace_llm_call: ("chat", SpanKind.CLIENT),
    onwatch.trace_retrieval: ("retrieval", SpanKind.CLIENT),
    onwatch.trace_embedding: ("embeddings", SpanKind.CLIENT),
    onwatch.trace_tool: ("execute_tool", SpanKind.INTERNAL),
    onwatch.trace_rag_pipeline: ("invoke_workflow", SpanKind.INTERNAL),
}
STYLES = {
    "bare": lambda decorator: decorator,
    "empty": lambda decorator: decorator(),
    "named": lambda decorator: decorator("work"),
}


def plain(sink):
    def work(query):
        sink(query)
        return [f"{query}!"]

    return work


def coroutine(sink):
    async def work(query):
        await asyncio.sleep(0)
        sink(query)
        return [f"{query}!"]

    return work


def generator(sink):
    def work(query):
        sink(query)
        yield f"{query}!"

    return work


def async_generator(sink):
    async def work(query):
        await asyncio.sleep(0)
        sink(query)
        yield f"{query}!"

    return work


SORTS = [plain, coroutine, generator, async_generator]


async def gathered(stream):
    return [chunk async for chunk in stream]


def run(function, *args, **kwargs):
    """The result of any sort of function, streams as a list."""
    result = function(*args, **kwargs)
    if inspect.iscoroutine(result):
        return asyncio.run(result)
    if inspect.isasyncgen(result):
        return asyncio.run(gathered(result))
    return list(result)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("decorator", DECORATORS, ids=lambda decorator: decorator.__name__)
def test_one_span_for_each_run(decorator, sort, style, spans):
    seen = []
    function = sort(lambda query: seen.append((query, trace.get_current_span().get_span_context().span_id)))
    decorated = STYLES[style](decorator)(function)
    assert run(decorated, "sky") == ["sky!"]
    span = spans.only()
    # It is the current span while the function runs, so that what the function calls becomes its child.
    assert seen == [("sky", span.context.span_id)]
    assert not trace.get_current_span().get_span_context().is_valid
    operation, kind = DECORATORS[decorator]
    assert (span.name, span.kind) == ("work", kind)
    assert span.attributes["gen_ai.operation.name"] == operation
    assert span.status.status_code is StatusCode.UNSET
    assert "sky" in json.dumps(dict(span.attributes))


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("decorator", DECORATORS, ids=lambda decorator: decorator.__name__)
def test_errors_are_recorded_and_go_on_unchanged(decorator, sort, spans):
    class RateLimitError(Exception):
        status_code = 429

    error = RateLimitError("slow down")

    def fail(query):
        raise error

    with pytest.raises(RateLimitError) as raised:
        run(decorator(sort(fail)), "sky")
    assert raised.value is error
    assert error.__cause__ is None
    assert error.__context__ is None
    span = spans.only()
    assert span.attributes["error.type"].endswith("RateLimitError")
    assert span.attributes["http.response.status_code"] == 429
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, "slow down")
    (event,) = span.events
    assert event.attributes["exception.message"] == "slow down"
    assert "in fail" in event.attributes["exception.stacktrace"]


@pytest.mark.parametrize("sort", SORTS)
def test_a_wrapper_looks_like_what_it_wraps(sort):
    function = sort(print)
    function.__doc__ = "What it does."
    decorated = onwatch.trace_llm_call(function)
    for question in (
        inspect.iscoroutinefunction,
        inspect.isgeneratorfunction,
        inspect.isasyncgenfunction,
        inspect.signature,
    ):
        assert question(decorated) == question(function)
    assert (decorated.__name__, decorated.__doc__, decorated.__wrapped__) == ("work", "What it does.", function)


def test_wrong_arguments_are_the_functions_own_error(spans):
    decorated = onwatch.trace_llm_call(plain(print))
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'query'"):
        decorated()
    for sort in (coroutine, generator, async_generator):
        with pytest.raises(TypeError, match="missing 1 required"):
            run(onwatch.trace_llm_call(sort(print)))


def test_methods_of_all_sorts(spans):
    class Shop:
        @onwatch.trace_tool
        def price(self, item):
            return 3

        @onwatch.trace_tool
        @staticmethod
        def tax(item):
            return 1

        @classmethod
        @onwatch.trace_tool
        def name(cls, language):
            return cls.__name__

        @onwatch.trace_tool()
        @classmethod
        def alias(cls, language):
            return cls.__name__

    shop = Shop()
    assert (shop.price("tea"), shop.tax("tea"), Shop.name("en"), Shop.alias("en")) == (3, 1, "Shop", "Shop")
    assert [span.attributes["gen_ai.tool.call.arguments"] for span in spans.all()] == ["tea", "tea", "en", "en"]


def test_callables_without_a_name(spans):
    class Model:
        def __call__(self, prompt):
            return prompt.upper()

    assert onwatch.trace_llm_call(Model())("a") == "A"
    assert onwatch.trace_llm_call(functools.partial(pow, 2))(3) == 8
    assert onwatch.trace_tool(len)([1, 2]) == 2
    assert [span.name for span in spans.all()] == ["Model", "pow", "len"]


def test_parts_hang_in_the_pipeline(spans):
    @onwatch.trace_embedding(model="text-embedding-3-small")
    def embed(text):
        return [0.6, 0.8]

    @onwatch.trace_retrieval(index="docs")
    async def search(query, k=3):
        embed(query)
        return [{"id": "a", "score": 0.9, "text": "Blue."}]

    @onwatch.trace_llm_call(model="gpt-4o-mini", provider="openai")
    async def answer(messages):
        yield "Because "
        yield "blue."

    @onwatch.trace_rag_pipeline(feature="help", prompt="answer", prompt_version=7, variant="b")
    async def ask(question):
        documents = await search(question)
        return "".join([chunk async for chunk in answer([{"role": "user", "content": documents[0]["text"]}])])

    assert asyncio.run(ask("Why?")) == "Because blue."
    root, found, embedded, answered = (spans.named(name) for name in ("ask", "search", "embed", "answer"))
    assert root.parent is None
    assert {span.context.trace_id for span in spans.all()} == {root.context.trace_id}
    assert [span.parent.span_id for span in (found, embedded, answered)] == [
        root.context.span_id,
        found.context.span_id,
        root.context.span_id,
    ]
    handed_down = {
        "ai.feature": "help",
        "gen_ai.prompt.name": "answer",
        "gen_ai.prompt.version": "7",
        "feature_flag.result.variant": "b",
    }
    for span in spans.all():
        assert handed_down.items() <= dict(span.attributes).items()
    assert root.attributes["output.value"] == "Because blue."


def test_names_of_the_conventions_and_the_plain_ones_stand_side_by_side(spans):
    @onwatch.trace_llm_call(model="gpt-4o-mini", provider="openai", attributes={"team": "search"})
    def answer(messages, temperature=0.2):
        return {
            "id": "chatcmpl-1",
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Blue."}}],
            "usage": {
                "prompt_tokens": 120,
                "completion_tokens": 30,
                "prompt_tokens_details": {"cached_tokens": 64},
                "completion_tokens_details": {"reasoning_tokens": 10},
            },
        }

    answer([{"role": "user", "content": "Why?"}])
    said = spans.said()
    latency = said.pop("llm.latency_ms")
    assert 0 <= latency < 1000
    assert json.loads(said.pop("gen_ai.input.messages")) == [
        {"role": "user", "parts": [{"type": "text", "content": "Why?"}]}
    ]
    assert json.loads(said.pop("gen_ai.output.messages")) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Blue."}], "finish_reason": "stop"}
    ]
    assert "Why?" in said.pop("input.value")
    assert said == {
        "team": "search",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o-mini",
        "llm.model": "gpt-4o-mini",
        "gen_ai.provider.name": "openai",
        "llm.provider": "openai",
        "gen_ai.request.temperature": 0.2,
        "gen_ai.response.model": "gpt-4o-mini-2024-07-18",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ("stop",),
        "gen_ai.usage.input_tokens": 120,
        "llm.tokens.input": 120,
        "gen_ai.usage.output_tokens": 30,
        "llm.tokens.output": 30,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "ai.tokens.cached": 64,
        "gen_ai.usage.reasoning.output_tokens": 10,
        "ai.tokens.reasoning": 10,
        "output.value": "Blue.",
    }


def test_the_model_is_read_from_the_call(spans):
    @onwatch.trace_llm_call
    def ask(prompt, *, model="small", **more):
        return prompt

    ask("a")
    ask("a", model="large", max_tokens=5)
    assert [span.attributes["gen_ai.request.model"] for span in spans.all()] == ["small", "large"]
    assert spans.all()[1].attributes["gen_ai.request.max_tokens"] == 5


def test_the_input_is_what_was_given(spans):
    @onwatch.trace_llm_call
    def ask(prompt=None, messages=None, *, system=None):
        return "ok"

    @onwatch.trace_llm_call
    def fill(template, question):
        return "ok"

    ask("Why?", system="Be brief.")
    ask(messages=[{"role": "user", "content": "Why?"}])
    fill("Answer {}", question="Why?")
    first, second, third = (span.attributes for span in spans.all())
    asked = [{"role": "user", "parts": [{"type": "text", "content": "Why?"}]}]
    assert first["input.value"] == "Why?"
    assert json.loads(first["gen_ai.input.messages"]) == json.loads(second["gen_ai.input.messages"]) == asked
    assert json.loads(first["gen_ai.system_instructions"]) == [{"type": "text", "content": "Be brief."}]
    assert "gen_ai.system_instructions" not in second
    assert json.loads(third["input.value"]) == {"template": "Answer {}", "question": "Why?"}


def test_what_is_said_by_hand_is_believed_before_the_result(spans):
    @onwatch.trace_llm_call(model="m")
    def ask(prompt):
        onwatch.annotate().record_tokens(7, 8)
        onwatch.annotate().record_output("by hand")
        return {"content": "from the result", "usage": {"input_tokens": 1, "output_tokens": 2}}

    ask("a")
    said = spans.said()
    assert (said["llm.tokens.input"], said["llm.tokens.output"], said["output.value"]) == (7, 8, "by hand")


def test_a_retrieval_tells_its_documents(spans):
    @onwatch.trace_retrieval(index="handbook")
    def search(query, top_k=5):
        return [{"id": 1, "score": 0.4, "text": "one"}, SimpleNamespace(id="2", score=0.9, page_content="two"), "three"]

    search("sky", top_k=3)
    said = spans.said()
    assert json.loads(said["gen_ai.retrieval.documents"]) == [
        {"id": "1", "score": 0.4, "content": "one"},
        {"id": "2", "score": 0.9, "content": "two"},
        {"content": "three"},
    ]
    assert (said["retrieval.num_results"], said["retrieval.top_score"]) == (3, 0.9)
    assert (said["retrieval.index"], said["gen_ai.data_source.id"]) == ("handbook", "handbook")
    assert (said["retrieval.query"], said["gen_ai.retrieval.query.text"]) == ("sky", "sky")
    assert said["gen_ai.retrieval.top_k"] == 3


def test_a_tool_tells_arguments_and_result(spans):
    @onwatch.trace_tool("weather")
    def look(city, *places, unit="C", **more):
        return {"degrees": 12.5}

    look("Zurich", "Bern", unit="F", exact=True)
    said = spans.said()
    assert said["gen_ai.tool.name"] == "weather"
    arguments = {"city": "Zurich", "places": ["Bern"], "unit": "F", "exact": True}
    assert json.loads(said["gen_ai.tool.call.arguments"]) == arguments
    assert json.loads(said["gen_ai.tool.call.result"]) == {"degrees": 12.5}


def test_without_setup_it_is_as_if_it_were_not_there(counted):
    @onwatch.trace_rag_pipeline
    def ask(question):
        return question

    assert ask("a") == "a"
    assert counted() == {}

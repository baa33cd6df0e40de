"""Generators: the span lasts as long as the stream, and the stream is what it was."""

import asyncio
import contextlib
import gc
import json
import threading
from types import SimpleNamespace

import pytest
from opentelemetry import trace
from opentelemetry.trace import StatusCode

import onwatch_sdk as onwatch

USAGE = {"prompt_tokens": 120, "completion_tokens": 30, "prompt_tokens_details": {"cached_tokens": 64}}


def chunk(text=None, *, reason=None, usage=None, calls=None):
    delta = {"content": text} | ({"tool_calls": calls} if calls else {})
    choices = [] if usage else [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {"id": "chatcmpl-1", "model": "gpt-4o-mini-2024-07-18", "choices": choices, "usage": usage}


def objects(value):
    """The same as the client's objects instead of dictionaries."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: objects(inner) for name, inner in value.items()})
    return [objects(inner) for inner in value] if isinstance(value, list) else value


OPENAI = [chunk(""), chunk("The sky "), chunk("is blue."), chunk(reason="stop"), chunk(usage=USAGE)]
ANTHROPIC = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "model": "claude-sonnet-4-5",
            "usage": {"input_tokens": 56, "output_tokens": 1, "cache_read_input_tokens": 64},
        },
    },
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "The sky "}},
    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "is blue."}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 30}},
]
RESPONSES = [
    {"type": "response.output_text.delta", "delta": "The sky "},
    {"type": "response.output_text.delta", "delta": "is blue."},
    {
        "type": "response.completed",
        "response": {
            "id": "resp_1",
            "model": "gpt-4o-mini-2024-07-18",
            "usage": {"input_tokens": 120, "output_tokens": 30, "input_tokens_details": {"cached_tokens": 64}},
        },
    },
]
LANGCHAIN = [
    SimpleNamespace(content="The sky ", usage_metadata=None, response_metadata={}),
    SimpleNamespace(
        content=[{"type": "text", "text": "is blue."}],
        usage_metadata={"input_tokens": 120, "output_tokens": 30, "input_token_details": {"cache_read": 64}},
        response_metadata={"model_name": "gpt-4o-mini-2024-07-18", "finish_reason": "stop"},
    ),
]


@pytest.mark.parametrize(
    "chunks",
    [OPENAI, objects(OPENAI), ANTHROPIC, objects(ANTHROPIC), RESPONSES, objects(RESPONSES), LANGCHAIN],
    ids=["openai", "openai-objects", "anthropic", "anthropic-objects", "responses", "responses-objects", "langchain"],
)
def test_tokens_and_text_are_known_when_the_stream_ends(chunks, spans):
    @onwatch.trace_llm_call
    def ask(prompt):
        yield from chunks

    assert list(ask("Why?")) == chunks
    said = spans.said()
    assert said["output.value"] == "The sky is blue."
    assert (said["llm.tokens.input"], said["llm.tokens.output"], said["ai.tokens.cached"]) == (120, 30, 64)
    assert said["gen_ai.response.model"] in ("gpt-4o-mini-2024-07-18", "claude-sonnet-4-5")
    assert json.loads(said["gen_ai.output.messages"])[0]["parts"] == [{"type": "text", "content": "The sky is blue."}]


def test_tool_calls_are_put_together(spans):
    pieces = [
        [{"index": 0, "id": "call_1", "function": {"name": "weather", "arguments": ""}}],
        [{"index": 0, "function": {"arguments": '{"city":'}}],
        [{"index": 0, "function": {"arguments": '"Bern"}'}}],
        [{"index": 1, "id": "call_2", "function": {"name": "time", "arguments": "{}"}}],
    ]

    @onwatch.trace_llm_call
    def ask(prompt):
        yield from (chunk(calls=piece) for piece in pieces)

    list(ask("Weather?"))
    (message,) = json.loads(spans.said()["gen_ai.output.messages"])
    assert message["parts"] == [
        {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Bern"}},
        {"type": "tool_call", "id": "call_2", "name": "time", "arguments": {}},
    ]


def test_the_first_token_is_timed(spans):
    release = threading.Event()

    @onwatch.trace_llm_call
    def ask(prompt):
        release.wait(0.02)
        yield "a"
        release.wait(0.02)
        yield "b"

    list(ask("Why?"))
    said = spans.said()
    assert 0.02 <= said["gen_ai.response.time_to_first_chunk"] <= said["llm.latency_ms"] / 1000 - 0.019


def stopped_by_break(stream):
    for _ in stream:
        break
    stream.close()


def stopped_by_forgetting(stream):
    next(stream)
    del stream
    gc.collect()


@pytest.mark.parametrize("stop", [stopped_by_break, stopped_by_forgetting])
def test_a_consumer_may_stop_early(stop, spans):
    cleaned = []

    @onwatch.trace_llm_call
    def ask(prompt):
        try:
            yield "The sky "
            yield "is blue."
        finally:
            cleaned.append(trace.get_current_span().get_span_context().span_id)

    stop(ask("Why?"))
    span = spans.only()
    assert span.attributes["output.value"] == "The sky "
    assert span.attributes["ai.stream.stopped_early"] is True
    assert span.status.status_code is StatusCode.UNSET
    assert cleaned == [span.context.span_id]


@pytest.mark.parametrize("how", ["aclose", "cancel"])
def test_a_consumer_of_an_async_stream_may_stop_early(how, spans):
    cleaned = []

    @onwatch.trace_llm_call
    async def ask(prompt):
        try:
            yield "The sky "
            await asyncio.Event().wait()
            yield "is blue."
        finally:
            cleaned.append(True)

    async def main():
        stream = ask("Why?")
        assert await anext(stream) == "The sky "
        if how == "aclose":
            await stream.aclose()
            return
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    asyncio.run(main())
    assert cleaned == [True]
    said = spans.said()
    assert said["output.value"] == "The sky "
    assert said.get("error.type") == ("CancelledError" if how == "cancel" else None)


def test_an_async_stream_may_be_forgotten(spans):
    @onwatch.trace_llm_call
    async def ask(prompt):
        yield "The sky "
        yield "is blue."

    async def main():
        async for text in ask("Why?"):
            return text

    assert asyncio.run(main()) == "The sky "
    assert spans.said()["ai.stream.stopped_early"] is True


def test_a_stream_that_is_never_begun_is_nothing(spans):
    @onwatch.trace_llm_call
    def ask(prompt):
        yield prompt

    ask("Why?").close()
    assert spans.all() == []


def test_a_stream_that_breaks_tells_what_came_until_then(spans):
    @onwatch.trace_llm_call
    def ask(prompt):
        yield "The sky "
        raise ConnectionError("reset")

    with pytest.raises(ConnectionError, match="reset"):
        list(ask("Why?"))
    said = spans.said()
    assert (said["output.value"], said["error.type"]) == ("The sky ", "ConnectionError")


def test_the_span_is_not_its_consumers(spans):
    """Work between two chunks belongs to whoever does it."""

    @onwatch.trace_llm_call
    def ask(prompt):
        with onwatch.AITraceContext("inside"):
            pass
        yield "a"
        yield "b"

    for text in ask("Why?"):
        with onwatch.AITraceContext(f"between {text}"):
            pass
    assert spans.named("inside").parent.span_id == spans.named("ask").context.span_id
    assert spans.named("between a").parent is None
    assert spans.named("between b").parent is None


def test_sending_throwing_and_returning_pass_through(spans):
    @onwatch.trace_tool
    def counter(start):
        heard = []
        while True:
            try:
                got = yield len(heard)
            except KeyError as error:
                got = error.args[0]
            if got == "stop":
                return heard
            heard.append(got)

    def outer():
        return (yield from counter(0))

    stream = outer()
    assert next(stream) == 0
    assert stream.send("a") == 1
    assert stream.throw(KeyError("b")) == 2
    assert next(stream) == 3
    with pytest.raises(StopIteration) as stop:
        stream.send("stop")
    assert stop.value.value == ["a", "b", None]
    assert spans.only().status.status_code is StatusCode.UNSET


def test_sending_and_throwing_pass_through_async_generators(spans):
    @onwatch.trace_tool
    async def echo(start):
        got = yield start
        try:
            got = yield got
        except KeyError:
            got = yield "caught"

    async def main():
        stream = echo("a")
        assert await anext(stream) == "a"
        assert await stream.asend("b") == "b"
        assert await stream.athrow(KeyError()) == "caught"
        with pytest.raises(StopAsyncIteration):
            await anext(stream)

    asyncio.run(main())
    assert spans.only().status.status_code is StatusCode.UNSET


def test_an_exception_thrown_in_and_not_caught_is_an_error(spans):
    @onwatch.trace_llm_call
    def ask(prompt):
        yield "a"

    stream = ask("Why?")
    next(stream)
    with pytest.raises(TimeoutError):
        stream.throw(TimeoutError())
    assert spans.said()["error.type"] == "TimeoutError"


def test_a_plain_function_may_hand_out_a_stream(spans):
    """Clients' streams are often made by a function that is no generator itself."""

    async def words(prompt):
        yield "The sky "
        yield "is blue."

    @onwatch.trace_llm_call
    def ask(prompt):
        return (word for word in ("The sky ", "is blue."))

    @onwatch.trace_llm_call
    def ask_async(prompt):
        return words(prompt)

    @onwatch.trace_llm_call
    def ask_later(prompt):
        async def answer():
            return "The sky is blue."

        return answer()

    async def main():
        assert "".join([word async for word in ask_async("Why?")]) == "The sky is blue."
        assert await ask_later("Why?") == "The sky is blue."

    assert "".join(ask("Why?")) == "The sky is blue."
    asyncio.run(main())
    assert [span.attributes["output.value"] for span in spans.all()] == ["The sky is blue."] * 3


def test_documents_and_vectors_may_stream(spans):
    @onwatch.trace_retrieval
    def search(query):
        for number in range(300):
            yield {"id": str(number), "score": number / 1000, "text": "Blue."}

    @onwatch.trace_embedding
    def embed(texts):
        for _ in texts:
            yield [3.0, 4.0]

    assert len(list(search("sky"))) == 300
    assert len(list(embed(["a", "b"]))) == 2
    found, embedded = spans.all()
    assert found.attributes["retrieval.num_results"] == 300
    assert json.loads(found.attributes["gen_ai.retrieval.documents"])[0] == {
        "id": "0",
        "score": 0.0,
        "content": "Blue.",
    }
    assert (embedded.attributes["embedding.num_inputs"], embedded.attributes["embedding.norm"]) == (2, 5.0)


def test_streams_interleave_in_one_thread(spans):
    @onwatch.trace_llm_call
    def ask(prompt):
        yield from prompt.split()

    pairs = list(zip(ask("a b c"), ask("d e f"), strict=True))
    assert pairs == [("a", "d"), ("b", "e"), ("c", "f")]
    assert sorted(span.attributes["output.value"] for span in spans.all()) == ["abc", "def"]
    assert all(span.parent is None for span in spans.all())


def test_tasks_do_not_mix_their_traces(spans):
    @onwatch.trace_llm_call
    async def ask(prompt):
        for word in prompt.split():
            await asyncio.sleep(0)
            yield word

    @onwatch.trace_rag_pipeline
    async def pipeline(question):
        with contextlib.suppress(asyncio.TimeoutError):
            return "".join([word async for word in ask(question)])

    async def main():
        return await asyncio.gather(*(pipeline(f"q{number} b c") for number in range(20)))

    assert asyncio.run(main()) == [f"q{number}bc" for number in range(20)]
    roots = {span.context.span_id: span for span in spans.all() if span.parent is None}
    calls = [span for span in spans.all() if span.parent is not None]
    assert len(roots) == len(calls) == 20
    for call in calls:
        root = roots[call.parent.span_id]
        assert call.context.trace_id == root.context.trace_id
        assert call.attributes["output.value"] == root.attributes["output.value"]

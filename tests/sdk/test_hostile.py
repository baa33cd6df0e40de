"""Whatever a function is given and returns, the application gets it as if the decorators were not there."""

import asyncio
import inspect
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

import onwatch_sdk as onwatch
from tests.sdk.test_decorators import DECORATORS, SORTS, run


class Hostile:
    """Raises at every touch."""

    def _raise(self, *_: object, **__: object):
        raise RuntimeError("do not touch")

    __getattr__ = __str__ = __repr__ = __len__ = __iter__ = __bool__ = __eq__ = __hash__ = __format__ = _raise
    __float__ = __int__ = __index__ = __contains__ = __getitem__ = keys = items = get = _raise


class Liar(Hostile):
    """Says that it is something else."""

    @property
    def __class__(self):
        raise RuntimeError("do not ask")


class HostileDict(dict):
    __getitem__ = get = items = keys = __iter__ = __len__ = __contains__ = Hostile._raise


class HostileText(str):
    __str__ = __repr__ = __len__ = __getitem__ = __iter__ = __format__ = encode = isascii = Hostile._raise


class HostileList(list):
    __iter__ = __len__ = __getitem__ = __contains__ = Hostile._raise


class HostileNumber(float):
    __float__ = __int__ = __gt__ = __lt__ = __le__ = __ge__ = __eq__ = __hash__ = __repr__ = Hostile._raise


def cyclic():
    value: dict = {"content": [], "usage": {}}
    value["content"].append(value)
    value["usage"]["usage"] = value
    value["data"] = value["choices"] = value["documents"] = [value]
    return value


def deep():
    value: list = []
    for _ in range(100_000):
        value = [value]
    return value


KEYS = st.sampled_from(
    [
        "choices", "message", "content", "usage", "prompt_tokens", "prompt_tokens_details", "cached_tokens", "data",
        "embedding", "documents", "id", "score", "text", "role", "tool_calls", "function", "arguments", "model",
        "delta", "output", "type", "response", "usage_metadata", "parts", "finish_reason", "metadata", "payload",
        "image_url",
    ]
)  # fmt: skip
TEXTS = st.text(st.characters(), max_size=10) | st.sampled_from(
    ["\ud800", "a\x00b", "text", "tool", "message", "[" * 3000]
)
HOSTILE = [
    Hostile(),
    Liar(),
    HostileDict(a=1),
    HostileText("x"),
    HostileList([1]),
    HostileNumber(1.5),
    deep(),
    cyclic(),
]


@dataclass(frozen=True)
class StandIn:
    """For one of these while values are made up: Hypothesis looks at everything that it makes."""

    number: int


def real(value):
    if isinstance(value, StandIn):
        return HOSTILE[value.number]
    if isinstance(value, dict):
        return {key: real(inner) for key, inner in value.items()}
    return type(value)(map(real, value)) if isinstance(value, list | tuple) else value


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXTS
    | st.binary(max_size=5)
    | st.builds(StandIn, st.integers(0, len(HOSTILE) - 1))
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(KEYS | TEXTS, inner, max_size=5)
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("decorator", DECORATORS, ids=lambda decorator: decorator.__name__)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(argument=VALUES, result=VALUES)
def test_any_value_passes_through(decorator, spans, counted, argument, result):
    spans.exporter.clear()
    argument, result = real(argument), real(result)
    seen = []

    def work(*args, **kwargs):
        seen.append((args, kwargs))
        return result

    assert decorator(work)(argument, key=argument) is result
    assert decorator(lambda query: result)(argument) is result
    ((args, kwargs),) = seen
    assert args[0] is argument
    assert kwargs["key"] is argument
    # Every span ended, and can be sent.
    assert len(spans.all()) == 2
    encode_spans(spans.all()).SerializeToString()
    counted()


def driven(work):
    """The result, as a list. Not by asyncio, which looks into the results of its tasks to describe them."""
    if inspect.isasyncgen(work):
        return [driven(anext(work))]
    if not hasattr(type(work), "send") and not hasattr(type(work), "__await__"):
        return work
    if inspect.isgenerator(work):
        return list(work)
    try:
        next(work.__await__())
    except StopIteration as stop:
        return stop.value


def returning(value):
    def plain(query):
        return [value]

    async def coroutine(query):
        return [value]

    def generator(query):
        yield value

    async def async_generator(query):
        yield value

    return {"plain": plain, "coroutine": coroutine, "generator": generator, "async_generator": async_generator}


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("decorator", DECORATORS, ids=lambda decorator: decorator.__name__)
def test_hostile_chunks(decorator, sort, spans, counted):
    for value in HOSTILE:
        (got,) = driven(decorator(returning(value)[sort.__name__])(value))
        assert got is value
    assert len(spans.all()) == len(HOSTILE)
    encode_spans(spans.all()).SerializeToString()
    counted()


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES, name=VALUES)
def test_contexts_take_anything(spans, counted, value, name):
    spans.exporter.clear()
    value, name = real(value), real(name)
    with onwatch.AITraceContext(name, user=value, session=value, prompt=value, input=value, extra=value) as turn:
        turn.record_metric(name, value)
        turn.record_tokens(value, value, cached=value, model=value)
        turn.record_cost(value)
        turn.record_quality_score(value, name, comment=value)
        turn.record_output(value)
        onwatch.annotate().record_metric(name, value)
    onwatch.score(value, name, comment=value, trace_id=value)
    onwatch.feedback(value, trace_id=value)
    assert len(spans.all()) == 1
    encode_spans(spans.all()).SerializeToString()
    counted()


class HostileError(Exception):
    __str__ = Hostile._raise

    @property
    def status_code(self):
        raise RuntimeError("do not ask")


@pytest.mark.parametrize("sort", SORTS)
def test_hostile_exceptions_go_on_unchanged(sort, spans):
    error = HostileError("\ud800")

    def fail(query):
        raise error

    with pytest.raises(HostileError) as raised:
        run(onwatch.trace_llm_call(sort(fail)), "a")
    assert raised.value is error
    assert spans.said()["error.type"] == "HostileError"
    encode_spans(spans.all()).SerializeToString()


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(3), asyncio.CancelledError(), GeneratorExit(), StopAsyncIteration()]
)
def test_what_is_no_error_goes_on_as_well(error, spans):
    @onwatch.trace_llm_call
    def work(prompt):
        raise error

    with pytest.raises(type(error)) as raised:
        work("a")
    assert raised.value is error
    assert spans.said()["error.type"] == type(error).__name__


def test_recursion_to_the_limit(spans, counted):
    @onwatch.trace_tool
    def down(depth):
        return down(depth + 1)

    with pytest.raises(RecursionError):
        down(0)
    counted()

"""Decorators for the parts of an AI application: functions, coroutines, generators and async generators alike.

What was passed in and what came out is recorded; a stream's span ends with the stream and knows its first token.
"""

from __future__ import annotations

import functools
import inspect
import time
from collections.abc import Callable
from typing import Any, TypeVar

from opentelemetry import context, trace
from opentelemetry.trace import Span

from onwatch_sdk import embedding, responses, setup
from onwatch_sdk.context import fail, text_of
from onwatch_sdk.guard import harmless

F = TypeVar("F", bound=Callable[..., Any])
#: Longer texts are cut here; the console takes more, but a prompt of this size is a mistake or a file.
LONGEST_TEXT = 200_000


class Call:
    """One run of a decorated function."""

    def __init__(self, name: str, attributes: dict[str, Any], describe: Callable[[Span, Any], None]) -> None:
        self.began = time.perf_counter()
        self.describe = describe
        self.span = setup.tracer().start_span(name, attributes=attributes)
        self.chunks: list[str] = []
        self.last_chunk: Any = None

    def enter(self) -> object:
        return context.attach(trace.set_span_in_context(self.span))

    @harmless
    def leave(self, token: object) -> None:
        context.detach(token)

    @harmless
    def chunk(self, chunk: Any) -> None:  # noqa: ANN401
        if self.last_chunk is None:
            self.span.set_attribute("gen_ai.response.time_to_first_chunk", time.perf_counter() - self.began)
        self.last_chunk = chunk
        self.chunks.append(responses.delta_text(chunk))

    @harmless
    def result(self, result: Any) -> None:  # noqa: ANN401
        self.describe(self.span, result)

    @harmless
    def stream_result(self) -> None:
        text = "".join(self.chunks)
        if text:
            self.span.set_attribute("output.value", text[:LONGEST_TEXT])
        self.span.set_attributes(responses.attributes(self.last_chunk))

    @harmless
    def error(self, error: BaseException) -> None:
        fail(self.span, error)

    @harmless
    def end(self) -> None:
        self.span.end()


class _Nothing:
    """Stands in for a call that could not be begun."""

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_: None


def _input_of(signature: inspect.Signature, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """The one argument's text, or all of them as JSON; ``self`` is left out."""
    bound = signature.bind_partial(*args, **kwargs).arguments
    shown = {name: value for name, value in bound.items() if name not in ("self", "cls")}
    value = next(iter(shown.values())) if len(shown) == 1 else shown
    return text_of(value)[:LONGEST_TEXT]


def _decorator(
    default_name: str, attributes: dict[str, Any], describe: Callable[[Span, Any], None], *, capture: bool
) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        name = default_name or function.__qualname__.rsplit(".", 1)[-1]
        signature = inspect.signature(function)

        @harmless
        def begin(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Call:
            own = {**attributes}
            if capture:
                own["input.value"] = _input_of(signature, args, kwargs)
            return Call(name, own, describe if capture else _describe_tokens)

        if inspect.isasyncgenfunction(function):

            @functools.wraps(function)
            async def async_stream(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                call = begin(args, kwargs) or _Nothing()
                stream = function(*args, **kwargs)
                try:
                    while True:
                        # The span is current only while the function runs, not while its caller has the chunk.
                        token = call.enter()
                        try:
                            chunk = await anext(stream)
                        except StopAsyncIteration:
                            break
                        finally:
                            call.leave(token)
                        call.chunk(chunk)
                        yield chunk
                    call.stream_result()
                except GeneratorExit:
                    call.stream_result()
                    await stream.aclose()
                    raise
                except BaseException as error:
                    call.error(error)
                    raise
                finally:
                    call.end()

            return async_stream  # type: ignore[return-value]

        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def stream(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                call = begin(args, kwargs) or _Nothing()
                chunks = function(*args, **kwargs)
                try:
                    while True:
                        token = call.enter()
                        try:
                            chunk = next(chunks)
                        except StopIteration as stop:
                            call.stream_result()
                            return stop.value
                        finally:
                            call.leave(token)
                        call.chunk(chunk)
                        yield chunk
                except GeneratorExit:
                    call.stream_result()
                    chunks.close()
                    raise
                except BaseException as error:
                    call.error(error)
                    raise
                finally:
                    call.end()

            return stream  # type: ignore[return-value]

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def coroutine(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
                call = begin(args, kwargs) or _Nothing()
                token = call.enter()
                try:
                    result = await function(*args, **kwargs)
                    call.result(result)
                    return result
                except BaseException as error:
                    call.error(error)
                    raise
                finally:
                    call.leave(token)
                    call.end()

            return coroutine  # type: ignore[return-value]

        @functools.wraps(function)
        def plain(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            call = begin(args, kwargs) or _Nothing()
            token = call.enter()
            try:
                result = function(*args, **kwargs)
                call.result(result)
                return result
            except BaseException as error:
                call.error(error)
                raise
            finally:
                call.leave(token)
                call.end()

        return plain  # type: ignore[return-value]

    return decorate


def _describe_tokens(span: Span, result: Any) -> None:  # noqa: ANN401
    span.set_attributes(responses.attributes(result))


def _describe_answer(span: Span, result: Any) -> None:  # noqa: ANN401
    span.set_attributes(responses.attributes(result))
    span.set_attribute("output.value", text_of(responses.output_text(result))[:LONGEST_TEXT])


def _document(entry: Any) -> dict[str, Any]:  # noqa: ANN401
    if isinstance(entry, str):
        return {"content": entry}
    read = entry.get if isinstance(entry, dict) else lambda name: getattr(entry, name, None)
    found = {
        "id": read("id"),
        "score": read("score"),
        "content": read("content") or read("page_content") or read("text"),
    }
    return {name: value for name, value in found.items() if value is not None}


def _describe_documents(span: Span, result: Any) -> None:  # noqa: ANN401
    entries = result.get("documents", []) if isinstance(result, dict) else result
    documents = [_document(entry) for entry in entries or []]
    span.set_attribute("gen_ai.retrieval.documents", text_of(documents)[:LONGEST_TEXT])
    span.set_attribute("retrieval.num_results", len(documents))
    scores = [document["score"] for document in documents if isinstance(document.get("score"), (int, float))]
    if scores:
        span.set_attribute("retrieval.top_score", float(max(scores)))


def _describe_vectors(span: Span, result: Any) -> None:  # noqa: ANN401
    span.set_attributes(responses.attributes(result))
    span.set_attributes(embedding.facts(embedding.vectors_in(result)))


def _known(**attributes: str | None) -> dict[str, str]:
    return {name.replace("__", "."): value for name, value in attributes.items() if value}


def trace_llm_call(
    name: str = "", *, model: str | None = None, provider: str | None = None, capture: bool = True
) -> Callable[[F], F]:
    """A call of a language model. Tokens, served model and text are read from what it returns or streams."""
    attributes = _known(
        gen_ai__operation__name="chat",
        gen_ai__request__model=model,
        llm__model=model,
        gen_ai__provider__name=provider,
        llm__provider=provider,
    )
    return _decorator(name, attributes, _describe_answer, capture=capture)


def trace_retrieval(name: str = "", *, index: str | None = None, capture: bool = True) -> Callable[[F], F]:
    """A search for documents. Returns strings, dictionaries or objects with id, score and content."""
    attributes = _known(gen_ai__operation__name="retrieval", gen_ai__data_source__id=index, retrieval__index=index)
    return _decorator(name, attributes, _describe_documents, capture=capture)


def trace_embedding(name: str = "", *, model: str | None = None, capture: bool = True) -> Callable[[F], F]:
    """A call of an embedding model. The vectors themselves are never sent."""
    attributes = _known(gen_ai__operation__name="embeddings", gen_ai__request__model=model, embedding__model=model)
    return _decorator(name, attributes, _describe_vectors, capture=capture)


def trace_tool(name: str = "", *, capture: bool = True) -> Callable[[F], F]:
    """A tool that the model or the application uses."""
    attributes = _known(gen_ai__operation__name="execute_tool", gen_ai__tool__name=name or None)
    return _decorator(name, attributes, _describe_answer, capture=capture)


def trace_rag_pipeline(name: str = "", *, feature: str | None = None, capture: bool = True) -> Callable[[F], F]:
    """A whole pipeline from query to answer: the root of the trace that the other parts hang in."""
    attributes = _known(gen_ai__operation__name="invoke_workflow", ai__feature=feature)
    return _decorator(name, attributes, _describe_answer, capture=capture)

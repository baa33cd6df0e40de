"""Decorators for the parts of an AI application: functions, coroutines, generators and async generators alike.

Each is used bare (``@trace_tool``) or with arguments (``@trace_tool("weather")``). What went in and what came out is
recorded unless ``capture=False``; a stream's span ends with the stream, also when its consumer stops early, and knows
its first chunk. Exceptions are recorded and go on unchanged. The function behaves as it did without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from onwatch_sdk import content
from onwatch_sdk.calls import Plan
from onwatch_sdk.carried import attributes_for
from onwatch_sdk.kinds import Embedding, Kind, LlmCall, Pipeline, Retrieval, Tool
from onwatch_sdk.wrapping import wrap

F = TypeVar("F", bound=Callable[..., Any])
Decorator = Callable[[F], F]


@overload
def trace_llm_call(name: F, /) -> F: ...
@overload
def trace_llm_call(
    name: str = "",
    *,
    model: str | None = None,
    provider: str | None = None,
    prompt: str | None = None,
    prompt_version: str | int | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture: bool | None = None,
) -> Decorator[Any]: ...
def trace_llm_call(
    name: Any = "",
    *,
    model: str | None = None,
    provider: str | None = None,
    prompt: str | None = None,
    prompt_version: str | int | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture: bool | None = None,
) -> Any:
    """A call of a language model.

    Tokens, served model, finish reason, tool calls and text are read from what it returns or streams: text,
    dictionaries, and the answers of OpenAI, Anthropic, Google, LangChain, LiteLLM, Bedrock and Ollama. The input is
    the parameter ``messages`` or ``prompt`` where there is one; ``model``, ``temperature``, ``max_tokens``, ``top_p``
    and ``seed`` are read from parameters of that name. ``annotate().record_tokens(...)`` inside the function says what
    a result cannot, and is believed first.
    """
    said = {
        "gen_ai.request.model": model,
        "llm.model": model,
        "gen_ai.provider.name": provider,
        "llm.provider": provider,
    }
    return _decorator(name, LlmCall, said, attributes, capture, prompt=prompt, prompt_version=prompt_version)


@overload
def trace_retrieval(name: F, /) -> F: ...
@overload
def trace_retrieval(
    name: str = "",
    *,
    index: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture: bool | None = None,
) -> Decorator[Any]: ...
def trace_retrieval(
    name: Any = "",
    *,
    index: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture: bool | None = None,
) -> Any:
    """A search for documents.

    Takes lists of texts, of dictionaries or objects with an id, a score and a text under their usual names, of
    ``(document, score)``, and such lists inside an answer (``documents``, ``matches``, ``hits``, ...). The first 200
    are recorded, the number is that of all. Scores are taken as relevance: higher is better.
    """
    said = {"gen_ai.data_source.id": index, "retrieval.index": index}
    return _decorator(name, Retrieval, said, attributes, capture)


@overload
def trace_embedding(name: F, /) -> F: ...
@overload
def trace_embedding(
    name: str = "",
    *,
    model: str | None = None,
    provider: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture: bool | None = None,
) -> Decorator[Any]: ...
def trace_embedding(
    name: Any = "",
    *,
    model: str | None = None,
    provider: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture: bool | None = None,
) -> Any:
    """A call of an embedding model.

    Returns one vector, several, a numpy array of one or two dimensions, or a client's response. Their number, length,
    mean norm and a fixed projection of their mean on 16 numbers are recorded, the vectors themselves never.
    """
    said = {
        "gen_ai.request.model": model,
        "embedding.model": model,
        "gen_ai.provider.name": provider,
        "llm.provider": provider,
    }
    return _decorator(name, Embedding, said, attributes, capture)


@overload
def trace_tool(name: F, /) -> F: ...
@overload
def trace_tool(
    name: str = "", *, attributes: Mapping[str, Any] | None = None, capture: bool | None = None
) -> Decorator[Any]: ...
def trace_tool(name: Any = "", *, attributes: Mapping[str, Any] | None = None, capture: bool | None = None) -> Any:
    """A tool that the model or the application uses; its name is that of the function where none is given."""
    return _decorator(name, Tool, {}, attributes, capture, name_in="gen_ai.tool.name")


@overload
def trace_rag_pipeline(name: F, /) -> F: ...
@overload
def trace_rag_pipeline(
    name: str = "",
    *,
    feature: str | None = None,
    prompt: str | None = None,
    prompt_version: str | int | None = None,
    experiment: str | None = None,
    variant: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture: bool | None = None,
) -> Decorator[Any]: ...
def trace_rag_pipeline(
    name: Any = "",
    *,
    feature: str | None = None,
    prompt: str | None = None,
    prompt_version: str | int | None = None,
    experiment: str | None = None,
    variant: str | None = None,
    attributes: Mapping[str, Any] | None = None,
    capture: bool | None = None,
) -> Any:
    """A whole pipeline from query to answer: the span that all its parts hang in, one trace when nothing is above it.

    ``feature``, ``prompt``, ``prompt_version``, ``experiment`` and ``variant`` are handed down to the parts. User and
    session are known at the call alone: see ``AITraceContext``.
    """
    return _decorator(
        name,
        Pipeline,
        {},
        attributes,
        capture,
        name_in="gen_ai.workflow.name",
        feature=feature,
        prompt=prompt,
        prompt_version=prompt_version,
        experiment=experiment,
        variant=variant,
    )


def _decorator(
    name: Any,
    kind: type[Kind],
    said: Mapping[str, str | None],
    more: Mapping[str, Any] | None,
    capture: bool | None,
    *,
    name_in: str = "",
    **carried: object,
) -> Any:
    """The decorator, or, used bare, the decorated function."""
    attributes = {**(more or {}), **{key: content.unicode(str(value)) for key, value in said.items() if value}}
    handed_down = attributes_for(**carried)

    def decorate(function: Any) -> Any:
        if isinstance(function, (staticmethod, classmethod)):
            return type(function)(decorate(function.__func__))
        called = name if isinstance(name, str) and name else _name_of(function)
        own = {**attributes, name_in: called} if name_in else attributes
        return wrap(function, Plan(function, called, kind, own, handed_down, capture))

    if callable(name) or isinstance(name, (staticmethod, classmethod)):
        return decorate(name)
    return decorate


def _name_of(function: Any) -> str:
    """The function's own name; that of its type for callable objects."""
    named = getattr(function, "__name__", None) or getattr(getattr(function, "func", None), "__name__", None)
    return named if isinstance(named, str) else type(function).__name__

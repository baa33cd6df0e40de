"""Wraps functions, coroutines, generators and async generators so that each run is a ``Call``.

A wrapper is of the same sort as what it wraps: frameworks look. Arguments, results, chunks, what is sent and thrown
into a generator, and exceptions pass through unchanged.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any

from onwatch_sdk.calls import Call, Plan
from onwatch_sdk.handed_out import FollowedAsyncStream, FollowedStream, is_stream

Function = Callable[..., Any]


def wrap(function: Function, plan: Plan) -> Function:
    if inspect.isasyncgenfunction(function):
        return _async_generator(function, plan)
    if inspect.isgeneratorfunction(function):
        return _generator(function, plan)
    if inspect.iscoroutinefunction(function):
        return _coroutine(function, plan)
    return _plain(function, plan)


def _plain(function: Function, plan: Plan) -> Function:
    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        call = Call(plan, args, kwargs)
        call.enter()
        try:
            result = function(*args, **kwargs)
        except BaseException as error:
            call.leave()
            call.failed(error)
            raise
        call.leave()
        return _through(call, result)

    return plain


def _through(call: Call, result: Any) -> Any:
    """The result. Where that is work still to be done, the span is over when it is done."""
    kind = type(result)
    if kind is GeneratorType:
        return _follow(call, result)
    if kind is AsyncGeneratorType:
        return _following_async(lambda: (result, call))()
    if kind is CoroutineType:
        return _follow_coroutine(call, result)
    if (sort := is_stream(kind)) and call.span.is_recording():
        if sort == "async":
            return FollowedAsyncStream(call, result, _following_async(lambda: (result, call))())
        return FollowedStream(call, result, _follow(call, result))
    call.returned(result)
    return result


def _coroutine(function: Function, plan: Plan) -> Function:
    @functools.wraps(function)
    async def coroutine(*args: Any, **kwargs: Any) -> Any:
        work = function(*args, **kwargs)
        return await _follow_coroutine(Call(plan, args, kwargs), work)

    return coroutine


def _generator(function: Function, plan: Plan) -> Function:
    @functools.wraps(function)
    def generator(*args: Any, **kwargs: Any) -> Any:
        chunks = function(*args, **kwargs)
        return (yield from _follow(Call(plan, args, kwargs), chunks))

    return generator


def _async_generator(function: Function, plan: Plan) -> Function:
    def begin(*args: Any, **kwargs: Any) -> tuple[Any, Call]:
        return function(*args, **kwargs), Call(plan, args, kwargs)

    return functools.wraps(function)(_following_async(begin))


async def _follow_coroutine(call: Call, work: Any) -> Any:
    call.enter()
    try:
        result = await work
    except BaseException as error:
        call.leave()
        call.failed(error)
        raise
    call.leave()
    return _through(call, result)


def _follow(call: Call, chunks: Any) -> Any:
    """The generator's chunks. The span is current while it runs, and not while its consumer has the chunk."""
    step: Callable[..., Any] = next
    given: Any = chunks
    while True:
        call.enter()
        try:
            chunk = step(given)
        except StopIteration as stop:
            call.leave()
            call.streamed()
            return stop.value
        except BaseException as error:
            call.leave()
            call.failed(error)
            raise
        call.leave()
        call.chunk(chunk)
        try:
            sent = yield chunk
        except GeneratorExit:
            _close(call, chunks)
            raise
        except BaseException as thrown:
            step, given = chunks.throw, thrown
        else:
            step, given = (next, chunks) if sent is None else (chunks.send, sent)


def _close(call: Call, chunks: Any) -> None:
    call.enter()
    try:
        chunks.close()
    except BaseException as error:
        call.leave()
        call.failed(error)
        raise
    call.leave()
    call.streamed(early=True)


def _following_async(begin: Callable[..., tuple[Any, Call]]) -> Function:
    """An async generator function like ``_follow``, which has no ``yield from`` to be reached by."""

    async def follow(*args: Any, **kwargs: Any) -> Any:
        chunks, call = begin(*args, **kwargs)
        step: Callable[..., Any] = anext
        given: Any = chunks
        while True:
            call.enter()
            try:
                chunk = await step(given)
            except StopAsyncIteration:
                call.leave()
                call.streamed()
                return
            except BaseException as error:
                call.leave()
                if error is given and isinstance(error, asyncio.CancelledError):
                    # Thrown in between two chunks: the consumer is gone, which is no failure of the stream.
                    call.streamed(early=True)
                else:
                    call.failed(error)
                raise
            call.leave()
            call.chunk(chunk)
            try:
                sent = yield chunk
            except GeneratorExit:
                await _close_async(call, chunks)
                raise
            except BaseException as thrown:
                step, given = chunks.athrow, thrown
            else:
                step, given = (anext, chunks) if sent is None else (chunks.asend, sent)

    return follow


async def _close_async(call: Call, chunks: Any) -> None:
    call.enter()
    try:
        await (chunks.aclose if hasattr(chunks, "aclose") else chunks.close)()
    except asyncio.CancelledError:
        # The loop ends, or whoever closes is cancelled: the stream had been left before that.
        call.leave()
        call.streamed(early=True)
        raise
    except BaseException as error:
        call.leave()
        call.failed(error)
        raise
    call.leave()
    call.streamed(early=True)

"""Streams that a client hands out as objects of its own: followed from outside, and otherwise themselves.

Applications pass such a stream on, read its headers, close it and look at its type. All that reaches the client's
object; only what is read from it is heard as well.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Any

from onwatch_sdk.calls import Call

#: Packages whose streams are known to be read by iterating.
CLIENTS = frozenset({"openai", "anthropic", "groq", "mistralai", "together", "litellm", "ollama", "cohere"})


@functools.lru_cache(maxsize=512)
def is_stream(kind: type) -> str:
    """``sync`` or ``async`` for the type of a client's stream, else empty."""
    if kind.__module__.partition(".")[0] not in CLIENTS:
        return ""
    if hasattr(kind, "__anext__"):
        return "async"
    return "sync" if hasattr(kind, "__next__") else ""


class _Followed:
    """What both sorts share: everything that is not reading is the client's own."""

    def __init__(self, call: Call, stream: Any, chunks: Any) -> None:
        self._onwatch_call = call
        self._onwatch_stream = stream
        self._onwatch_chunks = chunks
        self._onwatch_begun = False

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return type(self._onwatch_stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._onwatch_stream, name)

    def __del__(self) -> None:
        if not self.__dict__.get("_onwatch_begun", True):
            self._onwatch_call.streamed(early=True)


class FollowedStream(_Followed):
    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        self._onwatch_begun = True
        return next(self._onwatch_chunks)

    def __enter__(self) -> FollowedStream:
        enter = getattr(self._onwatch_stream, "__enter__", None)
        if enter is not None:
            enter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._onwatch_begun:
            self._onwatch_chunks.close()
        else:
            self._onwatch_begun = True
            self._onwatch_call.streamed(early=True)
        # Also when it was read to its end: closing twice is the client's to allow.
        self._onwatch_stream.close()


class FollowedAsyncStream(_Followed):
    def __aiter__(self) -> AsyncIterator[Any]:
        return self

    async def __anext__(self) -> Any:
        self._onwatch_begun = True
        return await anext(self._onwatch_chunks)

    async def __aenter__(self) -> FollowedAsyncStream:
        enter = getattr(self._onwatch_stream, "__aenter__", None)
        if enter is not None:
            await enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        if self._onwatch_begun:
            await self._onwatch_chunks.aclose()
        else:
            self._onwatch_begun = True
            self._onwatch_call.streamed(early=True)
        await self._onwatch_stream.close()

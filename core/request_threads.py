"""Threads in which requests are answered, kept from one request to the next together with their SQL connections.

By itself Django makes a thread for every request. A connection that is kept open (``CONN_MAX_AGE``) then belongs to a
thread that is gone: nobody uses it again, and it stays open until the garbage collector comes by.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

from asgiref.sync import ThreadSensitiveContext
from django.db import connections


class RequestThreads:
    """Every request has a thread to itself; at most ``kept`` wait for the next ones. Used by one event loop."""

    def __init__(self, kept: int) -> None:
        self._kept = kept
        self._free: list[ThreadPoolExecutor] = []

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Whatever Django does in threads for this request, it does in one of ours."""
        thread = self._free.pop() if self._free else ThreadPoolExecutor(1, thread_name_prefix="request")
        try:
            async with ThreadSensitiveContext(executor=thread):
                yield
        finally:
            if len(self._free) < self._kept:
                self._free.append(thread)
            else:
                thread.submit(connections.close_all)
                thread.shutdown(wait=False)

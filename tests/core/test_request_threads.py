import asyncio
import threading
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections

from core.request_threads import RequestThreads

pytestmark = pytest.mark.django_db(transaction=True)


def _connected() -> tuple[threading.Thread, Any]:
    connection.ensure_connection()
    return threading.current_thread(), connection.connection


async def _ask(threads: RequestThreads, together: asyncio.Barrier | None = None) -> tuple[threading.Thread, Any]:
    async with threads.one():
        if together:
            await together.wait()
        return await sync_to_async(_connected)()


async def _end(threads: RequestThreads) -> None:
    async with threads.one():
        await sync_to_async(connections.close_all)()


def test_it_keeps_the_thread_and_its_connection_for_the_next_request():
    async def ask() -> list[tuple[threading.Thread, Any]]:
        threads = RequestThreads(1)
        answers = [await _ask(threads) for _ in range(3)]
        await _end(threads)
        return answers

    first, *others = asyncio.run(ask())

    assert others == [first, first]


def test_requests_at_once_have_threads_of_their_own_and_surplus_ones_end():
    threads = RequestThreads(1)

    async def ask() -> list[tuple[threading.Thread, Any]]:
        together = asyncio.Barrier(2)
        return await asyncio.gather(_ask(threads, together), _ask(threads, together))

    (one, _), (other, _) = asyncio.run(ask())
    (kept, _) = asyncio.run(_ask(threads))
    asyncio.run(_end(threads))

    assert one is not other
    surplus = other if kept is one else one
    surplus.join(5)
    assert kept.is_alive() and not surplus.is_alive()

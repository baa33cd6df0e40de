"""How requests are gathered into groups; what storing a group does is tested through the receivers."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from telemetry import commit, group
from telemetry.dialects.decoded import Decoded
from telemetry.group import Committer
from tests.telemetry.ingest.test_commit import make_span


class Storing:
    """Stands where groups are stored, and holds the first one until it is told to go on."""

    def __init__(self) -> None:
        self.groups: list[tuple[int, bool]] = []
        self.go_on = threading.Event()

    def __call__(self, spans, *, count=True):
        self.groups.append((len(spans), count))
        assert self.go_on.wait(20)


@pytest.fixture
def storing(monkeypatch) -> Storing:
    found = Storing()
    monkeypatch.setattr(commit, "store_spans", found)
    return found


def one(number: int) -> Callable[[bytes], tuple[Decoded, int]]:
    return lambda body: (Decoded(spans=[make_span(number)]), len(body))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


async def sent_while_busy(committer: Committer, storing: Storing, numbers: range) -> None:
    """A first request, and the others while it is being stored."""
    first = asyncio.ensure_future(committer.commit(b"x", one(0)))
    await until(lambda: len(storing.groups) == 1)
    others = [asyncio.ensure_future(committer.commit(b"x", one(number))) for number in numbers]
    await until(lambda: committer.backlog == 1 + len(others))
    storing.go_on.set()
    await asyncio.gather(first, *others)


def test_what_comes_while_one_group_is_stored_is_the_next_group(storing):
    asyncio.run(sent_while_busy(Committer(), storing, range(1, 6)))
    assert storing.groups == [(1, True), (5, False)]


def test_who_was_answered_together_is_waited_for_but_nobody_else(storing, monkeypatch):
    monkeypatch.setattr(group, "LINGER", 20)

    async def conversation() -> float:
        committer = Committer()
        await sent_while_busy(committer, storing, range(1, 4))
        again = [asyncio.ensure_future(committer.commit(b"x", one(number))) for number in (4, 5)]
        await until(lambda: committer.backlog == 2)
        await committer.commit(b"x", one(6))
        await asyncio.gather(*again)
        return time.monotonic()

    began = time.monotonic()
    ended = asyncio.run(conversation())
    assert storing.groups == [(1, True), (3, False), (3, False)]
    assert ended - began < 20


def test_what_is_being_prepared_is_waited_for(storing, monkeypatch):
    monkeypatch.setattr(group, "COMING_SECONDS", 20)
    storing.go_on.set()

    async def conversation() -> None:
        committer = Committer()
        with committer.coming():
            first = asyncio.ensure_future(committer.commit(b"x", one(1)))
            await until(lambda: committer.backlog == 1)
            assert not first.done()
        second = asyncio.ensure_future(committer.commit(b"x", one(2)))
        await asyncio.gather(first, second)
        with committer.coming():
            nothing_came = asyncio.ensure_future(committer.commit(b"x", one(3)))
            await until(lambda: committer.backlog == 1)
        await nothing_came

    began = time.monotonic()
    asyncio.run(conversation())
    assert sum(spans for spans, _ in storing.groups) == 3
    assert time.monotonic() - began < 20


def test_requests_one_after_another_wait_for_nobody(storing, monkeypatch):
    monkeypatch.setattr(group, "LINGER", 20)
    storing.go_on.set()

    async def one_by_one() -> None:
        committer = Committer()
        for number in range(3):
            await committer.commit(b"x", one(number))

    began = time.monotonic()
    asyncio.run(one_by_one())
    assert storing.groups == [(1, True)] * 3
    assert time.monotonic() - began < 20


def test_a_fault_of_a_decoder_fails_its_own_request_alone(storing):
    storing.go_on.set()

    async def sent() -> list[object]:
        committer = Committer()
        bad = committer.commit(b"x", lambda body: (Decoded(items=None), len(body)))
        return await asyncio.wait_for(
            asyncio.gather(bad, committer.commit(b"x", one(1)), return_exceptions=True), timeout=20
        )

    failed, decoded = asyncio.run(sent())
    assert isinstance(failed, TypeError) and len(decoded.spans) == 1

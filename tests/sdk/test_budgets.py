"""Budget checks: an answer when there is one in time, a yes when there is none."""

import asyncio
import json
import threading
import time
from urllib.parse import parse_qs, urlsplit

import pytest

import onwatch_sdk as onwatch
from onwatch_sdk import budgets, sending
from tests.sdk.loopback import Answer

BUDGETS = [{"name": "day", "remaining_usd": "0.25"}]


def answer(**said):
    return Answer(200, json.dumps(said).encode())


def test_the_console_decides(connected, counted):
    connected.answers = [
        answer(allowed=True, remaining_usd="0.25", budgets=BUDGETS),
        answer(allowed=False, remaining_usd="-1.00", budgets=[]),
    ]
    yes = onwatch.check_budget(user="ü & co", feature="help", model="gpt-4o", estimated_cost_usd=0.1)
    no = onwatch.check_budget()
    assert yes == onwatch.Budget(allowed=True, remaining_usd="0.25", known=True, budgets=BUDGETS)
    assert yes
    assert not no
    assert (no.remaining_usd, no.known) == ("-1.00", True)
    first, second = (urlsplit(asked.path) for asked in connected.asked)
    assert first.path == second.path == "/api/v1/budgets/check"
    assert parse_qs(first.query) == {
        "user": ["ü & co"],
        "feature": ["help"],
        "model": ["gpt-4o"],
        "estimated_cost_usd": ["0.1"],
    }
    assert second.query == ""
    assert counted() == {}


@pytest.mark.parametrize(
    "said",
    [
        Answer(401),
        Answer(500),
        Answer(302, headers={"Location": "/"}),
        Answer(200, b"<html>"),
        Answer(200, b"[]"),
        answer(allowed="maybe"),
        Answer(200, b"[" * 100_000),
    ],
    ids=["no key", "error", "redirect", "page", "list", "no truth", "nesting"],
)
def test_it_says_yes_when_there_is_no_answer(said, connected, counted):
    connected.default = said
    budget = onwatch.check_budget()
    assert budget
    assert not budget.known
    assert counted() == {"budgets_unknown": 1}


def test_it_waits_no_longer_than_it_may(connected, counted):
    release = threading.Event()
    connected.default = Answer(after=release)
    began = time.perf_counter()
    assert onwatch.check_budget(timeout_seconds=0.1)
    assert 0.1 <= time.perf_counter() - began < 4
    # A console that is away costs one call its timeout, not all of them.
    began = time.perf_counter()
    for _ in range(20):
        assert not onwatch.check_budget(timeout_seconds=5).known
    assert time.perf_counter() - began < 4
    release.set()
    assert len(connected.asked) == 1
    assert counted() == {"budgets_unknown": 21}


def test_it_asks_again_after_a_while(connected, monkeypatch, counted):
    monkeypatch.setattr(budgets, "PAUSE_SECONDS", 0.0)
    base, sending.current().console.base = sending.current().console.base, "http://127.0.0.1:9"
    assert not onwatch.check_budget().known
    sending.current().console.base = base
    connected.default = answer(allowed=False)
    assert not onwatch.check_budget()
    assert counted() == {"budgets_unknown": 1}


def test_a_coroutine_does_not_hold_up_the_others(connected):
    release = threading.Event()
    connected.default = answer(allowed=False)
    connected.default.after = release

    async def main():
        checking = asyncio.create_task(onwatch.check_budget_async(user="u-1", timeout_seconds=10))
        await asyncio.to_thread(connected.wait_for, 1)
        assert not checking.done()
        release.set()
        return await checking

    assert asyncio.run(main()) == onwatch.Budget(allowed=False)


@pytest.mark.parametrize("value", [object(), "\ud800", float("nan"), [], -1])
def test_odd_arguments_are_no_reason_to_stop(value, connected, counted):
    connected.default = Answer(422)
    assert onwatch.check_budget(user=value, estimated_cost_usd=value)
    assert onwatch.check_budget(timeout_seconds=0)
    assert onwatch.check_budget(timeout_seconds=value)
    counted()

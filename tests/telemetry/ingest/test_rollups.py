"""Roll-ups agree with what is stored, whatever happened in between."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from telemetry import commit, rollup_repair, store
from telemetry.span import Score
from tests.telemetry.ingest.ask import ask, value
from tests.telemetry.ingest.test_commit import make_span

SUMS = """
SELECT
    (SELECT count() FROM spans WHERE counted), (SELECT sum(spans) FROM spans_1m), (SELECT sum(spans) FROM spans_1h),
    (SELECT count() FROM spans WHERE counted AND kind = 'llm'), (SELECT sum(calls) FROM spend_15m),
    (SELECT sum(cost_nano) FROM spans WHERE counted), (SELECT sum(cost_nano) FROM spans_1m),
    (SELECT sum(cost_nano) FROM spans_1h), (SELECT sum(cost_nano) FROM spend_15m),
    (SELECT count() FROM scores), (SELECT sum(scores) FROM scores_1m), (SELECT sum(scores) FROM scores_1h)
"""


def make_batch(first: int, count: int = 300) -> list:
    return [
        make_span(
            number,
            start_time=make_span(number * 7_000).start_time,
            kind="llm" if number % 3 else "chain",
            counted=number % 10 != 0,
            cost_nano=number if number % 3 else 0,
            scores=[Score("overall", 0.5)] if number % 4 == 0 else [],
        )
        for number in range(first, first + count)
    ]


def assert_true_sums() -> None:
    spans, minutes, hours, calls, slots, *costs, scores, score_minutes, score_hours = ask(SUMS)[0]
    assert (minutes, hours) == (spans, spans)
    assert slots == calls
    assert len(set(costs)) == 1
    assert (score_minutes, score_hours) == (scores, scores)


def test_they_hold_what_is_stored_when_it_is_stored(stores):
    commit.store_spans(make_batch(0))
    assert value("SELECT sum(spans) FROM spans_1m") == 270
    assert_true_sums()


def test_they_follow_under_load(stores):
    for first in range(0, 1500, 300):
        commit.store_spans(make_batch(first), count=False)
    deadline = time.monotonic() + 20
    while value("SELECT sum(scores) FROM scores_1h") < 375 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert_true_sums()


def die_before_counting(monkeypatch, batch: list) -> None:
    """Store as a process does that is killed right after the insert."""
    with monkeypatch.context() as patch:
        patch.setattr(commit._roller, "stored", commit._roller._open.discard)
        commit.store_spans(batch)


def test_a_start_counts_what_the_last_life_did_not(stores, monkeypatch):
    commit.store_spans(make_batch(0))
    die_before_counting(monkeypatch, make_batch(300))
    assert value("SELECT sum(spans) FROM spans_1m") == 270
    commit.start()
    assert value("SELECT sum(spans) FROM spans_1m") == 540
    assert_true_sums()


def test_a_start_takes_back_what_was_counted_in_part(stores, monkeypatch):
    commit.store_spans(make_batch(0))
    die_before_counting(monkeypatch, make_batch(300))
    store.run("telemetry/count_spans", stamps=[value("SELECT toUnixTimestamp64Milli(max(received_at)) FROM spans")])
    store.command("TRUNCATE TABLE spend_15m")
    store.command(
        "ALTER TABLE spans_1h DELETE WHERE minute > (SELECT min(minute) FROM spans_1h) SETTINGS mutations_sync = 2"
    )
    store.run("telemetry/count_scores", stamps=[value("SELECT toUnixTimestamp64Milli(min(received_at)) FROM scores")])
    commit.start()
    assert_true_sums()


def test_a_start_leaves_alone_what_is_right(stores):
    commit.store_spans(make_batch(0))
    before = ask("SELECT name FROM system.parts WHERE active AND table LIKE '%_1m' ORDER BY name")
    commit.start()
    assert ask("SELECT name FROM system.parts WHERE active AND table LIKE '%_1m' ORDER BY name") == before


def test_a_count_that_fails_is_made_up_for(stores, monkeypatch):
    run = store.run

    def half(question, **more):
        run(question, **more)
        raise store.StoreUnavailable("gone in the middle")

    with monkeypatch.context() as patch:
        patch.setattr(store, "run", half)
        commit.store_spans(make_batch(0))
    commit.store_spans(make_batch(300))
    deadline = time.monotonic() + 20
    while commit._roller._broken and time.monotonic() < deadline:
        time.sleep(0.05)
    assert_true_sums()


def test_a_repair_leaves_out_what_is_still_to_be_counted(stores, monkeypatch):
    commit.store_spans(make_batch(0))
    later = []
    with monkeypatch.context() as patch:
        patch.setattr(commit._roller, "stored", later.append)
        commit.store_spans(make_batch(300), count=False)
    (batch,) = later
    rollup_repair.repair(since=batch.stamp - 60_000, until=batch.stamp, without={batch.stamp})
    assert value("SELECT sum(spans) FROM spans_1m") == 270
    commit._roller.stored(batch)
    commit.settle()
    assert_true_sums()


@pytest.mark.parametrize("second", [0, 59.4, 59.5, 59.999999])
def test_a_restart_keeps_what_began_in_the_last_moment_of_a_slot(stores, second):
    at = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(minutes=1) + timedelta(seconds=second)
    commit.store_spans([make_span(1, start_time=at, kind="llm", scores=[Score("overall", 0.5)])])
    before = ask(SUMS)
    commit.forget()
    commit.start()
    assert ask(SUMS) == before
    assert before[0][:3] == (1, 1, 1)

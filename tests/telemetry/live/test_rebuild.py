"""Redis may be emptied, stopped or skipped at any moment; the figures are right, and live again soon."""

import threading
import time
from datetime import timedelta

import pytest
from django.conf import settings

from core.redis import connect
from core.timerange import TimeRange
from onwatch import private_redis
from telemetry import series
from telemetry.live import audit, freshness, keys, reader, record
from telemetry.live.buckets import minute_of
from telemetry.window import Window
from tests.telemetry.live.conftest import begin_counting_at_once
from tests.telemetry.live.test_agreement import from_redis, from_store
from tests.telemetry.live.traffic import make_traffic, now, store

pytestmark = pytest.mark.usefixtures("stores", "transactional_db")


def last_day() -> TimeRange:
    at = now()
    return TimeRange(at - timedelta(hours=24), at)


def traffic(project, seed, *, count=100, hours=20.0):
    at = now()
    return make_traffic(seed, project.pk, count=count, since=at - timedelta(hours=hours), until=at)


def counted(spans) -> int:
    return sum(span.counted for span in spans)


def assert_redis_is_exact(project) -> None:
    start, end = now() - timedelta(hours=25), now() + timedelta(minutes=2)
    assert from_redis(project.pk, start, end) == from_store(project.pk, start, end)


def test_figures_are_right_before_anything_is_copied(project):
    spans = traffic(project, 1)
    store(spans)
    assert series.total(project.pk, last_day()).spans == counted(spans)
    assert not freshness.state(project.pk).is_live


def test_after_flushall_everything_is_copied(counting, repair):
    store(traffic(counting, 1))
    connect().flushall()
    assert not freshness.state(counting.pk).is_live
    repair()
    assert freshness.state(counting.pk) == freshness.Freshness(True, None)
    assert_redis_is_exact(counting)


def test_a_process_that_has_read_before_the_flush_does_not_mix_old_and_new(counting, repair):
    spans = traffic(counting, 1)
    store(spans)
    assert series.total(counting.pk, last_day()).spans == counted(spans)
    connect().flushall()
    repair()
    more = traffic(counting, 2)
    store(more)
    repair()
    assert series.total(counting.pk, last_day()).spans == counted(spans) + counted(more)


def test_what_is_stored_into_a_copied_minute_is_copied_again(project, repair):
    repair()
    spans = traffic(project, 1)
    store(spans)
    assert from_redis(project.pk, now() - timedelta(hours=25), now()) == {}
    assert series.total(project.pk, last_day()).spans == counted(spans)
    repair()
    assert_redis_is_exact(project)
    assert connect().zcard(keys.dirty(project.pk)) == 0


def test_flushing_during_recording_ends_exact(project, repair):
    """Several writers, a job that repairs all the time, and somebody who empties Redis five times."""
    stop = threading.Event()

    def write(seed: int) -> None:
        number = 0
        while not stop.is_set():
            store(traffic(project, seed * 1000 + number, count=20, hours=0.2))
            number += 1

    def keep_repairing() -> None:
        while not stop.is_set():
            repair()
            time.sleep(0.02)

    threads = [threading.Thread(target=write, args=(seed,)) for seed in (1, 2)]
    threads.append(threading.Thread(target=keep_repairing))
    for thread in threads:
        thread.start()
    for _ in range(5):
        time.sleep(0.4)
        connect().flushall()
        time.sleep(0.1)
        # Let minutes be counted too, as they are a minute later.
        if connect().hget(keys.state(project.pk), "ready") == b"1":
            connect().hset(keys.state(project.pk), "first", minute_of(now()) - 1)
    stop.set()
    for thread in threads:
        thread.join()
    connect().flushall()
    repair()
    repair()
    assert_redis_is_exact(project)


def test_recording_while_everything_is_copied_ends_exact(counting, repair):
    store(traffic(counting, 1, count=400))
    for round_ in range(6):
        connect().flushall()
        writers = [
            threading.Thread(target=store, args=(traffic(counting, 100 * round_ + n, count=60, hours=0.5),))
            for n in range(3)
        ]
        for thread in writers:
            thread.start()
        repair()
        for thread in writers:
            thread.join()
        repair()
        assert_redis_is_exact(counting)


def test_two_workers_do_not_copy_at_once(project, repair):
    connect().set(keys.repair(project.pk), "another worker", px=30_000)
    repair()
    assert connect().hget(keys.state(project.pk), "ready") is None


def test_a_sender_whose_clock_is_ahead_is_not_lost_by_a_flush(counting, repair):
    ahead = now() + timedelta(minutes=10)
    spans = make_traffic(1, counting.pk, count=20, since=ahead, until=ahead + timedelta(minutes=3))
    store(spans)
    connect().flushall()
    repair()
    assert from_redis(counting.pk, ahead, ahead + timedelta(minutes=4)) == from_store(
        counting.pk, ahead, ahead + timedelta(minutes=4)
    )


def test_a_gap_is_copied_and_counts_once(counting, repair):
    spans = traffic(counting, 1, hours=1)
    store(spans)
    freshness.mark_gap(now() - timedelta(minutes=30), now())
    more = traffic(counting, 2, hours=1)
    store(more)
    assert series.total(counting.pk, last_day()).spans == counted(spans) + counted(more)
    repair()
    assert_redis_is_exact(counting)
    assert series.total(counting.pk, last_day()).spans == counted(spans) + counted(more)


def test_the_audit_finds_what_no_record_has_seen(counting, repair, monkeypatch):
    at = now() - timedelta(minutes=5)
    with monkeypatch.context() as patched:
        patched.setattr(record, "record", lambda spans, scores: None)
        patched.setattr(settings, "TELEMETRY_AFTER_STORE", ["tests.telemetry.live.test_rebuild.lose"])
        store(make_traffic(1, counting.pk, count=10, since=at - timedelta(minutes=2), until=at))
    assert from_redis(counting.pk, at - timedelta(minutes=9), at) == {}
    assert audit.audit(counting.pk) == set()
    assert audit.audit(counting.pk)
    repair()
    assert_redis_is_exact(counting)
    assert audit.audit(counting.pk) == set()


def lose(spans, scores) -> None:
    """A step after storing that is killed before it does anything."""


def test_a_bucket_that_redis_dropped_is_read_from_the_store(counting, repair):
    spans = traffic(counting, 1)
    store(spans)
    connect().delete(keys.minute(counting.pk, minute_of(spans[0].start_time)))
    assert series.total(counting.pk, last_day()).spans == counted(spans)
    repair()
    assert_redis_is_exact(counting)


def test_buckets_expire_49_hours_after_their_minute(counting):
    spans = traffic(counting, 1, count=5)
    store(spans)
    minute = minute_of(next(span.start_time for span in spans if span.counted))
    left = connect().ttl(keys.minute(counting.pk, minute))
    assert left == pytest.approx(minute * 60 + 49 * 3600 - now().timestamp(), abs=2)


def test_nothing_older_is_recorded(counting):
    long_ago = now() - timedelta(hours=60)
    store(make_traffic(1, counting.pk, count=30, since=long_ago, until=long_ago + timedelta(hours=1)))
    assert connect().zcard(keys.changed(counting.pk)) == 0


@pytest.fixture
def own_redis(tmp_path, settings):
    """A server that this test may stop."""
    socket = private_redis.socket_path(tmp_path)
    settings.REDIS_URL = f"unix://{socket}"
    children = [private_redis.start(socket)]

    def restart() -> None:
        children.append(private_redis.start(socket))

    yield children, restart
    children[-1].terminate()
    children[-1].wait()


def test_redis_stops_and_comes_back(telemetry_store, project, own_redis, repair, caplog):
    children, restart = own_redis
    repair()
    begin_counting_at_once(project.pk)
    spans = traffic(project, 1)
    store(spans)
    assert freshness.state(project.pk).is_live

    children[-1].kill()
    children[-1].wait()
    stopped_at = now()
    for seed in range(2, 6):
        missed = traffic(project, seed)
        store(missed)
        spans += missed
    stale = freshness.state(project.pk)
    assert not stale.is_live
    assert abs(stale.stale_since - stopped_at) < timedelta(seconds=5)
    assert series.total(project.pk, last_day()).spans == counted(spans)
    assert reader.slots(project.pk, 0, 10, 10) is None
    assert sum("Redis does not answer" in message for message in caplog.messages) == 1

    restart()
    missed = traffic(project, 7)
    store(missed)
    spans += missed
    time.sleep(freshness.PAUSE_SECONDS)
    repair()
    assert freshness.state(project.pk).is_live
    assert series.total(project.pk, last_day()).spans == counted(spans)
    assert_redis_is_exact(project)


def test_a_commit_is_not_held_up_while_redis_is_away(telemetry_store, project, own_redis):
    children, _ = own_redis
    children[-1].kill()
    children[-1].wait()
    spans = traffic(project, 1, count=10)
    began = time.monotonic()
    for _ in range(20):
        record.record(spans, [])
    assert time.monotonic() - began < 1
    assert series.total(project.pk, last_day()) == Window()

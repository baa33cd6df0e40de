"""Copies minutes from ClickHouse into Redis: all of them after Redis was emptied, later those that were missed.

Why nothing is counted twice or lost while telemetry keeps arriving: a minute is either counted here from its first
span on, or copied, never both. ``begin_epoch`` lets minutes from ``first`` on be counted; earlier ones, and those in
which anything was missed, are copied for good, and every record that would add to one only marks it. A record comes
after its insert, so a copy that begins after the mark holds what was marked; a mark set meanwhile stays for the next.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from accounts.models import Project
from core.redis import RedisError, connect
from telemetry import windows
from telemetry.filters import Filters
from telemetry.live import counts, freshness, gaps, keys, reader, scripts
from telemetry.live.buckets import KEPT_SECONDS, MINUTE, minute_of, oldest_minute
from telemetry.live.freshness import FURTHEST_AHEAD
from telemetry.live.record import flat
from telemetry.store import StoreUnavailable
from telemetry.window import Window
from telemetry.windows import Stretch

logger = logging.getLogger(__name__)

#: Minutes from now at which counting begins.
HEAD_START = 1
LEASE_MS = 30_000
#: Minutes of ClickHouse read by one question while copying.
CHUNK = 720
#: Minutes written by one script, which keeps Redis from answering anyone else.
BATCH = 30


class Lease(NamedTuple):
    """The right to copy into one project, and the epoch that it holds for."""

    project_id: int
    token: str
    epoch: bytes
    ready: bool
    revision: int


def repair_all() -> None:
    """Bring every project's buckets up to what is stored. Does nothing while Redis is away."""
    try:
        gaps.report()
        run_id = connect().info("server")["run_id"]
        freshness.answered()
        for project_id in Project.objects.values_list("pk", flat=True):
            repair(project_id, run_id=run_id)
    except RedisError as error:
        freshness.failed(error)
    except StoreUnavailable as error:
        logger.info("Live figures wait to be copied: %s", error)


def repair(project_id: int, *, run_id: str) -> None:
    """Copy what is marked in one project, and everything when Redis is new to it. Raises RedisError, StoreUnavailable.

    1. Nothing to do, or another process is at it: return.
    2. Begin an epoch where there is none, or where it began on another server run.
    3. Copy everything once per epoch, newest last, then say that it is ready.
    4. Copy what was marked meanwhile.
    """
    if not _needs_repair(project_id, run_id):
        return
    token = secrets.token_hex(8)
    if not connect().set(keys.repair(project_id), token, nx=True, px=LEASE_MS):
        return
    try:
        _begin(project_id, run_id)
        lease = _lease(project_id, token)
        is_new = not lease.ready
        if is_new and not _copy_everything(lease):
            return
        _copy_marked(_lease(project_id, token))
        if is_new:
            reader.warm(project_id)
        _drop_expired(project_id)
    finally:
        if connect().get(keys.repair(project_id)) == token.encode():
            connect().delete(keys.repair(project_id))


def _needs_repair(project_id: int, run_id: str) -> bool:
    pipeline = connect().pipeline(transaction=False)
    pipeline.hmget(keys.state(project_id), "epoch", "ready")
    pipeline.zcard(keys.dirty(project_id))
    (epoch, ready), marked = pipeline.execute()
    return ready != b"1" or not _is_of(run_id, epoch) or bool(marked)


def _is_of(run_id: str, epoch: bytes | None) -> bool:
    """A server that came back with an old copy of itself has lost what was recorded since."""
    return (epoch or b"").startswith(run_id.encode())


def _begin(project_id: int, run_id: str) -> None:
    epoch = connect().hget(keys.state(project_id), "epoch")
    if epoch and not _is_of(run_id, epoch):
        connect().delete(keys.state(project_id))
    first = minute_of(datetime.now(UTC)) + HEAD_START
    names = [keys.state(project_id), keys.changed(project_id), keys.dirty(project_id), keys.derived(project_id)]
    scripts.run("begin_epoch", scripts.Call(names, [f"{run_id}:{secrets.token_hex(4)}", first]))


def _lease(project_id: int, token: str) -> Lease:
    epoch, ready, revision = connect().hmget(keys.state(project_id), "epoch", "ready", "revision")
    return Lease(project_id, token, epoch or b"", ready == b"1", int(revision or 0))


def _copy_everything(lease: Lease) -> bool:
    """False when Redis was emptied again or another process took over."""
    now = datetime.now(UTC)
    minutes = sorted(counts.stored(lease.project_id, oldest_minute(now), minute_of(now + FURTHEST_AHEAD)))
    first_counted = int(connect().hget(keys.state(lease.project_id), "first") or 0)
    # What is stored in a minute that is counted came before counting began, from a sender whose clock is ahead.
    gaps.mark({lease.project_id: {minute for minute in minutes if minute >= first_counted}})
    if not _copy(lease, [minute for minute in minutes if minute < first_counted]):
        return False
    names = [keys.state(lease.project_id), keys.repair(lease.project_id)]
    return scripts.run("end_copy", scripts.Call(names, [lease.epoch, lease.token])) == [1]


def _copy_marked(lease: Lease) -> None:
    _copy(lease, sorted(int(minute) for minute in connect().zrange(keys.dirty(lease.project_id), 0, -1)))


def _copy(lease: Lease, minutes: list[int]) -> bool:
    for start, end in _runs(minutes):
        found = _stored(lease.project_id, start, end)
        if not _write(lease, {minute: found.get(minute) or Window() for minute in minutes if start <= minute < end}):
            return False
    return True


def _runs(minutes: list[int]) -> Iterator[tuple[int, int]]:
    """Stretches of at most CHUNK minutes that hold all of these (sorted) minutes."""
    while minutes:
        start = minutes[0]
        within = [minute for minute in minutes if minute < start + CHUNK]
        yield start, within[-1] + 1
        minutes = minutes[len(within) :]


def _stored(project_id: int, start: int, end: int) -> dict[int, Window]:
    stretch = Stretch(start * MINUTE, end * MINUTE, start * MINUTE, start * MINUTE)
    found = windows.by_step(project_id, stretch, MINUTE, Filters())
    return {slot // MINUTE: window for slot, window in found.items()}


def _write(lease: Lease, found: dict[int, Window]) -> bool:
    minutes = list(found)
    for at in range(0, len(minutes), BATCH):
        batch = {minute: found[minute] for minute in minutes[at : at + BATCH]}
        names = [
            keys.state(lease.project_id), keys.changed(lease.project_id), keys.dirty(lease.project_id),
            keys.repair(lease.project_id), *(keys.minute(lease.project_id, minute) for minute in batch),
        ]  # fmt: skip
        values = [lease.epoch, lease.token, lease.revision, KEPT_SECONDS, LEASE_MS, *flat(batch)]
        if scripts.run("replace_minutes", scripts.Call(names, values)) != [1]:
            return False
    return True


def _drop_expired(project_id: int) -> None:
    """Forget the names of minutes whose buckets have expired."""
    oldest = oldest_minute()
    gone = [minute for minute in connect().zrange(keys.changed(project_id), 0, -1) if int(minute) < oldest]
    underived = [minute for minute in connect().smembers(keys.derived(project_id)) if int(minute) < oldest]
    pipeline = connect().pipeline(transaction=False)
    if gone:
        pipeline.zrem(keys.changed(project_id), *gone)
        pipeline.zrem(keys.dirty(project_id), *gone)
    if underived:
        pipeline.srem(keys.derived(project_id), *underived)
        pipeline.zrem(keys.dirty(project_id), *underived)
    pipeline.execute()

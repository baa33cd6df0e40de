"""Who looks at which live scope.

Every process with sockets keeps its viewers by scope and tells Redis which scopes are watched here; the ticker,
wherever it runs, renders for those and for nothing else. The same heartbeat tells the viewers whether live figures
are stale, which must work without Redis.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NotRequired, Protocol, TypedDict
from urllib.parse import parse_qsl, urlencode

from core.leases import HOLDER
from core.redis import RedisError, connect
from telemetry.live import freshness, keys
from telemetry.scope import Scope

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 5.0
#: A scope whose process gives no sign of life for this long has no viewers there.
GONE_SECONDS = 16.0


class StateMessage(TypedDict):
    """Sent to browsers as JSON beside the panels' HTML; ``live.js`` reads it."""

    state: Literal["live", "stale"]
    #: ISO 8601, only with ``stale``.
    since: NotRequired[str]


class Viewer(Protocol):
    """A socket that watches one scope of one project."""

    scope_id: str
    project_id: int

    async def send_state(self, message: StateMessage) -> None: ...


def scope_id(scope: Scope) -> str:
    """The canonical query string: the same for every address that shows the same."""
    return urlencode(sorted(parse_qsl(scope.query(), keep_blank_values=True)))


def group_name(scope_id: str) -> str:
    """Channels allows only short ASCII names."""
    return f"live.{hashlib.sha256(scope_id.encode()).hexdigest()[:40]}"


_viewers: dict[str, set[Viewer]] = {}
_heartbeat: asyncio.Task[None] | None = None


async def join(viewer: Viewer) -> None:
    """Count a viewer, from now on until ``leave``. Raises RedisError."""
    global _heartbeat
    first = viewer.scope_id not in _viewers
    _viewers.setdefault(viewer.scope_id, set()).add(viewer)
    if first:
        await asyncio.to_thread(_register, [viewer.scope_id])
    if _heartbeat is None or _heartbeat.done() or _heartbeat.get_loop() is not asyncio.get_running_loop():
        _heartbeat = asyncio.create_task(_keep_alive())


async def leave(viewer: Viewer) -> None:
    """May be called twice."""
    global _heartbeat
    watching = _viewers.get(viewer.scope_id)
    if watching is None:
        return
    watching.discard(viewer)
    if watching:
        return
    del _viewers[viewer.scope_id]
    try:
        await asyncio.to_thread(_unregister, viewer.scope_id)
    except RedisError as error:
        freshness.failed(error)
    if not _viewers and _heartbeat:
        _heartbeat.cancel()
        _heartbeat = None


async def state_of(project_id: int) -> StateMessage:
    """Whether the figures of a project are live."""
    return _message(await asyncio.to_thread(freshness.state, project_id))


def watched() -> dict[str, float]:
    """The scopes that somebody looks at, in any process, and when each was last heard of. Raises RedisError."""
    now = time.time()
    pipeline = connect().pipeline(transaction=False)
    pipeline.zremrangebyscore(keys.VIEWERS, "-inf", now - GONE_SECONDS)
    pipeline.zrange(keys.VIEWERS, 0, -1, withscores=True)
    _, found = pipeline.execute()
    return {member.decode().partition(" ")[2]: seen for member, seen in found}


async def _keep_alive() -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_SECONDS)
        try:
            await asyncio.to_thread(_register, list(_viewers))
        except RedisError as error:
            freshness.failed(error)
        await _tell_state()


async def _tell_state() -> None:
    everyone = [viewer for watching in _viewers.values() for viewer in watching]
    states = {project_id: await state_of(project_id) for project_id in {viewer.project_id for viewer in everyone}}
    for viewer in everyone:
        try:
            await viewer.send_state(states[viewer.project_id])
        except Exception:
            # A socket that broke just now; its own consumer is told by the server.
            logger.debug("A viewer did not take the state of the live figures.", exc_info=True)


def _register(scope_ids: Iterable[str]) -> None:
    now = time.time()
    members: dict[str, float] = {f"{HOLDER} {scope_id}": now for scope_id in scope_ids}
    if members:
        connect().zadd(keys.VIEWERS, members)  # type: ignore[arg-type]


def _unregister(scope_id: str) -> None:
    connect().zrem(keys.VIEWERS, f"{HOLDER} {scope_id}")


def _message(state: freshness.Freshness) -> StateMessage:
    if state.is_live:
        return {"state": "live"}
    since: datetime | None = state.stale_since
    return {"state": "stale", "since": since.isoformat()} if since else {"state": "stale"}

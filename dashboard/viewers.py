"""Who looks at which live scope, and the way of what is pushed to them.

Every process with sockets has one hub. It tells Redis which scopes are watched here, so that the ticker, wherever it
runs, renders for those and for nothing else; it is the process's one member of each scope's Channels group and hands
on what comes, so that a thousand viewers cost one message between processes; and its heartbeat tells the viewers
whether live figures are stale, which must work without Redis.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterable
from typing import Literal, NotRequired, Protocol, TypedDict
from urllib.parse import parse_qsl, urlencode

from channels.layers import get_channel_layer

from core.hubs import WhileWatched
from core.leases import HOLDER
from core.redis import RedisError, connect
from dashboard import fragments
from dashboard.fragments import Fragments
from telemetry.live import freshness, keys
from telemetry.scope import Scope

#: How soon viewers learn that figures became stale, or live again.
STATE_SECONDS = 1.0
#: How often they, and the ticker, hear from us when nothing has changed.
HEARTBEAT_SECONDS = 5.0
#: A scope whose process gives no sign of life for this long has no viewers there.
GONE_SECONDS = 16.0
#: Messages after an outage that bring the whole present state: what was pushed while a process was not yet
#: listening again is lost, because the channel layer keeps nothing.
CATCH_UP = 2


class StateMessage(TypedDict):
    """Sent to browsers as JSON beside the panels' HTML; ``live.js`` reads it."""

    state: Literal["live", "stale"]
    #: ISO 8601, only with ``stale``.
    since: NotRequired[str]


class PanelsChanged(TypedDict):
    """Through the channel layer, from the ticker to every process with viewers of the scope."""

    type: Literal["panels.changed"]
    scope_id: str
    fragments: Fragments


class Viewer(Protocol):
    """A socket that watches one scope of one project. Neither method waits for the browser."""

    scope_id: str
    project_id: int

    def push(self, changed: Fragments) -> None: ...

    def tell(self, state: StateMessage) -> None: ...


def scope_id(scope: Scope) -> str:
    """The canonical query string: the same for every address that shows the same."""
    return urlencode(sorted(parse_qsl(scope.query(), keep_blank_values=True)))


def group_name(scope_id: str) -> str:
    """Channels allows only short ASCII names."""
    return f"live.{hashlib.sha256(scope_id.encode()).hexdigest()[:40]}"


def watched() -> set[str]:
    """The scopes that somebody looks at, in any process. Raises RedisError."""
    pipeline = connect().pipeline(transaction=False)
    pipeline.zremrangebyscore(keys.VIEWERS, "-inf", time.time() - GONE_SECONDS)
    pipeline.zrange(keys.VIEWERS, 0, -1)
    _, found = pipeline.execute()
    return {member.decode().partition(" ")[2] for member in found}


async def announce(scope_id: str, changed: Fragments) -> None:
    """Send changed panels to everyone who watches the scope. Raises RedisError."""
    message: PanelsChanged = {"type": "panels.changed", "scope_id": scope_id, "fragments": changed}
    await get_channel_layer().group_send(group_name(scope_id), message)


async def state_of(project_id: int) -> StateMessage:
    """Whether the figures of a project are live."""
    state = await asyncio.to_thread(freshness.state, project_id)
    if state.is_live:
        return {"state": "live"}
    return {"state": "stale", "since": state.stale_since.isoformat()} if state.stale_since else {"state": "stale"}


class Hub:
    """The viewers of this process. Lives on one event loop, and only while there are viewers."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._viewers: dict[str, set[Viewer]] = {}
        self._layer = get_channel_layer()
        self._channel = ""
        self._subscribed: set[str] = set()
        self._states: dict[int, StateMessage] = {}
        self._catch_up: dict[int, int] = {}
        self._beaten_at = time.monotonic()
        self._tasks: list[asyncio.Task[None]] = [asyncio.create_task(self._keep_alive())]

    async def join(self, viewer: Viewer) -> None:
        """From now on the viewer is pushed to. Without Redis that begins when it is back."""
        self._viewers.setdefault(viewer.scope_id, set()).add(viewer)
        if viewer.scope_id not in self._subscribed:
            await self._listen()

    async def leave(self, viewer: Viewer) -> bool:
        """May be called twice; True when nobody is left."""
        watching = self._viewers.get(viewer.scope_id, set())
        watching.discard(viewer)
        if not watching and self._viewers.pop(viewer.scope_id, None) is not None:
            await self._forget(viewer.scope_id)
        return not self._viewers

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _listen(self) -> None:
        """Subscribe to what is not yet subscribed to, and say what is watched here."""
        try:
            if not self._channel:
                self._channel = await self._layer.new_channel()
                self._tasks.append(asyncio.create_task(self._hand_on()))
            for scope_id in self._viewers.keys() - self._subscribed:
                await self._layer.group_add(group_name(scope_id), self._channel)
                self._subscribed.add(scope_id)
            await asyncio.to_thread(_register, list(self._viewers))
        except (RedisError, OSError) as error:
            freshness.failed(error)

    async def _forget(self, scope_id: str) -> None:
        self._subscribed.discard(scope_id)
        try:
            if self._channel:
                await self._layer.group_discard(group_name(scope_id), self._channel)
            await asyncio.to_thread(_unregister, scope_id)
        except (RedisError, OSError) as error:
            freshness.failed(error)

    async def _hand_on(self) -> None:
        while True:
            message: PanelsChanged = await self._layer.receive(self._channel)
            self._push(message["scope_id"], message["fragments"])

    def _push(self, scope_id: str, changed: Fragments) -> None:
        for viewer in self._viewers.get(scope_id, ()):
            viewer.push(changed)

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(min(STATE_SECONDS, HEARTBEAT_SECONDS))
            beat = time.monotonic() - self._beaten_at >= HEARTBEAT_SECONDS
            if beat:
                self._beaten_at = time.monotonic()
                if freshness.may_ask():
                    await self._listen()
            await self._tell(beat=beat)

    async def _tell(self, *, beat: bool) -> None:
        """Tell the viewers of each project its state when it has changed, and all of them at a heartbeat."""
        everyone = [viewer for watching in self._viewers.values() for viewer in watching]
        for project_id in {viewer.project_id for viewer in everyone}:
            state = await state_of(project_id)
            changed = state != self._states.get(project_id)
            self._states[project_id] = state
            mine = [viewer for viewer in everyone if viewer.project_id == project_id]
            if changed or beat:
                for viewer in mine:
                    viewer.tell(state)
            if state["state"] == "stale":
                self._catch_up[project_id] = CATCH_UP
            elif (changed or beat) and self._catch_up.get(project_id):
                self._catch_up[project_id] -= 1
                for scope_id in {viewer.scope_id for viewer in mine}:
                    self._push(scope_id, await present(scope_id))


hubs = WhileWatched(Hub)
join, leave = hubs.join, hubs.leave


async def present(scope_id: str) -> Fragments:
    """What the viewers of a scope have in front of them; empty when that cannot be known."""
    try:
        return await asyncio.to_thread(fragments.present, scope_id)
    except RedisError as error:
        freshness.failed(error)
        return {}


def _register(scope_ids: Iterable[str]) -> None:
    now = time.time()
    members = {f"{HOLDER} {scope_id}": now for scope_id in scope_ids}
    if members:
        connect().zadd(keys.VIEWERS, members)  # type: ignore[arg-type]


def _unregister(scope_id: str) -> None:
    connect().zrem(keys.VIEWERS, f"{HOLDER} {scope_id}")

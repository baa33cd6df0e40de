"""The people of this process who have a page open, by project, and the one task that tells them what changed."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Protocol

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer

from accounts.models import Project
from core.hubs import WhileWatched
from core.redis import RedisError
from incidents import live
from incidents.live import Now
from telemetry.live import freshness

logger = logging.getLogger(__name__)

#: Looked at anyway after so long, because the channel layer keeps no message for who does not listen just now.
ANYWAY_SECONDS = 5.0
#: While nobody can wake us.
DEAF_SECONDS = 2.0


class Viewer(Protocol):
    """A socket that watches one project. ``tell`` does not wait for the browser."""

    project_id: int

    def tell(self, now: Now) -> None: ...


class Hub:
    """Lives on one event loop, and only while there are viewers."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._viewers: dict[int, set[Viewer]] = {}
        self._told: dict[int, str] = {}
        self._layer = get_channel_layer()
        self._channel = ""
        self._subscribed: set[int] = set()
        self._woken = asyncio.Event()
        self._tasks = [asyncio.create_task(self._keep_telling())]

    async def join(self, viewer: Viewer) -> None:
        self._viewers.setdefault(viewer.project_id, set()).add(viewer)
        await self._listen()

    async def leave(self, viewer: Viewer) -> bool:
        """May be called twice; True when nobody is left."""
        watching = self._viewers.get(viewer.project_id, set())
        watching.discard(viewer)
        if not watching and self._viewers.pop(viewer.project_id, None) is not None:
            await self._forget(viewer.project_id)
        return not self._viewers

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _listen(self) -> None:
        missing = self._viewers.keys() - self._subscribed
        if not missing or not freshness.may_ask():
            return
        try:
            if not self._channel:
                self._channel = await self._layer.new_channel()
                self._tasks.append(asyncio.create_task(self._hear()))
            for project_id in missing:
                await self._layer.group_add(live.group_name(project_id), self._channel)
                self._subscribed.add(project_id)
        except (RedisError, OSError) as error:
            freshness.failed(error)

    async def _forget(self, project_id: int) -> None:
        self._subscribed.discard(project_id)
        self._told.pop(project_id, None)
        try:
            if self._channel:
                await self._layer.group_discard(live.group_name(project_id), self._channel)
        except (RedisError, OSError) as error:
            freshness.failed(error)

    async def _hear(self) -> None:
        while True:
            await self._layer.receive(self._channel)
            self._woken.set()

    async def _keep_telling(self) -> None:
        while True:
            deaf = self._viewers.keys() - self._subscribed
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), DEAF_SECONDS if deaf else ANYWAY_SECONDS)
            self._woken.clear()
            await self._listen()
            try:
                await self._tell()
            except Exception:
                logger.exception("Viewers of incidents could not be told; the next try is in a moment.")

    async def _tell(self) -> None:
        for project_id in list(self._viewers):
            now = await database_sync_to_async(_changed)(project_id, self._told.get(project_id, ""))
            if now is None:
                continue
            self._told[project_id] = now["stamp"]
            for viewer in self._viewers.get(project_id, ()):
                viewer.tell(now)


def _changed(project_id: int, told: str) -> Now | None:
    """What the project's pages show, or None when they show it already. One query while nothing happens."""
    project = Project(pk=project_id)
    if told and live.stamp(project) == told:
        return None
    found = Project.objects.filter(pk=project_id).first()
    return live.now(found) if found else None


hubs = WhileWatched(Hub)
join, leave = hubs.join, hubs.leave

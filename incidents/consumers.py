"""The socket of every page's head: authorise, join the hub, hand on."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any
from urllib.parse import parse_qs

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.http import Http404

from accounts.access import get_project_or_404
from accounts.sockets import NOT_FOUND, NOT_SIGNED_IN, RECHECK_SECONDS, may_watch
from incidents import hub, live
from incidents.live import Now

logger = logging.getLogger(__name__)


class IncidentsConsumer(AsyncWebsocketConsumer):
    """``/ws/incidents/?project=…``: what is open in a project, at once and whenever anything about it changes.

    It carries what everybody in the project may see. A page that shows more asks for it over HTTP when it hears of a
    change, with its own person's rights.
    """

    #: None of its own: the hub listens for all viewers of the process.
    channel_layer_alias = "none"

    project_id: int = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._waiting: Now | None = None
        self._sending: asyncio.Task[None] | None = None
        self._checked_at = time.monotonic()

    async def connect(self) -> None:
        await self.accept()
        if not self.scope["user"].is_authenticated:
            await self.close(NOT_SIGNED_IN)
            return
        query = parse_qs(self.scope["query_string"].decode())
        try:
            project = await database_sync_to_async(get_project_or_404)(
                self.scope["user"], query.get("project", [""])[0]
            )
        except Http404:
            await self.close(NOT_FOUND)
            return
        self.project_id = project.pk
        await hub.join(self)
        # After joining, so that nothing falls between the two; this is how who was away catches up.
        self.tell(await database_sync_to_async(live.now)(project))

    async def disconnect(self, code: int) -> None:
        if self.project_id:
            await hub.leave(self)
        if self._sending:
            self._sending.cancel()

    def tell(self, now: Now) -> None:
        self._waiting = now
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send_newest())

    async def _send_newest(self) -> None:
        try:
            while self._waiting:
                if not await self._may_still_watch():
                    await hub.leave(self)
                    await self.close(NOT_FOUND)
                    return
                now, self._waiting = self._waiting, None
                await self.send(text_data=json.dumps(now))
        except Exception:
            # The socket broke just now; the server tells ``disconnect`` in a moment.
            logger.debug("A viewer did not take what it was told.", exc_info=True)

    async def _may_still_watch(self) -> bool:
        if time.monotonic() - self._checked_at <= RECHECK_SECONDS:
            return True
        self._checked_at = time.monotonic()
        return await database_sync_to_async(may_watch)(self.scope["user"], self.project_id)

"""The live socket: authorise, join the hub, hand on. Everything shown comes from the ticker."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any
from urllib.parse import parse_qsl

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.http import Http404

from accounts.access import get_project_or_404
from accounts.models import User
from accounts.sockets import NOT_FOUND, NOT_SIGNED_IN, RECHECK_SECONDS, may_watch
from core.timerange import BadRange
from dashboard import viewers
from dashboard.fragments import Fragments
from dashboard.viewers import StateMessage
from telemetry.scope import Scope

logger = logging.getLogger(__name__)

#: Beside the codes of ``accounts.sockets``.
NOT_LIVE = 4400


class LiveConsumer(AsyncWebsocketConsumer):
    """``/ws/live/?project=…&range=…``: the panels of a scope, whenever they change.

    What is pushed waits in an outbox by panel while the browser is slow, so that it delays nobody else and gets the
    newest state, not all the states in between.
    """

    #: None of its own: the hub listens for all viewers of the process.
    channel_layer_alias = "none"

    scope_id: str = ""
    project_id: int = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **kwargs)
        self._outbox: Fragments = {}
        self._state: StateMessage | None = None
        self._checked_at = time.monotonic()
        self._joined = False
        self._sending: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        await self.accept()
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.close(NOT_SIGNED_IN)
            return
        try:
            watched = await database_sync_to_async(_open)(user, self.scope["query_string"].decode())
        except Http404:
            await self.close(NOT_FOUND)
            return
        except BadRange:
            await self.close(NOT_LIVE)
            return
        self.scope_id, self.project_id = viewers.scope_id(watched), watched.project.pk
        await viewers.join(self)
        # What came since joining is newer than what was kept.
        self._outbox = await viewers.present(self.scope_id) | self._outbox
        self._state = await viewers.state_of(self.project_id)
        self._joined = True
        self._wake()

    async def disconnect(self, code: int) -> None:
        if self.scope_id:
            await viewers.leave(self)
        if self._sending:
            self._sending.cancel()

    def push(self, changed: Fragments) -> None:
        self._outbox |= changed
        self._wake()

    def tell(self, state: StateMessage) -> None:
        self._state = state
        self._wake()

    def _wake(self) -> None:
        if self._joined and (self._sending is None or self._sending.done()):
            self._sending = asyncio.create_task(self._empty_outbox())

    async def _empty_outbox(self) -> None:
        try:
            while self._state or self._outbox:
                if not await self._may_still_watch():
                    await viewers.leave(self)
                    await self.close(NOT_FOUND)
                    return
                state, self._state = self._state, None
                changed, self._outbox = self._outbox, {}
                if state:
                    await self.send(text_data=json.dumps(state))
                if changed:
                    await self.send(text_data="".join(changed.values()))
        except Exception:
            # The socket broke just now; the server tells ``disconnect`` in a moment.
            logger.debug("A viewer did not take what was pushed.", exc_info=True)

    async def _may_still_watch(self) -> bool:
        if time.monotonic() - self._checked_at <= RECHECK_SECONDS:
            return True
        self._checked_at = time.monotonic()
        return await database_sync_to_async(may_watch)(self.scope["user"], self.project_id)


def _open(user: User, query_string: str) -> Scope:
    """The scope asked for. Raises Http404 for a project that this person may not see, BadRange for what is not live."""
    query = dict(parse_qsl(query_string, keep_blank_values=True))
    scope = Scope.from_query(get_project_or_404(user, query.get("project", "")), query)
    if not scope.is_live:
        raise BadRange("refresh: only a range that ends now is pushed, with refresh=live")
    return scope

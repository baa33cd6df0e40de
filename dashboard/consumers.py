"""The live socket: authorise, join the scope's group, forward. Everything shown comes from the ticker."""

from __future__ import annotations

import json
import time
from typing import Any, TypedDict
from urllib.parse import parse_qsl

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.http import Http404

from accounts.access import get_project_or_404, may
from accounts.models import Membership, Project, User
from core.redis import RedisError
from core.timerange import BadRange
from dashboard import ticker, viewers
from dashboard.viewers import StateMessage
from telemetry.live import freshness
from telemetry.scope import Scope

# Codes of our own (4000–4999) are given after accepting, because a browser sees nothing of a refused handshake and
# htmx would try for ever; on these it stops.
NOT_LIVE = 4400
NOT_SIGNED_IN = 4401
NOT_FOUND = 4404
TRY_AGAIN_LATER = 1013

#: How long a person who was removed from a project may go on watching.
RECHECK_SECONDS = 60.0


#: Signs of life for which the whole present state is sent after an outage: what was pushed while this process was
#: not yet listening again is lost, because the channel layer keeps nothing.
CATCH_UP = 2


class PanelsChanged(TypedDict):
    """Through the channel layer, from the ticker to every viewer of a scope."""

    type: str
    html: str


class LiveConsumer(AsyncWebsocketConsumer):
    """``/ws/live/?project=…&range=…``: the panels of a scope, whenever they change."""

    scope_id: str = ""
    project_id: int = 0
    _checked_at: float = 0.0
    _catch_up: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401
        try:
            await super().__call__(scope, receive, send)
        except (RedisError, OSError) as error:
            # The channel layer is in Redis. The browser comes back by itself and polls meanwhile.
            freshness.failed(error)
            await send({"type": "websocket.close", "code": TRY_AGAIN_LATER})
        finally:
            await viewers.leave(self)

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
        self._checked_at = time.monotonic()
        # Join first: what is pushed from now on waits in the channel until this method has sent the present state.
        await self.channel_layer.group_add(viewers.group_name(self.scope_id), self.channel_name)
        await viewers.join(self)
        await self.send_state(await viewers.state_of(self.project_id))
        await self._send_present()

    async def disconnect(self, code: int) -> None:
        if self.scope_id:
            await self.channel_layer.group_discard(viewers.group_name(self.scope_id), self.channel_name)

    async def panels_changed(self, event: PanelsChanged) -> None:
        if await self._may_still_watch():
            await self.send(text_data=event["html"])

    async def send_state(self, message: StateMessage) -> None:
        await self.send(text_data=json.dumps(message))
        if message["state"] == "stale":
            self._catch_up = CATCH_UP
        elif self._catch_up:
            self._catch_up -= 1
            await self._send_present()

    async def _send_present(self) -> None:
        if present := await ticker.present(self.scope_id):
            await self.send(text_data=present)

    async def _may_still_watch(self) -> bool:
        if time.monotonic() - self._checked_at > RECHECK_SECONDS:
            self._checked_at = time.monotonic()
            if not await database_sync_to_async(_may_watch)(self.scope["user"], self.project_id):
                await self.close(NOT_FOUND)
                return False
        return True


def _open(user: User, query_string: str) -> Scope:
    """The scope asked for. Raises Http404 for a project that this person may not see, BadRange for what is not live."""
    query = dict(parse_qsl(query_string, keep_blank_values=True))
    scope = Scope.from_query(get_project_or_404(user, query.get("project", "")), query)
    if not scope.is_live:
        raise BadRange("refresh: only a range that ends now is pushed, with refresh=live")
    return scope


def _may_watch(user: User, project_id: int) -> bool:
    project = Project.objects.filter(pk=project_id).first()
    user = User.objects.filter(pk=user.pk, is_active=True).first()
    return bool(project and user and may(user, project, Membership.Role.VIEWER))

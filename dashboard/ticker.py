"""Renders what somebody looks at, once a second and once for all who look at the same.

One process at a time does this. A scope is rendered again when something was recorded in its project, or after a few
seconds for what changes without telemetry (alerts, budgets, the end of the range); only panels whose HTML differs from
what was last pushed are sent.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl

from channels.layers import get_channel_layer
from django.db import close_old_connections

from accounts.models import Project
from core import clickhouse, leases
from core.redis import RedisError, connect
from dashboard import viewers
from dashboard.panels import PANELS, Panel
from dashboard.queries import Reading
from telemetry.live import freshness, keys, reader
from telemetry.scope import Scope

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
#: Panels are rendered again after this long even when no telemetry came.
ANYWAY_SECONDS = 5.0
#: Fragments wait for new viewers of a watched scope; each rendering renews them.
FRAGMENT_SECONDS = 60
LEASE = timedelta(seconds=5)


class Revision(NamedTuple):
    """Which figures a rendering showed."""

    epoch: bytes
    number: int
    #: Steps of ``ANYWAY_SECONDS``.
    slot: int


@dataclass(slots=True)
class Pushed:
    """What the viewers of a scope have in front of them."""

    revision: Revision | None = None
    fragments: dict[str, str] = field(default_factory=dict)


class Ticker:
    """The state of one ticker; ``tick`` is one second's work."""

    def __init__(self, panels: Sequence[Panel] = PANELS) -> None:
        self._panels = panels
        self._pushed: dict[str, Pushed] = {}

    async def tick(self) -> int:
        """Push what changed in every watched scope; returns how many scopes were rendered. Raises RedisError."""
        watched = await asyncio.to_thread(viewers.watched)
        for scope_id in self._pushed.keys() - watched.keys():
            del self._pushed[scope_id]
            await asyncio.to_thread(connect().delete, keys.fragments(scope_id))
        return sum([await self._push(scope_id) for scope_id in watched])

    async def _push(self, scope_id: str) -> bool:
        pushed = self._pushed.setdefault(scope_id, Pushed())
        changed = await asyncio.to_thread(self._render, scope_id, pushed)
        if changed is None:
            return False
        await asyncio.to_thread(_keep, scope_id, pushed.fragments | changed, bool(changed))
        if changed:
            message = {"type": "panels_changed", "html": "".join(changed.values())}
            await get_channel_layer().group_send(viewers.group_name(scope_id), message)
            pushed.fragments |= changed
        return True

    def _render(self, scope_id: str, pushed: Pushed) -> dict[str, str] | None:
        """The fragments that differ from what was pushed; None when there was no reason to look."""
        try:
            query = dict(parse_qsl(scope_id, keep_blank_values=True))
            project = Project.objects.filter(slug=query.get("project", "")).first()
            if project is None:
                return None
            revision = _revision(project.pk)
            if revision == pushed.revision:
                return None
            pushed.revision = revision
            scope = Scope.from_query(project, query)
            reading = Reading(scope)
            rendered = {panel.name: str(panel.render(scope, oob=True, reading=reading)) for panel in self._panels}
        finally:
            close_old_connections()
        return {name: html for name, html in rendered.items() if pushed.fragments.get(name) != html}


def _revision(project_id: int) -> Revision:
    epoch, number = reader.revision(project_id) or (b"", 0)
    return Revision(epoch, number, int(time.monotonic() // ANYWAY_SECONDS))


def _keep(scope_id: str, fragments: dict[str, str], changed: bool) -> None:
    """Before they are sent, so that somebody who joins in between finds them in one place or the other."""
    key = keys.fragments(scope_id)
    if not changed and connect().expire(key, FRAGMENT_SECONDS):
        return
    pipeline = connect().pipeline()
    pipeline.hset(key, mapping=fragments)
    pipeline.expire(key, FRAGMENT_SECONDS)
    pipeline.execute()


async def present(scope_id: str) -> str:
    """What the viewers of a scope have in front of them, for one who joins; empty when it was not watched.

    Then the first tick renders it. Raises RedisError.
    """
    fragments = await asyncio.to_thread(connect().hgetall, keys.fragments(scope_id))
    return b"".join(fragments.values()).decode()


async def run() -> None:
    """Tick until cancelled. While Redis is away there is nobody to push to; sockets tell their viewers so."""
    ticker = Ticker()
    while True:
        began = time.monotonic()
        try:
            if await asyncio.to_thread(_is_ours):
                await ticker.tick()
        except (RedisError, OSError) as error:
            freshness.failed(error)
        except Exception:
            logger.exception("The dashboard could not be pushed; the next try is in a second.")
        await asyncio.sleep(max(0.05, TICK_SECONDS - (time.monotonic() - began)))


def _is_ours() -> bool:
    """Of many workers one ticks; with the embedded engine there is but one."""
    return freshness.may_ask() and (clickhouse.is_embedded() or leases.hold("ticker", LEASE))

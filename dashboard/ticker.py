"""Renders what somebody looks at, once a second and once for all who look at the same.

One process at a time does this. A scope is rendered again when something was recorded in its project, or after a few
seconds for what changes without telemetry (alerts, budgets, the end of the range); only panels whose HTML differs from
what was last pushed are sent.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple
from urllib.parse import parse_qsl

from django.db import close_old_connections

from accounts.models import Project
from core import clickhouse, leases
from core.redis import RedisError
from dashboard import fragments, viewers
from dashboard.fragments import Fragments
from dashboard.panels import PANELS, Panel
from dashboard.queries import Reading
from telemetry.live import freshness, reader
from telemetry.scope import Scope

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
#: Panels are rendered again after this long even when no telemetry came.
ANYWAY_SECONDS = 5.0
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
    fragments: Fragments = field(default_factory=dict)
    #: When each panel was last rendered, on the monotonic clock.
    rendered_at: dict[str, float] = field(default_factory=dict)

    def take_due(self, panels: Sequence[Panel], now: float) -> list[Panel]:
        """The panels whose pause is over; for these it begins anew."""
        due = [panel for panel in panels if now - self.rendered_at.get(panel.name, -math.inf) >= panel.pause]
        self.rendered_at |= {panel.name: now for panel in due}
        return due


class Ticker:
    """The state of one ticker; ``tick`` is one second's work."""

    def __init__(self, panels: Sequence[Panel] = PANELS) -> None:
        self._panels = panels
        self._pushed: dict[str, Pushed] = {}

    async def tick(self) -> int:
        """Push what changed in every watched scope; returns how many scopes were rendered. Raises RedisError."""
        watched = await asyncio.to_thread(viewers.watched)
        for scope_id in self._pushed.keys() - watched:
            del self._pushed[scope_id]
            await asyncio.to_thread(fragments.drop, scope_id)
        return sum([await self._push_or_log(scope_id) for scope_id in watched])

    async def _push_or_log(self, scope_id: str) -> bool:
        """A panel that fails for one scope leaves the others as they are."""
        try:
            return await self._push(scope_id)
        except (RedisError, OSError):
            raise
        except Exception:
            logger.exception("The dashboard %s could not be pushed.", scope_id)
            return False

    async def _push(self, scope_id: str) -> bool:
        pushed = self._pushed.setdefault(scope_id, Pushed())
        changed = await asyncio.to_thread(self._render, scope_id, pushed)
        if changed is None:
            return False
        # Before it is sent, so that somebody who joins in between finds it in one place or the other.
        await asyncio.to_thread(fragments.keep, scope_id, pushed.fragments | changed, changed=bool(changed))
        if changed:
            await viewers.announce(scope_id, changed)
            pushed.fragments |= changed
        return True

    def _render(self, scope_id: str, pushed: Pushed) -> Fragments | None:
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
            due = pushed.take_due(self._panels, time.monotonic())
            rendered = {panel.name: str(panel.render(scope, oob=True, reading=reading)) for panel in due}
        finally:
            close_old_connections()
        return {name: html for name, html in rendered.items() if pushed.fragments.get(name) != html}


def _revision(project_id: int) -> Revision:
    epoch, number = reader.revision(project_id) or (b"", 0)
    return Revision(epoch, number, int(time.monotonic() // ANYWAY_SECONDS))


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
            logger.exception("Nothing could be pushed; the next try is in a second.")
        await asyncio.sleep(max(0.05, TICK_SECONDS - (time.monotonic() - began)))


def _is_ours() -> bool:
    """Of many workers one ticks; with the embedded engine there is but one."""
    return freshness.may_ask() and (clickhouse.is_embedded() or leases.hold("ticker", LEASE))

"""What serves all sockets of one event loop, and is there only while one of them needs it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

Viewer = TypeVar("Viewer", contravariant=True)
Socket = TypeVar("Socket")


class Hub(Protocol[Viewer]):
    """Made on the event loop that it lives on."""

    loop: asyncio.AbstractEventLoop

    async def join(self, viewer: Viewer) -> None: ...

    async def leave(self, viewer: Viewer) -> bool:
        """May be called twice; True when nobody is left."""
        ...

    def stop(self) -> None: ...


class WhileWatched(Generic[Socket]):
    """Makes a hub for the first viewer and stops it after the last."""

    def __init__(self, make: Callable[[], Hub[Socket]]) -> None:
        self._make = make
        self.hub: Hub[Socket] | None = None

    async def join(self, viewer: Socket) -> None:
        """The viewer is told of what happens from now on until ``leave``."""
        if self.hub is None or self.hub.loop is not asyncio.get_running_loop():
            self.hub = self._make()
        await self.hub.join(viewer)

    async def leave(self, viewer: Socket) -> None:
        """May be called twice."""
        hub = self.hub
        if hub and hub.loop is asyncio.get_running_loop() and await hub.leave(viewer):
            hub.stop()
            if self.hub is hub:
                self.hub = None

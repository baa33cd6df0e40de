"""A WebSocket client without a server. (The one of Channels imports Daphne, which this product does not use.)"""

import asyncio
import json

from asgiref.testing import ApplicationCommunicator

from dashboard.consumers import LiveConsumer

#: Seconds until what is waited for must have come, whatever else comes meanwhile.
PATIENCE = 30


class Socket(ApplicationCommunicator):
    """One connection to the live socket, or to ``application``."""

    def __init__(self, user, query, *, application=None, headers=()):
        scope = {
            "type": "websocket", "path": "/ws/live/", "query_string": query.encode(), "headers": list(headers),
            "subprotocols": [], "user": user,
        }  # fmt: skip
        super().__init__(application or LiveConsumer.as_asgi(), scope)

    async def handshake(self) -> dict:
        """``websocket.accept``, or what came in its place."""
        await self.send_input({"type": "websocket.connect"})
        return await self.receive_output(timeout=5)

    async def opened(self) -> dict:
        """Open and return the state that every viewer is told first."""
        assert (await self.handshake())["type"] == "websocket.accept"
        return json.loads(await self.text())

    async def refused_with(self) -> int:
        """Open and return the code with which the other side closes."""
        assert (await self.handshake())["type"] == "websocket.accept"
        return await self.close_code()

    async def text(self) -> str:
        return (await self.receive_output(timeout=5))["text"]

    async def html(self) -> str:
        """The next message that is no state."""
        async with asyncio.timeout(PATIENCE):
            while (text := await self.text()).startswith("{"):
                pass
            return text

    async def state(self, wanted: str) -> dict:
        """The next message that tells this state."""
        async with asyncio.timeout(PATIENCE):
            while True:
                text = await self.text()
                if text.startswith("{") and (message := json.loads(text))["state"] == wanted:
                    return message

    async def close_code(self) -> int:
        message = await self.receive_output(timeout=5)
        assert message["type"] == "websocket.close"
        return message["code"]

    async def leave(self) -> None:
        await self.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.wait(timeout=5)

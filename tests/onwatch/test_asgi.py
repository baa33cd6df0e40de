"""The one door for all traffic."""

from typing import Any

import pytest

from onwatch.asgi import application


async def answers(path: str, port: int) -> list[dict[str, Any]]:
    """What somebody is told who wants to open a socket from a page of ours."""
    headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
    scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b"", "server": ("127.0.0.1", port)}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    return sent


@pytest.mark.asyncio
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("path", "port"), [("/ws/nothing/", 8000), ("/", 8000), ("/ws/live/", 4318)])
async def test_a_socket_that_is_nowhere_is_refused_and_is_no_fault_of_ours(settings, path, port):
    settings.PORT, settings.ONWATCH_OTLP_PORTS = 8000, [4317, 4318]
    assert await answers(path, port) == [{"type": "websocket.close"}]

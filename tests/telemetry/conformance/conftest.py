"""The whole ASGI application behind a real HTTP server: what senders meet, with nothing left out."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn


@pytest.fixture(autouse=True)
def _own_steps(settings):
    settings.TELEMETRY_PIPELINE = []
    settings.TELEMETRY_AFTER_STORE = []


@pytest.fixture
def console(transactional_db, stores, project) -> Iterator[str]:
    from onwatch.asgi import application

    server = uvicorn.Server(uvicorn.Config(application, port=0, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()


@pytest.fixture
def http(console) -> Iterator[httpx.Client]:
    """A client that follows no redirect, as exporters do not."""
    with httpx.Client(base_url=console, timeout=30, follow_redirects=False) as client:
        yield client

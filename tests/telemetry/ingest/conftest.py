"""These tests stand on telemetry alone: what higher apps add to the pipeline has tests of its own."""

import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from telemetry.receive.app import IngestApp


@pytest.fixture(autouse=True)
def _own_steps(settings):
    settings.TELEMETRY_PIPELINE = []
    settings.TELEMETRY_AFTER_STORE = ["tests.telemetry.ingest.steps.remember"]


@pytest.fixture
def receiver(transactional_db, stores, project) -> Iterator[str]:
    """The address of the receivers behind a real HTTP server."""
    server = uvicorn.Server(uvicorn.Config(IngestApp(), port=0, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()

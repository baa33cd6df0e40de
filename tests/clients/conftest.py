"""A console and a model provider for real clients, which run in environments of their own."""

import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.console import KEY, Console
from tests.clients.model_server import ModelServer, serving
from tests.clients.run import run_client
from tests.clients.senders import SENDERS
from tests.console import running


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "clients" in Path(item.fspath).parts:
            item.add_marker(pytest.mark.clients)


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Console]:
    with running(tmp_path_factory.mktemp("console"), ONWATCH_API_KEY=KEY) as started:
        yield Console(started)


@pytest.fixture(scope="session")
def model_server() -> Iterator[ModelServer]:
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def sent(console: Console, model_server: ModelServer) -> Callable[[str], list[dict[str, Any]]]:
    """The spans of a sender's program, as the REST API gives them; each program runs once for all tests."""

    @functools.cache
    def send(slug: str) -> list[dict[str, Any]]:
        sender = SENDERS[slug]
        grpc = console.running.otlp_grpc
        pointed = sender.environ(url=console.url, grpc=f"http://{grpc}", key=console.key)
        # Phoenix sends to this port of the console's host; outside tests it is 4317, as ours is.
        pointed["PHOENIX_GRPC_PORT"] = grpc.rpartition(":")[2]
        run_client(sender.environment, sender.program, model_server.environ | pointed)
        return console.wait_all_spans(sender.spans, **sender.filters)

    return send

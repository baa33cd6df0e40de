"""A console and a model provider for real clients, which run in environments of their own."""

import functools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.clients.collectors import collecting
from tests.clients.console import KEY, Console
from tests.clients.model_server import ModelServer, serving
from tests.clients.run import run_client
from tests.clients.senders import SENDERS, Sender
from tests.console import free_port, running

Sending = Callable[..., AbstractContextManager[None]]


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
def sending(console: Console, model_server: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Sending:
    """A sender's program has run, with more arguments of its collector and settings; its collector runs still."""

    @contextmanager
    def run(sender: Sender, *arguments: str, **more: str) -> Iterator[None]:
        grpc = console.running.otlp_grpc
        values = {
            "url": console.url,
            "grpc": f"http://{grpc}",
            "key": console.key,
            "collector_grpc": f"127.0.0.1:{free_port()}",
            "collector_http": f"127.0.0.1:{free_port()}",
            "folder": str(tmp_path_factory.mktemp(sender.slug)),
        }
        # Phoenix sends to this port of the console's host; outside tests it is 4317, as ours is.
        env = sender.environ(**values) | {"PHOENIX_GRPC_PORT": grpc.rpartition(":")[2]} | more
        with collecting(sender, arguments, values, env):
            run_client(sender.environment, sender.program, model_server.environ | env)
            yield

    return run


@pytest.fixture(scope="session")
def sent(console: Console, sending: Sending) -> Callable[[str], list[dict[str, Any]]]:
    """The spans of a sender's program, as the REST API gives them; each program runs once for all tests."""

    @functools.cache
    def send(slug: str) -> list[dict[str, Any]]:
        sender = SENDERS[slug]
        with sending(sender):
            return console.wait_whole(sender.is_whole, **sender.filters)

    return send

"""A console and a model provider for real clients, which run in environments of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.console import KEY, Console
from tests.clients.model_server import ModelServer, serving
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

"""Run the collector that stands between a sender's program and the console."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.clients.run import ENVIRONMENTS
from tests.clients.senders.sender import COLLECTORS, Collector, Sender

#: Until it listens, and until it has ended.
PATIENCE = 15.0


@contextmanager
def collecting(
    sender: Sender, arguments: Sequence[str], values: Mapping[str, str], env: Mapping[str, str]
) -> Iterator[None]:
    """While its program runs and what it sent arrives; nothing for a sender that needs none."""
    if sender.collector is None:
        yield
        return
    if sender.configuration:
        written = Path(values["folder"]) / sender.configuration
        written.write_text(sender.configured(**values))
        arguments = ("--config", str(written), *arguments)
    # What it says goes where pytest keeps it, to be shown of a test that fails.
    process = subprocess.Popen(
        [_executable(sender.collector), *sender.collector.command[1:], *arguments],
        env={"PATH": os.environ["PATH"]} | dict(env),
    )
    try:
        for name in sender.collector.listens:
            _wait_for(values[name], process)
        yield
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _executable(collector: Collector) -> str:
    home = ENVIRONMENTS / COLLECTORS
    found = list(home.glob(f"lib/python*/site-packages/{collector.command[0]}"))
    if not found:
        pytest.fail(f"{collector.package} is not installed: run `make test-clients`")
    return str(found[0])


def _wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    host, _, port = address.rpartition(":")
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the collector does not listen at {address}")
            time.sleep(0.05)

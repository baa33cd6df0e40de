"""Metrics stand on telemetry alone."""

import pytest

from tests.people import make_bob
from tests.telemetry.ingest.conftest import _own_steps, receiver  # noqa: F401


@pytest.fixture
def viewer(client, project):
    """Bob, signed in."""
    client.force_login(make_bob(project))
    return client

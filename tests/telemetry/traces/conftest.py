"""Stored rows are what these pages read: nothing is priced, sampled or counted live on the way in."""

import pytest

from tests.people import make_bob


@pytest.fixture(autouse=True)
def _own_steps(settings):
    settings.TELEMETRY_PIPELINE = []
    settings.TELEMETRY_AFTER_STORE = []


@pytest.fixture
def viewer(client, project):
    """Bob, signed in."""
    client.force_login(make_bob(project))
    return client

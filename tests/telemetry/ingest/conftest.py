"""These tests stand on telemetry alone: what higher apps add to the pipeline has tests of its own."""

import pytest


@pytest.fixture(autouse=True)
def _own_steps(settings):
    settings.TELEMETRY_PIPELINE = ["telemetry.redact.redact"]
    settings.TELEMETRY_AFTER_STORE = ["tests.telemetry.ingest.steps.remember"]

import pytest


@pytest.fixture
def as_sent(settings):
    """Stores what it is given: no pricing, sampling or redaction."""
    settings.TELEMETRY_PIPELINE = []

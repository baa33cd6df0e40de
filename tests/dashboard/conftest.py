import pytest

from dashboard.queries import past


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    past.forget()


@pytest.fixture
def as_sent(settings):
    """Stores what it is given: no pricing, sampling or redaction."""
    settings.TELEMETRY_PIPELINE = []

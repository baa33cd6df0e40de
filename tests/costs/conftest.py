import pytest


@pytest.fixture(autouse=True)
def _only_pricing(settings):
    settings.TELEMETRY_PIPELINE = ["costs.enrich.price"]
    settings.TELEMETRY_AFTER_STORE = []

import pytest


@pytest.fixture
def key(api_key: str, stores: None) -> str:
    return api_key

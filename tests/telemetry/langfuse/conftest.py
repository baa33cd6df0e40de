import pytest


@pytest.fixture
def key(transactional_db, stores: None, api_key: str) -> str:
    return api_key

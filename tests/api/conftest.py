"""The REST API over real stores, with nothing kept live: what it answers comes from ClickHouse and SQL."""

import json
from urllib.parse import urlencode

import pytest

from accounts.models import ApiKey


@pytest.fixture(autouse=True)
def _own_steps(settings):
    settings.TELEMETRY_AFTER_STORE = []
    settings.ONWATCH_KEYLESS = False


class Caller:
    """Asks the API with one key."""

    def __init__(self, client, key: str) -> None:
        self.client = client
        self.headers = {"authorization": f"Bearer {key}"} if key else {}

    def get(self, path: str, **query):
        address = f"/api/v1{path}"
        if query:
            address += ("&" if "?" in path else "?") + urlencode(query)
        return self.client.get(address, headers=self.headers)

    def post(self, path: str, body, **headers):
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post(f"/api/v1{path}", text, content_type="application/json", headers=self.headers | headers)


@pytest.fixture
def api(client, telemetry_store, api_key) -> Caller:
    return Caller(client, api_key)


@pytest.fixture
def api_with(client, telemetry_store, project):
    """``api_with("read")`` asks with a key of that scope alone; ``api_with()`` with none."""

    def make(*scopes: str) -> Caller:
        return Caller(client, ApiKey.issue(project, name="narrow", scopes=scopes)[1] if scopes else "")

    return make

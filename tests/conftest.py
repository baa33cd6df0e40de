"""Real stores for every test: chDB and a private Redis for the session, emptied for each test that asks for them."""

import time
from collections.abc import Iterator

import hypothesis
import pytest
from django.conf import settings

from accounts import keys
from accounts.models import ApiKey, Project
from core.redis import connect
from onwatch import private_redis
from telemetry import commit, store
from telemetry.senders import tally

# How long an example takes says how busy the machine is, not whether it is right.
hypothesis.settings.register_profile(
    "onwatch", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("onwatch")

TABLES = (
    "sender_receipts", "sender_sources", "sender_notes",
    "spans", "spans_1m", "spans_1h", "spend_15m", "scores", "scores_1m", "scores_1h",
    "log_pieces", "joined_pieces", "span_content",
    "metric_series", "metric_points", "metric_points_5m", "metric_points_1h",
)  # fmt: skip


@pytest.fixture(scope="session")
def _redis_server() -> Iterator[None]:
    child = private_redis.start(settings.REDIS_SOCKET)
    yield
    child.terminate()
    child.wait()


@pytest.fixture(scope="session")
def _engine() -> Iterator[None]:
    store.migrate()
    yield
    # Its thread would write what the last test sent when that test's database is gone.
    tally.forget()


@pytest.fixture
def live(_redis_server: None):
    """An empty Redis."""
    client = connect()
    client.flushall()
    return client


@pytest.fixture
def telemetry_store(_engine: None) -> None:
    """Empty ClickHouse tables."""
    commit.settle()
    for table in TABLES:
        store.command(f"TRUNCATE TABLE {table}")
    commit.forget()
    tally.forget()


@pytest.fixture
def stores(telemetry_store: None, live, db) -> None:
    """Both engines, empty."""
    keys.forget_cached()


@pytest.fixture
def project(db) -> Project:
    keys.forget_cached()
    return Project.objects.get_or_create(slug="default", defaults={"name": "Default"})[0]


@pytest.fixture
def api_key(project: Project) -> str:
    return ApiKey.issue(project, name="test")[1]


def _with_time_left(period: int, seconds: int) -> None:
    """Wait for the next of these periods, in seconds, where the present one ends soon."""
    left = period - time.time() % period
    if left < seconds:
        time.sleep(left)


@pytest.fixture
def same_day() -> None:
    """Whatever is done now, and what is asked a moment later, lie on one day: of budgets, for example."""
    _with_time_left(86_400, 30)


@pytest.fixture
def same_minute() -> None:
    """The same of a minute: for figures over whole minutes that end now."""
    _with_time_left(60, 10)


@pytest.fixture(autouse=True)
def _plain_static_files(settings) -> None:
    """Pages name their static files as they are: hashing and compressing them takes longer than the tests."""
    backend = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": backend}}

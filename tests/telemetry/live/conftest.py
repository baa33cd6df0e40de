import pytest

from core.redis import connect
from telemetry import commit
from telemetry.live import freshness, rebuild


@pytest.fixture(autouse=True)
def as_new_process(settings):
    """Gaps and outages of one test are not the next one's; what higher apps add to the pipeline has its own tests."""
    settings.TELEMETRY_PIPELINE = []
    settings.TELEMETRY_AFTER_STORE = ["telemetry.live.record.record"]
    commit.settle()
    freshness.forget()
    yield
    commit.settle()
    freshness.forget()


@pytest.fixture
def repair():
    """Copy whatever needs it, as the job does."""
    return rebuild.repair_all


@pytest.fixture
def counting(stores, transactional_db, project, repair):
    """A project whose minutes, from now on, are counted in Redis from their first span."""
    repair()
    begin_counting_at_once(project.pk)
    return project


def begin_counting_at_once(project_id: int) -> None:
    """Skip the wait for the next minute: nothing is stored yet, so every minute can be counted."""
    connect().hset(f"live:{{{project_id}}}:state", "first", 0)

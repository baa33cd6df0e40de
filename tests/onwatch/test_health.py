"""What the console tells whoever watches it."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from core.redis import connect
from telemetry.live import keys

pytestmark = pytest.mark.usefixtures("stores")


def gauge(name: str) -> int | None:
    found = re.search(rf"^{name} (\d+)$", Client().get("/metrics").content.decode(), re.MULTILINE)
    return int(found[1]) if found else None


def test_it_says_how_many_live_minutes_wait_to_be_copied(project):
    assert gauge("onwatch_live_minutes_to_copy") == 0
    hour_ago = int((datetime.now(UTC) - timedelta(hours=1)).timestamp()) // 60
    connect().zadd(keys.dirty(project.pk), {str(hour_ago): 1, str(hour_ago + 1): 2})
    assert gauge("onwatch_live_minutes_to_copy") == 2


def test_counters_have_a_name_and_a_type():
    text = Client().get("/metrics").content.decode()
    for name in re.findall(r"^(onwatch_\w+|process_\w+)", text, re.MULTILINE):
        assert f"# TYPE {name} " in text

"""How far live figures are behind what is stored."""

from __future__ import annotations

from accounts.models import Project
from core.redis import connect
from telemetry.live import keys


def minutes_to_copy() -> int:
    """Minutes of all projects that wait to be copied again; ranges that hold one are read from ClickHouse meanwhile.

    Raises RedisError.
    """
    projects = Project.objects.values_list("pk", flat=True)
    with connect().pipeline(transaction=False) as asked:
        for project_id in projects:
            asked.zcard(keys.dirty(project_id))
        return sum(asked.execute())

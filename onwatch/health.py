"""Is it alive, is it ready, how is it doing: for load balancers and Prometheus."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable

from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse

from core.clickhouse import StoreUnavailable
from core.redis import RedisError, connect
from telemetry import counters, store
from telemetry.live.waiting import minutes_to_copy

STARTED = time.time()


def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


def _ask_sql() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM accounts_project LIMIT 1")


def _ask_redis() -> None:
    connect().ping()


CHECKS: dict[str, Callable[[], None]] = {"sql": _ask_sql, "clickhouse": store.ping, "redis": _ask_redis}


def readyz(request: HttpRequest) -> JsonResponse:
    """200 when every store answers a real read, else 503; says which does not."""
    states = {}
    for name, check in CHECKS.items():
        try:
            check()
            states[name] = "ok"
        except (DatabaseError, StoreUnavailable, RedisError, OSError) as error:
            states[name] = f"{type(error).__name__}: {str(error)[:200]}"
    ready = all(state == "ok" for state in states.values())
    return JsonResponse({"ready": ready, "stores": states}, status=200 if ready else 503)


def _live_lines() -> list[str]:
    """Nothing while a store is away: a gauge that is missing says so."""
    try:
        waiting = minutes_to_copy()
    except (RedisError, DatabaseError, OSError):
        return []
    return [
        "# HELP onwatch_live_minutes_to_copy Minutes whose live figures wait to be copied from ClickHouse.",
        "# TYPE onwatch_live_minutes_to_copy gauge",
        f"onwatch_live_minutes_to_copy {waiting}",
    ]


def prometheus(request: HttpRequest) -> HttpResponse:
    """This process's counters in the Prometheus text format."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    lines = [
        *counters.render(),
        *_live_lines(),
        "# HELP process_start_time_seconds Start time of the process since the epoch.",
        "# TYPE process_start_time_seconds gauge",
        f"process_start_time_seconds {STARTED:.3f}",
        "# HELP process_peak_resident_memory_bytes Highest resident memory so far.",
        "# TYPE process_peak_resident_memory_bytes gauge",
        f"process_peak_resident_memory_bytes {peak}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")

"""Metrics and log records: how their bodies are read, and who stores what was in them."""

from __future__ import annotations

from accounts.keys import Caller
from telemetry import counters
from telemetry.dialects.decoded import Decoded
from telemetry.dialects.otlp_logs import decode_logs
from telemetry.dialects.otlp_metrics import decode_metrics
from telemetry.logs import amend
from telemetry.metrics import points


def metric_points(plain: bytes, json: bool, caller: Caller) -> Decoded:
    """All points of an ``ExportMetricsServiceRequest``. Raises BadBody."""
    found = decode_metrics(plain, json=json, caller=caller)
    counters.count("onwatch_metric_points_rejected_total", found.rejected)
    return Decoded([], found.rejected, found.message, found.refused, found.points, points.store_points)


def logs(plain: bytes, json: bool, caller: Caller) -> Decoded:
    """What the records of an ``ExportLogsServiceRequest`` tell of model calls. Raises BadBody.

    Other records are refused: whoever sends them should learn that they are not kept.
    """
    found = decode_logs(plain, json=json, caller=caller)
    decoded = Decoded([], found.rejected, found.message, found.refused, found.joins, amend.take)
    if found.ignored:
        counters.count("onwatch_log_records_unkept_total", found.ignored)
        decoded.refuse(found.ignored, f"{found.ignored} tell nothing of a model call and are not kept: {found.example}")
    return decoded

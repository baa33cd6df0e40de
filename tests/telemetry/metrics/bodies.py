"""OTLP export requests with metrics, for tests."""

import time
from datetime import UTC, datetime
from types import SimpleNamespace

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from telemetry.dialects.otlp_metrics import decode_metrics
from telemetry.metrics import points
from tests.telemetry.dialects.builders import set_attributes

MINUTE_NS = 60 * 10**9
CUMULATIVE, DELTA = 2, 1
#: The begin of an hour.
T0 = (time.time_ns() // (3600 * 10**9) - 1) * 3600 * 10**9


def moment(ns: int) -> datetime:
    return datetime.fromtimestamp(ns / 1e9, UTC)


class Body:
    """One export of metrics."""

    def __init__(self, **resource: str) -> None:
        self.request = ExportMetricsServiceRequest()
        metrics = self.request.resource_metrics.add()
        set_attributes(metrics.resource.attributes, {"service.name": "worker"} | resource)
        self.scope = metrics.scope_metrics.add()

    def gauge(self, name, *values, at=0, unit="", **attributes):
        metric = self.scope.metrics.add(name=name, unit=unit)
        for minute, number in enumerate(values):
            point = metric.gauge.data_points.add(time_unix_nano=int(T0 + (at + minute) * MINUTE_NS), as_double=number)
            set_attributes(point.attributes, attributes)
        return self

    def sum(self, name, *values, at=0, start=0, temporality=CUMULATIVE, monotonic=True, unit="", **attributes):
        metric = self.scope.metrics.add(name=name, unit=unit)
        metric.sum.aggregation_temporality, metric.sum.is_monotonic = temporality, monotonic
        for minute, number in enumerate(values):
            point = metric.sum.data_points.add(time_unix_nano=T0 + (at + minute) * MINUTE_NS, as_int=number)
            point.start_time_unix_nano = T0 + start * MINUTE_NS
            set_attributes(point.attributes, attributes)
        return self

    def histogram(self, name, *buckets, bounds=(1.0, 2.0, 4.0), at=0, start=0, temporality=CUMULATIVE, **attributes):
        metric = self.scope.metrics.add(name=name, unit="s")
        metric.histogram.aggregation_temporality = temporality
        for minute, counts in enumerate(buckets):
            point = metric.histogram.data_points.add(time_unix_nano=T0 + (at + minute) * MINUTE_NS)
            point.start_time_unix_nano = T0 + start * MINUTE_NS
            point.explicit_bounds.extend(bounds)
            point.bucket_counts.extend(counts)
            point.count, point.sum = sum(counts), 1.5 * sum(counts)
            set_attributes(point.attributes, attributes)
        return self

    def store(self, project) -> None:
        """As if the project had sent it."""
        caller = SimpleNamespace(project_id=project.pk, key_id=0)
        points.store_points(decode_metrics(self.request.SerializeToString(), json=False, caller=caller).points)

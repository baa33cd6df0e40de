"""Points of all kinds of metrics, and what is refused."""

import json
import time
from datetime import timedelta

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality, Metric

from telemetry.dialects.decoded import BadBody
from telemetry.dialects.otlp_metrics import decode_metrics
from tests.telemetry.dialects.builders import CALLER, MS, START, START_NS, json_value, set_attributes

DELTA = AggregationTemporality.AGGREGATION_TEMPORALITY_DELTA
CUMULATIVE = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
TIMES = {"start_time_unix_nano": START_NS, "time_unix_nano": START_NS + 60_000 * MS}


def body(*metrics, resource=None):
    request = ExportMetricsServiceRequest()
    resource_metrics = request.resource_metrics.add()
    set_attributes(resource_metrics.resource.attributes, resource or {"service.name": "shop"})
    scope_metrics = resource_metrics.scope_metrics.add()
    scope_metrics.scope.name, scope_metrics.scope.version = "tests", "1"
    scope_metrics.metrics.extend(metrics)
    return request.SerializeToString()


def decode(*metrics, **about):
    return decode_metrics(body(*metrics, **about), json=False, caller=CALLER)


def point_of(metric, **about):
    decoded = decode(metric, **about)
    assert (decoded.rejected, decoded.message) == (0, "")
    (point,) = decoded.points
    return point


def gauge(value=1.5, *, attributes=None, name="queue.length", **fields):
    metric = Metric(name=name, unit="{item}")
    target = metric.gauge.data_points.add(**TIMES | fields)
    if isinstance(value, int):
        target.as_int = value
    elif value is not None:
        target.as_double = value
    set_attributes(target.attributes, attributes or {})
    return metric


def histogram(**fields):
    metric = Metric(name="gen_ai.client.operation.duration", unit="s")
    metric.histogram.aggregation_temporality = DELTA
    given = {"count": 6, "sum": 9.5, "explicit_bounds": [0.1, 1.0], "bucket_counts": [1, 2, 3]}
    metric.histogram.data_points.add(**TIMES | given | fields)
    return metric


def test_a_gauge():
    point = point_of(gauge(attributes={"gen_ai.request.model": "m"}))
    assert (point.project_id, point.name, point.unit, point.kind) == (7, "queue.length", "{item}", "gauge")
    assert (point.value, point.temporality, point.start_time) == (1.5, "", None)
    assert point.time == START + timedelta(minutes=1)
    assert (point.service, point.scope, point.attributes) == ("shop", "tests/1", {"gen_ai.request.model": "m"})


@pytest.mark.parametrize(("value", "expected"), [(0, 0.0), (-3, -3.0), (0.0, 0.0), (2**40, float(2**40))])
def test_whole_numbers_and_zero(value, expected):
    assert point_of(gauge(value)).value == expected


@pytest.mark.parametrize(("said", "temporality"), [(DELTA, "delta"), (CUMULATIVE, "cumulative"), (0, "")])
def test_a_sum_says_since_when(said, temporality):
    metric = Metric(name="requests")
    metric.sum.aggregation_temporality, metric.sum.is_monotonic = said, True
    metric.sum.data_points.add(as_int=4, **TIMES)
    point = point_of(metric)
    assert (point.kind, point.value, point.temporality, point.monotonic) == ("sum", 4.0, temporality, True)
    assert point.start_time == START


def test_a_histogram():
    point = point_of(histogram(min=0.05, max=4.0))
    assert (point.kind, point.count, point.value, point.temporality) == ("histogram", 6, 9.5, "delta")
    assert (point.bounds, point.buckets) == ([0.1, 1.0], [1, 2, 3])
    assert (point.minimum, point.maximum) == (0.05, 4.0)


def test_a_histogram_may_lack_extremes_and_buckets():
    point = point_of(histogram(explicit_bounds=[], bucket_counts=[]))
    assert (point.minimum, point.maximum, point.bounds, point.buckets) == (None, None, [], [])


def test_an_exponential_histogram_gets_bounds():
    metric = Metric(name="duration")
    metric.exponential_histogram.aggregation_temporality = CUMULATIVE
    target = metric.exponential_histogram.data_points.add(count=12, sum=30.0, scale=0, zero_count=2, **TIMES)
    target.positive.offset = 1
    target.positive.bucket_counts.extend([3, 4])
    target.negative.offset = 0
    target.negative.bucket_counts.extend([1, 2])
    point = point_of(metric)
    # Scale 0: bucket i holds (2 ** i, 2 ** (i + 1)].
    assert point.bounds == [-4.0, -2.0, -1.0, 2.0, 4.0, 8.0]
    assert point.buckets == [0, 2, 1, 2, 3, 4, 0]
    assert (point.kind, point.count) == ("histogram", 12)


@pytest.mark.parametrize("scale", [-10, -3, 0, 3, 8, 20])
def test_every_measurement_of_an_exponential_histogram_is_in_one_bucket(scale):
    metric = Metric(name="duration")
    target = metric.exponential_histogram.data_points.add(count=160, scale=scale, **TIMES)
    target.positive.offset = -80
    target.positive.bucket_counts.extend([1] * 160)
    point = point_of(metric)
    assert sum(point.buckets) == 160
    assert len(point.buckets) == len(point.bounds) + 1
    assert point.bounds == sorted(set(point.bounds))


def test_a_summary():
    metric = Metric(name="old")
    target = metric.summary.data_points.add(count=3, sum=6.0, **TIMES)
    target.quantile_values.add(quantile=0.5, value=2.0)
    point = point_of(metric)
    assert (point.kind, point.count, point.value, point.quantiles) == ("summary", 3, 6.0, {0.5: 2.0})


def test_a_point_that_says_there_was_no_value_is_none():
    decoded = decode(gauge(None, flags=1))
    assert (decoded.points, decoded.rejected) == ([], 0)


@pytest.mark.parametrize(
    ("metric", "where"),
    [
        (gauge(None), "gauge.dataPoints[0].asDouble: is missing"),
        (gauge(float("nan")), "gauge.dataPoints[0].asDouble: must be a finite"),
        (gauge(time_unix_nano=0), "gauge.dataPoints[0].timeUnixNano: is missing"),
        (gauge(time_unix_nano=time.time_ns() + 10 * 86_400 * 10**9), "timeUnixNano: lies in the future"),
        (gauge(name=""), "name: the metric has no name"),
        (histogram(bucket_counts=[1, 2]), "histogram.dataPoints[0].bucketCounts: must be one more"),
        (histogram(explicit_bounds=[1.0, 0.1]), "explicitBounds: must be finite and rising"),
        (histogram(explicit_bounds=[0.1, float("inf")]), "explicitBounds: must be finite and rising"),
        (histogram(sum=float("inf")), "sum: must be a finite"),
        (histogram(count=2**63), "count: is beyond belief"),
        (histogram(explicit_bounds=range(3000), bucket_counts=[0] * 3001), "bucketCounts: are more than"),
    ],
)
def test_a_bad_point_is_refused_alone(metric, where):
    decoded = decode(gauge(), metric)
    assert (len(decoded.points), decoded.rejected) == (1, 1)
    assert decoded.message.startswith("resourceMetrics[0].scopeMetrics[0].metrics[1].")
    assert where in decoded.message


def test_a_series_is_known_again():
    same = point_of(gauge(1.0, attributes={"a": 1, "b": 2}))
    assert point_of(gauge(2.0, attributes={"b": 2, "a": 1})).series == same.series
    assert len(same.series) == 32
    for other in (
        point_of(gauge(1.0, attributes={"a": 1})),
        point_of(gauge(1.0, name="other", attributes={"a": 1, "b": 2})),
        point_of(gauge(1.0, attributes={"a": 1, "b": 2}), resource={"service.name": "shop", "host.name": "b"}),
    ):
        assert other.series != same.series


def test_json_tells_the_same():
    points = [
        {
            "timeUnixNano": str(TIMES["time_unix_nano"]),
            "startTimeUnixNano": TIMES["start_time_unix_nano"],
            "count": "6",
            "sum": 9.5,
            "bucketCounts": ["1", 2, "3"],
            "explicitBounds": [0.1, 1],
            "min": 0.05,
            "attributes": [{"key": "a", "value": json_value(1)}],
        }
    ]
    metric = {
        "name": "gen_ai.client.operation.duration",
        "unit": "s",
        "histogram": {"aggregationTemporality": "AGGREGATION_TEMPORALITY_DELTA", "dataPoints": points},
    }
    content = {
        "resourceMetrics": [
            {
                "resource": {"attributes": [{"key": "service.name", "value": json_value("shop")}]},
                "scopeMetrics": [{"scope": {"name": "tests", "version": "1"}, "metrics": [metric]}],
            }
        ]
    }
    given = histogram(min=0.05)
    set_attributes(given.histogram.data_points[0].attributes, {"a": 1})
    assert decode_metrics(json.dumps(content).encode(), json=True, caller=CALLER) == decode(given)


@pytest.mark.parametrize(
    ("content", "as_json"), [(b"\xff\xff", False), (b"null", True), (b'{"resourceMetrics":[5]}', True)]
)
def test_what_is_no_request_is_a_bad_body(content, as_json):
    with pytest.raises(BadBody):
        decode_metrics(content, json=as_json, caller=CALLER)

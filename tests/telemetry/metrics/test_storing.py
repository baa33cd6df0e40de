"""Metrics are stored once and read as what happened: increases, means, percentiles, whatever the sender's form."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource

from core.timerange import TimeRange
from telemetry import commit
from telemetry.metrics import queries as metric_queries
from telemetry.metrics.kinds import AGGREGATIONS
from telemetry.metrics.rollups import FIVE_MINUTES, HOURS
from tests.telemetry.ingest.ask import ask, value
from tests.telemetry.metrics.bodies import CUMULATIVE, DELTA, MINUTE_NS, T0, Body, moment

PROTOBUF = {"content-type": "application/x-protobuf"}


@pytest.fixture
def send(receiver):
    def post(body: Body, path: str = "/v1/metrics") -> ExportMetricsServiceResponse:
        content = body.request.SerializeToString()
        response = httpx.post(f"{receiver}{path}", content=content, headers=PROTOBUF, timeout=30)
        assert response.status_code == 200
        return ExportMetricsServiceResponse.FromString(response.content)

    return post


def points() -> int:
    return value("SELECT count() FROM metric_points")


@pytest.fixture
def read(project):
    """The values of a metric by minutes from T0 on, one list for each group."""

    def reading(name, aggregation, *, minutes=5, step=1, by="", **attributes):
        span = TimeRange(moment(T0), moment(T0 + minutes * MINUTE_NS))
        selection = metric_queries.select(project.pk, name, {k.replace("_", "."): v for k, v in attributes.items()})
        found = metric_queries.over_time(selection, project.pk, span, timedelta(minutes=step), by=by)
        how = AGGREGATIONS[selection.shape][aggregation]
        return {label: [how.read(sums, 60 * step) for _, sums in steps] for label, steps in found.items()}

    return reading


def test_a_gauge_is_kept_and_read(send, read):
    assert not send(Body().gauge("queue.depth", 4, 6, 5, unit="{job}")).HasField("partial_success")
    assert read("queue.depth", "avg", minutes=4) == {"": [4, 6, 5, None]}
    assert read("queue.depth", "last", minutes=4, step=4)[""] == [5]
    assert read("queue.depth", "max", minutes=4, step=4)[""] == [6]


def test_a_repeated_export_is_stored_once(send, read):
    body = Body().sum("requests", 10, 30, temporality=DELTA).gauge("depth", 1)
    for _ in range(3):
        send(body)
    assert points() == 3
    commit.forget()
    send(body)
    assert points() == 3
    assert read("requests", "sum", step=5) == {"": [40]}


def test_a_point_twice_in_one_body_is_stored_once(send):
    send(Body().gauge("depth", 1).gauge("depth", 1))
    assert points() == 1


def test_a_running_total_is_read_as_its_increase(send, read):
    send(Body().sum("tokens", 100, 160, 160, 400))
    assert read("tokens", "sum") == {"": [100, 60, 0, 240, None]}
    assert read("tokens", "rate")[""][3] == pytest.approx(4)


@pytest.mark.parametrize("start", [0, 2], ids=["it falls", "it says so"])
def test_a_total_that_begins_anew_counts_from_zero(send, read, start):
    send(Body().sum("tokens", 100, 160))
    send(Body().sum("tokens", 40, 50, at=2, start=start))
    assert read("tokens", "sum") == {"": [100, 60, 40, 10, None]}


def test_a_total_that_began_long_ago_makes_no_peak_where_it_is_first_seen(send, read):
    send(Body().sum("tokens", 1_000_000, 1_000_060, start=-600))
    assert read("tokens", "sum") == {"": [None, 60, None, None, None]}


def test_batches_in_the_wrong_order_add_up(send, read):
    send(Body().sum("tokens", 160, at=1))
    send(Body().sum("tokens", 100))
    assert read("tokens", "sum")[""][:2] == [100, 60]


def test_hosts_that_report_by_turns_are_added_up(send, read):
    for host, at in (("a", 0), ("b", 2)):
        body = Body(**{"host.name": host})
        for minute in (at, at + 4):
            body.gauge("depth", 10, at=minute)
        send(body)
    assert read("depth", "sum", minutes=12)[""] == [10, 10, 20, 20, 20, 20, 20, 20, 20, 20, 10, 10]
    assert read("depth", "avg", minutes=3)[""] == [10, None, 10]


def test_a_sum_that_may_fall_is_read_as_a_gauge(send, read):
    send(Body().sum("connections", 5, 3, monotonic=False))
    assert read("connections", "last", minutes=2) == {"": [5, 3]}


@pytest.mark.parametrize("temporality", [CUMULATIVE, DELTA])
def test_a_histogram_gives_percentiles_means_and_counts(send, read, temporality):
    steps = [(10, 0, 0, 0), (0, 10, 0, 0)]
    buckets = steps if temporality == DELTA else [(10, 0, 0, 0), (10, 10, 0, 0)]
    send(Body().histogram("latency", *buckets, temporality=temporality))
    assert read("latency", "count", minutes=2) == {"": [10, 10]}
    assert read("latency", "p50", minutes=2) == {"": [0.5, 1.5]}
    assert read("latency", "avg", minutes=2) == {"": [1.5, 1.5]}
    assert read("latency", "p50", minutes=2, step=2) == {"": [1.0]}


def test_hosts_are_added_up_or_shown_apart(send, read):
    for host, counts in (("a", (10, 0, 0, 0)), ("b", (0, 0, 0, 10))):
        send(Body(**{"host.name": host}).histogram("latency", counts).gauge("depth", len(host) + (host == "b")))
    assert read("latency", "count", minutes=1) == {"": [20]}
    assert read("latency", "count", minutes=1, by="resource.host.name") == {"a": [10], "b": [10]}
    assert read("latency", "p99", minutes=1, resource_host_name="b") == {"": [4.0]}
    assert read("depth", "sum", minutes=1) == {"": [3]}


@pytest.mark.parametrize("rollup", [FIVE_MINUTES, HOURS], ids=["5m", "1h"])
def test_roll_ups_say_what_the_points_say(send, read, rollup, monkeypatch):
    monkeypatch.setattr(metric_queries, "RECENT", timedelta(days=-1))
    monkeypatch.setattr(rollup, "every", timedelta())
    rollup.forget()
    send(Body().sum("tokens", *range(100, 700, 10)).sum("calls", *[2] * 60, temporality=DELTA))
    send(Body().histogram("latency", *[(2 * n, n, 0, 0) for n in range(60)]).gauge("depth", *range(60)))
    rollup.run()
    rollup.forget()
    send(Body().gauge("depth", 1000, at=30.5).sum("calls", 5, at=-30, temporality=DELTA))
    rollup.run()
    rollup.run()
    step = rollup.seconds // 60
    coarse = {name: read(name, how, minutes=60, step=step)[""] for name, how in QUESTIONS.items()}
    fine = {name: read(name, how, minutes=60, step=1)[""] for name, how in QUESTIONS.items()}
    for name in ("tokens", "calls"):
        assert sum(coarse[name]) == sum(fine[name])
    assert max(coarse["depth"]) == 1000
    assert coarse["latency"][-1] == pytest.approx(0.75)
    assert value(f"SELECT count() FROM {rollup.table} FINAL") == 4 * 60 // step + 1


QUESTIONS = {"tokens": "sum", "calls": "sum", "depth": "max", "latency": "p50"}


def test_what_is_bad_is_named_and_the_rest_is_kept(send):
    body = Body().gauge("depth", 1).gauge("", 2)
    answer = send(body).partial_success
    assert answer.rejected_data_points == 1
    assert "the metric has no name" in answer.error_message
    assert points() == 1


def test_a_series_is_described_once(send):
    for minute in range(3):
        send(Body().gauge("depth", 1, at=minute, unit="{job}", queue="mail"))
    assert ask("SELECT name, unit, kind, service, attributes FROM metric_series FINAL") == [
        ("depth", "{job}", "gauge", "worker", {"queue": "mail", "service": "worker"})
    ]


def test_the_python_sdk_sends_everything_once(receiver, project):
    exporter = OTLPMetricExporter(f"{receiver}/v1/metrics")
    provider = MeterProvider(
        [PeriodicExportingMetricReader(exporter)],
        Resource({"service.name": "sdk"}),
        views=[View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation())],
    )
    meter = provider.get_meter("tests")
    meter.create_counter("counter", "{call}").add(3)
    meter.create_gauge("gauge").set(7)
    meter.create_up_down_counter("updown").add(-2)
    for name in ("histogram", "exponential"):
        for number in (0.1, 0.2, 0.4):
            meter.create_histogram(name, "s").record(number)
    provider.force_flush()
    provider.shutdown()

    found = {metric.name: metric.shape for metric in metric_queries.metrics(project.pk)}
    assert found == {
        "counter": "counter", "gauge": "gauge", "updown": "gauge", "histogram": "histogram",
        "exponential": "histogram",
    }  # fmt: skip
    now = datetime.now(UTC)
    span = TimeRange(now - timedelta(minutes=5), now + timedelta(minutes=1))

    def figure(name: str, aggregation: str) -> float | None:
        selection = metric_queries.select(project.pk, name)
        sums = metric_queries.total(selection, project.pk, span)
        return AGGREGATIONS[selection.shape][aggregation].read(sums, 60)

    assert figure("counter", "sum") == 3
    assert figure("updown", "last") == -2
    assert figure("exponential", "count") == 3
    assert figure("exponential", "p50") == pytest.approx(0.2, rel=0.1)

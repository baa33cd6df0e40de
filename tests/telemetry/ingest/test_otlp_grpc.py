"""What senders are told over gRPC, and what is stored when they are told so."""

import asyncio
import threading

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2_grpc import MetricsServiceStub
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from telemetry import store
from telemetry.metrics import queries as metric_queries
from telemetry.receive import otlp_grpc
from tests.telemetry.ingest.ask import value
from tests.telemetry.ingest.exports import export_request
from tests.telemetry.ingest.ports import free_port
from tests.telemetry.ingest.test_logs import conversation
from tests.telemetry.metrics.bodies import Body


@pytest.fixture
def channel(transactional_db, stores, project):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    port = free_port()
    server = asyncio.run_coroutine_threadsafe(otlp_grpc.serve("127.0.0.1", port), loop).result(10)
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_send_message_length", -1)]) as channel:
        yield channel
    asyncio.run_coroutine_threadsafe(server.stop(1), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def stub(channel):
    return TraceServiceStub(channel)


def request(numbers, **more) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(export_request(numbers, **more))


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_it_stores_what_it_accepts(stub, compression):
    answer = stub.Export(request(range(48)), timeout=30, compression=compression)
    assert not answer.HasField("partial_success")
    stub.Export(request(range(40, 60)), timeout=30)
    assert value("SELECT count() FROM spans") == 60


def test_it_takes_more_than_four_megabytes(stub):
    stub.Export(request(range(50), padding="x" * 200_000), timeout=60)
    assert value("SELECT count() FROM spans") == 50


def test_it_keeps_the_good_part(stub):
    bad = request(range(3))
    bad.resource_spans[0].scope_spans[0].spans[1].trace_id = b"short"
    answer = stub.Export(bad, timeout=30)
    assert answer.partial_success.rejected_spans == 1
    assert value("SELECT count() FROM spans") == 2


def test_it_asks_for_a_key(stub, api_key, settings):
    settings.ONWATCH_KEYLESS = False
    with pytest.raises(grpc.RpcError) as refused:
        stub.Export(request([1]), timeout=30)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    stub.Export(request([1]), timeout=30, metadata=[("authorization", f"Bearer {api_key}")])
    assert value("SELECT count() FROM spans") == 1


def test_it_names_a_pause_while_the_store_is_away(stub, monkeypatch):
    def away(table, columns):
        raise store.StoreUnavailable("gone")

    monkeypatch.setattr(store, "insert", away)
    with pytest.raises(grpc.RpcError) as refused:
        stub.Export(request([1]), timeout=30)
    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    trailing = dict(refused.value.trailing_metadata())
    pause = RetryInfo.FromString(trailing["google.rpc.retryinfo-bin"])
    assert 1 <= pause.retry_delay.seconds <= 3
    assert Status.FromString(trailing["grpc-status-details-bin"]).code == 14


def test_it_takes_metrics(channel, project):
    body = Body().gauge("queue.depth", 4, 6).gauge("", 1)
    for _ in range(2):
        answer = MetricsServiceStub(channel).Export(body.request, timeout=30)
    assert answer.partial_success.rejected_data_points == 1
    assert value("SELECT count() FROM metric_points") == 2
    assert metric_queries.metrics(project.pk)[0].name == "queue.depth"


def test_it_joins_log_records_to_their_spans(channel, stub):
    records = ExportLogsServiceRequest.FromString(conversation())
    records.resource_logs[0].scope_logs[0].log_records.add(event_name="user.clicked")
    answer = LogsServiceStub(channel).Export(records, timeout=30)
    assert answer.partial_success.rejected_log_records == 1
    stub.Export(request([0]), timeout=30)
    assert value("SELECT count() FROM spans WHERE input LIKE '%sky%'") == 1

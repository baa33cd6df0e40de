"""OTLP over gRPC beyond the good case: limits, deadlines, nonsense, and services that are not there."""

import asyncio
import gzip
import threading
import time

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from telemetry.receive import otlp_grpc
from tests.telemetry.ingest.ask import value
from tests.telemetry.ingest.exports import export_request
from tests.telemetry.ingest.ports import free_port

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def channel(transactional_db, stores, project, settings):
    settings.ONWATCH_MAX_DECODED_BYTES = 1_000_000
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    port = free_port()
    server = asyncio.run_coroutine_threadsafe(otlp_grpc.serve("127.0.0.1", port), loop).result(10)
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.max_send_message_length", -1)]) as opened:
        yield opened
    asyncio.run_coroutine_threadsafe(server.stop(1), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def call(channel, body: bytes, method: str = EXPORT, **more) -> bytes:
    """One raw call: bytes out, bytes in."""
    return channel.unary_unary(method)(body, **({"timeout": 30} | more))


def code(channel, body: bytes, method: str = EXPORT, **more) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as refused:
        call(channel, body, method, **more)
    return refused.value.code()


def still_takes_spans(channel) -> bool:
    return call(channel, export_request([9])) == b"" and value("SELECT count() FROM spans") == 1


def test_a_message_over_the_limit_is_refused_also_when_it_is_packed(channel):
    assert code(channel, bytes(1_000_001)) is grpc.StatusCode.RESOURCE_EXHAUSTED
    packed = grpc.Compression.Gzip
    assert code(channel, bytes(50_000_000), compression=packed) is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert still_takes_spans(channel)


def test_nonsense_is_an_invalid_argument(channel):
    assert code(channel, b"\xff\xff nonsense") is grpc.StatusCode.INVALID_ARGUMENT
    # Packed by the sender itself, without saying so to gRPC.
    assert code(channel, gzip.compress(export_request([1]))) is grpc.StatusCode.INVALID_ARGUMENT
    assert still_takes_spans(channel)


def test_an_empty_message_is_an_empty_request(channel):
    assert call(channel, b"") == b""


def test_a_service_or_method_that_is_not_there_is_unimplemented(channel):
    for method in ("/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export", EXPORT + "All"):
        assert code(channel, b"", method) is grpc.StatusCode.UNIMPLEMENTED


def test_a_deadline_that_passes_hurts_nobody(channel):
    assert code(channel, export_request(range(200)), timeout=0.0001) is grpc.StatusCode.DEADLINE_EXCEEDED
    call(channel, export_request(range(200)))
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and value("SELECT count() FROM spans") < 200:
        time.sleep(0.05)
    assert value("SELECT count() FROM spans") == 200


def test_a_key_in_base64_that_is_none_is_unauthenticated(channel):
    metadata = [("authorization", "Basic !!!")]
    assert code(channel, export_request([1]), metadata=metadata) is grpc.StatusCode.UNAUTHENTICATED


def test_times_and_ids_are_judged_as_over_http(channel):
    answer = ExportTraceServiceResponse.FromString(call(channel, export_request([-1, 1])))
    assert answer.partial_success.rejected_spans == 1
    assert "not all zero" in answer.partial_success.error_message

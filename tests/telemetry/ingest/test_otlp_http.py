"""What senders are told over HTTP, and what is stored when they are told so."""

import gzip
import http.client
import threading
import zlib
from urllib.parse import urlsplit

import httpx
import pytest
import zstandard
from google.protobuf.json_format import MessageToDict
from google.rpc.status_pb2 import Status
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from accounts import keys
from accounts.models import ApiKey
from telemetry import commit, store
from telemetry.group import committer
from telemetry.receive import otlp_http
from telemetry.receive.app import INGEST_PATHS
from tests.telemetry.ingest.ask import value
from tests.telemetry.ingest.exports import export_request

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


def post(receiver: str, body: bytes, path: str = "/v1/traces", **headers: str) -> httpx.Response:
    given = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.post(receiver + path, content=body, headers=PROTOBUF | given, timeout=30)


def stored() -> int:
    return value("SELECT count() FROM spans")


def status_of(response: httpx.Response) -> Status:
    assert response.headers["content-type"] == "application/x-protobuf"
    return Status.FromString(response.content)


def test_it_stores_what_it_answers_200_to(receiver):
    response = post(receiver, export_request(range(48)))
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["content-type"] == "application/x-protobuf"
    assert stored() == 48


@pytest.mark.parametrize("path", [path for path in INGEST_PATHS if path.endswith("/traces")])
def test_it_listens_where_sdks_send(receiver, path):
    assert post(receiver, export_request([1]), path).status_code == 200
    assert post(receiver, export_request([2]), path + "/").status_code == 200
    assert stored() == 2


def test_it_answers_json_in_json(receiver):
    body = MessageToDict(ExportTraceServiceRequest.FromString(export_request([1])))
    for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        span["traceId"], span["spanId"] = f"{7:032x}", f"{7:016x}"
    response = httpx.post(f"{receiver}/v1/traces", json=body)
    assert (response.status_code, response.json()) == (200, {})
    assert value("SELECT trace_id FROM spans") == f"{7:032x}"


def raw_deflate(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(body) + packer.flush()


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:])),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("zstd", zstandard.compress),
        ("identity", bytes),
    ],
    ids=["gzip", "gzip in two members", "deflate", "raw deflate", "zstd", "identity"],
)
def test_it_reads_compressed_bodies(receiver, encoding, pack):
    response = post(receiver, pack(export_request(range(20))), content_encoding=encoding)
    assert response.status_code == 200
    assert stored() == 20


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_it_refuses_bodies_that_end_too_early(receiver, encoding):
    pack = {"gzip": gzip.compress, "deflate": zlib.compress, "zstd": zstandard.compress}[encoding]
    response = post(receiver, pack(export_request(range(20)))[:-20], content_encoding=encoding)
    assert response.status_code == 400
    assert "too early" in status_of(response).message
    assert stored() == 0


def test_it_reads_chunked_bodies_without_a_length(receiver):
    body = export_request(range(100))
    chunks = [body[at : at + 1000] for at in range(0, len(body), 1000)]
    response = httpx.post(f"{receiver}/v1/traces", content=iter(chunks), headers=PROTOBUF)
    assert response.status_code == 200
    assert stored() == 100


def test_it_keeps_the_good_part_and_says_what_it_refused(receiver):
    request = ExportTraceServiceRequest.FromString(export_request(range(3)))
    request.resource_spans[0].scope_spans[0].spans[1].trace_id = b"short"
    response = post(receiver, request.SerializeToString())
    assert response.status_code == 200
    partial = ExportTraceServiceResponse.FromString(response.content).partial_success
    assert partial.rejected_spans == 1
    assert "spans[1].traceId" in partial.error_message
    assert stored() == 2


def test_it_says_partial_success_in_json_too(receiver):
    body = MessageToDict(ExportTraceServiceRequest.FromString(export_request([1])))
    body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] = "zz"
    response = httpx.post(f"{receiver}/v1/traces", json=body)
    assert response.status_code == 200
    assert response.json()["partialSuccess"]["rejectedSpans"] == "1"


def test_it_refuses_what_is_no_export_request(receiver):
    response = post(receiver, b"\xff\xff\xff nonsense")
    assert response.status_code == 400
    assert status_of(response).code == 3
    response = httpx.post(f"{receiver}/v1/traces", content=b"{not json", headers=JSON)
    assert response.status_code == 400
    assert response.json()["code"] == 3


def test_it_asks_for_a_key_where_others_can_reach_it(receiver, api_key, settings):
    settings.ONWATCH_KEYLESS = False
    body = export_request([1])
    assert post(receiver, body).status_code == 401
    assert status_of(post(receiver, body, authorization="Bearer wrong")).code == 16
    assert post(receiver, body, authorization=f"Bearer {api_key}").status_code == 200
    assert post(receiver, body, x_api_key=api_key).status_code == 200
    assert httpx.post(f"{receiver}/v1/traces", content=body, headers=PROTOBUF, auth=("pk", api_key)).status_code == 200
    assert stored() == 1


def test_it_refuses_a_key_that_may_not_send(receiver, project):
    _, key = ApiKey.issue(project, name="reader", scopes=("read",))
    response = post(receiver, export_request([1]), authorization=f"Bearer {key}")
    assert response.status_code == 403
    assert "ingest" in status_of(response).message


def test_it_refuses_other_content_types_and_encodings(receiver):
    response = httpx.post(f"{receiver}/v1/traces", content=b"x", headers={"content-type": "text/plain"})
    assert response.status_code == 415
    assert "application/x-protobuf" in response.json()["message"]
    assert post(receiver, b"x", content_encoding="br").status_code == 415


def test_it_takes_post_alone(receiver):
    response = httpx.get(f"{receiver}/v1/traces", follow_redirects=False)
    assert (response.status_code, response.headers["allow"]) == (405, "POST")


def test_it_says_where_to_send(receiver):
    assert httpx.post(f"{receiver}/v1/elsewhere", content=b"").status_code == 404


def test_it_caps_bodies_before_and_after_decompression(receiver, settings):
    settings.ONWATCH_MAX_BODY_BYTES = 10_000
    settings.ONWATCH_MAX_DECODED_BYTES = 20_000
    assert post(receiver, b"x" * 10_001).status_code == 413
    chunked = httpx.post(f"{receiver}/v1/traces", content=iter([b"x" * 6000] * 2), headers=PROTOBUF)
    assert status_of(chunked).code == 8
    for encoding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress), ("zstd", zstandard.compress)):
        response = post(receiver, pack(bytes(50_000_000))[:10_000], content_encoding=encoding)
        assert response.status_code in (413, 400), encoding
        assert post(receiver, pack(bytes(100_000)), content_encoding=encoding).status_code == 413
    assert post(receiver, export_request([1])).status_code == 200


def test_it_counts_a_retried_export_once(receiver):
    body = export_request(range(20))
    assert [post(receiver, body).status_code for _ in range(3)] == [200] * 3
    assert post(receiver, export_request(range(10, 30))).status_code == 200
    commit.forget()
    assert post(receiver, gzip.compress(export_request(range(35))), content_encoding="gzip").status_code == 200
    assert stored() == 35
    assert value("SELECT sum(spans) FROM spans_1m") == 35


def test_it_tells_senders_to_come_back_while_the_store_is_away(receiver, monkeypatch):
    def away(table, columns):
        raise store.StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(store, "insert", away)
        response = post(receiver, export_request([1]))
    assert response.status_code == 503
    assert 1 <= int(response.headers["retry-after"]) <= 3
    assert status_of(response).code == 14
    assert post(receiver, export_request([1])).status_code == 200
    assert stored() == 1


def test_it_tells_senders_to_come_back_when_too_much_waits(receiver, monkeypatch):
    insert, go_on = store.insert, threading.Event()

    def slow(table, columns):
        assert go_on.wait(20)
        insert(table, columns)

    monkeypatch.setattr(store, "insert", slow)
    bodies = [export_request([number]) for number in range(12)]
    monkeypatch.setattr(committer(), "_most_bytes", len(bodies[0]) * 6)
    statuses: dict[int, int] = {}

    def send(number: int) -> None:
        statuses[number] = post(receiver, bodies[number]).status_code
        if len([status for status in statuses.values() if status == 503]) == 6:
            go_on.set()

    threads = [threading.Thread(target=send, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(statuses.values()) == [200] * 6 + [503] * 6
    assert stored() == 6
    for number, status in statuses.items():
        if status == 503:
            assert post(receiver, bodies[number]).status_code == 200
    assert stored() == 12


def test_it_fails_no_neighbour_of_a_bad_request(receiver, settings, monkeypatch):
    settings.TELEMETRY_PIPELINE = ["tests.telemetry.ingest.steps.refuse_poison"]
    insert, together = store.insert, threading.Event()

    def wait_for_all(table, columns):
        assert together.wait(20)
        insert(table, columns)

    monkeypatch.setattr(store, "insert", wait_for_all)
    good = [export_request(range(number * 10, number * 10 + 10)) for number in range(1, 7)]
    request = ExportTraceServiceRequest.FromString(export_request(range(1000, 1010)))
    request.resource_spans[0].scope_spans[0].spans[4].name = "poison"
    answers: dict[int, httpx.Response] = {}

    def send(number: int, body: bytes) -> None:
        answers[number] = post(receiver, body)

    threads = [
        threading.Thread(target=send, args=[number, body])
        for number, body in enumerate([*good, request.SerializeToString(), b"\xff nonsense"])
    ]
    for thread in threads:
        thread.start()
    threading.Timer(0.5, together.set).start()
    for thread in threads:
        thread.join(30)
    assert [answers[number].status_code for number in range(8)] == [200] * 7 + [400]
    assert stored() == 69
    partial = ExportTraceServiceResponse.FromString(answers[6].content).partial_success
    assert partial.rejected_spans == 1
    assert f"{1005:016x}" in partial.error_message


def test_it_answers_500_for_its_own_faults_and_lives_on(receiver, monkeypatch, caplog):
    def broken(body, **_):
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(otlp_http.otlp, "decode_traces", broken)
        assert post(receiver, export_request([1])).status_code == 500
    assert post(receiver, export_request([1])).status_code == 200


def test_it_says_which_log_records_are_not_kept(receiver):
    answer = httpx.post(
        f"{receiver}/v1/logs",
        json={"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"stringValue": "ready"}}, {}]}]}]},
    ).json()
    assert answer["partialSuccess"]["rejectedLogRecords"] == "2"
    assert answer["partialSuccess"]["errorMessage"].endswith("not kept: 'ready'")


def test_it_does_not_fall_over_senders_that_go_away(receiver):
    connection = http.client.HTTPConnection(urlsplit(receiver).netloc)
    connection.putrequest("POST", "/v1/traces")
    connection.putheader("Content-Type", "application/x-protobuf")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b"half")
    connection.close()
    assert post(receiver, export_request([1])).status_code == 200


@pytest.mark.parametrize("compression", list(Compression))
def test_the_real_exporter_delivers(receiver, api_key, settings, compression):
    settings.ONWATCH_KEYLESS = False
    keys.forget_cached()
    provider = TracerProvider()
    provider.add_span_processor(
        BatchSpanProcessor(
            OTLPSpanExporter(
                endpoint=f"{receiver}/v1/traces",
                headers={"authorization": f"Bearer {api_key}"},
                compression=compression,
            )
        )
    )
    tracer = provider.get_tracer("test")
    for number in range(1200):
        with tracer.start_as_current_span(f"chat {number % 7}") as span:
            span.set_attribute("gen_ai.operation.name", "chat")
    provider.shutdown()
    assert stored() == 1200

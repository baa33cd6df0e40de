"""Sizes, compression, and uploads that never end: the process lives on and stores nothing by halves."""

import gzip
import http.client
import socket
import time
import zlib
from urllib.parse import urlsplit

import pytest
import zstandard
from google.rpc.status_pb2 import Status

from telemetry.senders import tally
from tests.telemetry.conformance.bodies import JSON, PROTOBUF, body, span
from tests.telemetry.ingest.ask import value
from tests.telemetry.ingest.exports import export_request

PACK = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": lambda raw: zstandard.ZstdCompressor(write_content_size=False).compress(raw),
}


def stored() -> int:
    return value("SELECT count() FROM spans")


def test_the_limit_before_decompression_holds_with_and_without_a_length(http, settings):
    settings.ONWATCH_MAX_BODY_BYTES = 10_000
    answer = http.post("/v1/traces", content=bytes(10_001), headers=PROTOBUF)
    assert answer.status_code == 413
    assert "10000" in Status.FromString(answer.content).message
    assert http.post("/v1/traces", content=iter([bytes(6000)] * 2), headers=PROTOBUF).status_code == 413
    good = export_request([1])
    assert http.post("/v1/traces", content=good, headers=PROTOBUF).status_code == 200


@pytest.mark.parametrize("encoding", PACK)
def test_a_bomb_is_refused_before_it_is_unpacked(http, settings, encoding):
    settings.ONWATCH_MAX_DECODED_BYTES = 1_000_000
    bomb = PACK[encoding](bytes(100_000_000))
    assert len(bomb) < 250_000
    began = time.monotonic()
    for path in ("/v1/traces", "/v1/metrics", "/v1/logs", "/api/v1/runs/batch"):
        answer = http.post(path, content=bomb, headers=PROTOBUF | {"content-encoding": encoding})
        assert answer.status_code == 413, path
    assert time.monotonic() - began < 5


def test_a_body_that_is_cut_is_refused_whole(http):
    for encoding, pack in PACK.items():
        packed = pack(export_request(range(50), padding="x" * 1000))
        for end in (1, len(packed) // 2, len(packed) - 1):
            headers = PROTOBUF | {"content-encoding": encoding}
            assert http.post("/v1/traces", content=packed[:end], headers=headers).status_code == 400, (encoding, end)
    assert stored() == 0


def test_a_damaged_checksum_is_refused(http):
    packed = bytearray(gzip.compress(export_request([1])))
    packed[-6] ^= 0xFF
    answer = http.post("/v1/traces", content=bytes(packed), headers=PROTOBUF | {"content-encoding": "gzip"})
    assert answer.status_code == 400
    assert stored() == 0


def test_an_encoding_that_nobody_knows_is_415_and_says_which_are_known(http):
    for encoding in ("br", "gzip, gzip", "snappy", "compress"):
        answer = http.post("/v1/traces", content=b"x", headers=PROTOBUF | {"content-encoding": encoding})
        assert answer.status_code == 415, encoding
        assert "gzip, deflate, zstd" in Status.FromString(answer.content).message


def test_a_plain_body_that_claims_to_be_packed_is_400(http):
    headers = JSON | {"content-encoding": "gzip"}
    answer = http.post("/v1/traces", content=body(span()), headers=headers)
    assert answer.status_code == 400
    assert "cannot be decompressed" in answer.json()["message"]


def test_chunked_bodies_without_a_length_are_read_to_their_end(http):
    raw = body(span())
    answer = http.post("/v1/traces", content=(raw[at : at + 7] for at in range(0, len(raw), 7)), headers=JSON)
    assert answer.status_code == 200
    assert stored() == 1


def test_an_upload_that_breaks_off_stores_nothing_and_is_counted(console, http, telemetry_store):
    raw = export_request(range(100))
    for declare in (True, False):
        connection = http_connection(console)
        connection.putrequest("POST", "/v1/traces")
        connection.putheader("Content-Type", "application/x-protobuf")
        connection.putheader("User-Agent", "hasty/1")
        if declare:
            connection.putheader("Content-Length", str(len(raw)))
            connection.endheaders(raw[:-1])
        else:
            connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(b"%x\r\n%b\r\n" % (len(raw), raw))
        connection.close()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and not refusals("hasty/1"):
        time.sleep(0.05)
    assert refusals("hasty/1") == 2
    assert http.post("/v1/traces", content=export_request([7]), headers=PROTOBUF).status_code == 200
    assert stored() == 1


def http_connection(console: str) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(urlsplit(console).netloc)


def refusals(client: str) -> int:
    tally.flush()
    return value("SELECT sum(refused) FROM sender_receipts WHERE client = {client:String}", client=client)


def test_a_sender_that_waits_for_leave_gets_it(console):
    """curl asks before it sends much: ``Expect: 100-continue``."""
    raw = export_request([1])
    address = urlsplit(console)
    with socket.create_connection((address.hostname, address.port), timeout=10) as link:
        link.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
            b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(raw)
        )
        assert link.recv(100).startswith(b"HTTP/1.1 100")
        link.sendall(raw)
        assert link.recv(1000).startswith(b"HTTP/1.1 200")


def test_garbage_on_the_line_does_not_stop_the_others(console, http):
    address = urlsplit(console)
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01",
        b"POST /v1/traces HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ):
        with socket.create_connection((address.hostname, address.port), timeout=10) as link:
            link.sendall(garbage)
            link.shutdown(socket.SHUT_WR)
            link.recv(1000)
    assert http.post("/v1/traces", content=export_request([1]), headers=PROTOBUF).status_code == 200

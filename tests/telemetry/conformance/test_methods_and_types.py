"""Methods, paths and content types: every answer is one that an exporter understands, and none is a redirect."""

import httpx
import pytest
from google.rpc.status_pb2 import Status

from telemetry.receive.app import INGEST_PATHS
from telemetry.senders import report as senders
from tests.telemetry.conformance.bodies import JSON, PROTOBUF, body, span
from tests.telemetry.ingest.ask import value
from tests.telemetry.ingest.exports import export_request

OTLP = sorted(path for path in INGEST_PATHS if path.endswith(("/v1/traces", "/v1/metrics", "/v1/logs")))


def stored() -> int:
    return value("SELECT count() FROM spans")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"])
def test_ingest_paths_take_post_alone(http, method):
    for path in ("/v1/traces", "/v1/metrics/", "/api/public/otel/v1/traces", "/api/v1/runs/multipart"):
        answer = http.request(method, path)
        assert answer.status_code == 405, path
        assert "POST" in answer.headers["allow"]


def test_no_path_redirects(http):
    for path in OTLP:
        for slashes in ("", "/"):
            answer = http.post(path + slashes, content=b"", headers=PROTOBUF)
            assert (answer.status_code, answer.content) == (200, b""), path


def test_an_empty_body_is_an_empty_request_in_protobuf_and_none_in_json(http):
    assert http.post("/v1/traces", content=b"", headers=PROTOBUF).status_code == 200
    answer = http.post("/v1/traces", content=b"", headers=JSON)
    assert answer.status_code == 400
    assert "no JSON" in answer.json()["message"]
    assert http.post("/v1/traces", content=b"{}", headers=JSON).json() == {}
    assert http.post("/v1/traces", content=b'{"resourceSpans":[]}', headers=JSON).status_code == 200


def test_other_content_types_are_refused_in_words(http):
    for content_type in ("text/plain", "", "multipart/form-data; boundary=x", "application/grpc"):
        answer = http.post("/v1/traces", content=body(span()), headers={"content-type": content_type})
        assert answer.status_code == 415, content_type
        assert "application/x-protobuf" in answer.json()["message"]
    assert stored() == 0


def test_parameters_and_case_of_the_content_type_do_not_matter(http):
    for at, content_type in enumerate(
        ("application/json; charset=utf-8", "Application/JSON", "application/json;x=y"), 1
    ):
        given = body(span(spanId=f"{at:016x}"))
        assert http.post("/v1/traces", content=given, headers={"content-type": content_type}).status_code == 200
    assert stored() == 3


def test_protobuf_under_its_other_name_is_answered_in_protobuf(http):
    answer = http.post("/v1/traces", content=export_request([1]), headers={"content-type": "application/protobuf"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")


def test_json_that_is_sent_as_protobuf_and_the_other_way_are_400(http):
    answer = http.post("/v1/traces", content=body(span()), headers=PROTOBUF)
    assert answer.status_code == 400
    assert Status.FromString(answer.content).code == 3
    assert http.post("/v1/traces", content=export_request([1]), headers=JSON).status_code == 400
    assert stored() == 0


def test_an_exporter_whose_path_is_wrong_is_told_where_to_send(http):
    for path in ("/", "/v1/trace", "/v1", "/api/v1/traces", "/otlp"):
        answer = http.post(path, content=export_request([1]), headers=PROTOBUF)
        assert answer.status_code == 404, path
        assert "/v1/traces" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/v1/trace", "/api/v1", "/api/v1/traces", "/api/v1/v1/logs", "/otlp/v1/metrics"])
def test_an_exporter_of_json_is_told_as_well(http, project, path):
    """Neither a page, nor a redirect, nor a refusal for want of a form's token."""
    answer = http.post(path, content=body(span()), headers=JSON | {"user-agent": "js/1.0"})
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith(f"Nothing is received at {path}. Traces go to /v1/traces")
    (note,) = senders.report(project).refused
    assert (note.client, note.example) == ("js/1.0", f"404: {answer.json()['detail']}")


def test_head_has_no_body_and_a_page_is_still_a_page(http: httpx.Client):
    assert http.head("/v1/traces").content == b""
    assert http.get("/healthz").status_code == 200

"""What any receiver refuses is on the page of senders: who sent it, why, how often, and one example."""

import json
import time
from datetime import UTC, datetime

import pytest

from accounts.models import ApiKey, Project
from telemetry.senders import report as senders
from telemetry.senders.findings import findings
from tests.telemetry.conformance.bodies import JSON, PROTOBUF, attribute, body, request, span
from tests.telemetry.ingest.ask import ask

AGENT = {"user-agent": "tests/1.0"}
ONE = body(span())


@pytest.fixture
def shop(project) -> Project:
    return project


def reasons(project: Project) -> dict[tuple[str, str], int]:
    return {(note.about, note.subject): note.times for note in senders.report(project).refused}


def test_spans_points_and_whole_requests_over_http(http, shop, settings):
    settings.ONWATCH_MAX_BODY_BYTES = 5_000
    bad = body(span(traceId="abc"), span(spanId=""), span(spanId=""), span())
    assert http.post("/v1/traces", content=bad, headers=JSON | AGENT).status_code == 200
    http.post("/v1/traces", content=bytes(5_001), headers=PROTOBUF | AGENT)
    http.post("/v1/traces", content=b"{", headers=JSON | AGENT)
    http.post("/v1/traces", content=b"x", headers={"content-type": "text/csv"} | AGENT)
    http.post("/v1/nowhere", content=b"x", headers=PROTOBUF | AGENT)
    found = reasons(shop)
    assert found["traces", "traceId: must be hex digits, not base64"] == 1
    assert found["traces", "spanId: must be 8 bytes and not all zero"] == 2
    assert found["traces", "413: The body has … bytes; at most … are taken."] == 1
    assert any(reason.startswith("400: The body is no JSON") for _, reason in found)
    assert any(reason.startswith("415: Content-Type: …") for _, reason in found)
    assert any(reason.startswith("404: Nothing is received at /v1/nowhere") for _, reason in found)
    (client,) = senders.report(shop).clients
    assert (client.name, client.spans, client.refused) == ("tests/1.0", 1, 7)


def test_runs_and_judgements_of_langsmith(http, shop):
    batch = {"post": [{"id": "not a uuid", "name": "x"}], "patch": []}
    http.post("/api/v1/runs/batch", content=json.dumps(batch), headers=JSON | AGENT)
    http.post("/api/v1/feedback", content=b'{"key": "thumbs"}', headers=JSON | AGENT)
    found = reasons(shop)
    assert found["runs", "id: … is no UUID"] == 1
    assert any(signal == "scores" and reason.startswith("422") for signal, reason in found)


def test_events_and_scores_of_langfuse(http, shop):
    event = {"id": "e", "timestamp": "2026-11-20T12:00:00Z", "type": "generation-create", "body": {"name": 7}}
    batch = {"batch": [event, {"id": "f", "type": "nonsense"}]}
    assert http.post("/api/public/ingestion", json=batch, headers=AGENT).status_code == 207
    assert http.post("/api/public/scores", json=[{"name": "x"}], headers=AGENT).status_code == 207
    assert http.get("/api/public/v2/prompts/none", headers=AGENT).status_code == 404
    signals = {signal for signal, _ in reasons(shop)}
    assert signals == {"observations", "scores"}


def test_items_of_the_rest_api(http, shop):
    good, bad = {"trace_id": "t", "span_id": "s"}, {"trace_id": "t", "duration_ms": -1}
    assert http.post("/api/v1/spans", json=[good, bad, bad], headers=AGENT).status_code == 201
    assert http.post("/api/v1/scores", json={"trace_id": "t"}, headers=AGENT).status_code == 422
    assert http.post("/api/v1/cost-events", content=b"[", headers=AGENT).status_code == 400
    found = reasons(shop)
    assert found["spans", "duration_ms: Input should be greater than or equal to 0"] == 2
    assert found["scores", "name: Field required"] == 1
    assert any(signal == "cost-events" and reason.startswith("400: body: no JSON") for signal, reason in found)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/traces", {}, 200),
        ("/v1/traces", {"resourceSpans": []}, 200),
        ("/v1/metrics", {}, 200),
        ("/v1/logs", {}, 200),
        ("/api/v1/runs/batch", {"post": []}, 202),
        ("/api/public/ingestion", {"batch": []}, 207),
        ("/api/public/scores", [], 202),
    ],
)
def test_who_sends_nothing_is_told_so(http, shop, path, body, status):
    """OTLP wants an empty request answered like any other, which leaves an engineer with nothing to look at."""
    for _ in range(2):
        assert http.post(path, json=body, headers=AGENT).status_code == status
    (client,) = senders.report(shop).clients
    assert "2 requests with nothing in them." in [found.text for found in findings(client, now=datetime.now(UTC))]
    http.post("/v1/traces", content=ONE, headers=JSON | AGENT)
    (client,) = senders.report(shop).clients
    assert not client.sends_nothing


@pytest.mark.parametrize("path", ["/api/v1/spans", "/api/v1/scores", "/api/v1/cost-events", "/api/v1/runs/batch"])
def test_an_empty_object_is_refused_where_something_must_be_said(http, shop, path):
    assert http.post(path, json={}, headers=AGENT).status_code in (400, 422)
    (client,) = senders.report(shop).clients
    assert (client.refused, client.sends_nothing) == (1, False)


def test_keys_that_are_refused_are_counted_where_they_belong(http, shop, settings):
    settings.ONWATCH_KEYLESS = False
    reader, read_only = ApiKey.issue(shop, name="reader", scopes=("read",))
    gone, revoked = ApiKey.issue(shop, name="gone")
    gone.revoked_at = gone.created_at
    gone.save()
    secret = "a-secret-of-somebody-else"
    for path, media_type in (("/v1/traces", PROTOBUF), ("/api/v1/spans", JSON)):
        for key in (read_only, revoked, secret, ""):
            headers = media_type | AGENT | ({"x-api-key": key} if key else {})
            assert http.post(path, content=b"", headers=headers).status_code in (401, 403)
    report = senders.report(shop)
    assert {client.key.name: client.refused for client in report.clients} == {"reader": 2, "gone": 2}
    strangers = senders.strangers()
    assert sorted((one.signal, bool(one.mark), one.requests) for one in strangers) == [
        ("spans", False, 1),
        ("spans", True, 1),
        ("traces", False, 1),
        ("traces", True, 1),
    ]
    assert secret not in repr(strangers)
    assert secret[:4] not in repr(strangers)
    assert all(one.client == "tests/1.0" for one in strangers)


def test_an_answer_that_says_later_is_counted_too(http, shop, monkeypatch):
    from telemetry import store

    insert = store.insert

    def away(table, columns):
        if table == "spans":
            raise store.StoreUnavailable("gone")
        insert(table, columns)

    with monkeypatch.context() as patched:
        patched.setattr(store, "insert", away)
        answer = http.post("/v1/traces", content=body(span()), headers=JSON | AGENT)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] in "123"
    assert any(reason.startswith("503: ") for _, reason in reasons(shop))


def test_signals_are_told_apart(http, shop):
    http.post("/v1/traces", content=body(span()), headers=JSON | AGENT)
    http.post("/api/v1/scores", json={"trace_id": "t", "name": "thumbs", "value": True}, headers=AGENT)
    http.post("/api/v1/spans", json={"trace_id": "t"}, headers=AGENT)
    (client,) = senders.report(shop).clients
    assert {receipt.signal: (receipt.requests, receipt.items) for receipt in client.receipts} == {
        "traces": (1, 1),
        "scores": (1, 1),
        "spans": (1, 1),
    }


def test_points_and_records_are_counted_like_spans(http, shop):
    now = str(time.time_ns())
    points = [{"timeUnixNano": now, "asInt": "1"}, {"asInt": "2"}, {"timeUnixNano": now, "asInt": "3"}]
    metrics = [{"name": "queue.depth", "gauge": {"dataPoints": points}}]
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}
    assert http.post("/v1/metrics", json=body, headers=AGENT).status_code == 200
    records = [{"body": {"stringValue": "hello"}}, {"traceId": "abc", "eventName": "gen_ai.choice"}]
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}
    assert http.post("/v1/logs", json=body, headers=AGENT).status_code == 200
    found = reasons(shop)
    assert found["metrics", "timeUnixNano: is missing"] == 1
    assert found["logs", "traceId: must be hex digits, not base64"] == 1
    assert any(signal == "logs" and reason.startswith("tell nothing of a model call") for signal, reason in found)
    (client,) = senders.report(shop).clients
    assert {receipt.signal: receipt.items for receipt in client.receipts} == {"metrics": 2, "logs": 0}


def run_as_span(*more: dict, **changes) -> bytes:
    """What LangSmith's client sends of a run by OTLP, where it sends the run too."""
    ours = request(span(attributes=[attribute("langsmith.span.kind", stringValue="chain")], **changes), *more)
    ours["resourceSpans"][0]["resource"] = {"attributes": [attribute("langsmith.internal_provider", boolValue=True)]}
    return json.dumps(ours).encode()


@pytest.mark.parametrize("path", ["/api/v1/otel/v1/traces", "/otel/v1/traces/"])
def test_copies_of_langsmiths_runs_are_left_out(http, shop, path):
    answer = http.post(path, content=run_as_span(), headers=JSON | AGENT)
    assert (answer.status_code, answer.json()) == (200, {})
    (client,) = senders.report(shop).clients
    assert (client.name, client.spans, client.refused) == ("tests/1.0", 0, 0)
    texts = [finding.text for finding in findings(client, now=datetime.now(UTC))]
    assert texts == ["1 span was left out: LangSmith's client sends the same as runs."]


def test_copies_elsewhere_and_among_other_spans_are_stored_and_not_counted(http, shop):
    http.post("/v1/traces", content=run_as_span(spanId="aaaaaaaaaaaaaaaa"), headers=JSON)
    mixed = run_as_span(span(spanId="cccccccccccccccc", name="lookup"), spanId="bbbbbbbbbbbbbbbb")
    http.post("/api/v1/otel/v1/traces", content=mixed.replace(b"boolValue", b"ignored"), headers=JSON)
    assert ask("SELECT span_id, counted FROM spans ORDER BY span_id")[0] == ("aaaaaaaaaaaaaaaa", False)
    assert len(ask("SELECT 1 FROM spans")) == 3

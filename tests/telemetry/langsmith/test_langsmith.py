"""LangSmith's clients, by the bodies that they send."""

import asyncio
import gzip
import uuid
from datetime import timedelta
from typing import NamedTuple

import orjson
import pytest
import zstandard
from django.utils import timezone

from core import clickhouse
from telemetry import runs, store
from telemetry.models import PendingRun
from telemetry.receive.app import IngestApp, handles

pytestmark = pytest.mark.django_db(transaction=True)

NOW = timezone.now().replace(microsecond=0)


class Stored(NamedTuple):
    span_id: str
    parent_id: str
    kind: str
    name: str
    status: str
    model: str
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_nano: int
    user_id: str
    feature: str
    output: str


def stored() -> list[Stored]:
    columns = ", ".join(Stored._fields)
    with clickhouse.reading().client() as client:
        return [Stored(*row) for row in client.query(f"SELECT {columns} FROM spans ORDER BY start_time").result_rows]


def call(method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict]:
    """One request through the receivers' own application."""
    sent: list[dict] = []
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict:
        return messages.pop(0)

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path, "query_string": b"",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    assert handles(path)
    asyncio.run(IngestApp()(scope, receive, send))
    return sent[0]["status"], orjson.loads(sent[1]["body"] or b"{}")


def run(**values) -> dict:
    identity = str(uuid.uuid4())
    return {
        "id": identity,
        "trace_id": identity,
        "name": "ChatOpenAI",
        "run_type": "llm",
        "start_time": NOW.isoformat(),
        "session_name": "shop",
        "inputs": {"messages": [{"role": "user", "content": "Why?"}], "model": "gpt-4o-mini"},
        "extra": {
            "metadata": {"ls_provider": "openai", "user_id": "u1", "feature": "search", "LANGSMITH_API_KEY": "s"}
        },
    } | values


END = {
    "end_time": (NOW + timedelta(seconds=2)).isoformat(),
    "outputs": {
        "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"message": {"role": "assistant", "content": "Because."}}],
        "usage_metadata": {
            "input_tokens": 120, "output_tokens": 30, "input_token_details": {"cache_read": 64},
            "output_token_details": {"reasoning": 10},
        },
    },
}  # fmt: skip


def multipart(*parts: tuple[str, object]) -> tuple[bytes, str]:
    boundary = "b0undary"
    body = b"".join(
        b'--%b\r\nContent-Disposition: form-data; name="%b"\r\nContent-Type: application/json\r\n\r\n%b\r\n'
        % (boundary.encode(), name.encode(), orjson.dumps(value))
        for name, value in parts
    )
    return body + f"--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def pieces_of(event: str, whole: dict) -> list[tuple[str, object]]:
    """The run's scalars in one part, its texts in parts of their own, as the Python client does."""
    own = ("inputs", "outputs", "events", "extra", "error")
    scalars = {name: value for name, value in whole.items() if name not in own}
    fields = [(f"{event}.{whole['id']}.{name}", whole[name]) for name in own if name in whole]
    return [(f"{event}.{whole['id']}", scalars), *fields]


@pytest.fixture
def key(api_key: str, stores: None) -> str:
    return api_key


def test_it_says_what_it_can_do():
    status, info = call("GET", "/api/v1/info")
    assert status == 200 and info["batch_ingest_config"]["use_multipart_endpoint"] is True
    assert len(info["batch_ingest_config"]) == 6


def test_a_run_in_two_pieces_becomes_one_priced_span(key):
    begun = run()
    body, kind = multipart(*pieces_of("post", begun | {"outputs": {}}))
    assert call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)[0] == 202
    assert stored() == [] and PendingRun.objects.count() == 1
    body, kind = multipart(*pieces_of("patch", {"id": begun["id"], "trace_id": begun["trace_id"], **END}))
    assert call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)[0] == 202
    (span,) = stored()
    assert span[2:6] == ("llm", "ChatOpenAI", "ok", "gpt-4o-mini")
    assert (span.input_tokens, span.cached_tokens, span.output_tokens, span.cost_nano) == (120, 64, 30, 31_200)
    assert (span.user_id, span.feature) == ("u1", "search") and "Because." in span.output
    assert not PendingRun.objects.exists()


def test_the_end_may_come_before_the_beginning(key):
    begun = run()
    for event, whole in (("patch", {"id": begun["id"], **END}), ("post", begun | {"outputs": {}, "events": []})):
        body, kind = multipart(*pieces_of(event, whole))
        call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)
    (span,) = stored()
    assert "Because." in span.output


def test_a_batch_sent_again_is_counted_once(key):
    parent = run(name="rag", run_type="chain") | END
    child = run(parent_run_id=parent["id"], trace_id=parent["id"]) | END
    body = orjson.dumps({"post": [parent, child], "patch": []})
    for _ in range(2):
        assert call("POST", "/api/v1/runs/batch", body, x_api_key=key, content_type="application/json")[0] == 202
    assert {span.kind for span in stored()} == {"chain", "llm"} and len(stored()) == 2
    assert {span.parent_id for span in stored()} == {"", uuid.UUID(parent["id"]).hex}


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("zstd", lambda body: zstandard.ZstdCompressor(write_content_size=False).compress(body))],
)
def test_compressed_bodies(key, encoding, pack):
    body, kind = multipart(*pieces_of("post", run() | END))
    status, _ = call("POST", "/runs/multipart", pack(body), x_api_key=key, content_type=kind, content_encoding=encoding)
    assert status == 202 and len(stored()) == 1


def test_a_run_by_post_and_patch_with_nulls(key):
    begun = run(id="11111111-1111-4111-8111-111111111111", trace_id=None)
    assert call("POST", "/api/runs", orjson.dumps(begun), x_api_key=key)[0] == 202
    patch = {"id": begun["id"], "name": None, "run_type": None, "extra": None} | END
    assert call("PATCH", f"/api/runs/{begun['id']}", orjson.dumps(patch), x_api_key=key)[0] == 202
    (span,) = stored()
    assert span.name == "ChatOpenAI" and span.output_tokens == 30


def test_javascript_ends_in_milliseconds(key):
    ended = run(end_time=int((NOW + timedelta(seconds=3)).timestamp() * 1000))
    call("POST", "/api/v1/runs", orjson.dumps(ended), x_api_key=key)
    assert len(stored()) == 1


def test_errors_are_normalised(key):
    failed = run(error="RateLimitError('429 too many')\n\nTraceback (most recent call last):\n  File x") | END
    call("POST", "/api/v1/runs", orjson.dumps(failed), x_api_key=key)
    assert stored()[0].status == "error"


def test_feedback_becomes_a_score_of_the_run(key):
    judged = run() | END
    call("POST", "/api/v1/runs", orjson.dumps(judged), x_api_key=key)
    feedback = {
        "id": str(uuid.uuid4()),
        "run_id": judged["id"],
        "trace_id": judged["id"],
        "key": "thumbs",
        "score": True,
    }
    for _ in range(2):
        assert call("POST", "/api/v1/feedback", orjson.dumps(feedback), x_api_key=key)[0] == 202
    with clickhouse.reading().client() as client:
        rows = client.query("SELECT name, value, source, span_id FROM scores").result_rows
    assert [tuple(row) for row in rows] == [("thumbs", 1.0, "user", uuid.UUID(judged["id"]).hex)]


def test_what_is_wrong_is_named_and_the_rest_is_kept(key):
    good, bad = run() | END, run(id="not-a-uuid") | END
    status, answer = call("POST", "/api/v1/runs/batch", orjson.dumps({"post": [good, bad]}), x_api_key=key)
    assert status == 202 and "'not-a-uuid' is no UUID" in answer["refused"][0] and len(stored()) == 1
    status, answer = call("POST", "/api/v1/feedback", orjson.dumps({"run_id": good["id"], "key": "x"}), x_api_key=key)
    assert status == 422 and "score" in answer["detail"]
    body, kind = multipart(*pieces_of("post", good))
    status, answer = call("POST", "/api/v1/runs/multipart", body[:-20], x_api_key=key, content_type=kind)
    assert status == 400 and "not complete" in answer["detail"]
    assert call("POST", "/api/v1/runs", b"{", x_api_key=key)[0] == 400
    assert call("POST", "/api/v1/runs", b"{}", x_api_key="wrong")[0] == 401


def test_what_never_ends_is_stored_as_unfinished(key):
    call("POST", "/api/v1/runs", orjson.dumps(run()), x_api_key=key)
    runs.store_unfinished()
    assert stored() == []
    PendingRun.objects.update(touched_at=timezone.now() - timedelta(hours=1))
    runs.store_unfinished()
    assert [span.status for span in stored()] == ["unfinished"] and not PendingRun.objects.exists()


def test_nothing_is_forgotten_while_the_store_is_away(key, monkeypatch):
    begun = run()
    call("POST", "/api/v1/runs", orjson.dumps(begun), x_api_key=key)

    def away(*_: object, **__: object) -> None:
        raise store.StoreUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr("telemetry.commit.store_spans", away)
        end = orjson.dumps({"patch": [{"id": begun["id"], **END}]})
        assert call("POST", "/api/v1/runs/batch", end, x_api_key=key)[0] == 503
    assert PendingRun.objects.count() == 1
    assert call("POST", "/api/v1/runs/batch", end, x_api_key=key)[0] == 202
    assert len(stored()) == 1

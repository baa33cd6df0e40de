"""LangSmith's clients, by the bodies that they send."""

import gzip
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import NamedTuple

import orjson
import pytest
import zstandard
from django.db import DatabaseError
from django.utils import timezone

from core import clickhouse
from telemetry import pending, store
from telemetry.langsmith import corrections, runs
from telemetry.models import PendingRun
from telemetry.senders import report
from tests.telemetry.langsmith.client import END, NOW, call, multipart, pieces_of, run, sent

pytestmark = pytest.mark.django_db(transaction=True)


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


def rows(question: str) -> list[tuple]:
    with clickhouse.reading().client() as client:
        return [tuple(row) for row in client.query(question).result_rows]


def stored() -> list[Stored]:
    return [Stored(*row) for row in rows(f"SELECT {', '.join(Stored._fields)} FROM spans ORDER BY start_time")]


def test_it_says_what_it_can_do():
    status, info = call("GET", "/api/v1/info")
    assert status == 200 and info["batch_ingest_config"]["use_multipart_endpoint"] is True
    assert len(info["batch_ingest_config"]) == 6


def test_parts_that_are_not_known_are_told_here_and_on_the_page_of_senders(key, project):
    begun = run()
    for each in (run() | END, begun):
        lost = [(f"post.{each['id']}.input", {"q": "Why?"}), (f"example.{uuid.uuid4()}", {}), ("post", {})]
        body, kind = multipart(*pieces_of("post", each), *lost)
        status, answer = call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)
        assert status == 202
        assert answer["refused"] == [f"part {name}: is not known here, and not kept" for name, _ in lost]
    assert [span.name for span in stored()] == ["ChatOpenAI"] and PendingRun.objects.count() == 1
    found = report.report(project)
    assert {note.subject: note.times for note in found.refused} == {
        "part post.….input: is not known here, and not kept": 2,
        "part example.…: is not known here, and not kept": 2,
        "part post: is not known here, and not kept": 2,
    }
    assert [(client.receipts[0].items, client.refused) for client in found.clients] == [(2, 6)]


@pytest.mark.parametrize(
    "name", ["pots.01a208d0-656f-769d-905a-5f3d6f787b47", "post.01a208d0-656f-769d-905a-5f3d6f787b47.input"]
)
def test_a_body_of_parts_that_are_not_known_is_refused(key, name):
    body, kind = multipart((name, run()))
    status, answer = call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)
    assert status == 400 and "is not known here" in answer["detail"]
    assert not PendingRun.objects.exists()


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


def test_a_patch_that_came_before_its_whole_run_is_part_of_it(key):
    whole = run() | END
    late = {"id": whole["id"], "outputs": {"choices": [{"message": {"role": "assistant", "content": "Corrected."}}]}}
    for event, piece in (("patch", late | {"tags": ["checked"]}), ("post", whole), ("post", whole)):
        body, kind = multipart(*pieces_of(event, piece))
        assert call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)[0] == 202
        PendingRun.objects.update(due_at=timezone.now())
        corrections.correct_due()
    (span,) = stored()
    assert "Corrected." in span.output and span.user_id == "u1"
    assert rows("SELECT tags FROM spans") == [(["checked"],)]
    assert not PendingRun.objects.exists()
    assert rows("SELECT sum(spans) FROM spans_1m") == [(1,)]


def test_a_patch_without_its_run_is_looked_for_less_and_less(key):
    late = {"id": str(uuid.uuid4()), "tags": ["checked"]}
    body, kind = multipart(*pieces_of("patch", late))
    call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)
    minute = timedelta(minutes=1)
    PendingRun.objects.update(touched_at=timezone.now() - 10 * minute, due_at=timezone.now())
    corrections.correct_due()
    assert PendingRun.objects.get().due_at > timezone.now() + 9 * minute
    PendingRun.objects.update(touched_at=timezone.now() - 31 * minute, due_at=timezone.now())
    corrections.correct_due()
    runs.store_unfinished()
    assert stored() == [] and not PendingRun.objects.exists()


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


def test_only_the_first_token_of_many_is_looked_at(key):
    tokens = [{"name": "new_token", "time": (NOW + timedelta(milliseconds=120)).isoformat()}]
    tokens += [{"name": "new_token", "time": "soon"}] * 2_000 + [{"name": "end", "time": "later"}]
    sent(key, run() | END | {"events": tokens})
    ((first_token_ms, attributes),) = rows("SELECT time_to_first_token_ms, attributes FROM spans")
    assert first_token_ms == 120 and "events" not in attributes


def test_errors_are_normalised(key):
    failed = run(error="RateLimitError('429 too many')\n\nTraceback (most recent call last):\n  File x") | END
    call("POST", "/api/v1/runs", orjson.dumps(failed), x_api_key=key)
    assert stored()[0].status == "error"


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


@pytest.mark.parametrize("field", ["inputs", "outputs", "extra"])
@pytest.mark.parametrize("ended", [True, False])
def test_a_run_that_is_nested_without_end_is_refused_alone(key, field, ended):
    deep = orjson.loads(b"[" * 400 + b"]" * 400)
    value = {"metadata": {"k": deep}} if field == "extra" else {"k": deep}
    bad, good = run() | (END if ended else {}) | {field: value}, run(**END)
    # Deeper than orjson writes.
    body = b'{"post": [%s, %s]}' % (json.dumps(bad).encode(), json.dumps(good).encode())
    status, answer = call("POST", "/api/v1/runs/batch", body, x_api_key=key)
    assert status == 202
    if field == "extra" and ended:
        # An attribute is cut where it is too deep.
        assert answer["refused"] == [] and len(stored()) == 2
    else:
        (refused,) = answer["refused"]
        assert "nested deeper" in refused and uuid.UUID(bad["id"]).hex in refused
        assert [one.span_id for one in stored()] == [uuid.UUID(good["id"]).hex]
    assert not PendingRun.objects.exists()


def test_what_never_ends_is_stored_as_unfinished(key):
    call("POST", "/api/v1/runs", orjson.dumps(run()), x_api_key=key)
    runs.store_unfinished()
    assert stored() == []
    PendingRun.objects.update(due_at=timezone.now())
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


def test_tool_calls_the_reason_to_stop_and_the_tier_are_kept(key):
    called = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
    message = {"role": "assistant", "content": None, "tool_calls": [called]}
    outputs = {
        "choices": [{"message": message, "finish_reason": "tool_calls"}], "model": "gpt-4o", "service_tier": "flex",
    }  # fmt: skip
    sent(key, run(end_time=END["end_time"], outputs=outputs))
    (row,) = rows("SELECT tool_calls, finish_reason, service_tier FROM spans")
    assert orjson.loads(row[0]) == [{"id": "call_1", "name": "weather", "arguments": {"city": "Oslo"}}]
    assert row[1:] == ("tool_call", "flex")


def test_langchains_messages_are_understood(key):
    kwargs = {
        "content": "", "type": "ai", "tool_calls": [{"name": "weather", "args": {"city": "Oslo"}, "id": "c1"}],
        "usage_metadata": {"input_tokens": 120, "output_tokens": 30, "input_token_details": {"cache_read": 64}},
        "response_metadata": {"model_name": "gpt-4o-mini-2024-07-18", "finish_reason": "tool_calls"},
    }  # fmt: skip
    message = {"lc": 1, "type": "constructor", "id": ["langchain", "AIMessage"], "kwargs": kwargs}
    sent(key, run(end_time=END["end_time"], outputs={"generations": [[{"message": message, "text": ""}]]}))
    (row,) = rows("SELECT tool_calls, finish_reason, response_model, input_tokens, cached_tokens FROM spans")
    assert orjson.loads(row[0]) == [{"id": "c1", "name": "weather", "arguments": {"city": "Oslo"}}]
    assert row[1:] == ("tool_call", "gpt-4o-mini-2024-07-18", 120, 64)


def test_vectors_become_facts(key):
    whole = run(run_type="embedding", end_time=END["end_time"], outputs={"output": [[3.0, 4.0], [0.0, 5.0]]})
    sent(key, whole)
    assert rows("SELECT embedding_count, embedding_dimensions, embedding_norm, output FROM spans") == [(2, 2, 5.0, "")]


def test_a_traceback_loses_its_folders_and_a_message_keeps_its_lines(key):
    trace = 'Traceback (most recent call last):\n  File "/home/ann/shop/app.py", line 3, in ask\nValueError: no'
    sent(key, run(error=f"ValueError('no\nnot at all')\n\n\n{trace}") | END)
    message, attributes = rows("SELECT error_message, attributes FROM spans")[0]
    assert message == "ValueError('no\nnot at all')"
    stack = orjson.loads(attributes)["exception.stacktrace"]
    assert 'File "app.py", line 3' in stack and "ann" not in stack


def test_attachments_are_accepted_and_named(key):
    whole = run() | END
    body, kind = multipart(*pieces_of("post", whole))
    picture = b"\x89PNG\r\n\r\n\x00" * 9
    head = f'--b0undary\r\nContent-Disposition: form-data; name="attachment.{whole["id"]}.photo"\r\n'
    part = head.encode() + b"Content-Type: image/png; length=81\r\n\r\n" + picture + b"\r\n"
    status, answer = call("POST", "/api/v1/runs/multipart", part + body, x_api_key=key, content_type=kind)
    assert status == 202 and answer["refused"] == []
    ((attributes,),) = rows("SELECT attributes FROM spans")
    kept = [{"name": "photo", "mime_type": "image/png", "bytes": len(picture)}]
    assert orjson.loads(attributes)["attachments"] == kept


def test_a_piece_delivered_again_after_its_run_was_stored_is_not_stored_anew(key):
    whole = run() | END
    sent(key, whole)
    begun = {name: value for name, value in whole.items() if name not in END}
    assert call("POST", "/api/v1/runs", orjson.dumps(begun), x_api_key=key)[0] == 202
    PendingRun.objects.update(due_at=timezone.now())
    runs.store_unfinished()
    assert [span.status for span in stored()] == ["ok"] and not PendingRun.objects.exists()


def test_many_senders_at_once_lose_and_double_nothing(key):
    wholes = [run() | END for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: call("POST", "/runs", orjson.dumps(one), x_api_key=key)[0], wholes * 2))
    assert set(answers) == {202}
    assert sorted(span.span_id for span in stored()) == sorted(uuid.UUID(one["id"]).hex for one in wholes)


def test_texts_with_nul_are_taken_by_every_store(key):
    begun = run(inputs={"text": "a\0b"})
    assert call("POST", "/runs", orjson.dumps(begun), x_api_key=key)[0] == 202
    assert PendingRun.objects.get().pieces["inputs"] == {"text": "ab"}


def test_what_is_no_object_in_a_batch_is_refused_alone(key):
    batch = {"post": [7, run() | END], "patch": [None]}
    status, answer = call("POST", "/runs/batch", orjson.dumps(batch), x_api_key=key)
    assert (status, answer["refused"]) == (202, ["run: must be a JSON object"] * 2)
    assert len(stored()) == 1


def test_a_batch_of_nothing_known_is_no_success(key):
    status, answer = call("POST", "/runs/batch", b'{"posts": []}', x_api_key=key)
    assert status == 400 and "neither post nor patch" in answer["detail"]


def test_langchains_word_of_an_error_is_not_told_twice(key):
    events = [{"name": "error", "time": NOW.isoformat(), "kwargs": {"error": "ValueError('no')"}}, {"name": "retry"}]
    sent(key, run(error="ValueError('no')", events=events) | END)
    ((attributes,),) = rows("SELECT attributes FROM spans")
    assert [event["name"] for event in orjson.loads(attributes)["events"]] == ["retry"]


def test_what_is_nested_without_end_and_holds_a_nul_is_refused(key):
    deep = run(inputs={"text": "\0"}, extra={"deep": orjson.Fragment(b"[" * 900 + b"]" * 900)})
    status, answer = call("POST", "/runs", orjson.dumps(deep), x_api_key=key)
    assert status == 400 and "deeper" in answer["detail"]


def test_begin_and_end_in_one_request_do_not_wait_for_sql(key, monkeypatch):
    """What the Python client sends by itself of a short run: both pieces, each in parts, compressed."""

    def away(*_, **__):
        raise DatabaseError("the database does not answer")

    monkeypatch.setattr(pending, "locked", away)
    begun = run()
    ended = {name: begun[name] for name in ("id", "trace_id", "name", "run_type", "start_time")} | END
    body, kind = multipart(*pieces_of("post", begun | {"outputs": {}, "events": []}), *pieces_of("patch", ended))
    headers = {"x_api_key": key, "content_type": kind, "content_encoding": "zstd"}
    assert call("POST", "/runs/multipart", zstandard.compress(body), **headers)[0] == 202
    (span,) = stored()
    assert (span.status, span.input_tokens, span.user_id, span.feature) == ("ok", 120, "u1", "search")
    assert "Because." in span.output

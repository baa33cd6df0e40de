"""Patches that come when their run is stored change its span, and every figure follows."""

import uuid
from datetime import timedelta

import orjson
import pytest
from django.utils import timezone

from core import clickhouse
from telemetry import store
from telemetry.langsmith import corrections, runs
from telemetry.models import PendingRun
from tests.telemetry.langsmith.client import END, NOW, asked, call, multipart, pieces_of, run, sent

pytestmark = pytest.mark.django_db(transaction=True)

OTHER_OUTPUTS = {
    "model": "gpt-4o-mini-2024-07-18",
    "choices": [{"message": {"role": "assistant", "content": "Because of Rayleigh."}, "finish_reason": "length"}],
    "usage_metadata": {"input_tokens": 1_000, "output_tokens": 100},
}
#: What no patch of these tests says.
UNSAID = """
    SELECT * EXCEPT (
        received_at, duration_ms, tags, attributes, feature, status, error_type, error_original, error_message
    ) FROM spans
"""


def rows(question: str) -> list[tuple]:
    with clickhouse.reading().client() as client:
        return [tuple(row) for row in client.query(question).result_rows]


def patch(key: str, whole: dict, **said) -> None:
    body = {"id": whole["id"], "trace_id": whole["trace_id"], **said}
    assert call("PATCH", f"/api/v1/runs/{whole['id']}", orjson.dumps(body), x_api_key=key)[0] == 202


def begun_and_ended(key: str, **values) -> dict:
    """A run as clients usually tell it: a post, then a patch."""
    begun = run(**values)
    assert call("POST", "/api/v1/runs", orjson.dumps(begun), x_api_key=key)[0] == 202
    patch(key, begun, **END)
    assert not PendingRun.objects.exists()
    return begun


def correct() -> None:
    """Let the job find everything that was patched."""
    PendingRun.objects.filter(due_at__lt=timezone.now() + runs.QUIET).update(due_at=timezone.now())
    corrections.correct_due()


def assert_true_sums() -> None:
    true = rows("SELECT count(), sum(input_tokens), sum(cost_nano), countIf(error_type != '') FROM spans")
    sums = "sum(spans), sum(input_tokens), sum(cost_nano), sumIf(spans, error_type != '')"
    for table in ("spans_1m", "spans_1h"):
        assert rows(f"SELECT {sums} FROM {table}") == true


def test_outputs_that_come_late_are_priced_and_counted(key):
    whole = begun_and_ended(key)
    patch(key, whole, outputs=OTHER_OUTPUTS)
    assert rows("SELECT cost_nano FROM spans") == [(31_200,)]
    correct()
    ((output, tokens, cached, cost, model, reason),) = rows(
        "SELECT output, input_tokens, cached_tokens, cost_nano, model, finish_reason FROM spans"
    )
    assert "Rayleigh" in output
    assert (tokens, cached, cost, model, reason) == (1_000, 0, 210_000, "gpt-4o-mini", "length")
    assert_true_sums()
    assert not PendingRun.objects.exists()


def test_each_thing_that_a_patch_says_is_taken_and_the_rest_stays(key):
    whole = begun_and_ended(key, tags=["a"])
    before = rows(UNSAID)
    patch(key, whole, error="TimeoutError('30 s')", end_time=(NOW + timedelta(seconds=31)).isoformat())
    patch(key, whole, tags=["a", "slow"], extra={"metadata": {"feature": "chat", "tier": "gold"}})
    correct()
    assert rows(UNSAID) == before
    ((duration, tags, attributes, feature, status, kind, message),) = rows(
        "SELECT duration_ms, tags, attributes, feature, status, error_type, error_message FROM spans"
    )
    assert (duration, tags, feature, status) == (31_000, ["a", "slow"], "chat", "error")
    assert (kind, message) == ("timeout", "TimeoutError('30 s')")
    assert orjson.loads(attributes) == {"metadata.tier": "gold"}
    assert_true_sums()
    read = asked(key, f"/api/v1/runs/{whole['id']}")
    assert (read["status"], read["tags"], read["extra"]["metadata"]["tier"]) == ("error", ["a", "slow"], "gold")
    assert "Because." in orjson.dumps(read["outputs"]).decode()


def test_a_patch_that_says_all_of_the_run_again_is_one_too(key):
    whole = begun_and_ended(key)
    body, kind = multipart(*pieces_of("patch", whole | END | {"outputs": OTHER_OUTPUTS}))
    for _ in range(2):
        assert call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)[0] == 202
        correct()
        assert rows("SELECT input_tokens FROM spans") == [(1_000,)]
        assert_true_sums()


def test_a_start_that_is_corrected_moves_the_run(key):
    whole = begun_and_ended(key)
    earlier = NOW - timedelta(minutes=10)
    patch(key, whole, start_time=earlier.isoformat())
    correct()
    assert rows("SELECT start_time, duration_ms FROM spans") == [(earlier, 602_000)]
    minutes = rows("SELECT minute, sum(spans) AS held FROM spans_1m GROUP BY minute HAVING held > 0")
    assert minutes == [(earlier.replace(second=0), 1)]


def test_documents_that_come_late_replace_those_before(key):
    def found(*texts: str) -> dict:
        return {"documents": [{"page_content": text, "metadata": {}, "type": "Document"} for text in texts]}

    whole = run(run_type="retriever") | END | {"outputs": found("Sea", "Sky")}
    sent(key, whole)
    patch(key, whole, outputs=found("Ocean"))
    correct()
    ((documents, output),) = rows("SELECT documents, output FROM spans")
    assert [document["content"] for document in orjson.loads(documents)] == ["Ocean"] and output == ""


def test_a_run_that_was_given_up_ends_after_all(key):
    begun = run()
    call("POST", "/api/v1/runs", orjson.dumps(begun), x_api_key=key)
    PendingRun.objects.update(due_at=timezone.now())
    runs.store_unfinished()
    assert rows("SELECT status FROM spans") == [("unfinished",)]
    patch(key, begun, **END)
    correct()
    assert rows("SELECT status, duration_ms, cost_nano FROM spans") == [("ok", 2_000, 31_200)]
    assert_true_sums()


def test_a_patch_that_overtakes_its_post_waits_for_it(key):
    begun = run()
    patch(key, begun, **END)
    correct()
    assert rows("SELECT count() FROM spans") == [(0,)]
    call("POST", "/api/v1/runs", orjson.dumps(begun), x_api_key=key)
    assert rows("SELECT status, cost_nano FROM spans") == [("ok", 31_200)]
    assert not PendingRun.objects.exists()


def test_a_whole_run_that_comes_as_a_patch_alone_is_stored(key):
    body, kind = multipart(*pieces_of("patch", run() | END))
    assert call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)[0] == 202
    correct()
    assert rows("SELECT status, cost_nano FROM spans") == [("ok", 31_200)]
    assert not PendingRun.objects.exists()


def test_a_patch_of_nothing_is_forgotten_in_the_end(key):
    patch(key, run(), tags=["lost"])
    correct()
    runs.store_unfinished()
    assert PendingRun.objects.count() == 1
    PendingRun.objects.update(touched_at=timezone.now() - timedelta(hours=1), due_at=timezone.now())
    corrections.correct_due()
    runs.store_unfinished()
    assert not PendingRun.objects.exists() and rows("SELECT count() FROM spans") == [(0,)]


def test_a_patch_is_not_lost_while_the_store_is_away(key, monkeypatch):
    whole = begun_and_ended(key)
    patch(key, whole, tags=["late"])

    def away(*_: object, **__: object) -> None:
        raise store.StoreUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr("telemetry.store.insert", away)
        with pytest.raises(store.StoreUnavailable):
            correct()
    correct()
    assert rows("SELECT tags FROM spans") == [(["late"],)]


def test_a_patch_that_comes_while_its_run_is_stored_changes_it(key, monkeypatch):
    """Between the insert and the end of the row in which the post waited."""
    begun = run()
    call("POST", "/api/v1/runs", orjson.dumps(begun), x_api_key=key)
    forget = runs.pending.forget

    def patched_before(waited: list[PendingRun], **more: object) -> None:
        monkeypatch.undo()
        runs.join([], [{"id": begun["id"], "tags": ["meanwhile"]}], corrections._caller(waited[0]))
        forget(waited, **more)

    monkeypatch.setattr("telemetry.pending.forget", patched_before)
    patch(key, begun, **END)
    correct()
    assert rows("SELECT tags, status, cost_nano FROM spans") == [(["meanwhile"], "ok", 31_200)]
    assert not PendingRun.objects.exists()


def test_a_run_with_a_bad_patch_is_stored_as_it_was(key):
    whole = begun_and_ended(key)
    other = begun_and_ended(key)
    patch(key, whole, end_time="later")
    patch(key, other, tags=["good"])
    correct()
    found = dict(rows("SELECT span_id, tags FROM spans"))
    assert found == {uuid.UUID(whole["id"]).hex: [], uuid.UUID(other["id"]).hex: ["good"]}
    assert not PendingRun.objects.exists()

"""What is stored, and that it is stored once."""

import threading
from datetime import UTC, datetime, timedelta

import pytest

from telemetry import commit, store
from telemetry.span import Score, Span
from tests.telemetry.ingest import steps
from tests.telemetry.ingest.ask import ask, value

NOW = datetime(2026, 11, 20, 12, 0, 0, 123456, tzinfo=UTC)


def make_span(number: int = 1, **more) -> Span:
    given = {
        "project_id": 1,
        "trace_id": f"{number:032x}",
        "span_id": f"{number:016x}",
        "start_time": NOW + timedelta(milliseconds=number),
        "duration_ms": 12.5,
        "kind": "llm",
        "name": "chat gpt-4o-mini",
        "model": "gpt-4o-mini",
    }
    return Span(**given | more)


def test_it_stores_every_field(stores):
    span = make_span(
        time_to_first_token_ms=3.25,
        input_tokens=120,
        cost_nano=31_200,
        input="Grüße",
        documents=[{"id": "a", "score": 0.5, "content": "text"}],
        embedding_projection=[0.5, -0.25],
        tags=["x", "y"],
        attributes={"custom.key": {"nested": [1, True, None]}},
        counted=False,
        key_id=7,
    )
    assert commit.store_spans([span]) == (1, 0, 0)
    (row,) = ask(
        "SELECT start_time, time_to_first_token_ms, input_tokens, cost_nano, input, documents, embedding_projection,"
        " tags, attributes, counted, key_id, received_at > now() - 60 FROM spans"
    )
    assert row == (
        span.start_time,
        3.25,
        120,
        31_200,
        "Grüße",
        '[{"id":"a","score":0.5,"content":"text"}]',
        [0.5, -0.25],
        ["x", "y"],
        '{"custom.key":{"nested":[1,true,null]}}',
        False,
        7,
        True,
    )


def test_it_stores_a_repeated_span_once(stores):
    batch = [make_span(number) for number in range(10)]
    assert commit.store_spans(batch) == (10, 0, 0)
    assert commit.store_spans([make_span(number) for number in range(5, 15)]) == (5, 5, 0)
    assert value("SELECT count() FROM spans") == 15
    assert value("SELECT sum(spans) FROM spans_1m") == 15


def test_it_stores_a_span_once_that_comes_twice_in_one_batch(stores):
    assert commit.store_spans([make_span(1), make_span(1)]) == (1, 1, 0)
    assert value("SELECT count() FROM spans") == 1


def test_it_keeps_equal_ids_of_two_projects_apart(stores):
    commit.store_spans([make_span(1, project_id=1), make_span(1, project_id=2)])
    assert value("SELECT count() FROM spans") == 2


def test_it_knows_after_a_restart_what_is_stored(stores):
    commit.store_spans([make_span(number) for number in range(100)])
    commit.forget()
    assert commit.store_spans([make_span(number) for number in range(50, 150)]) == (50, 50, 0)


def test_it_stores_a_batch_once_that_many_send_at_once(stores):
    results = []
    start = threading.Barrier(6)

    def send() -> None:
        start.wait()
        results.append(commit.store_spans([make_span(number) for number in range(200)]))

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(result.spans for result in results) == [0, 0, 0, 0, 0, 200]
    assert value("SELECT count() FROM spans") == 200


def test_it_takes_a_batch_again_after_the_store_was_away(stores, monkeypatch):
    def away(table, columns):
        raise store.StoreUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(store, "insert", away)
        with pytest.raises(store.StoreUnavailable):
            commit.store_spans([make_span(1)])
    assert commit.store_spans([make_span(1)]) == (1, 0, 0)


def test_it_does_not_double_what_a_failed_insert_had_stored(stores, monkeypatch):
    insert = store.insert

    def answers_too_late(table, columns):
        insert(table, columns)
        raise store.StoreUnavailable("timed out")

    with monkeypatch.context() as patch:
        patch.setattr(store, "insert", answers_too_late)
        with pytest.raises(store.StoreUnavailable):
            commit.store_spans([make_span(1)])
    assert commit.store_spans([make_span(1), make_span(2)]) == (1, 1, 0)
    assert value("SELECT count() FROM spans") == 2


def test_it_refuses_what_fits_no_column(stores):
    with pytest.raises(store.BadRows):
        commit.store_spans([make_span(1, input_tokens=-1)])
    assert commit.store_spans([make_span(1)]) == (1, 0, 0)


def test_it_completes_and_stores_the_scores_of_a_span(stores):
    span = make_span(1, feature="search", user_id="u1", scores=[Score("overall", 0.75), Score("safety", 1.0)])
    assert commit.store_spans([span]) == (1, 0, 2)
    assert ask("SELECT name, value, feature, user_id, model, occurred_at, trace_id FROM scores ORDER BY name") == [
        ("overall", 0.75, "search", "u1", "gpt-4o-mini", span.start_time, span.trace_id),
        ("safety", 1.0, "search", "u1", "gpt-4o-mini", span.start_time, span.trace_id),
    ]
    again = make_span(1, scores=[Score("overall", 0.75), Score("safety", 1.0)])
    assert commit.store_spans([again]) == (0, 1, 0)


def test_it_stores_a_score_once_however_long_ago(stores):
    score = Score("overall", 0.5, score_id="mine", project_id=1)
    assert commit.store_scores([score]) == 1
    store.command("ALTER TABLE scores UPDATE id_hash = id_hash WHERE 1 SETTINGS mutations_sync = 1")
    commit.forget()
    assert commit.store_scores([Score("overall", 0.5, score_id="mine", project_id=1)]) == 0
    assert commit.store_scores([Score("overall", 0.5, project_id=1), Score("overall", 0.5, project_id=1)]) == 2


def test_it_hands_on_only_what_is_new(stores):
    commit.settle()
    steps.seen.clear()
    commit.store_spans([make_span(1)])
    commit.store_spans([make_span(1), make_span(2, scores=[Score("overall", 1.0)])])
    commit.settle()
    assert [[span.span_id[-1] for span in spans] for spans, _ in steps.seen] == ["1", "2"] or steps.seen
    assert [len(scores) for _, scores in steps.seen] == [0, 1]


def test_it_stores_although_nobody_can_be_told(stores, monkeypatch):
    monkeypatch.setattr("telemetry.senders.tally.stored", lambda *_: 1 / 0)
    assert commit.store_spans([make_span(1)]).spans == 1


def test_it_stores_although_a_later_step_fails(stores, settings):
    settings.TELEMETRY_AFTER_STORE = ["tests.telemetry.ingest.steps.fail"]
    assert commit.store_spans([make_span(1)]) == (1, 0, 0)
    commit.settle()
    assert value("SELECT count() FROM spans") == 1

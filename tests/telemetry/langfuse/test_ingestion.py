"""``POST /api/public/ingestion``: majors 2 send everything there, 3 and 4 their scores."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from django.conf import settings
from django.utils import timezone

from accounts.models import ApiKey, Project
from telemetry import commit, store
from telemetry.langfuse import observations
from telemetry.models import PendingRun
from tests.telemetry.ingest.ask import ask, value
from tests.telemetry.langfuse.requests import at, call, event, ingest, scores, stored, tend

SAMPLES = Path(settings.BASE_DIR).parent / "shared" / "wire" / "samples"
TRACE, KB, LLM = "eade6a3a-2375-4dce-9de3-59d322fa3a75", "kb-1", "llm-1"


def trace(**body):
    return event(
        "trace-create",
        **{"id": TRACE, "timestamp": at(0), "name": "answer", "userId": "user-1", "sessionId": "session-1"} | body,
    )


def generation(**body):
    return event(
        "generation-create",
        **{"id": LLM, "traceId": TRACE, "name": "llm", "startTime": at(1), "model": "gpt-4o-mini", "input": "sky?"}
        | body,
    )


def end(seconds: float = 2, kind: str = "generation-update", **body):
    return event(kind, seconds, **{"id": LLM, "traceId": TRACE, "endTime": at(seconds)} | body)


def later() -> None:
    """Let the job find everything due that waits for no end."""
    for row in PendingRun.objects.filter(due_at__lt=timezone.now() + observations.QUIET):
        PendingRun.objects.filter(pk=row.pk).update(due_at=timezone.now())
    tend()


def content_of(name: str) -> bytes:
    if not (SAMPLES / name).is_file():
        pytest.skip("the captured client bodies do not lie beside this checkout")
    return (SAMPLES / name).read_bytes()


def test_what_a_client_of_major_2_sent(key):
    body = content_of("http-langfuse2-ingestion.json")
    answer = call("POST", "/api/public/ingestion", body, key=key)
    assert answer.status == 207 and answer.body["errors"] == []
    assert [each["status"] for each in answer.body["successes"]] == [201] * 7
    spans = {span.name: span for span in stored(TRACE).values()}
    root, kb, llm = spans["answer"], spans["kb"], spans["llm"]
    assert (root.span_id, root.parent_id, root.input, root.output) == (TRACE, "", '{"q":"sky?"}', "blue")
    assert kb.parent_id == llm.parent_id == TRACE
    assert (llm.kind, llm.model, llm.input_tokens, llm.output_tokens) == ("llm", "gpt-4o-mini", 120, 30)
    assert (llm.cost_nano, llm.input, llm.output) == (36_000, "sky?", "blue")
    for span in (root, kb, llm):
        assert (span.user_id, span.session_id, span.feature) == ("user-1", "session-1", "search")
        assert (span.environment, span.release, span.tags) == ("staging", "1.2.3", ["t1"])
        assert (span.dialect, span.scope) == ("langfuse", "langfuse-sdk/2.60.10")
    (score,) = scores().values()
    assert (score.trace_id, score.span_id, score.name, score.value) == (TRACE, llm.span_id, "helpful", 0.8)
    assert (score.comment, score.model, score.user_id) == ("ok", "gpt-4o-mini", "user-1")


@pytest.mark.parametrize(
    ("name", "count"), [("http-langfuse3-ingestion.json", 1), ("http-langfuse4-ingestion.json", 2)]
)
def test_what_clients_of_majors_3_and_4_sent(key, name, count):
    answer = call("POST", "/api/public/ingestion", content_of(name), key=key)
    assert answer.status == 207 and len(answer.body["successes"]) == count == len(scores())


def test_a_batch_sent_again_changes_nothing(key):
    batch = [trace(), generation(), end(output="blue", usage={"input": 120, "output": 30}), trace(output="blue")]
    for _ in range(3):
        assert ingest(key, *batch).body["errors"] == []
    assert len(stored(TRACE)) == 2
    tend()
    commit.settle()
    assert value("SELECT sum(spans) FROM spans_1m WHERE kind = 'llm'") == 1


def test_pieces_in_requests_of_their_own_are_joined_whatever_comes_first(key):
    ingest(key, end(output="blue", usage={"promptTokens": 120, "completionTokens": 30, "totalTokens": 150}))
    assert stored(TRACE) == {}
    ingest(key, generation())
    ingest(key, trace())
    later()
    spans = stored(TRACE)
    llm = spans[LLM]
    assert (llm.model, llm.output, llm.input_tokens, llm.output_tokens) == ("gpt-4o-mini", "blue", 120, 30)
    assert (llm.duration_ms, llm.user_id, llm.parent_id) == (1000.0, "user-1", TRACE)
    assert spans[TRACE].duration_ms == 2000.0


def test_an_observation_is_there_as_soon_as_it_is_whole(key):
    ingest(key, trace(), generation())
    assert stored(TRACE) == {}
    ingest(key, end(output="blue"))
    assert list(stored(TRACE)) == [LLM]


def test_a_patch_of_what_is_stored_puts_it_right_with_its_figures(key):
    ingest(key, generation(), end())
    assert stored(TRACE)[LLM].user_id == ""
    ingest(
        key,
        trace(),
        event(
            "generation-update",
            9,
            id=LLM,
            traceId=TRACE,
            output="blue",
            usageDetails={"input": 56, "input_cached_tokens": 64, "output": 30},
        ),
    )
    tend()
    llm = stored(TRACE)[LLM]
    assert (llm.output, llm.user_id, llm.parent_id) == ("blue", "user-1", TRACE)
    assert (llm.input_tokens, llm.cached_tokens, llm.output_tokens, llm.cost_nano) == (120, 64, 30, 31_200)
    commit.settle()
    totals = "sum(input_tokens), sum(output_tokens), sum(cost_nano)"
    for table in ("spans_1m", "spans_1h", "spend_15m"):
        assert ask(f"SELECT {totals} FROM {table}") == [(120, 30, 31_200)]
    assert ask("SELECT user_id, sum(calls) FROM spend_15m GROUP BY user_id") == [("user-1", 1)]


def test_a_second_sight_of_a_call_stays_one_when_it_is_patched(key):
    same = {"usage": {"input": 120, "output": 30}, "endTime": at(2)}
    ingest(key, generation(**same), generation(id="inner", parentObservationId=LLM, **same))
    counted = "SELECT span_id, counted FROM spans ORDER BY span_id"
    before = ask(counted)
    assert sorted(each for _, each in before) == [False, True]
    ingest(key, trace())
    tend()
    assert stored(TRACE)["inner"].user_id == "user-1" and ask(counted) == before
    assert value("SELECT sum(input_tokens) FROM spans_1m") == 120


def test_what_is_known_of_the_trace_late_reaches_all_its_spans(key):
    ingest(key, trace(userId=None, sessionId=None), generation(), end(output="blue"))
    later()
    assert {span.user_id for span in stored(TRACE).values()} == {""}
    ingest(key, event("trace-create", 8, id=TRACE, userId="user-2", tags=["late"], metadata={"feature": "search"}))
    tend()
    spans = stored(TRACE)
    assert len(spans) == 2
    for span in spans.values():
        assert (span.user_id, span.tags, span.feature, span.name) == ("user-2", ["late"], "search", span.name)


def test_a_trace_that_changes_while_its_spans_are_stored_changes_them(key, monkeypatch):
    store_spans, between = commit.store_spans, [trace(), end(3, "span-update", output="blue")]

    def slowly(spans, **more):
        stored = store_spans(spans, **more)
        while between:
            ingest(key, between.pop())
        return stored

    monkeypatch.setattr("telemetry.commit.store_spans", slowly)
    ingest(key, generation(), end())
    tend()
    llm = stored(TRACE)[LLM]
    assert (llm.user_id, llm.parent_id, llm.output) == ("user-1", TRACE, "blue")


def test_pieces_of_one_trace_that_come_at_the_same_time_all_count(key):
    batches = [[trace(userId=None)], [event("trace-create", 30, id=TRACE, userId="user-2", output="blue")]]
    for number in range(6):
        own = {"id": f"o{number}", "traceId": TRACE}
        batches.append([event("generation-create", **own, startTime=at(number), model="gpt-4o-mini")])
        batches.append([event("generation-update", 9, **own, endTime=at(number + 1))])
        batches.append([event("generation-update", 9, **own, output=f"answer {number}", usage={"input": 10})])
    with ThreadPoolExecutor(8) as pool:
        assert {answer.status for answer in pool.map(lambda batch: ingest(key, *batch), batches)} == {207}
    later()
    spans = stored(TRACE)
    assert len(spans) == 7 and spans[TRACE].output == "blue" and spans[TRACE].duration_ms == 6000.0
    for number in range(6):
        span = spans[f"o{number}"]
        assert (span.output, span.input_tokens, span.duration_ms) == (f"answer {number}", 10, 1000.0)
    assert {span.user_id for span in spans.values()} == {"user-2"}
    commit.settle()
    assert ask("SELECT sum(spans), sum(input_tokens) FROM spans_1m") == [(7, 60)]


def test_a_restart_between_the_pieces_loses_none(key):
    ingest(key, trace(), generation())
    commit.forget()
    ingest(key, end(output="blue"))
    commit.forget()
    ingest(key, event("trace-create", 3, id=TRACE, output="blue"))
    spans = stored(TRACE)
    assert set(spans) == {TRACE, LLM} and spans[TRACE].output == "blue" and spans[LLM].model == "gpt-4o-mini"


def test_a_store_that_is_away_is_503_and_nothing_is_forgotten(key, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise store.StoreUnavailable("gone")

    batch = [trace(), generation(), end(output="blue"), trace(output="blue")]
    with monkeypatch.context() as patched:
        patched.setattr("telemetry.store.insert", away)
        answer = ingest(key, *batch)
        assert (answer.status, answer.headers["retry-after"]) == (503, "2") and "message" in answer.body
    assert ingest(key, *batch).status == 207
    tend()
    assert set(stored(TRACE)) == {TRACE, LLM}


def test_a_kill_after_storing_and_before_noting_it_is_made_good(key, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("telemetry.pending.settle", lambda *_, **__: None)
        ingest(key, generation(), end())
    ingest(key, event("generation-update", 5, id=LLM, traceId=TRACE, output="blue"))
    tend()
    assert stored(TRACE)[LLM].output == "blue"
    assert not PendingRun.objects.exclude(state=PendingRun.State.STORED).filter(run_id__startswith="obs").exists()


def test_a_root_that_was_stored_and_not_noted_is_not_taken_for_a_forgotten_one(key, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("telemetry.pending.settle", lambda *_, **__: None)
        ingest(key, trace(), event("trace-create", 30, id=TRACE, output="blue"))
    assert stored(TRACE)[TRACE].duration_ms == 30_000.0
    ingest(key, generation(), end())
    tend()
    assert stored(TRACE)[TRACE].duration_ms == 2000.0


def test_what_nobody_ends_is_stored_after_a_moment_when_it_has_a_result_and_as_unfinished_else(key):
    ingest(key, trace(), generation(output="blue"), event("span-create", id=KB, traceId=TRACE, startTime=at(0.5)))
    later()
    assert {key: span.status for key, span in stored(TRACE).items()} == {LLM: "ok"}
    PendingRun.objects.update(due_at=timezone.now())
    tend()
    assert {key: span.status for key, span in stored(TRACE).items()} == {LLM: "ok", KB: "unfinished", TRACE: "ok"}
    ingest(key, event("span-update", 20, id=KB, traceId=TRACE, endTime=at(20)))
    tend()
    spans = stored(TRACE)
    assert (spans[KB].status, spans[KB].duration_ms, spans[TRACE].duration_ms) == ("ok", 19_500.0, 20_000.0)


def test_nested_parents_and_events(key):
    ingest(
        key,
        trace(output="done"),
        event("span-create", id="outer", traceId=TRACE, name="outer", startTime=at(0), endTime=at(5)),
        generation(parentObservationId="outer", endTime=at(2)),
        event("event-create", id="ev", traceId=TRACE, parentObservationId=LLM, name="clicked", startTime=at(2)),
    )
    spans = stored(TRACE)
    assert {key: span.parent_id for key, span in spans.items()} == {
        TRACE: "",
        "outer": TRACE,
        LLM: "outer",
        "ev": LLM,
    }
    assert (spans["ev"].kind, spans["ev"].duration_ms, spans["outer"].kind) == ("other", 0.0, "chain")


def test_a_generation_tells_everything_about_its_call(key):
    ingest(
        key,
        generation(
            endTime=at(3),
            completionStartTime=at(1.25),
            modelParameters={"temperature": "0.2"},
            promptName="greet",
            promptVersion=3,
            version="v9",
            metadata={"feature": "search", "k": 5},
            usageDetails={
                "prompt_tokens": 120,
                "completion_tokens": 30,
                "prompt_tokens_details": {"cached_tokens": 64},
            },
            costDetails={"total": 0.5},
            input=[{"role": "user", "content": "sky?"}],
            something="new",
        ),
    )
    llm = stored(TRACE)[LLM]
    assert (llm.time_to_first_token_ms, llm.prompt_name, llm.prompt_version) == (250.0, "greet", "3")
    assert (llm.input_tokens, llm.cached_tokens, llm.output_tokens, llm.cost_nano) == (120, 64, 30, 500_000_000)
    assert (llm.feature, llm.input) == ("search", '[{"role":"user","content":"sky?"}]')
    kept = orjson.loads(llm.attributes)
    assert kept["langfuse.observation.model.parameters"] == '{"temperature":"0.2"}'
    assert (kept["langfuse.observation.metadata.k"], kept["langfuse.observation.something"]) == (5, "new")


def test_the_model_asked_for_and_the_one_that_served_it(key):
    ingest(key, generation(), end(model="gpt-4o-mini-2024-07-18"), generation(id="b"), end(id="b", model="o3"))
    rows = ask("SELECT span_id, model, response_model FROM spans ORDER BY span_id")
    assert rows == [("b", "o3", ""), (LLM, "gpt-4o-mini", "gpt-4o-mini-2024-07-18")]


def test_costs_inside_usage_are_reported_costs(key):
    usage = {"input": 120, "output": 30, "inputCost": 0.1, "outputCost": 0.2}
    ingest(key, generation(endTime=at(2), usage=usage))
    assert stored(TRACE)[LLM].cost_nano == 300_000_000


def test_an_error_is_an_error(key):
    ingest(key, trace(output=""), generation(), end(level="ERROR", statusMessage="RateLimitError: 429 slow down"))
    llm = stored(TRACE)[LLM]
    assert (llm.status, llm.error_type) == ("error", "rate_limit")


def test_a_traced_function_without_observations_lasts_until_its_output(key):
    # The decorator of major 2 makes the outermost function a trace, and hands on keys as Python spells them.
    ingest(key, trace())
    ingest(
        key,
        event(
            "trace-create", 4, id=TRACE, output="blue", end_time=at(4), level="ERROR", status_message="ValueError: no"
        ),
    )
    (root,) = stored(TRACE).values()
    assert (root.duration_ms, root.status, root.kind, root.output) == (4000.0, "error", "chain", "blue")


def test_each_item_has_its_own_verdict(key):
    bad = {
        "type": event("trace-delete", id="x"),
        "body": event("span-create") | {"body": "text"},
        "body.id": event("span-update", endTime=at(1)),
        "body.startTime": event("span-create", id="b", startTime="yesterday"),
        "body.endTime": event("span-create", id="b", startTime=at(0), endTime="2999-01-01T00:00:00Z"),
        "body.traceId": event("span-create", id="b", traceId=5),
        "value": event("score-create", id="s", traceId=TRACE, name="n", value=None),
        "timestamp": event("span-create", id="b") | {"timestamp": {}},
    }
    answer = ingest(key, generation(endTime=at(2)), *bad.values(), event("sdk-log", log={"a": 1}))
    assert answer.status == 207 and len(answer.body["successes"]) == 2
    assert list(stored(TRACE)) == [LLM]
    said = {error["id"]: error["message"] for error in answer.body["errors"]}
    assert {error["status"] for error in answer.body["errors"]} == {400}
    for field, sent in bad.items():
        assert said[sent["id"]].startswith(f"event.{field}: "), said


@pytest.mark.parametrize("field", ["startTime", "endTime"])
def test_times_are_judged_as_those_of_every_sender(key, field):
    """Another unit, and so old that nothing would be kept of it."""
    for when, why in (("1999-01-01T00:00:00Z", "before the year 2000"), ("2001-01-01T00:00:00Z", "days in the past")):
        answer = ingest(key, generation(**{"startTime": at(1), "endTime": at(2)} | {field: when}))
        (error,) = answer.body["errors"]
        assert error["message"].startswith(f"event.body.{field}: lies ") and why in error["message"]
    tend()
    assert stored(TRACE) == {}


def test_what_is_no_batch_is_named(key):
    for body in (
        b"",
        b"{",
        b"[]",
        b'"text"',
        b'{"batch": {}}',
        b'{"batch": 5}',
        b"\xff\xfe",
        b"null",
        b'{"batch": null}',
    ):
        answer = call("POST", "/api/public/ingestion", body, key=key)
        assert answer.status == 400 and answer.body["message"]


def test_odd_texts_are_repaired_and_depth_is_refused(key):
    odd = generation(endTime=at(2), input="nul \0 here", metadata={"x": float("inf"), "big": 2**70})
    body = json.dumps({"batch": [odd]}).encode().replace(b"sky", b"\\ud800")
    assert call("POST", "/api/public/ingestion", body, key=key).body["errors"] == []
    assert "nul \ufffd here" in stored(TRACE)[LLM].input
    deep = generation(id="deep", endTime=at(2), input=orjson.Fragment(b"[" * 150 + b"]" * 150))
    (error,) = ingest(key, deep).body["errors"]
    assert "nested deeper than 100" in error["message"]


def test_gzip_and_limits(key, settings):
    body = gzip.compress(orjson.dumps({"batch": [generation(endTime=at(2))]}))
    assert call("POST", "/api/public/ingestion", body, key=key, content_encoding="gzip").status == 207
    assert call("POST", "/api/public/ingestion", body[:-9], key=key, content_encoding="gzip").status == 400
    assert call("POST", "/api/public/ingestion", body, key=key, content_encoding="br").status == 415
    settings.ONWATCH_MAX_BODY_BYTES = 10
    assert call("POST", "/api/public/ingestion", body, key=key, content_encoding="gzip").status == 413


def test_two_projects_do_not_see_each_others_pieces(key):
    other = ApiKey.issue(Project.objects.create(slug="other", name="Other"), name="k")[1]
    ingest(key, generation())
    ingest(other, end(output="theirs"))
    assert stored(TRACE) == {}
    ingest(key, end(output="ours"))
    assert stored(TRACE)[LLM].output == "ours"


def forget() -> None:
    PendingRun.objects.all().delete()
    commit.forget()


def test_a_piece_that_comes_after_all_is_forgotten_is_laid_over_what_is_stored(key):
    everything = generation(
        parentObservationId=KB, endTime=at(3), output="blue", completionStartTime=at(1.5), promptName="greet",
        promptVersion=3, level="ERROR", statusMessage="RateLimitError: 429", metadata={"k": 5}, something="new",
        usageDetails={"input": 56, "input_cached_tokens": 64, "output": 20, "output_reasoning": 10},
        costDetails={"total": 0.5}, modelParameters={"temperature": 0.2},
    )  # fmt: skip
    told = {"metadata": {"feature": "search", "x": "y"}, "tags": ["t1"], "release": "1.2.3", "output": "blue"}
    outer = event("span-create", id=KB, traceId=TRACE, name="kb", startTime=at(0.5), endTime=at(4))
    ingest(key, trace(**told), outer, everything, event("generation-update", 3, id=LLM, model="gpt-4o-mini-2024-07-18"))
    tend()
    before = stored(TRACE)
    assert len(before) == 3 and before[LLM].error_type == "rate_limit"
    forget()
    ingest(key, event("trace-create", 4000, id=TRACE, tags=["late"], userId="user-9"))
    ingest(key, event("span-update", 4000, id=KB, traceId=TRACE, output="ended late", endTime=at(9)))
    later()
    later()
    after = stored(TRACE)
    for name, span in after.items():
        expected = before[name]._replace(user_id="user-9", tags=["t1", "late"])
        if name == KB:
            expected = expected._replace(output="ended late", duration_ms=8500.0)
        if name == TRACE:
            expected = expected._replace(duration_ms=9000.0)
        assert orjson.loads(span.attributes) == orjson.loads(expected.attributes)
        assert span._replace(attributes="") == expected._replace(attributes="")
    commit.settle()
    assert value("SELECT sum(spans) FROM spans_1m") == 3


def test_a_trace_that_is_named_anew_keeps_its_beginning(key):
    ingest(key, trace(output="blue"))
    forget()
    ingest(key, trace(timestamp=at(20), output="green"))
    later()
    (root,) = stored(TRACE).values()
    assert root.output == "green"
    assert value("SELECT start_time FROM spans").isoformat().replace("+00:00", "Z") == at(0)


def test_a_piece_of_nothing_waits_for_its_beginning_and_is_dropped_in_the_end(key):
    ingest(key, end())
    later()
    assert PendingRun.objects.get(run_id__startswith="obs").due_at > timezone.now() + timedelta(minutes=20)
    PendingRun.objects.update(touched_at=timezone.now() - timedelta(hours=1), due_at=timezone.now())
    tend()
    assert stored(TRACE) == {} and not PendingRun.objects.exists()


def test_what_was_written_down_is_forgotten_in_the_end(key):
    ingest(key, trace(), generation(), end(output="blue"), trace(output="blue"))
    assert PendingRun.objects.count() == 2
    PendingRun.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    tend()
    assert not PendingRun.objects.exists() and len(stored(TRACE)) == 2

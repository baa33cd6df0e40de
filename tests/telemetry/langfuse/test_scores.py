"""``POST /api/public/scores``: a list from majors 5, one score from older ones."""

import json
from datetime import UTC, datetime

import pytest

from telemetry import commit, store
from telemetry.span import Span
from tests.telemetry.ingest.ask import ask
from tests.telemetry.langfuse.requests import START, at, call, scores
from tests.telemetry.langfuse.test_ingestion import content_of

PATH = "/api/public/scores"
TRACE, SPAN = "a80537ac13b3069d5cf85049245d785e", "cd1cdf2c349f6c12"


def score(**values):
    return {"id": "s1", "traceId": TRACE, "name": "helpful", "value": 0.8, "timestamp": at(5)} | values


def answered(project, **values) -> None:
    about = {"model": "gpt-4o-mini", "user_id": "user-1", "session_id": "session-1", "start_time": START}
    commit.store_spans([Span(project.pk, TRACE, SPAN, kind="llm", **about | values)])


def test_what_a_client_of_major_5_sent_is_answered_as_it_wants(key, project):
    answered(project)
    for _ in range(2):
        answer = call("POST", PATH, content_of("http-langfuse5-scores.json"), key=key)
        assert (answer.status, answer.body) == (202, {"message": "Accepted"})
    found = {each.name: each for each in scores().values()}
    helpful, thumbs = found["helpful"], found["thumbs"]
    assert (helpful.span_id, helpful.value, helpful.comment, helpful.source) == (SPAN, 0.8, "ok", "client")
    assert (thumbs.trace_id, thumbs.span_id, thumbs.value) == (TRACE, "", 1.0)
    for each in found.values():
        assert (each.model, each.user_id, each.environment) == ("gpt-4o-mini", "user-1", "staging")


def test_one_score_is_answered_with_its_id(key):
    answer = call("POST", PATH, score(), key=key)
    assert (answer.status, answer.body) == (200, {"id": "s1"})
    answer = call("POST", PATH, score(id=None, name="other"), key=key)
    assert answer.status == 200 and answer.body["id"] in scores()


#: What is sent -> value, label and comment as they are kept.
TYPES = [
    ({"value": 0.25}, (0.25, "", "")),
    ({"value": 7, "dataType": "NUMERIC"}, (7.0, "", "")),
    ({"value": -3.5, "dataType": "NUMERIC"}, (-3.5, "", "")),
    ({"value": True}, (1.0, "", "")),
    ({"value": 0, "dataType": "BOOLEAN"}, (0.0, "", "")),
    ({"value": False, "dataType": "BOOLEAN"}, (0.0, "", "")),
    ({"value": "friendly", "dataType": "CATEGORICAL"}, (1.0, "friendly", "")),
    ({"value": "friendly"}, (1.0, "friendly", "")),
    ({"value": "fail", "dataType": "CATEGORICAL"}, (0.0, "fail", "")),
    ({"value": "It should say so.", "dataType": "TEXT", "comment": "c"}, (1.0, "", "It should say so.\nc")),
]


def test_every_type_of_value_is_kept_as_it_is(key):
    sent = [score(**given) | {"id": str(place)} for place, (given, _) in enumerate(TYPES)]
    assert call("POST", PATH, sent, key=key).status == 202
    found = scores()
    kept = [
        (found[str(place)].value, found[str(place)].label, found[str(place)].comment) for place in range(len(TYPES))
    ]
    assert kept == [expected for _, expected in TYPES]


def test_the_same_id_is_one_score_however_often_and_wherever_it_comes(key):
    call("POST", PATH, [score(), score()], key=key)
    call("POST", PATH, score(), key=key)
    commit.forget()
    call("POST", PATH, [score(), score(id="s2")], key=key)
    assert set(scores()) == {"s1", "s2"}
    commit.settle()
    assert ask("SELECT sum(scores) FROM scores_1m") == [(2,)]


def test_a_judged_session_is_judged_by_its_newest_trace(key, project):
    answered(project)
    call("POST", PATH, [score(traceId=None, sessionId="session-1")], key=key)
    call("POST", PATH, [score(id="s2", traceId=None, sessionId="not-seen-yet")], key=key)
    found = scores()
    assert (found["s1"].trace_id, found["s1"].span_id, found["s1"].user_id) == (TRACE, "", "user-1")
    assert (found["s2"].trace_id, found["s2"].value) == ("", 0.8)


def test_a_score_without_a_stored_span_keeps_its_own_time_and_environment(key):
    call("POST", PATH, [score(environment="staging")], key=key)
    ((when, environment),) = ask("SELECT occurred_at, environment FROM scores")
    assert (when, environment) == (datetime.fromisoformat(at(5)).astimezone(UTC), "staging")


BAD = [
    ("name", {"name": ""}),
    ("value", {"value": None}),
    ("value", {"value": {}}),
    ("value", {"value": 2, "dataType": "BOOLEAN"}),
    ("value", {"value": 5, "dataType": "CATEGORICAL"}),
    ("value", {"value": "much", "dataType": "NUMERIC"}),
    ("dataType", {"dataType": "COLOUR"}),
    ("traceId", {"traceId": None}),
    ("traceId", {"traceId": None, "observationId": "x"}),
    ("datasetRunId", {"traceId": None, "datasetRunId": "run"}),
    ("timestamp", {"timestamp": "soon"}),
    ("id", {"id": 5}),
    ("comment", {"comment": {}}),
]


def test_bad_scores_are_named_and_the_others_are_kept(key):
    bad = [score(id=f"bad-{place}") | values for place, (_, values) in enumerate(BAD)]
    answer = call("POST", PATH, [score(), *bad, score(id="s2")], key=key)
    assert (answer.status, answer.body["accepted"], answer.body["rejected"]) == (207, 2, len(BAD))
    for place, ((field, _), error) in enumerate(zip(BAD, answer.body["errors"], strict=True), start=1):
        assert error["message"].startswith(f"[{place}].{field}: ")
    assert set(scores()) == {"s1", "s2"}
    for (field, _), given in zip(BAD, bad, strict=True):
        answer = call("POST", PATH, given, key=key)
        assert answer.status == 400 and answer.body["message"].startswith(f"score.{field}: ")


@pytest.mark.parametrize("value", ["NaN", "-Infinity", "1" + 400 * "0", "1e300"])
def test_a_judge_that_came_to_no_number_made_no_category(key, value):
    """Its data type is left away by majors 2, and its name would count as 1."""
    sent = json.dumps(score(dataType=None, value="?")).replace('"?"', value).encode()
    answer = call("POST", PATH, b"[" + sent + b"]", key=key)
    assert answer.body["errors"][0]["message"] == "[0].value: must be a number, at most 1e+15"
    assert scores() == {}


def test_what_is_no_score_is_400(key):
    for body in (b"", b"{", b'"x"', b"5", b"null"):
        assert call("POST", PATH, body, key=key).status == 400


def test_a_list_item_that_is_no_object_is_named(key):
    answer = call("POST", PATH, ["x", score()], key=key)
    assert answer.body["errors"] == [{"index": 0, "message": "[0]: must be an object"}]


def test_a_store_that_is_away_is_503(key, monkeypatch):
    def away(*_: object, **__: object) -> None:
        raise store.StoreUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr("telemetry.store.insert", away)
        answer = call("POST", PATH, [score()], key=key)
        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert call("POST", PATH, [score()], key=key).status == 202 and set(scores()) == {"s1"}

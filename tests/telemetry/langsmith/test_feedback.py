"""Feedback: kept whole, counted as a score, changed and taken back; and presigned links that need no key."""

import asyncio
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import orjson
import pytest

from accounts.models import ApiKey, Project
from core import clickhouse
from core.timerange import TimeRange
from telemetry import commit, redact, series, store
from telemetry.langsmith import feedback
from telemetry.langsmith.app import LangSmithApp
from telemetry.live import rebuild
from telemetry.models import Feedback, FeedbackToken
from telemetry.span import Score
from tests.telemetry.langsmith.client import END, asked, call, multipart, run, sent

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/api/v1/feedback"


def rows(question: str) -> list[tuple]:
    with clickhouse.reading().client() as client:
        return [tuple(row) for row in client.query(question).result_rows]


def scores() -> list[tuple]:
    return rows("SELECT name, value, label, comment, source, trace_id, span_id, model FROM scores ORDER BY received_at")


def counted() -> list[tuple]:
    """What every panel reads."""
    return rows(
        "SELECT name, sum(scores), sum(total) FROM scores_1m GROUP BY name HAVING sum(scores) != 0 ORDER BY name"
    )


@pytest.fixture
def judged(key) -> dict:
    whole = run() | END
    sent(key, whole)
    return whole


def given(whole: dict, /, **more) -> dict:
    now = datetime.now(UTC)
    return {
        "id": str(uuid.uuid4()), "run_id": whole["id"], "key": "thumbs", "score": True, "created_at": now,
        "modified_at": now, "feedback_source": {"type": "api", "metadata": {}},
    } | more  # fmt: skip


def give(own_key: str, whole: dict, /, **more) -> dict:
    sent_feedback = given(whole, **more)
    asked(own_key, PATH, sent_feedback, expect=202)
    return sent_feedback


def test_feedback_is_a_score_of_its_run_once(key, judged):
    said = given(judged, comment="good", value="up")
    for _ in range(2):
        asked(key, PATH, said, expect=202)
    own = uuid.UUID(judged["id"]).hex
    # The trace is found though the client did not name it, and what is judged says which model that was.
    assert scores() == [("thumbs", 1.0, "up", "good", "user", own, own, "gpt-4o-mini")]
    assert counted() == [("thumbs", 1, 1.0)]


def test_feedback_in_a_multipart_body_beside_its_run(key):
    root = run(run_type="chain") | END
    child = run(trace_id=root["id"], parent_run_id=root["id"]) | END
    said = orjson.loads(orjson.dumps(given(child, trace_id=root["id"], feedback_source={"type": "model"}, score=0.5)))
    body, kind = multipart((f"feedback.{said['id']}", said))
    sent(key, root, child)
    status, answer = call("POST", "/api/v1/runs/multipart", body, x_api_key=key, content_type=kind)
    assert (status, answer["refused"]) == (202, [])
    ((_, value, _, _, source, trace_id, span_id, _),) = scores()
    assert (value, source, trace_id) == (0.5, "judge", uuid.UUID(root["id"]).hex)
    assert span_id == uuid.UUID(child["id"]).hex


def test_it_is_read_as_it_was_said(key, judged):
    said = give(key, judged, comment="good", correction={"answer": "Yes."}, score=0.25, value={"grade": "C"})
    found = asked(key, f"{PATH}/{said['id']}")
    for name in ("id", "run_id", "key", "score", "value", "comment", "correction", "feedback_source"):
        assert found[name] == said[name]
    assert found["trace_id"] == judged["id"] and found["created_at"] == said["created_at"].isoformat()
    assert asked(key, f"{PATH}?run={judged['id']}&limit=100&offset=0") == [found]


def test_lists_by_run_key_and_source(key, judged):
    other = run(name="other") | END
    sent(key, other)
    give(key, judged, key="a")
    give(key, judged, key="b", feedback_source={"type": "model"})
    give(key, other, key="a")

    def keys(query: str) -> list[str]:
        return sorted(found["key"] for found in asked(key, f"{PATH}?{query}"))

    assert keys(f"run={judged['id']}") == ["a", "b"]
    assert keys(f"run={judged['id']}&run={other['id']}") == ["a", "a", "b"]
    assert keys(f"run={judged['id']}&key=a") == ["a"] and keys("key=a") == ["a", "a"] and keys("") == ["a", "a", "b"]
    assert keys("source=model") == ["b"]
    assert keys(f"run={judged['id']}&limit=1&offset=1") and keys(f"run={judged['id']}&limit=1&offset=2") == []
    assert "run: " in asked(key, f"{PATH}?run=x", expect=422)["detail"]


def test_judgements_that_came_in_other_ways_are_listed_with_their_run(key, judged, project):
    own = uuid.UUID(judged["id"]).hex
    commit.store_scores([Score("groundedness", 0.75, own, own, "judge-1", source="judge", project_id=project.pk)])
    (found,) = asked(key, f"{PATH}?run={judged['id']}")
    assert (found["key"], found["score"], found["run_id"]) == ("groundedness", 0.75, judged["id"])
    assert found["feedback_source"]["type"] == "model"
    assert asked(key, f"/runs/{judged['id']}")["feedback_stats"]["groundedness"]["avg"] == 0.75


def test_words_without_a_number_are_kept_and_not_counted(key, judged):
    said = give(key, judged, key="note", score=None, comment="Too long.")
    assert scores() == [] and asked(key, f"{PATH}/{said['id']}")["comment"] == "Too long."


def test_a_change_reaches_every_figure(key, judged, live):
    said = give(key, judged, score=0.0)
    kept = give(key, judged, key="other", score=1.0)
    changed = asked(key, f"{PATH}/{said['id']}", {"score": 1.0, "comment": "after all"}, method="PATCH")
    assert (changed["score"], changed["comment"], changed["modified_at"] > changed["created_at"]) == (
        1.0,
        "after all",
        True,
    )
    assert [row[:2] for row in scores()] == [("other", 1.0), ("thumbs", 1.0)]
    assert counted() == [("other", 1, 1.0), ("thumbs", 1, 1.0)]
    # Null takes a part away; what is left unsaid stays.
    cleared = asked(key, f"{PATH}/{said['id']}", {"comment": None}, method="PATCH")
    assert (cleared["score"], cleared["comment"]) == (1.0, None)
    # The first delivery, late, changes nothing.
    asked(key, PATH, said, expect=202)
    assert asked(key, f"{PATH}/{said['id']}")["score"] == 1.0 and counted()[1] == ("thumbs", 1, 1.0)
    asked(key, f"{PATH}/{kept['id']}", {"score": None}, method="PATCH", expect=422)


def test_a_change_reaches_live_figures_too(key, judged, project):
    rebuild.repair_all()
    said = give(key, judged, score=0.0)
    asked(key, f"{PATH}/{said['id']}", {"score": 1.0}, method="PATCH")
    now = datetime.now(UTC)
    for _ in range(2):
        # Before and after the minutes that were marked are copied.
        shown = series.total(project.pk, TimeRange(now - timedelta(hours=2), now + timedelta(minutes=1))).scores[
            "thumbs"
        ]
        assert (shown.count, shown.total) == (1, 1.0)
        rebuild.repair_all()


def test_what_is_taken_back_is_gone_from_every_figure_and_stays_so(key, judged):
    said = give(key, judged)
    kept = give(key, judged, key="other")
    asked(key, f"{PATH}/{said['id']}", method="DELETE")
    asked(key, f"{PATH}/{said['id']}", method="DELETE", expect=404)
    asked(key, f"{PATH}/{said['id']}", expect=404)
    asked(key, PATH, said, expect=202)
    assert counted() == [("other", 1, 1.0)] and [row[0] for row in scores()] == ["other"]
    assert [found["id"] for found in asked(key, f"{PATH}?run={judged['id']}")] == [kept["id"]]


def test_a_score_that_could_not_be_changed_at_once_is_changed_later(key, judged, monkeypatch):
    said = give(key, judged, score=0.0)

    def away(*_: object, **__: object) -> None:
        raise store.StoreUnavailable("gone")

    with monkeypatch.context() as patched:
        patched.setattr("telemetry.commit.replace_scores", away)
        asked(key, f"{PATH}/{said['id']}", {"score": 1.0}, method="PATCH", expect=503)
    assert counted() == [("thumbs", 1, 0.0)]
    Feedback.objects.update(modified_at=datetime.now(UTC) - timedelta(minutes=5))
    feedback.apply_waiting()
    assert counted() == [("thumbs", 1, 1.0)] and not Feedback.objects.filter(is_applied=False).exists()


def test_feedback_of_another_project_is_nobodys(key, judged):
    said = give(key, judged)
    other = ApiKey.issue(Project.objects.create(slug="other", name="Other"), name="other")[1]
    for method, body in (("GET", None), ("PATCH", {"score": 0}), ("DELETE", None)):
        asked(other, f"{PATH}/{said['id']}", body, method=method, expect=404)
    assert counted() == [("thumbs", 1, 1.0)]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"score": "high"}, "score"),
        ({"score": None}, "score"),
        ({"score": 1e300}, "score"),
        ({"key": ""}, "key"),
        ({"key": "k" * 201}, "key"),
        ({"run_id": None}, "run_id"),
        ({"run_id": "x"}, "run_id"),
        ({"id": "x"}, "id"),
        ({"created_at": "soon"}, "created_at"),
    ],
)
def test_what_is_wrong_is_named(key, wrong, field):
    detail = asked(key, PATH, given(run(), **wrong), expect=422)["detail"]
    assert detail.startswith(f"feedback.{field}: ") and Feedback.objects.count() == 0


def test_feedback_is_redacted_as_everything_is(key, judged, project):
    Project.objects.filter(pk=project.pk).update(redact=True)
    redact.forget()
    try:
        said = give(key, judged, comment="ask ann@example.org", correction={"to": "ann@example.org"})
        found = asked(key, f"{PATH}/{said['id']}")
        assert found["comment"] == "ask [redacted e-mail]" and found["correction"] == {"to": "[redacted e-mail]"}
    finally:
        Project.objects.filter(pk=project.pk).update(redact=False)
        redact.forget()


# --- Presigned links --------------------------------------------------------------------------------------------------


def link(key: str, judged: dict, **more) -> str:
    """Path and query of a link, as a person opens it."""
    body = {
        "run_id": judged["id"],
        "feedback_key": "thumbs",
        "expires_in": {"hours": 1, "days": 0, "minutes": 0},
    } | more
    made = asked(key, "/api/v1/feedback/tokens", body)
    assert uuid.UUID(made["id"]) and made["url"].endswith(f"/api/v1/feedback/tokens/{made['id']}")
    return urlsplit(made["url"]).path


def test_a_link_works_when_it_is_opened_and_the_last_word_counts(key, judged):
    opened = link(key, judged)
    status, said = call("GET", f"{opened}?score=0&comment=no")
    assert status == 200 and "stored" in said
    assert call("POST", opened, orjson.dumps({"score": 1, "comment": "yes"}))[0] == 200
    assert counted() == [("thumbs", 1, 1.0)]
    (found,) = asked(key, f"{PATH}?run={judged['id']}")
    assert (found["score"], found["comment"], found["feedback_source"]["type"]) == (1, "yes", "app")


def test_a_link_expires_and_an_unknown_one_is_nobodys(key, judged):
    opened = link(key, judged)
    FeedbackToken.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert call("GET", f"{opened}?score=1")[0] == 410
    assert call("GET", f"/api/v1/feedback/tokens/{uuid.uuid4()}?score=1")[0] == 404
    assert counted() == [] and asked(key, f"/feedback/tokens?run_id={judged['id']}") == []


def test_links_are_refused_with_the_reason(key, judged, settings):
    opened = link(key, judged, expires_at=(datetime.now(UTC) + timedelta(minutes=5)).isoformat(), expires_in=None)
    assert "feedback has a score" in call("GET", opened)[1]["detail"]
    for wrong, field in (
        ({"run_id": "x"}, "run_id"),
        ({"feedback_key": ""}, "feedback_key"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_in": {"days": 1e12}}, "expires_in"),
        ({"expires_in": {"hours": "many"}}, "expires_in"),
    ):
        body = {"run_id": judged["id"], "feedback_key": "k"} | wrong
        assert asked(key, "/feedback/tokens", body, expect=422)["detail"].startswith(f"{field}: ")
    settings.ONWATCH_KEYLESS = False
    assert call("POST", "/feedback/tokens", b"{}")[0] == 401


def test_several_links_at_once_and_their_list(key, judged):
    body = [{"run_id": judged["id"], "feedback_key": name, "expires_in": {"days": 1}} for name in ("up", "down")]
    made = asked(key, "/feedback/tokens", body)
    assert len({one["id"] for one in made}) == 2
    assert {one["id"] for one in asked(key, f"/feedback/tokens?run_id={judged['id']}")} == {one["id"] for one in made}


def test_pages_of_other_sites_may_use_a_link(key, judged):
    opened = link(key, judged)
    app, headers = sent_headers("OPTIONS", opened)
    assert app == 204 and headers[b"access-control-allow-origin"] == b"*"
    assert b"POST" in headers[b"access-control-allow-methods"]


def sent_headers(method: str, path: str) -> tuple[int, dict]:
    answer: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.request", "body": b""}

    async def send(message: dict) -> None:
        answer.append(message)

    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": []}
    asyncio.run(LangSmithApp()(scope, receive, send))
    return answer[0]["status"], dict(answer[0]["headers"])
